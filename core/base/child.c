/* See child.h. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { TICK_MILLISECONDS = 10 };

const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"},
        {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"},   {SIGSYS, "SIGSYS"}, {SIGXCPU, "SIGXCPU"},
        {SIGXFSZ, "SIGXFSZ"}, {SIGQUIT, "SIGQUIT"}, {SIGTRAP, "SIGTRAP"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

/* ---- in the child ---- */

/* A limit of 1 byte: 0 would stop a core file, but not one that goes through a pipe to a collector; the kernel takes 1
 * as a word for neither (fs/coredump.c). */
bool child_begin(pid_t parent)
{
    struct rlimit no_core = {1, 1};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    return getppid() == parent; /* it may have gone before that was in force */
}

void child_tell(int to, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t put = write(to, at, count);
        if (put < 0 && errno != EINTR)
            return;
        at += put > 0 ? put : 0;
        count -= put > 0 ? (size_t)put : 0;
    }
}

static _Noreturn void child_live(child_body *body, void *self, int to, int words, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!child_begin(parent))
        _exit(EXIT_FAILED);
    dup2(nothing, STDIN_FILENO);
    dup2(words, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    body(self, to);
    _exit(EXIT_DONE); /* nothing that others registered for the end of this program */
}

/* ---- in the parent ---- */

struct asked {
    pid_t pid;
    int answer, words; /* read ends, never blocking; answer -1: it came to its end */
    bool gone;
    struct child_end *end;
};

static void answer_read(struct asked *a, char *at, size_t size)
{
    struct child_end *end = a->end;
    while (a->answer >= 0 && end->got < size) {
        ssize_t count = read(a->answer, at + end->got, size - end->got);
        if (count > 0) {
            end->got += (size_t)count;
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(a->answer);
            a->answer = -1;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* The end of the pipe is no sure sign: a process that the child left behind may hold it open, and a child that closed
 * it may live on. So the child itself is looked at too, first: what it wrote is then in the pipe. */
static void answer_wait(struct asked *a, double seconds, bool (*stop)(void), void *answer, size_t size)
{
    double until = clock_seconds() + seconds;
    while (a->end->got < size && !a->gone && !(stop && stop())) {
        struct pollfd file = {a->answer, POLLIN, 0};
        poll(&file, 1, TICK_MILLISECONDS);
        a->gone = waitpid(a->pid, &a->end->status, WNOHANG) != 0;
        answer_read(a, answer, size);
        a->end->late = a->end->got < size && !a->gone && seconds > 0 && clock_seconds() > until;
        if (a->end->late)
            break;
    }
}

static void child_bury(struct asked *a)
{
    if (!a->gone) {
        kill(a->pid, SIGKILL);
        while (waitpid(a->pid, &a->end->status, 0) < 0 && errno == EINTR)
            ;
    }
    ssize_t count = read(a->words, a->end->said, sizeof a->end->said - 1);
    a->end->said[count > 0 ? count : 0] = '\0';
}

static int pipes_open(int answer[2], int words[2])
{
    if (pipe2(answer, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(words, O_CLOEXEC | O_NONBLOCK) == 0) /* who prints more than it holds is not kept waiting */
        return fcntl(answer[0], F_SETFL, O_NONBLOCK);
    close(answer[0]);
    close(answer[1]);
    return -1;
}

int child_ask_until(child_body *body, void *self, double seconds, bool (*stop)(void), void *answer, size_t size,
                    struct child_end *end, error *e)
{
    int to_us[2], words[2];
    pid_t parent = getpid();
    *end = (struct child_end){0};
    if (pipes_open(to_us, words))
        return error_system(e, EXIT_SYSTEM, "no pipe");
    fflush(NULL); /* what is buffered would be printed twice */
    pid_t pid = fork();
    if (pid == 0)
        child_live(body, self, to_us[1], words[1], parent);
    int code = pid < 0 ? error_system(e, EXIT_SYSTEM, "no process") : 0;
    close(to_us[1]);
    close(words[1]);
    struct asked a = {pid, to_us[0], words[0], false, end};
    if (!code) {
        answer_wait(&a, seconds, stop, answer, size);
        child_bury(&a);
        code = end->got < size ? EXIT_SYSTEM : 0;
    }
    if (a.answer >= 0)
        close(a.answer);
    close(a.words);
    return code;
}

int child_ask(child_body *body, void *self, double seconds, void *answer, size_t size, struct child_end *end, error *e)
{
    return child_ask_until(body, self, seconds, NULL, answer, size, end, e);
}

const char *child_end_words(const struct child_end *end, char *out, size_t room)
{
    int number = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;
    const char *name = signal_name(number);
    if (end->late)
        snprintf(out, room, "still busy when its time was over");
    else if (name)
        snprintf(out, room, "killed by %s", name);
    else if (number)
        snprintf(out, room, "killed by signal %d", number);
    else
        snprintf(out, room, "ended the process (exit %d)", WEXITSTATUS(end->status));
    return out;
}
