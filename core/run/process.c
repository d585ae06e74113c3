/* See process.h. */
#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

/* There in a build with a sanitizer: a process that ends by _exit is not searched for leaks unless it asks. */
void __lsan_do_leak_check(void) __attribute__((weak));

/* Ctrl-C reaches every process of the terminal; what follows from it is the coordinator's to decide. */
static void signals_reset(void)
{
    static const int plain[] = {SIGTERM, SIGHUP, SIGCHLD, SIGQUIT};
    sigset_t none;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        signal(plain[i], SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void streams_turn(int words)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(words, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    close(nothing);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static _Noreturn void process_live(process_body *body, void *self, int cell, int channel, int words, pid_t parent)
{
    if (!child_begin(parent))
        _exit(EXIT_FAILED);
    signals_reset();
    streams_turn(words);
    error e = {0};
    int code = body(self, cell, channel, &e);
    if (code) {
        e.code = code;
        channel_error(channel, &e);
    } else {
        channel_done(channel);
        if (__lsan_do_leak_check)
            __lsan_do_leak_check();
    }
    fflush(NULL);
    _exit(code); /* no destructors: those of LibTorch and CUDA may crash, and nothing here needs them */
}

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

int process_start(struct process *p, process_body *body, void *self, int cell, error *e)
{
    int messages[2], words[2];
    pid_t parent = getpid();
    if (pipes_open(messages, words))
        return error_system(e, EXIT_SYSTEM, "no pipe for the process of a cell");
    fflush(NULL); /* what is buffered would be printed twice */
    pid_t pid = fork();
    if (pid == 0) {
        close(messages[0]);
        close(words[0]);
        process_live(body, self, cell, messages[1], words[1], parent);
    }
    int code = pid < 0 ? error_system(e, EXIT_SYSTEM, "no process for a cell") : 0;
    close(messages[1]);
    close(words[1]);
    *p = (struct process){pid, messages[0], words[0], 0};
    if (code)
        process_close(p);
    else {
        fcntl(p->messages, F_SETFL, O_NONBLOCK);
        fcntl(p->words, F_SETFL, O_NONBLOCK);
    }
    return code;
}

bool process_reaped(struct process *p) { return waitpid(p->pid, &p->status, WNOHANG) == p->pid; }

void process_kill(struct process *p)
{
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
        ;
}

void process_close(struct process *p)
{
    if (p->messages >= 0)
        close(p->messages);
    if (p->words >= 0)
        close(p->words);
    p->messages = p->words = -1;
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
