/* The coordinator against cells that fail in every way: a record is success whatever the process did afterwards,
 * anything else is a failure with a reason, and the others go on. A "record" here is a file with the cell's number. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "run/marks.h"
#include "run/signals.h"

enum { CELLS = 16 };
typedef int act(int cell, const struct process_inside *inside, error *e);

struct stage {
    char folder[64];
    act *acts[CELLS];
    bool good[CELLS];
    char reason[CELLS][sizeof((error *)0)->text], hint[CELLS][sizeof((error *)0)->hint];
    int ended, order[CELLS];
    int progress, measured, notes, waited;
    double limit;
    bool saves;
    bool (*ready)(void *self, int cell), (*needed)(void *self, int cell);
    void (*ended_by)(void *self, int cell, const error *why); /* NULL: ended */
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

static int succeed(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    (void)e;
    record_leave(cell);
    return 0;
}

static int fall(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)inside;
    error_set(e, EXIT_DATA, "replay: after_batch, task 2, step 7: the store is full");
    return error_hint(e, "make it larger");
}

static int crash(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)e;
    *inside->mark = (host_mark){.strategy = "replay", .hook = "after_batch", .task = 2, .step = 300};
    signal(SIGSEGV, SIG_DFL); /* whatever a sanitizer set */
    raise(SIGSEGV);
    return 0;
}

static int leave_silently(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)e;
    inside->mark->phase = HOST_FORWARD;
    inside->mark->task = 1;
    inside->mark->step = 7;
    _exit(0);
}

static int crash_after_record(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    (void)e;
    record_leave(cell);
    signal(SIGABRT, SIG_DFL);
    abort();
}

static int kill_self(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)inside;
    (void)e;
    raise(SIGKILL);
    return 0;
}

static int talk(int cell, const struct process_inside *inside, error *e)
{
    (void)e;
    printf("library says %d\n", cell);
    fprintf(stderr, "no line end");
    channel_note(inside->channel, "warning", "a note");
    for (int i = 0; i < 200; i++) { /* more than a pipe holds, together with the notes */
        channel_progress(inside->channel, &(train_progress){1, 1, i, 200, 0.5, 100, 1 << 20});
        channel_note(inside->channel, "info", "x");
        channel_measured(inside->channel, 1, 1, 0.5);
    }
    record_leave(cell);
    return 0;
}

static int write_rubbish(int cell, const struct process_inside *inside, error *e)
{
    (void)e;
    char rubbish[5000];
    memset(rubbish, 0x5a, sizeof rubbish);
    ssize_t count = write(inside->channel, rubbish, sizeof rubbish);
    count += write(inside->channel, rubbish, sizeof rubbish);
    record_leave(cell);
    return count < 0;
}

/* A process of the cell's own that outlives it holds both pipes open. Its number is the record. */
static int leave_grandchild(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    (void)e;
    pid_t pid = fork();
    if (pid == 0) {
        sleep(30);
        _exit(0);
    }
    FILE *file = fopen(record_path(current, cell), "w");
    fprintf(file, "%ld", (long)pid);
    return fclose(file);
}

static int fall_into_loop(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)e;
    *inside->mark = (host_mark){.strategy = "slow", .hook = "after_task", .hooks = 9, .task = 1, .step = 40};
    for (volatile int i = 0; i >= 0; i = 1)
        ;
    return 0;
}

/* Long, but every hook for itself is not. */
static int take_its_time(int cell, const struct process_inside *inside, error *e)
{
    (void)e;
    snprintf(inside->mark->hook, sizeof inside->mark->hook, "after_batch");
    for (int i = 0; i < 25; i++) {
        inside->mark->hooks++;
        usleep(100000);
    }
    record_leave(cell);
    return 0;
}

static void *wait_for_nothing(void *nothing)
{
    pause();
    return nothing;
}

