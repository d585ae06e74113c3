/* GET /metrics on 127.0.0.1, answered by a process of its own: the coordinator only lays the newest text into memory that both see,
 * and never waits for a reader. Cells are forked from the coordinator, which therefore may have neither threads nor sockets of a
 * server. HTTP is libmicrohttpd's, which is loaded in that process alone, as it brings a dozen libraries with it. */
#ifndef PERDURE_RUN_ENDPOINT_H
#define PERDURE_RUN_ENDPOINT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct endpoint endpoint;

enum { ENDPOINT_BYTES = 2 << 20 }; /* the longest text */

/* Listens from here on, with an empty text. Before any thread runs. Owned. 73: the port cannot be had; 69: there is no libmicrohttpd;
 * 71. */
int endpoint_open(int64_t port, endpoint **out, error *e);
int endpoint_possible(error *e); /* 69: there is no libmicrohttpd. Loads it into this process, which is to end soon */
void endpoint_publish(endpoint *p, const char *metrics,
                      size_t count); /* at most ENDPOINT_BYTES; any rest is left out */
bool endpoint_gone(endpoint *p);     /* its process has ended, which nobody asked it to; once */
void endpoint_close(endpoint *p);    /* NULL is fine */

#endif
