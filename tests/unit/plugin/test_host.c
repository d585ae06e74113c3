/* The host itself: streams, logs and metrics, and what strategies leave behind. */
#include "fixture.h"

/* ---- random streams ---- */

static void a_stream_is_known_by_name_and_number(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1), *other_seed = house_open(DIGITS, 2);
    strategy *a = invited(h, 0, &guest, "a", NULL), *b = invited(h, 1, &guest, "b", NULL);
    const pdr_rng_api *R = &host_rng_api;
    enter(a, "before_task");
    pdr_rng *r = R->stream(&a->host, "x", 0);
    double first = R->unit(r), second = R->unit(r);
    assert_ptr_equal(R->stream(&a->host, "x", 0), r);
    assert_ptr_equal(R->stream(&a->host, NULL, 4), R->stream(&a->host, "", 4));
    assert_true(R->unit(R->stream(&a->host, "x", 1)) != first);
    assert_true(R->unit(R->stream(&a->host, "y", 0)) != first);
    assert_true(R->unit(R->stream(&b->host, "x", 0)) != first);
    leave(a);
    random_stream same = random_open(1, "strategy a", "x", 0);
    assert_true(random_unit(&same) == first && random_unit(&same) == second);
    R->rewind(r);
    assert_true(R->unit(r) == first);
    house_close(h);

    host_begin(&other_seed->session);
    strategy *c = invited(other_seed, 0, &guest, "a", NULL);
    assert_true(R->unit(R->stream(&c->host, "x", 0)) != first);
    house_close(other_seed);
}

static void tensors_are_drawn_from_the_stream(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 5);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_rng_api *R = &host_rng_api;
    pdr_scope *s = enter(a, "before_task");
    const int64_t shape[] = {3, 4};
    float got[12], want[12];
    int64_t numbers[9], wanted[9];
    pdr_rng *r = R->stream(&a->host, "t", 0);
    random_stream same = random_open(5, "strategy a", "t", 0);
    assert_int_equal(T->read(R->units(s, r, shape, 2), PDR_F32, got, sizeof got), PDR_OK);
    random_units(&same, want, 12);
    assert_memory_equal(got, want, sizeof got);
    assert_int_equal(T->read(R->normals(s, r, shape, 2), PDR_F32, got, sizeof got), PDR_OK);
    random_normals(&same, want, 12);
    assert_memory_equal(got, want, sizeof got);
    assert_int_equal(T->read(R->permutation(s, r, 9), PDR_I64, numbers, sizeof numbers), PDR_OK);
    random_permutation(&same, wanted, 9);
    assert_memory_equal(numbers, wanted, sizeof numbers);
    assert_int_equal(T->size(R->permutation(s, r, 0), 0), 0);
    assert_int_equal(R->below(r, 0), 0);
    assert_null(R->units(s, NULL, shape, 2));
    leave(a);
    house_close(h);
}

/* ---- logs and metrics ---- */

static void metric_of_is_read_later(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    pdr_scope *s = enter(a, "after_batch");
    a->host.metric(&a->host, "now", 1);
    a->host.metric_of(&a->host, "later", T->full(s, PDR_F32, NULL, 0, 2.5));
    a->host.metric_of(&a->host, "nothing", NULL);
    assert_string_equal(h->said.at, "a.now=1\n");
    leave(a);
    s = enter(a, "after_batch"); /* the hook's scope was cleared; the value was kept */
    leave(a);
    host_flush_metrics(&h->session);
    assert_string_equal(h->said.at, "a.now=1\na.later=2.5\n");
    host_flush_metrics(&h->session);
    assert_string_equal(h->said.at, "a.now=1\na.later=2.5\n");
    assert_int_equal(a->owner.kept, 0);
    house_close(h);
}

static void *thread_logs(void *host)
{
    const pdr_host *h = host;
    for (int i = 0; i < 100; i++)
        h->log(h, i % 2 ? PDR_WARNING : PDR_INFO, "from a thread");
    return NULL;
}

static void any_thread_may_log(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    pthread_t threads[4];
    enter(a, "before_task");
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_logs, &a->host), 0);
    thread_logs(&a->host);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    leave(a);
    assert_int_equal(h->session.warnings, 250);
    assert_int_equal(h->said.length, 500 * strlen("1 a: from a thread\n"));
    assert_memory_equal(h->said.at + h->said.length - 19, "2 a: from a thread\n", 19);
    house_close(h);
}

/* ---- what is left behind ---- */

static const int64_t no_config[1]; /* the struct of a strategy without parameters */