static int leave_by_thread(int cell, const struct process_inside *inside, error *e)
{
    pthread_t thread;
    (void)cell;
    (void)e;
    snprintf(inside->mark->strategy, sizeof inside->mark->strategy, "odd");
    snprintf(inside->mark->hook, sizeof inside->mark->hook, "create");
    pthread_create(&thread, NULL, wait_for_nothing, NULL);
    pthread_exit(NULL);
}

static int kill_group(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)inside;
    (void)e;
    kill(0, SIGKILL);
    return 0;
}

static int print_much(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    (void)e;
    for (int i = 0; i < 100000; i++)
        printf("line %d of \x1b[31mvery many\x1b[0m\xff\n", i);
    record_leave(cell);
    return 0;
}

static int save_when_told(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    char path[160];
    snprintf(path, sizeof path, "%s.ready", record_path(current, cell));
    close(open(path, O_WRONLY | O_CREAT, 0600));
    while (!process_stopping())
        usleep(1000);
    usleep(300000); /* it saves */
    unlink(path);
    return error_set(e, EXIT_RESUMABLE, "stopped");
}

/* Once all others are ready to be told. */
static int stop_parent_once(int cell, const struct process_inside *inside, error *e)
{
    char path[160];
    snprintf(path, sizeof path, "%s.ready", record_path(current, 1 - cell));
    while (access(path, F_OK) != 0)
        usleep(1000);
    kill(getppid(), SIGUSR1);
    return save_when_told(cell, inside, e);
}

static int stop_parent_twice(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)inside;
    (void)e;
    kill(getppid(), SIGINT);
    usleep(200000);
    kill(getppid(), SIGINT);
    sleep(20);
    return 0;
}

static int put_streams_elsewhere(int cell, const struct process_inside *inside, error *e)
{
    (void)inside;
    int code = process_intact(e);
    close(STDOUT_FILENO);
    record_leave(cell);
    return code ? code : process_intact(e);
}

static int look_around(int cell, const struct process_inside *inside, error *e)
{
    struct rlimit core;
    char byte;
    int adjusted = 0;
    FILE *oom = fopen("/proc/self/oom_score_adj", "r");
    if (!oom || fscanf(oom, "%d", &adjusted) != 1 || fclose(oom) || adjusted < 500)
        return error_set(e, EXIT_FAILED, "would be killed after its coordinator: %d", adjusted);
    if (getpgrp() != getpid() || inside->channel < 100)
        return error_set(e, EXIT_FAILED, "is within reach of its neighbours");
    if (getrlimit(RLIMIT_CORE, &core) || core.rlim_cur > 1) /* of neither is a core file made */
        return error_set(e, EXIT_FAILED, "cores are on");
    if (read(STDIN_FILENO, &byte, 1) != 0)
        return error_set(e, EXIT_FAILED, "standard input is not empty");
    record_leave(cell);
    return 0;
}

static int stop_parent(int cell, const struct process_inside *inside, error *e)
{
    (void)cell;
    (void)inside;
    (void)e;
    kill(getppid(), SIGTERM);
    sleep(20);
    return 0;
}

/* ---- the coordinator's side ---- */

