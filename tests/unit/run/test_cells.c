/* The coordinator against cells that fail in every way: a record is success whatever the process did afterwards,
 * anything else is a failure with a reason, and the others go on. A "record" here is a file with the cell's number. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "base/text.h"
#include "run/cells.h"

enum { CELLS = 16 };
typedef int act(int cell, int channel, error *e);

struct stage {
    char folder[64];
    act *acts[CELLS];
    bool good[CELLS];
    char reason[CELLS][sizeof((error *)0)->text], hint[CELLS][sizeof((error *)0)->hint];
    int ended, order[CELLS];
    int progress, measured, notes;
    text words;
};

static char *record_path(const struct stage *s, int cell)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%d", s->folder, cell);
    return path;
}

static struct stage *current; /* for acts, in the child */

static void record_leave(int cell)
{
    int file = open(record_path(current, cell), O_WRONLY | O_CREAT, 0600);
    close(file);
}

/* ---- what cells do ---- */

static int succeed(int cell, int channel, error *e)
{
    (void)channel;
    (void)e;
    record_leave(cell);
    return 0;
}

static int fall(int cell, int channel, error *e)
{
    (void)cell;
    (void)channel;
    error_set(e, EXIT_DATA, "replay: after_batch, task 2, step 7: the store is full");
    return error_hint(e, "make it larger");
}

static int crash(int cell, int channel, error *e)
{
    (void)cell;
    (void)e;
    channel_progress(channel, &(train_progress){2, 5, 300, 1000, 0.5, 100});
    signal(SIGSEGV, SIG_DFL); /* whatever a sanitizer set */
    raise(SIGSEGV);
    return 0;
}

static int leave_silently(int cell, int channel, error *e)
{
    (void)cell;
    (void)channel;
    (void)e;
    _exit(0);
}

static int crash_after_record(int cell, int channel, error *e)
{
    (void)channel;
    (void)e;
    record_leave(cell);
    signal(SIGABRT, SIG_DFL);
    abort();
}

static int kill_self(int cell, int channel, error *e)
{
    (void)cell;
    (void)channel;
    (void)e;
    raise(SIGKILL);
    return 0;
}

static int talk(int cell, int channel, error *e)
{
    (void)e;
    printf("library says %d\n", cell);
    fprintf(stderr, "no line end");
    channel_note(channel, "warning", "a note");
    for (int i = 0; i < 200; i++) { /* more than a pipe holds, together with the notes */
        channel_progress(channel, &(train_progress){1, 1, i, 200, 0.5, 100});
        channel_note(channel, "info", "x");
        channel_measured(channel, 1, 1, 0.5);
    }
    record_leave(cell);
    return 0;
}

static int write_rubbish(int cell, int channel, error *e)
{
    (void)e;
    char rubbish[5000];
    memset(rubbish, 0x5a, sizeof rubbish);
    ssize_t count = write(channel, rubbish, sizeof rubbish);
    count += write(channel, rubbish, sizeof rubbish);
    record_leave(cell);
    return count < 0;
}

/* A process of the cell's own that outlives it holds both pipes open. */
static int leave_grandchild(int cell, int channel, error *e)
{
    (void)channel;
    (void)e;
    pid_t pid = fork();
    if (pid == 0) {
        sleep(3);
        _exit(0);
    }
    record_leave(cell);
    return 0;
}

static int look_around(int cell, int channel, error *e)
{
    (void)channel;
    struct rlimit core;
    char byte;
    if (getrlimit(RLIMIT_CORE, &core) || core.rlim_cur > 1) /* of neither is a core file made */
        return error_set(e, EXIT_FAILED, "cores are on");
    if (read(STDIN_FILENO, &byte, 1) != 0)
        return error_set(e, EXIT_FAILED, "standard input is not empty");
    record_leave(cell);
    return 0;
}

static int stop_parent(int cell, int channel, error *e)
{
    (void)cell;
    (void)channel;
    (void)e;
    kill(getppid(), SIGTERM);
    sleep(20);
    return 0;
}

/* ---- the coordinator's side ---- */

static int body(void *self, int cell, int channel, error *e)
{
    current = self;
    return current->acts[cell](cell, channel, e);
}

static bool recorded(void *self, int cell, error *e)
{
    (void)e;
    return access(record_path(self, cell), F_OK) == 0;
}

static void began(void *self, int cell)
{
    (void)self;
    (void)cell;
}