static void what_is_kept_is_counted_at_the_end(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    const plugin *p = opened(tiny("leak"));
    strategy *a = invited(h, 0, &guest, "a", NULL), *l = invited(h, 1, p, "leak", no_config);
    enter(l, "before_task");
    assert_int_equal(p->hooks.before_task(l->self, &h->task.task), PDR_OK);
    leave(l);
    enter(a, "before_task");
    assert_non_null(a->host.memory->open(&a->host, "one", "{capacity: 2}"));
    leave(a);
    host_end(&h->session);
    assert_string_equal(h->said.at, "2 leak: leaked 3 tensors: kept and not released\n"
                                    "2 a: leaked 1 memory: opened and not closed\n"); /* in reverse order */
    assert_int_equal(h->session.warnings, 2);
    host_begin(&h->session); /* as house_close ends it */
    house_close(h);
}

static void open_scopes_are_told_once(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    for (int i = 0; i < 2; i++) {
        enter(a, "before_batch");
        T->open(&a->host, PDR_NO_GRAD);
        T->open(&a->host, PDR_GRAD);
        leave(a);
        assert_int_equal(a->owner.scopes, 0);
    }
    assert_string_equal(h->said.at, "2 a: before_batch left 2 scopes open\n");
    house_close(h);
}

static void a_create_that_fails_is_destroyed(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    error e = {0};
    assert_int_equal(host_create(&h->session, 0, opened(tiny("fail_create")), "fail_create", no_config, &e),
                     EXIT_FAILED);
    assert_string_equal(e.text, "strategy fail_create, hook create: fail_create was asked to fail, 1 of 1");
    host_end(&h->session);
    assert_string_equal(h->said.at, "1 fail_create: fail_create was destroyed\n");
    host_begin(&h->session);
    house_close(h);
}

/* ---- who looks on from outside ---- */

static void the_mark_says_who_is_at_work(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 2);
    host_mark mark = {0};
    char name[101];
    memset(name, 'n', sizeof name);
    name[100] = '\0';
    h->session.mark = &mark;
    strategy *a = invited(h, 0, &guest, "ewc", NULL), *b = invited(h, 1, &guest, name, NULL);
    assert_string_equal(mark.strategy, b->marked);
    assert_string_equal(mark.hook, "");
    assert_int_equal(mark.task, 0);
    h->session.step = 12;
    enter(a, "after_loss");
    assert_string_equal(mark.strategy, "ewc");
    assert_string_equal(mark.hook, "after_loss");
    assert_true(mark.task == 1 && mark.step == 12 && mark.hooks == 3);
    leave(a);
    assert_string_equal(mark.hook, "");
    host_doing(&h->session, HOST_UPDATE);
    assert_int_equal(mark.phase, HOST_UPDATE);
    enter(b, "a hook whose name is longer than there is room for");
    assert_int_equal(strlen(mark.strategy), sizeof mark.strategy - 1);
    assert_string_equal(mark.hook, "a hook whose name is longer tha");
    assert_int_equal(mark.phase, HOST_UPDATE);
    leave(b);
    h->session.mark = NULL;
    host_doing(&h->session, HOST_UPDATE);
    enter(a, "after_loss");
    leave(a);
    assert_int_equal(mark.hooks, 4);
    house_close(h);
}

/* ---- failures ---- */

static void failures_name_strategy_hook_task_and_step(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "ewc#2", NULL);
    error first = {0}, scope = {0}, bare = {0}, unknown = {0};
    h->session.step = 12;
    enter(a, "after_loss");
    (a->host.fail)(&a->host, PDR_EINVALID, "the first words");
    (a->host.fail)(&a->host, PDR_ERROR, "later words");
    assert_int_equal(host_leave(a, PDR_OK, &first), EXIT_FAILED);
    assert_string_equal(first.text, "strategy ewc#2, hook after_loss, task 1, step 12: the first words");
    a->failed = 0;
    pdr_scope *s = enter(a, "before_loss");
    T->slice(s, T->arange(s, 0, 4), 0, 2, 10);
    assert_int_equal(host_leave(a, PDR_OK, &scope), EXIT_FAILED); /* although it returned PDR_OK */
    assert_non_null(strstr(scope.text, "strategy ewc#2, hook before_loss, task 1, step 12: slice"));
    enter(a, "before_loss");
    assert_int_equal(host_leave(a, PDR_ENOTFINITE, &bare), EXIT_FAILED);
    assert_string_equal(bare.text, "strategy ewc#2, hook before_loss, task 1, step 12: not a finite number");
    enter(a, "before_loss");
    assert_int_equal(host_leave(a, -99, &unknown), EXIT_FAILED);
    assert_non_null(strstr(unknown.text, ": unknown status"));
    enter(a, "before_loss");
    leave(a); /* the scope's error died with its hook */
    house_close(h);
}

