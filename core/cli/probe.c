/* See probe.h. */
#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
    engine_info info;
    error error;
};

static _Noreturn void probe_live(int out)
{
    struct answer answer = {0};
    struct rlimit no_core = {0, 0};
    const struct engine *engine = NULL;
    engine_options options = {.device = "cpu", .threads = 1};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    int code = engine_load(&engine, &answer.error);
    if (!code)
        code = engine->open(&options, &answer.info, &answer.error);
    ssize_t written = write(out, &answer, sizeof answer);
    _exit(code || written != (ssize_t)sizeof answer);
}

static bool answer_read(int in, struct answer *answer)
{
    size_t used = 0;
    while (used < sizeof *answer) {
        ssize_t count = read(in, (char *)answer + used, sizeof *answer - used);
        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        used += count > 0 ? (size_t)count : 0;
    }
    return true;
}

int probe_engine(engine_info *out, error *e)
{
    int ends[2], status = 0;
    struct answer answer = {0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_system(e, EXIT_SYSTEM, "no pipe");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        probe_live(ends[1]);
    close(ends[1]);
    bool told = pid > 0 && answer_read(ends[0], &answer);
    close(ends[0]);
    if (pid < 0)
        return error_system(e, EXIT_SYSTEM, "no process");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *out = answer.info;
    if (!told && WIFSIGNALED(status))
        return error_set(e, EXIT_UNAVAILABLE, "loading it was ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    if (!told)
        return error_set(e, EXIT_UNAVAILABLE, "loading it ended with exit code %d", WEXITSTATUS(status));
    if (answer.error.code)
        *e = answer.error;
    return answer.error.code;
}
