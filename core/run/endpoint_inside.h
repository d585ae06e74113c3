/* What the two halves of the endpoint share: the coordinator's and that of the process which answers. */
#ifndef PERDURE_RUN_ENDPOINT_INSIDE_H
#define PERDURE_RUN_ENDPOINT_INSIDE_H
#include <stdatomic.h>

#include "run/endpoint.h"

/* Written by turns, so that a text stays whole while it is read. */
struct board {
    atomic_uint turn; /* which side is the newest: odd or even */
    struct board_side {
        size_t count;
        char bytes[ENDPOINT_BYTES];
    } sides[2];
};

char *board_copy(struct board *b, size_t *count); /* the newest text, owned */
/* server.c: opens the library, 69; answers on this socket from threads of its own, for good. 69, 71 */
int server_look(error *e);
int server_start(int listener, struct board *b, error *e);

#endif