/* What tensor.h promises of close(): return its status, and the hook fails with the words of that scope. */
static void failures_of_a_scope_of_ones_own_keep_their_words(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    error told = {0}, other = {0};
    for (int closed = 0; closed < 2; closed++) {
        enter(a, "after_task");
        pdr_scope *own = T->open(&a->host, PDR_NO_GRAD);
        T->slice(own, T->arange(own, 0, 4), 0, 2, 10);
        pdr_status status = T->close(own);
        assert_true(status < 0);
        if (closed) {
            leave(a); /* forgotten, as a plugin may */
            enter(a, "after_epoch");
        }
        assert_int_equal(host_leave(a, status, closed ? &other : &told), EXIT_FAILED);
    }
    assert_non_null(strstr(told.text, "hook after_task, task 1, step 0: slice: "));
    assert_null(strstr(other.text, "slice")); /* words of another hook are nobody's */
    house_close(h);
}

/* Without its flag there is no flat gradient, and a strategy that went on with NULL would do nothing without a word. */
static void a_gradient_needs_its_flag(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    enter(a, "after_backward");
    assert_null(a->host.model->flat_grads(h->model));
    leave_with(a, "flat_grads: the strategy lacks the flag PDR_USES_GRADIENT, so no flat gradient is built");
    house_close(h);
}

/* Rule of host.h: no pointer in a table is NULL. */
static void no_slot_is_null(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_host *g = &a->host;
    const void *const tables[] = {g->tensor, g->model, g->step, g->data, g->memory, g->rng, g->state};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        uint32_t size = *(const uint32_t *)tables[i];
        void *const *slot = tables[i];
        for (size_t j = 1; j < size / sizeof *slot; j++)
            assert_non_null(slot[j]);
    }
    assert_null(g->extension(g, "perdure.ranks/1"));
    assert_int_equal(g->abi_version, PDR_ABI_MAJOR << 16 | PDR_ABI_MINOR);
    house_close(h);
}

/* ---- an engine that has no memory any more ---- */

static pdr_scope *no_scope(const pdr_host *h, pdr_grad mode) { return (void)h, (void)mode, NULL; }
static pdr_tensor *no_tensor(const pdr_host *h, const pdr_tensor *t) { return (void)h, (void)t, NULL; }
static pdr_status no_read(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes)
{
    return (void)d, (void)out, (void)bytes, t ? PDR_ENOMEM : PDR_EINVALID;
}

/* Functions without a scope leave their words with the host, so that a hook which goes on with NULL fails all the same. */
static void without_memory_a_hook_fails(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    pdr_tensor_api tensor = *E->tensor;
    struct engine poor = *E;
    poor.tensor = &tensor;
    h->session.engine = &poor;
    pthread_mutex_destroy(&h->session.lock);
    host_begin(&h->session);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_tensor_api *theirs = a->host.tensor;
    double value = 0;
    pdr_scope *s = enter(a, "before_task");
    pdr_tensor *one = T->full(s, PDR_F32, NULL, 0, 1);
    tensor.open = no_scope;
    tensor.keep = no_tensor;
    tensor.read = no_read;
    assert_null(theirs->open(&a->host, PDR_GRAD));
    leave_with(a, "open: no memory for a scope");
    assert_null(theirs->open(&a->host, 77)); /* which is no mode, and nobody's memory */
    assert_null(theirs->keep(&a->host, NULL));
    assert_int_equal(theirs->read(NULL, PDR_F64, &value, sizeof value), PDR_EINVALID);
    enter(a, "before_task");
    leave(a);
    s = enter(a, "before_task");
    one = T->full(s, PDR_F32, NULL, 0, 1);
    assert_null(theirs->keep(&a->host, one));
    leave_with(a, "keep: no memory for a tensor");
    s = enter(a, "before_task");
    one = T->full(s, PDR_F32, NULL, 0, 1);
    assert_int_equal(theirs->read(one, PDR_F64, &value, sizeof value), PDR_ENOMEM);
    leave_with(a, "read: out of memory");
    tensor = *E->tensor;
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_known_by_name_and_number),
        cmocka_unit_test(tensors_are_drawn_from_the_stream),
        cmocka_unit_test(metric_of_is_read_later),
        cmocka_unit_test(any_thread_may_log),
        cmocka_unit_test(what_is_kept_is_counted_at_the_end),
        cmocka_unit_test(open_scopes_are_told_once),
        cmocka_unit_test(a_create_that_fails_is_destroyed),
        cmocka_unit_test(the_mark_says_who_is_at_work),
        cmocka_unit_test(failures_name_strategy_hook_task_and_step),
        cmocka_unit_test(failures_of_a_scope_of_ones_own_keep_their_words),
        cmocka_unit_test(a_gradient_needs_its_flag),
        cmocka_unit_test(no_slot_is_null),
        cmocka_unit_test(without_memory_a_hook_fails),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
