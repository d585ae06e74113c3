/* Memories whose rows lie on the run's device: what they give is what those in RAM give, bit for bit, and so is what they put
 * into a checkpoint. On the CPU here; test_device_gpu.c is the same on a GPU, where there is one. */
#include "fixture.h"

/* Two houses of one seed; the guest has a memory "samples" in each. */
typedef struct pair {
    house *h[2];
    strategy *me[2];
    pdr_memory *m[2];
    pdr_scope *s[2];
} pair;

static pair pair_open(const char *data, const char *options)
{
    pair p;
    for (int i = 0; i < 2; i++) {
        p.h[i] = house_open(data, 1);
        p.me[i] = invited(p.h[i], 0, &guest, "guest", NULL);
        enter(p.me[i], "before_task");
        p.m[i] = p.me[i]->host.memory->open(&p.me[i]->host, "samples",
                                            SAID("{%s, where: %s}", options, i ? "device" : "ram"));
        leave(p.me[i]);
        assert_non_null(p.m[i]);
    }
    return p;
}

static void pair_enter(pair *p, int32_t mode)
{
    for (int i = 0; i < 2; i++) {
        p->h[i]->session.task = &p->h[i]->task;
        p->s[i] = host_enter(p->me[i], "after_batch", mode);
    }
}

static void pair_leave(pair *p)
{
    for (int i = 0; i < 2; i++)
        leave(p->me[i]);
}

static void pair_close(pair *p)
{
    for (int i = 0; i < 2; i++) {
        p->me[i]->host.memory->close(p->m[i]);
        house_close(p->h[i]);
    }
}

/* Bytes of a tensor, which are the caller's. */
static void *bytes_of(pdr_scope *s, const pdr_tensor *t, int64_t *n)
{
    *n = T->size(t, PDR_ALL) * host_dtype_bytes(T->dtype(t));
    const void *at = E->bytes(s, t, T->dtype(t));
    void *own = alloc_zero((size_t)*n + 1, 1);
    if (*n)
        memcpy(own, at, (size_t)*n);
    return own;
}

static void same_bits(pdr_scope *s, const pdr_tensor *a, pdr_scope *r, const pdr_tensor *b)
{
    int64_t n, m;
    assert_int_equal(!a, !b);
    if (!a)
        return;
    assert_int_equal(T->dtype(a), T->dtype(b));
    assert_int_equal(T->rank(a), T->rank(b));
    for (int32_t i = 0; i < T->rank(a); i++)
        assert_int_equal(T->size(a, i), T->size(b, i));
    void *x = bytes_of(s, a, &n), *y = bytes_of(r, b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, (size_t)n);
    free(x);
    free(y);
}

/* All rows, and some that are drawn. */
static void pair_same(pair *p)
{
    pdr_tensor *out[2][2][4], *slots[2][2];
    for (int i = 0; i < 2; i++) {
        const pdr_memory_api *Y = p->me[i]->host.memory;
        slots[i][0] = Y->find(p->s[i], p->m[i], PDR_ALL);
        slots[i][1] = Y->sample(p->s[i], p->m[i], 7);
        for (int k = 0; k < 2; k++) {
            pdr_tensor **o = out[i][k];
            assert_int_equal(Y->fetch(p->s[i], p->m[i], slots[i][k], &o[0], &o[1], &o[2], &o[3]), PDR_OK);
        }
    }
    for (int k = 0; k < 2; k++) {
        same_bits(p->s[0], slots[0][k], p->s[1], slots[1][k]);
        for (int j = 0; j < 4; j++)
            same_bits(p->s[0], out[0][k][j], p->s[1], out[1][k][j]);
    }
}

/* ---- bytes to floats ---- */

