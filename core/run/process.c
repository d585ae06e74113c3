/* See process.h. */
#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

/* There in a build with a sanitizer: a process that ends by _exit is not searched for leaks unless it asks. */
void __lsan_do_leak_check(void) __attribute__((weak));

/* Above all that a strategy would close, or take for its own, by number. */
enum { CHANNEL_LEAST = 100, OOM_MORE = 500, OOM_MOST = 1000 };

/* ---- in the process ---- */

static volatile sig_atomic_t stop_asked;
static struct stat streams[3];

bool process_stopping(void) { return stop_asked != 0; }

static void stop_note(int number) { stop_asked = number; }

/* Whoever sends Ctrl-C to all of them means the coordinator: what follows from it is its to decide. Batch systems send
 * the others to every process of a job: they mean the same here as there. */
static void signals_reset(void)
{
    static const int plain[] = {SIGCHLD, SIGQUIT, SIGTSTP}, stops[] = {SIGTERM, SIGHUP, SIGUSR1};
    const struct sigaction note = {.sa_handler = stop_note, .sa_flags = SA_RESTART};
    sigset_t none;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        signal(plain[i], SIG_DFL);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        sigaction(stops[i], &note, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* When memory runs out, a cell goes before its coordinator does. */
static void oom_offer(void)
{
    FILE *file = fopen("/proc/self/oom_score_adj", "r+e");
    int now = 0;
    if (file == NULL)
        return;
    if (fscanf(file, "%d", &now) == 1) {
        rewind(file);
        fprintf(file, "%d", now + OOM_MORE > OOM_MOST ? OOM_MOST : now + OOM_MORE);
    }
    fclose(file);
}

static int channel_move(int channel)
{
    int moved = fcntl(channel, F_DUPFD_CLOEXEC, CHANNEL_LEAST);
    if (moved < 0)
        return channel;
    close(channel);
    return moved;
}

static void streams_turn(int words)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(words, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    close(nothing);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < 3; i++)
        fstat(i, &streams[i]);
}

int process_intact(error *e)
{
    struct stat now;
    for (int i = 0; i < 3; i++)
        if (fstat(i, &now) != 0 || now.st_dev != streams[i].st_dev || now.st_ino != streams[i].st_ino)
            return error_set(e, EXIT_FAILED,
                             "found standard input, output or error closed or put elsewhere; expected a strategy to "
                             "leave them alone, as what is printed now ends up in some other file");
    return 0;
}

static _Noreturn void process_live(process_body *body, void *self, int cell, struct process_inside inside, int words,
                                   pid_t parent)
{
    setpgid(0, 0);
    if (!child_begin(parent))
        _exit(EXIT_FAILED);
    stop_asked = 0;
    signals_reset();
    streams_turn(words);
    oom_offer();
    inside.channel = channel_move(inside.channel);
    error e = {0};
    int code = body(self, cell, &inside, &e);
    if (code) {
        e.code = code;
        channel_error(inside.channel, &e);
    } else {
        channel_done(inside.channel);
        if (__lsan_do_leak_check)
            __lsan_do_leak_check();
    }
    fflush(NULL);
    _exit(code); /* no destructors: those of LibTorch and CUDA may crash, and nothing here needs them */
}

/* ---- in the coordinator ---- */

static int pipes_open(int messages[2], int words[2])
{
    if (pipe2(messages, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(words, O_CLOEXEC) == 0)
        return 0;
    close(messages[0]);
    close(messages[1]);
    return -1;
}

static struct host_mark *page_open(void)
{
    void *page = mmap(NULL, sizeof(struct host_mark), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

static void page_close(struct host_mark *page)
{
    if (page)
        munmap(page, sizeof *page);
}

int process_start(struct process *p, process_body *body, void *self, int cell, error *e)
{
    int messages[2], words[2];
    pid_t parent = getpid();
    struct host_mark *mark = page_open();
    if (mark == NULL || pipes_open(messages, words)) {
        page_close(mark);
        return error_system(e, EXIT_SYSTEM, "no pipe for the process of a cell");
    }
    fflush(NULL); /* what is buffered would be printed twice */
    pid_t pid = fork();
    if (pid == 0) {
        close(messages[0]);
        close(words[0]);
        process_live(body, self, cell, (struct process_inside){messages[1], mark}, words[1], parent);
    }
    if (pid > 0)
        setpgid(pid, pid); /* by both: whoever comes first */
    int code = pid < 0 ? error_system(e, EXIT_SYSTEM, "no process for a cell") : 0;
    close(messages[1]);
    close(words[1]);
    *p = (struct process){.pid = pid, .messages = messages[0], .words = words[0], .mark = mark};
    if (code)
        process_close(p);
    else {
        fcntl(p->messages, F_SETFL, O_NONBLOCK);
        fcntl(p->words, F_SETFL, O_NONBLOCK);
    }
    return code;
}

/* Looked at before it is reaped: until then nobody else can have its number. */
bool process_reaped(struct process *p)
{
    siginfo_t end = {0};
    if (waitid(P_PID, (id_t)p->pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != p->pid)
        return false;
    process_kill(p);
    return true;
}

/* The kernel reports no end of a process as long as one of its threads lives: pthread_exit in the main thread would be
 * waited for without end. */
bool process_headless(const struct process *p)
{
    char path[64], line[256];
    siginfo_t end = {0};
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)p->pid);
    FILE *file = fopen(path, "re");
    size_t count = file ? fread(line, 1, sizeof line - 1, file) : 0;
    line[count] = '\0';
    if (file)
        fclose(file);
    const char *behind = strrchr(line, ')'); /* of its name, which may hold anything */
    return behind && behind[1] == ' ' && behind[2] == 'Z' &&
           waitid(P_PID, (id_t)p->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid == 0;
}

void process_kill(struct process *p)
{
    struct rusage used = {0};
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL); /* it may have left its group */
    while (wait4(p->pid, &p->status, 0, &used) < 0 && errno == EINTR)
        ;
    p->peak_bytes = (int64_t)used.ru_maxrss * 1024;
}

void process_close(struct process *p)
{
    if (p->messages >= 0)
        close(p->messages);
    if (p->words >= 0)
        close(p->words);
    p->messages = p->words = -1;
    page_close(p->mark);
    p->mark = NULL;
}

void process_words(const struct process *p, char *out, size_t room)
{
    if (!WIFSIGNALED(p->status)) {
        snprintf(out, room, "ended with exit code %d and left no result", WEXITSTATUS(p->status));
        return;
    }
    int number = WTERMSIG(p->status);
    const char *name = signal_name(number);
    if (name)
        snprintf(out, room, "was killed by %s (%s)", name, strsignal(number));
    else
        snprintf(out, room, "was killed by signal %d", number);
}