static int body(void *self, int cell, const struct process_inside *inside, error *e)
{
    current = self;
    return current->acts[cell](cell, inside, e);
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

static double hook_limit(void *self, int cell)
{
    (void)cell;
    return ((const struct stage *)self)->limit;
}

static void waits(void *self, int cells) { ((struct stage *)self)->waited += cells; }

static int stage_run(struct stage *s, int count, int jobs, error *e)
{
    struct cells_work work = {
        count, jobs, s,          body,  recorded, began,    told,     words, s->ended_by ? s->ended_by : ended,
        tick,  NULL, hook_limit, waits, s->saves, s->ready, s->needed};
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

/* The first two wait for the third, the fourth for nobody. */
static bool third_is_over(void *self, int cell)
{
    const struct stage *s = self;
    bool over = false;
    for (int i = 0; i < s->ended; i++)
        over = over || s->order[i] == 2;
    return cell >= 2 || over;
}

static void who_is_not_ready_waits(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {succeed, succeed, succeed, succeed}, .ready = third_is_over};
    assert_int_equal(stage_run(&s, 4, 1, &e), 0);
    const int order[] = {2, 0, 1, 3};
    assert_memory_equal(s.order, order, sizeof order);
    static struct stage failing = {.acts = {succeed, succeed, fall, succeed}, .ready = third_is_over};
    assert_int_equal(stage_run(&failing, 4, 2, &e), 0); /* the end counts, however it ended */
    assert_int_equal(failing.ended, 4);
    assert_true(failing.good[0] && failing.good[1] && !failing.good[2] && failing.good[3]);
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
    assert_string_equal(s.reason[2], "strategy replay, hook after_batch, task 2, step 300: was killed by SIGSEGV "
                                     "(Segmentation fault)");
    assert_string_equal(s.reason[3], "host, forward pass, task 1, step 7: ended with exit code 0 and left no result");
    assert_string_equal(s.reason[5], "host, start: was killed by SIGKILL (Killed)");
    assert_non_null(strstr(s.hint[5], " MiB): see dmesg"));
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

static long grandchild;

static void number_read(void *self, int cell, const error *why)
{
    FILE *file = cell == 0 ? fopen(record_path(self, 0), "r") : NULL;
    if (file) {
        assert_int_equal(fscanf(file, "%ld", &grandchild), 1);
        fclose(file);
    }
    ended(self, cell, why);
}

static bool process_there(long pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    const char *read = file ? fgets(line, sizeof line, file) : NULL;
    if (file)
        fclose(file);
    const char *state = read ? strrchr(line, ')') : NULL;
    return state && state[2] != 'Z'; /* whoever adopted it may be slow to bury it */
}

static void grandchild_neither_holds_the_run_nor_outlives_it(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {leave_grandchild, succeed}};
    time_t start = time(NULL);
    s.ended_by = number_read;
    assert_int_equal(stage_run(&s, 2, 1, &e), 0);
    assert_true(s.good[0] && s.good[1]);
    assert_true(time(NULL) - start < 3);
    assert_true(grandchild > 0);
    for (int i = 0; i < 200 && process_there(grandchild); i++)
        usleep(10000);
    assert_false(process_there(grandchild));
}

static void hook_that_does_not_return_is_ended(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {fall_into_loop, succeed, take_its_time}, .limit = 1};
    time_t start = time(NULL);
    assert_int_equal(stage_run(&s, 3, 3, &e), 0);
    assert_true(time(NULL) - start <= 4);
    assert_true(!s.good[0] && s.good[1] && s.good[2]);
    assert_string_equal(s.reason[0], "strategy slow, hook after_task, task 1, step 40: did not return within 1 s "
                                     "(training.hook_limit)");
}

static void main_thread_that_leaves_is_noticed(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {leave_by_thread, kill_group, put_streams_elsewhere, succeed}};
    time_t start = time(NULL);
    assert_int_equal(stage_run(&s, 4, 1, &e), 0);
    assert_true(time(NULL) - start <= 4);
    assert_string_equal(s.reason[0],
                        "strategy odd, hook create: ended its main thread (pthread_exit) and left no result");
    assert_string_equal(s.reason[1], "host, start: was killed by SIGKILL (Killed)");
    assert_true(!s.good[0] && !s.good[1] && s.good[3]);
}

static void much_that_is_printed_is_cut_and_made_harmless(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {print_much}};
    assert_int_equal(stage_run(&s, 1, 1, &e), 0);
    assert_true(s.good[0]);
    assert_non_null(strstr(s.words.at, "0:line 0 of \\x1B[31mvery many\\x1B[0m\\xFF\n"));
    assert_true(s.words.length > 64 << 10 && s.words.length < 256 << 10);
    const char *cut = strstr(s.words.at, "0:found more than 64 KiB on standard output and error; the rest is not "
                                         "shown\n");
    assert_non_null(cut);
    assert_int_equal(strchr(cut, '\n') + 1 - s.words.at, s.words.length);
    text_free(&s.words);
}