/* Rows of a data set that has every byte in each of its channels. */
static void bytes_convert_alike(house *h, strategy *me)
{
    const int64_t n = 3, width = h->data->train.width, shape[] = {n, width};
    const pdr_memory_api *Y = me->host.memory;
    uint8_t *raw = alloc_zero((size_t)(n * width), 1);
    float *want = alloc_zero((size_t)(n * width), sizeof *want), *got = alloc_zero((size_t)(n * width), sizeof *got);
    for (int64_t i = 0; i < n * width; i++)
        raw[i] = (uint8_t)((i % width) + i / width * 7);
    dataset_convert(h->data, raw, n, want);
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "bytes", "{capacity: 3, where: device}");
    pdr_tensor *x = NULL, *y = NULL;
    assert_int_equal(Y->offer(s, m, T->from(s, PDR_U8, shape, 2, raw), LONGS(s, 0, 1, 2), NULL, NULL), PDR_OK);
    assert_int_equal(Y->fetch(s, m, LONGS(s, 0, 1, 2), &x, NULL, NULL, NULL), PDR_OK);
    assert_int_equal(T->read(x, PDR_F32, got, (uint64_t)(n * width) * sizeof *got), PDR_OK);
    assert_memory_equal(got, want, (size_t)(n * width) * sizeof *got);
    memset(got, 0, (size_t)(n * width) * sizeof *got);
    assert_int_equal(host_memory_rows(s, m, (const int64_t[]){2, 0}, 2, &x, &y), PDR_OK); /* as mingled rows come */
    assert_int_equal(T->read(x, PDR_F32, got, (uint64_t)(2 * width) * sizeof *got), PDR_OK);
    assert_memory_equal(got, want + 2 * width, (size_t)width * sizeof *got);
    assert_memory_equal(got + width, want, (size_t)width * sizeof *got);
    Y->close(m);
    leave(me);
    free(raw);
    free(want);
    free(got);
}

static void every_byte_becomes_the_float_of_the_batch(void **state)
{
    static const char *const ways[] = {
        "none",
        "unit",
        "standard",
        "{mean: [0.1307], std: [0.3081]}",
        "{mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        house *h = house_open(SAID("{set: synthetic, classes: 5, train_rows: 10, test_rows: 5, shape: [3, 16, 16], "
                                   "normalize: %s}",
                                   ways[i]),
                              1);
        bytes_convert_alike(h, invited(h, 0, &guest, "guest", NULL));
        house_close(h);
    }
}

