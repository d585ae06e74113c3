/* Extension perdure.pictures/1: how rows lie in a picture, and which are refused. */
#include "fixture.h"

typedef struct seen {
    char name[200];
    picture about;
    uint8_t pixels[256];
    int count, code;
} seen;

static int seen_picture(void *self, const char *name, const picture *p, error *e)
{
    seen *to = self;
    to->count++;
    to->about = *p;
    snprintf(to->name, sizeof to->name, "%s", name);
    memcpy(to->pixels, p->pixels, (size_t)(p->width * p->height * p->channels));
    return to->code ? error_set(e, to->code, "x.png: found a fault while writing") : 0;
}

static const pdr_pictures_api *P;

static house *looked_at(seen *to)
{
    house *h = house_open(DIGITS, 1);
    h->session.listener = (host_listener){.self = to, .picture = seen_picture};
    strategy *a = invited(h, 0, &guest, "a#2", NULL);
    P = a->host.extension(&a->host, PDR_PICTURES);
    assert_non_null(P);
    assert_int_equal(P->struct_size, sizeof *P);
    return h;
}

static pdr_tensor *reals(pdr_scope *s, int32_t rank, const int64_t *shape, const float *at)
{
    return T->from(s, PDR_F32, shape, rank, at);
}

/* Three rows of 1 x 2 in two columns: the fourth place is black; 0.5 is 127.5, rounded up; below 0 and above 1 are cut. */
static void rows_stand_side_by_side(void **state)
{
    (void)state;
    seen to = {0};
    house *h = looked_at(&to);
    pdr_scope *s = enter(&h->strategies[0], "after_task");
    const float values[] = {0, 0.5F, 1, -3, 7, 0.2F};
    assert_int_equal(P->grid(s, "one-1", reals(s, 3, (const int64_t[]){3, 1, 2}, values), 2), PDR_OK);
    leave(&h->strategies[0]);
    const uint8_t want[] = {0, 128, 255, 0, 255, 51, 0, 0};
    assert_string_equal(to.name, "a#2.one-1");
    assert_int_equal(to.about.width, 4);
    assert_int_equal(to.about.height, 2);
    assert_int_equal(to.about.channels, 1);
    assert_memory_equal(to.pixels, want, sizeof want);
    house_close(h);
}

/* Planes become pixels: two rows of 3 x 1 x 2, one below the other. */
static void colours_are_woven(void **state)
{
    (void)state;
    seen to = {0};
    house *h = looked_at(&to);
    pdr_scope *s = enter(&h->strategies[0], "after_task");
    const float values[] = {0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1};
    assert_int_equal(P->grid(s, "b", reals(s, 4, (const int64_t[]){2, 3, 1, 2}, values), 1), PDR_OK);
    leave(&h->strategies[0]);
    const uint8_t want[] = {0, 0, 255, 255, 255, 0, 255, 0, 0, 0, 0, 255};
    assert_int_equal(to.about.width, 2);
    assert_int_equal(to.about.height, 2);
    assert_int_equal(to.about.channels, 3);
    assert_memory_equal(to.pixels, want, sizeof want);
    house_close(h);
}

static void what_is_no_picture_is_refused(void **state)
{
    (void)state;
    seen to = {0};
    house *h = looked_at(&to);
    strategy *a = &h->strategies[0];
    const float values[12] = {0, NAN};
    const struct {
        const char *name;
        int32_t rank;
        int64_t shape[4], columns;
        const char *words;
    } bad[] = {
        {"../x", 3, {1, 1, 1}, 1, "grid: found the name \"../x\"; expected 1 to 64 of a-z, 0-9, '-' and '_'"},
        {"", 3, {1, 1, 1}, 1, "grid: found the name \"\"; expected 1 to 64 of a-z, 0-9, '-' and '_'"},
        {"x",
         2,
         {2, 4},
         1,
         "grid: found rows of shape [2, 4]; expected [n, height, width], [n, 1, height, width] or [n, 3, height, "
         "width], and at least one"},
        {"x",
         4,
         {1, 2, 2, 2},
         1,
         "grid: found rows of shape [1, 2, 2, 2]; expected [n, height, width], [n, 1, height, width] or [n, 3, height, "
         "width], and at least one"},
        {"x",
         3,
         {0, 2, 2},
         1,
         "grid: found rows of shape [0, 2, 2]; expected [n, height, width], [n, 1, height, width] or [n, 3, height, "
         "width], and at least one"},
        {"x", 3, {1, 2, 2}, 0, "grid: found 0 columns; expected at least 1"},
        {"x",
         3,
         {1, 2, 2},
         INT64_MAX,
         "grid: found 1 rows in 9223372036854775807 columns; expected at most 67108864 pixels"},
        {"x", 3, {1, 2, 2}, 1, "grid: found a value in x that is not finite; expected 0 to 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pdr_scope *s = enter(a, "after_task");
        assert_true(P->grid(s, bad[i].name, reals(s, bad[i].rank, bad[i].shape, values), bad[i].columns) < 0);
        leave_with(a, bad[i].words);
    }
    assert_int_equal(to.count, 0);
    house_close(h);
}

static void a_file_that_fails_fails_the_hook(void **state)
{
    (void)state;
    seen to = {.code = EXIT_IO};
    house *h = looked_at(&to);
    strategy *a = &h->strategies[0];
    pdr_scope *s = enter(a, "after_task");
    assert_int_equal(P->grid(s, "x", reals(s, 3, (const int64_t[]){1, 1, 1}, (const float[]){0}), 1), PDR_EIO);
    leave_with(a, "x.png: found a fault while writing");
    house_close(h);
}

static void nobody_looks_nothing_happens(void **state)
{
    (void)state;
    seen to = {0};
    house *h = looked_at(&to);
    h->session.listener.picture = NULL;
    pdr_scope *s = enter(&h->strategies[0], "after_task");
    assert_int_equal(P->grid(s, "x", reals(s, 3, (const int64_t[]){1, 1, 1}, (const float[]){NAN}), 1), PDR_OK);
    leave(&h->strategies[0]);
    assert_null(h->strategies[0].host.extension(&h->strategies[0].host, "perdure.pictures/2"));
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_stand_side_by_side), cmocka_unit_test(colours_are_woven),
                                       cmocka_unit_test(what_is_no_picture_is_refused),
                                       cmocka_unit_test(a_file_that_fails_fails_the_hook),
                                       cmocka_unit_test(nobody_looks_nothing_happens)};
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