static void told(void *self, int cell, const struct message *m)
{
    struct stage *s = self;
    (void)cell;
    s->progress += m->kind == MESSAGE_PROGRESS;
    s->measured += m->kind == MESSAGE_MEASURED;
    s->notes += m->kind == MESSAGE_NOTE;
}

static void words(void *self, int cell, const char *line)
{
    struct stage *s = self;
    text_addf(&s->words, "%d:%s\n", cell, line);
}

static void ended(void *self, int cell, const error *why)
{
    struct stage *s = self;
    s->order[s->ended++] = cell;
    s->good[cell] = why == NULL;
    if (why) {
        memcpy(s->reason[cell], why->text, sizeof why->text);
        memcpy(s->hint[cell], why->hint, sizeof why->hint);
    }
}

static void tick(void *self) { (void)self; }

static int stage_run(struct stage *s, int count, int jobs, error *e)
{
    struct cells_work work = {count, jobs, s, body, recorded, began, told, words, ended, tick, NULL};
    snprintf(s->folder, sizeof s->folder, "/tmp/perdure-cells-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    int code = cells_run(&work, e);
    for (int i = 0; i < count; i++)
        unlink(record_path(s, i));
    rmdir(s->folder);
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a dead one */
    assert_int_equal(errno, ECHILD);
    return code;
}

static void failures_are_told_and_the_others_go_on(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {succeed, fall, crash, leave_silently, crash_after_record, kill_self,
                                      write_rubbish, look_around, succeed}};
    assert_int_equal(stage_run(&s, 9, 1, &e), 0);
    assert_int_equal(s.ended, 9);
    for (int i = 0; i < 9; i++)
        assert_int_equal(s.order[i], i); /* one at a time: in order */
    assert_true(s.good[0] && s.good[4] && s.good[6] && s.good[7] && s.good[8]);
    assert_string_equal(s.reason[1], "replay: after_batch, task 2, step 7: the store is full");
    assert_string_equal(s.hint[1], "make it larger");
    assert_non_null(strstr(s.reason[2], "was killed by SIGSEGV ("));
    assert_non_null(strstr(s.reason[2], ") in task 2 of 5, near step 300 of 1000"));
    assert_string_equal(s.reason[3], "ended with exit code 0 and left no result before its first step");
    assert_non_null(strstr(s.reason[5], "SIGKILL"));
    assert_non_null(strstr(s.hint[5], "dmesg"));
}

static void all_that_is_said_arrives(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {talk}};
    assert_int_equal(stage_run(&s, 1, 1, &e), 0);
    assert_true(s.good[0]);
    assert_int_equal(s.progress, 200);
    assert_int_equal(s.measured, 200);
    assert_int_equal(s.notes, 201);
    assert_non_null(strstr(s.words.at, "0:library says 0\n"));
    assert_non_null(strstr(s.words.at, "0:no line end\n"));
    text_free(&s.words);
}

static void grandchild_does_not_hold_the_run(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {leave_grandchild, succeed}};
    time_t start = time(NULL);
    assert_int_equal(stage_run(&s, 2, 1, &e), 0);
    assert_true(s.good[0] && s.good[1]);
    assert_true(time(NULL) - start < 3);
}

static void several_at_a_time(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {succeed, crash, talk, fall, succeed, crash, talk, succeed}};
    assert_int_equal(stage_run(&s, 8, 3, &e), 0);
    assert_int_equal(s.ended, 8);
    assert_int_equal(s.progress, 402);
    assert_true(s.good[0] && !s.good[1] && s.good[2] && !s.good[3] && s.good[4] && !s.good[5] && s.good[6] &&
                s.good[7]);
    text_free(&s.words);
}

static void stopped_run_keeps_what_is_done(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {succeed, stop_parent, succeed}};
    time_t start = time(NULL);
    assert_int_equal(stage_run(&s, 3, 1, &e), EXIT_RESUMABLE);
    assert_true(time(NULL) - start < 10);
    assert_int_equal(s.ended, 1);
    assert_true(s.good[0]);
    assert_non_null(strstr(e.text, "stopped by"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_told_and_the_others_go_on), cmocka_unit_test(all_that_is_said_arrives),
        cmocka_unit_test(grandchild_does_not_hold_the_run),       cmocka_unit_test(several_at_a_time),
        cmocka_unit_test(stopped_run_keeps_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