/* Any factor and any term: what they round to must not depend on who multiplies. */
static void any_normalisation_rounds_alike(void **state)
{
    (void)state;
    random_stream r = random_open(5, "test", "normalisation", 0);
    house *h = house_open("{set: synthetic, classes: 5, train_rows: 10, test_rows: 5, shape: [3, 16, 16]}", 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    for (int i = 0; i < 200; i++) {
        for (int c = 0; c < 3; c++) {
            h->data->channel_scale[c] = (float)(random_normal(&r) / 64);
            h->data->channel_shift[c] = (float)random_normal(&r);
        }
        h->data->channels = i % 2 ? 3 : 1;
        h->data->scale = h->data->channel_scale[0];
        h->data->shift = i % 10 ? h->data->channel_shift[0] : -0.0f;
        bytes_convert_alike(h, me);
    }
    h->data->channels = 3;
    house_close(h);
}

/* ---- as in RAM ---- */

static pdr_tensor *made(pdr_scope *s, random_stream *r, pdr_dtype d, int64_t n, int64_t width)
{
    const int64_t shape[] = {n, width};
    double *at = alloc_zero((size_t)(n * width) + 1, sizeof *at);
    for (int64_t i = 0; i < n * width; i++)
        at[i] = d == PDR_U8 ? (double)random_below(r, 256) : random_normal(r);
    pdr_tensor *t = T->cast(s, T->from(s, PDR_F64, shape, 2, at), d);
    free(at);
    return t;
}

static pdr_tensor *column(pdr_scope *s, random_stream *r, pdr_dtype d, int64_t n)
{
    pdr_tensor *t = made(s, r, PDR_F32, n, 1);
    pdr_tensor *list = T->reshape(s, T->affine(s, t, d == PDR_I64 ? 2 : 1, 0), &n, 1);
    return d == PDR_I64 ? T->cast(s, T->clamp(s, list, 0, 4), d) : list;
}

/* One step of some strategy: the same draws for both. */
static void step(const pair *p, int i, random_stream r, pdr_dtype d, int64_t number)
{
    const pdr_memory_api *Y = p->me[i]->host.memory;
    pdr_scope *s = p->s[i];
    const int64_t n = random_below(&r, 60), wide = 2 + number / 8 * 2, width = d == PDR_U8 ? 64 : 5;
    pdr_tensor *x = made(s, &r, d, n, width), *y = column(s, &r, PDR_I64, n), *value = column(s, &r, PDR_F32, n);
    pdr_tensor *extra = number > 4 && number % 5 ? made(s, &r, PDR_F32, n, wide) : NULL;
    assert_int_equal(Y->offer(s, p->m[i], x, y, value, extra), PDR_OK);
    pdr_tensor *slots = Y->sample(s, p->m[i], 6);
    int64_t k = T->size(slots, 0);
    pdr_tensor *rows = number % 2 ? made(s, &r, d, k, width) : NULL;
    pdr_tensor *more = number > 5 && number % 5 && number % 3 ? made(s, &r, PDR_F32, k, wide) : NULL;
    assert_int_equal(Y->put(s, p->m[i], slots, rows, NULL, column(s, &r, PDR_F32, k), more), PDR_OK);
    if (number % 7 == 3) {
        pdr_tensor *of = Y->find(s, p->m[i], 0);
        assert_int_equal(Y->retain(s, p->m[i], 0, T->slice(s, of, 0, 0, T->size(of, 0) / 2)), PDR_OK);
    }
}

/* The arrays of a checkpoint are the same but for the place, so that what goes on from either goes on alike. */
static void checkpoints_same(const pair *p)
{
    arrays a[2] = {{0}, {0}};
    error e = {0};
    for (int i = 0; i < 2; i++)
        if (host_memory_save(p->m[i], "memory", &a[i], &e))
            fail_msg("%s", e.text);
    assert_int_equal(a[0].count, a[1].count);
    for (int64_t i = 0; i < a[0].count; i++) {
        const array *one = &a[0].at[i], *other = arrays_find(&a[1], one->name);
        assert_non_null(other);
        assert_int_equal(one->size, other->size);
        assert_memory_equal(one->shape, other->shape, (size_t)one->rank * sizeof *one->shape);
        if (one->size && strcmp(one->name, "memory/facts") != 0)
            assert_memory_equal(one->bytes, other->bytes, one->size);
    }
    arrays_free(&a[0]);
    arrays_free(&a[1]);
}

/* The device's goes on from its own checkpoint, in a memory of its own. */
static void device_reopened(pair *p, const char *options)
{
    const pdr_memory_api *Y = p->me[1]->host.memory;
    arrays a = {0};
    error e = {0};
    assert_int_equal(host_memory_save(p->m[1], "memory", &a, &e), 0);
    arrays_own(&a);
    enter(p->me[1], "before_task");
    Y->close(p->m[1]);
    p->m[1] = Y->open(&p->me[1]->host, "samples", SAID("{%s, where: device}", options));
    leave(p->me[1]);
    if (host_memory_load(p->m[1], "memory", &a, &e))
        fail_msg("%s", e.text);
    arrays_free(&a);
}

static void any_work_gives_what_ram_gives(void **state)
{
    static const int32_t modes[] = {PDR_NO_GRAD, PDR_GRAD, ENGINE_INFERENCE};
    static const char *const options[] = {
        "capacity: 700",
        "capacity: 90, policy: class-balanced",
        "capacity: 80, policy: fifo",
        "capacity: 100, policy: value",
        "capacity: {per_class: 12}",
        "capacity: {bytes: 8 KiB}",
        "capacity: {bytes: 40 KiB}, policy: value",
    };
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        for (int bytes = 0; bytes < 2; bytes++) {
            pair p = pair_open(DIGITS, options[i]);
            for (int64_t number = 0; number < 30; number++) {
                random_stream r = random_open((uint64_t)number, "test", options[i], bytes);
                pair_enter(&p, modes[number % 3]);
                for (int k = 0; k < 2; k++)
                    step(&p, k, r, bytes ? PDR_U8 : PDR_F32, number);
                pair_same(&p);
                pair_leave(&p);
                if (number % 10 == 4) {
                    checkpoints_same(&p);
                    device_reopened(&p, options[i]);
                }
            }
            checkpoints_same(&p);
            pair_close(&p);
        }
}

/* Rows in a graph are stored as numbers, and what a strategy does to rows that it got is its own affair. */
static void rows_are_copies(void **state)
{
    (void)state;
    const int64_t shape[] = {2, 3};
    pair p = pair_open(DIGITS, "capacity: 4");
    pair_enter(&p, PDR_GRAD);
    for (int i = 0; i < 2; i++) {
        const pdr_memory_api *Y = p.me[i]->host.memory;
        pdr_scope *s = p.s[i];
        pdr_tensor *leaf = T->leaf(s, T->full(s, PDR_F32, shape, 2, 3)), *x = T->affine(s, leaf, 2, 1), *got, *extra;
        assert_int_equal(Y->offer(s, p.m[i], x, LONGS(s, 0, 1), NULL, x), PDR_OK);
        assert_int_equal(T->copy(s, x, T->full(s, PDR_F32, shape, 2, -1)), PDR_OK);
        assert_int_equal(Y->fetch(s, p.m[i], LONGS(s, 0, 1), &got, NULL, NULL, &extra), PDR_OK);
        assert_int_equal(T->copy(s, got, T->full(s, PDR_F32, shape, 2, -2)), PDR_OK);
        assert_int_equal(T->copy(s, extra, T->full(s, PDR_F32, shape, 2, -2)), PDR_OK);
    }
    pair_same(&p);
    pdr_tensor *x;
    float seven[6];
    assert_int_equal(p.me[1]->host.memory->fetch(p.s[1], p.m[1], LONGS(p.s[1], 0, 1), &x, NULL, NULL, NULL), PDR_OK);
    assert_int_equal(T->read(x, PDR_F32, seven, sizeof seven), PDR_OK);
    for (int i = 0; i < 6; i++)
        assert_true(seven[i] == 7);
    pair_leave(&p);
    pair_close(&p);
}

/* ---- words ---- */

/* A row that takes no memory, being one number that is read over and over, and for which no device has room. */
static void a_device_without_room_is_told(void **state)
{
    (void)state;
    const int64_t one[] = {1, 1}, wide[] = {1, INT64_C(1) << 46};
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = me->host.memory->open(&me->host, "samples", "{capacity: 4, where: device}");
    pdr_value arguments[] = {{.kind = PDR_V_TENSOR, .as.tensor = T->full(s, PDR_F32, one, 2, 1)},
                             {.kind = PDR_V_INTS, .count = 2, .as.ints = wide},
                             {.kind = PDR_V_BOOL, .as.i = 0}},
              huge;
    assert_int_equal(T->invoke(s, "aten::expand", arguments, 3, &huge, 1), PDR_OK);
    assert_int_equal(me->host.memory->offer(s, m, huge.as.tensor, LONGS(s, 0), NULL, NULL), PDR_EINVALID);
    assert_non_null(strstr(E->scope_message(s), "memory guest/samples: room for rows: found no room on the device; "
                                                "expected enough: full: "));
    assert_int_equal(me->host.memory->count(m, PDR_ALL), 0);
    E->scope_clear(s, PDR_NO_GRAD);
    leave(me);
    me->host.memory->close(m);
    house_close(h);
}

static void on_a_cpu_it_is_said_that_it_is_ram(void **state)
{
    (void)state;
    const char *const devices[] = {"cpu", "cuda:0", NULL};
    for (int i = 0; i < 3; i++) {
        house *h = house_open(DIGITS, 1);
        strategy *me = invited(h, 0, &guest, "guest", NULL);
        h->session.device = devices[i];
        enter(me, "before_task");
        pdr_memory *m = me->host.memory->open(&me->host, "samples", "{capacity: 4, where: device}");
        pdr_memory *other = me->host.memory->open(&me->host, "others", "{capacity: 4, where: ram}");
        leave(me);
        assert_string_equal(h->said.at ? h->said.at : "",
                            i ? "" : "1 guest: memory samples: where: device is RAM here, as the run is on the CPU\n");
        me->host.memory->close(m);
        me->host.memory->close(other);
        house_close(h);
    }
}

/* Where the device is not there: why, and the tests are skipped. */
static bool device_there(void)
{
    char release[32];
    int driver;
    engine_gpu gpu;
    error e = {0};
    const engine_options options = {DEVICE, 1, true};
    if (!strcmp(DEVICE, "cpu"))
        return true;
    if (engine_gpu_probe(&gpu, 1, &driver, release) < 1) {
        print_message("skipped: the driver tells of no GPU\n");
        return false;
    }
    if (engine_load(&E, &e) || E->open(&options, NULL, &e)) {
        print_message("skipped: %s\n", e.text);
        return false;
    }
    return true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_becomes_the_float_of_the_batch),
        cmocka_unit_test(any_normalisation_rounds_alike),
        cmocka_unit_test(any_work_gives_what_ram_gives),
        cmocka_unit_test(rows_are_copies),
        cmocka_unit_test(a_device_without_room_is_told),
        cmocka_unit_test(on_a_cpu_it_is_said_that_it_is_ram),
    };
    return device_there() ? cmocka_run_group_tests(tests, engine_begin, folder_end) : 77;
}
