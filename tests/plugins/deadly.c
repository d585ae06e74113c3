/* SPDX-License-Identifier: Apache-2.0 */
/* Ends its process, or does not let it go on, in one of many ways: after the fourth batch of the second task. */
#include <perdure/sugar.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    SEGV,
    BUS,
    FPE,
    ABORT,
    STACK,
    DOUBLE_FREE,
    EXIT,
    EXIT_AT_ONCE,
    EXEC,
    THREAD_EXIT,
    LOOP,
    THROW,
    CLOSE,
    KILL_GROUP,
    KILL,
    MEMORY,
    PRINT,
    LINGER
};
typedef struct {
    int32_t how, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
} strategy;

static const char *const ways[] = {"segv",  "bus",    "fpe",    "abort",  "stack", "double-free", "exit",
                                   "_exit", "exec",   "thread", "loop",   "throw", "close",       "group",
                                   "kill",  "memory", "print",  "linger", NULL};
static const pdr_param params[] = {
    {.key = "how", .help = "what is done", .type = PDR_PARAM_CHOICE, .offset = offsetof(config, how), .choices = ways},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}
static void teardown(strategy *self) { (void)self; }

/* By the functions that a C++ compiler would call, since tests are C. */
extern void *_ZTIi; /* typeid(int) */
void *__cxa_allocate_exception(size_t size);
_Noreturn void __cxa_throw(void *thrown, void *type, void (*destroy)(void *));

static volatile int zero;
static volatile int *volatile nowhere;

static void bus(void)
{
    int file = memfd_create("short", 0);
    volatile char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0); /* of a file without a byte */
    at[0] = 1;
}

static int deeper(volatile char *above)
{
    volatile char here[4096];
    here[0] = above ? above[0] : 0;
    return deeper(here) + here[0];
}

static void free_twice(void)
{
    char *volatile bytes = malloc(40);
    char *volatile again = bytes;
    free(bytes);
    free(again);
}

static void *wait_for_nothing(void *nothing)
{
    pause();
    return nothing;
}

static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_nothing, NULL) == 0)
        pthread_exit(NULL);
}

static void close_low(void)
{
    for (int file = 0; file <= 20; file++)
        close(file);
}

/* As careless code does; the test sets a limit. */
static void take_all(void)
{
    for (;;) {
        volatile char *volatile more = malloc((size_t)1 << 30);
        more[0] = 1;
    }
}

static void print_much(void)
{
    static char block[1 << 16];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i % 97 == 96 ? '\n' : (char)(i % 251));
    for (int i = 0; i < 320; i++) /* 20 MiB */
        if (write(i % 2 + 1, block, sizeof block) < 0)
            return;
}

/* Three seconds, whatever signals come. */
static void linger(void)
{
    puts("lingers");
    for (int i = 0; i < 60; i++) {
        struct timespec left = {0, 50000000};
        while (nanosleep(&left, &left) != 0)
            ;
    }
}

static void throw_three(void)
{
    int *thrown = __cxa_allocate_exception(sizeof *thrown);
    *thrown = 3;
    __cxa_throw(thrown, &_ZTIi, NULL);
}

static void crash(int32_t how)
{
    char *const words[] = {"true", NULL};
    switch (how) {
    case SEGV: *nowhere = 1; break;
    case BUS: bus(); break;
    case FPE: zero = 7 / zero; break;
    case ABORT: abort();
    case STACK: zero = deeper(NULL); break;
    case DOUBLE_FREE: free_twice(); break;
    case THROW: throw_three(); break;
    case MEMORY: take_all(); break;
    case EXEC: execve("/bin/true", words, words + 1); break;
    default: break;
    }
}

static void leave(int32_t how)
{
    switch (how) {
    case EXIT: exit(0);
    case EXIT_AT_ONCE: _exit(0);
    case THREAD_EXIT: leave_thread(); break;
    case LOOP:
        while (!zero)
            ;
        break;
    case CLOSE: close_low(); break;
    case KILL_GROUP: kill(0, SIGKILL); break;
    case KILL: raise(SIGKILL); break;
    case PRINT: print_much(); break;
    case LINGER: linger(); break;
    default: break;
    }
}

static pdr_status after_batch(void *p, const pdr_step *s)
{
    const strategy *self = (const strategy *)p;
    if (s->task->index != 1 || s->index != 3)
        return PDR_OK;
    crash(self->config.how);
    leave(self->config.how);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_batch = after_batch};
PDR_STRATEGY("deadly", "1.0", "ends its process in many ways", NULL, PDR_GRAPH_SAFE)