static void several_at_a_time(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {succeed, crash, talk, fall, succeed, crash, talk, succeed}};
    assert_int_equal(stage_run(&s, 8, 3, &e), 0);
    assert_int_equal(s.ended, 8);
    assert_int_equal(s.progress, 400);
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

static void cells_that_save_are_waited_for(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {stop_parent_once, save_when_told, succeed}, .saves = true};
    assert_int_equal(stage_run(&s, 3, 2, &e), EXIT_RESUMABLE);
    assert_int_equal(s.ended, 2);
    assert_int_equal(s.waited, 2);
    assert_string_equal(s.reason[0], "stopped");
    assert_string_equal(s.reason[1], "stopped");
    assert_string_equal(e.text, "stopped by SIGUSR1");
}

static void second_signal_gives_up(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {stop_parent_twice}, .saves = true};
    time_t start = time(NULL);
    assert_int_equal(stage_run(&s, 1, 1, &e), EXIT_INTERRUPTED);
    assert_true(time(NULL) - start < 10);
    assert_int_equal(s.ended, 0);
    assert_string_equal(e.text, "stopped by Ctrl-C (SIGINT), and asked again: running cells were killed");
}

/* Batch systems send a signal to every process of a job, and not in order. */
static int stop_itself(int cell, const struct process_inside *inside, error *e)
{
    raise(SIGTERM);
    return save_when_told(cell, inside, e);
}

static void cell_that_is_stopped_alone_is_told(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {stop_itself, succeed}, .saves = true};
    assert_int_equal(stage_run(&s, 2, 1, &e), EXIT_RESUMABLE);
    assert_true(!s.good[0] && s.good[1]);
    assert_string_equal(e.text, "stopped: 1 cell got a signal");
}

static bool not_the_first(void *self, int cell)
{
    (void)self;
    return cell > 0;
}

static void cell_whose_work_others_do_does_not_stop_the_run(void **state)
{
    (void)state;
    error e = {0};
    static struct stage s = {.acts = {stop_itself, succeed}, .saves = true, .needed = not_the_first};
    assert_int_equal(stage_run(&s, 2, 1, &e), 0);
    assert_true(!s.good[0] && s.good[1]);
    assert_string_equal(s.reason[0], "stopped");
    static struct stage other = {.acts = {succeed, stop_itself}, .saves = true, .needed = not_the_first};
    assert_int_equal(stage_run(&other, 2, 1, &e), EXIT_RESUMABLE);
}

static void marks_are_read_as_they_are(void **state)
{
    (void)state;
    char words[256];
    host_mark mark = {.task = 3, .step = 4, .phase = 77};
    marks_words(&mark, words, sizeof words);
    assert_string_equal(words, "host, unknown, task 3, step 4");
    memset(&mark, 0x1b, sizeof mark);
    marks_words(&mark, words, sizeof words);
    assert_non_null(strstr(words, "strategy \\x1B\\x1B"));
    assert_true(text_plain(words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_ready_waits),
        cmocka_unit_test(failures_are_told_and_the_others_go_on),
        cmocka_unit_test(all_that_is_said_arrives),
        cmocka_unit_test(grandchild_neither_holds_the_run_nor_outlives_it),
        cmocka_unit_test(hook_that_does_not_return_is_ended),
        cmocka_unit_test(main_thread_that_leaves_is_noticed),
        cmocka_unit_test(much_that_is_printed_is_cut_and_made_harmless),
        cmocka_unit_test(several_at_a_time),
        cmocka_unit_test(stopped_run_keeps_what_is_done),
        cmocka_unit_test(cells_that_save_are_waited_for),
        cmocka_unit_test(second_signal_gives_up),
        cmocka_unit_test(cell_that_is_stopped_alone_is_told),
        cmocka_unit_test(cell_whose_work_others_do_does_not_stop_the_run),
        cmocka_unit_test(marks_are_read_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
