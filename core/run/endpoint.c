/* See endpoint.h. */
#include "run/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "run/endpoint_inside.h"

enum { START_MILLISECONDS = 10000, DESCRIPTORS = 1024 };

struct endpoint {
    pid_t pid; /* 0: it is gone */
    struct board *board;
};

/* ---- the text between the two processes ---- */

void endpoint_publish(endpoint *p, const char *metrics, size_t count)
{
    unsigned turn = atomic_load(&p->board->turn) + 1;
    struct board_side *side = &p->board->sides[turn % 2];
    side->count = count < ENDPOINT_BYTES ? count : ENDPOINT_BYTES;
    memcpy(side->bytes, metrics, side->count);
    atomic_store(&p->board->turn, turn);
}

/* The side that was newest is written next: where it changed meanwhile, the copy may be of two texts. */
char *board_copy(struct board *b, size_t *count)
{
    char *copy = alloc_zero(ENDPOINT_BYTES, 1);
    unsigned turn;
    do {
        turn = atomic_load(&b->turn);
        const struct board_side *side = &b->sides[turn % 2];
        *count = side->count < ENDPOINT_BYTES ? side->count : ENDPOINT_BYTES;
        memcpy(copy, side->bytes, *count);
    } while (atomic_load(&b->turn) != turn);
    return copy;
}

static struct board *board_open(void)
{
    void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* ---- the process ---- */

/* The coordinator's are none of its business: its lock least of all. */
static void descriptors_leave(int listener, int ready)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(nothing, i);
    for (int i = 3; i < DESCRIPTORS; i++)
        if (i != listener && i != ready)
            close(i);
}

/* Ctrl-C and its like are the coordinator's to decide on; with it this process goes. */
static _Noreturn void server_live(int listener, int ready, struct board *b, pid_t parent)
{
    static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGQUIT, SIGTSTP, SIGPIPE};
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
        signal(deaf[i], SIG_IGN);
    if (!child_begin(parent))
        _exit(EXIT_FAILED);
    descriptors_leave(listener, ready);
    error why = {0};
    int code = server_start(listener, b, &why);
    child_tell(ready, &why, sizeof why);
    close(ready);
    if (code)
        _exit(code);
    for (;;)
        pause();
}

/* ---- the coordinator ---- */

static int listener_open(int64_t port, error *e)
{
    const int yes = 1;
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file >= 0 && setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(file, (const struct sockaddr *)&at, sizeof at) == 0 && listen(file, SOMAXCONN) == 0)
        return file;
    error_system(e, EXIT_CREATE, "found no way to listen on port %lld of 127.0.0.1; expected a free port",
                 (long long)port);
    if (file >= 0)
        close(file);
    return -1;
}

/* What server_start() said of itself. */
static int ready_read(int ready, error *e)
{
    error why = {0};
    struct pollfd news = {ready, POLLIN, 0};
    size_t got = 0;
    while (got < sizeof why) {
        int there = poll(&news, 1, START_MILLISECONDS);
        ssize_t count = there > 0 ? read(ready, (char *)&why + got, sizeof why - got) : there;
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return error_set(e, EXIT_SYSTEM, "the process that was to answer /metrics did not begin");
        got += (size_t)count;
    }
    return why.code ? error_copy(e, &why) : 0;
}

static int server_fork(endpoint *p, int listener, error *e)
{
    int ready[2];
    pid_t parent = getpid();
    if (pipe2(ready, O_CLOEXEC) != 0)
        return error_system(e, EXIT_SYSTEM, "no pipe for the process that answers /metrics");
    p->pid = fork();
    if (p->pid == 0)
        server_live(listener, ready[1], p->board, parent);
    close(ready[1]);
    int code = p->pid < 0 ? error_system(e, EXIT_SYSTEM, "no process to answer /metrics") : ready_read(ready[0], e);
    close(ready[0]);
    return code;
}

int endpoint_open(int64_t port, endpoint **out, error *e)
{
    *out = NULL;
    int listener = listener_open(port, e);
    if (listener < 0)
        return e->code;
    endpoint *p = alloc_zero(1, sizeof *p);
    p->board = board_open();
    int code =
        p->board ? server_fork(p, listener, e) : error_system(e, EXIT_SYSTEM, "no memory for the text of /metrics");
    close(listener);
    if (code) {
        endpoint_close(p);
        return code;
    }
    *out = p;
    return 0;
}

int endpoint_possible(error *e) { return server_look(e); }

bool endpoint_gone(endpoint *p)
{
    if (p->pid <= 0 || waitpid(p->pid, NULL, WNOHANG) != p->pid)
        return false;
    p->pid = 0;
    return true;
}

void endpoint_close(endpoint *p)
{
    if (!p)
        return;
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (p->board)
        munmap(p->board, sizeof *p->board);
    free(p);
}
