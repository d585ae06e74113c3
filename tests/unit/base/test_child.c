/* Questions to a child: whatever it does, the answer comes or the reason why not, in time, and nothing is left behind. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "base/child.h"

static const char question[] = "abcdefgh";

static void answers(void *self, int to) { child_tell(to, self, sizeof question); }

static void answers_by_parts(void *self, int to)
{
    for (size_t i = 0; i < sizeof question; i++)
        child_tell(to, (const char *)self + i, 1);
    pause(); /* all was said: it is not waited for */
}

static void dies(void *self, int to)
{
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    child_tell(to, self, 3);
    fprintf(stderr, "core limit %d, input %d\n", (int)core.rlim_max, (int)read(0, &core, 1));
    signal(SIGABRT, SIG_DFL); /* whatever a sanitizer set */
    raise(SIGABRT);
}

static void ends(void *self, int to)
{
    (void)self, (void)to;
    _exit(3);
}

/* Closes the pipe and lives on. */
static void falls_silent(void *self, int to)
{
    (void)self;
    close(to);
    pause();
}

/* Ends, and leaves a process that holds the pipe. */
static void leaves_one_behind(void *self, int to)
{
    (void)self, (void)to;
    if (fork() == 0) {
        sleep(2);
        _exit(0);
    }
    _exit(4);
}

static void shouts(void *self, int to)
{
    for (int i = 0; i < 100000; i++)
        printf("%d\n", i);
    answers(self, to);
}

static struct child_end end;
static char answer[sizeof question];

static int ask(child_body *body, double seconds)
{
    memset(answer, 0, sizeof answer);
    int code = child_ask(body, (char *)(size_t)question, seconds, answer, sizeof answer, &end, NULL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
    assert_int_equal(errno, ECHILD);
    return code;
}

static void an_answer_comes_back(void **state)
{
    (void)state;
    assert_int_equal(ask(answers, 10), 0);
    assert_string_equal(answer, question);
    assert_int_equal(ask(answers_by_parts, 10), 0);
    assert_string_equal(answer, question);
    assert_int_equal(ask(answers, 0), 0);
}

static void its_end_is_told(void **state)
{
    (void)state;
    char words[64];
    assert_int_equal(ask(dies, 10), EXIT_SYSTEM);
    assert_int_equal(end.got, 3);
    assert_string_equal(end.said, "core limit 1, input 0\n");
    assert_string_equal(child_end_words(&end, words, sizeof words), "killed by SIGABRT");
    assert_int_equal(ask(ends, 0), EXIT_SYSTEM);
    assert_string_equal(child_end_words(&end, words, sizeof words), "ended the process (exit 3)");
    assert_int_equal(ask(leaves_one_behind, 10), EXIT_SYSTEM);
    assert_string_equal(child_end_words(&end, words, sizeof words), "ended the process (exit 4)");
    assert_false(end.late);
}

static void who_is_late_is_killed(void **state)
{
    (void)state;
    assert_int_equal(ask(falls_silent, 0.1), EXIT_SYSTEM);
    assert_true(end.late);
}

static bool asked_to_stop(void) { return true; }

static void nobody_waits_longer_than_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(child_ask_until(falls_silent, NULL, 0, asked_to_stop, answer, sizeof answer, &end, NULL),
                     EXIT_SYSTEM);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_false(end.late);
}

static void who_prints_much_is_not_kept_waiting(void **state)
{
    (void)state;
    assert_int_equal(ask(shouts, 10), 0);
    assert_int_equal(strlen(end.said), CHILD_SAID - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back),
        cmocka_unit_test(its_end_is_told),
        cmocka_unit_test(who_is_late_is_killed),
        cmocka_unit_test(nobody_waits_longer_than_is_wanted),
        cmocka_unit_test(who_prints_much_is_not_kept_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
