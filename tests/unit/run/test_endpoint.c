/* HTTP on the loopback: what is published is what a reader gets, whole, while it changes; other addresses and paths get none. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "base/text.h"
#include "run/endpoint.h"

static int listener_of(int64_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int file = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(file, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return file;
}

/* One that was free a moment ago: where another took it since, the next one. NULL: no libmicrohttpd. */
static endpoint *opened(int64_t *port)
{
    for (int tries = 0; tries < 10; tries++) {
        endpoint *p = NULL;
        error e = {0};
        close(listener_of(port));
        int code = endpoint_open(*port, &p, &e);
        if (code == EXIT_UNAVAILABLE) {
            assert_non_null(strstr(e.text, "libmicrohttpd"));
            assert_non_null(strstr(e.hint, "libmicrohttpd"));
            return NULL;
        }
        if (!code)
            return p;
        assert_int_equal(code, EXIT_CREATE);
    }
    fail_msg("found no free port");
    return NULL;
}

/* The whole answer to a request; -1: nobody listens. */
static int ask(const char *address, int64_t port, const char *request, text *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char bytes[4096];
    ssize_t got;
    inet_pton(AF_INET, address, &at.sin_addr);
    int file = socket(AF_INET, SOCK_STREAM, 0);
    answer->length = 0;
    if (connect(file, (struct sockaddr *)&at, sizeof at) != 0) {
        close(file);
        return -1;
    }
    assert_int_equal(write(file, request, strlen(request)), strlen(request));
    while ((got = read(file, bytes, sizeof bytes)) > 0)
        text_add(answer, bytes, (size_t)got);
    close(file);
    return 0;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void answers(void **state)
{
    (void)state;
    int64_t port = 0;
    text got = {0};
    endpoint *p = opened(&port);
    if (!p)
        skip();
    endpoint_publish(p, "a 1\n", 4);
    assert_int_equal(ask("127.0.0.1", port, GET("/metrics"), &got), 0);
    assert_int_equal(strncmp(got.at, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_non_null(strstr(got.at, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(got.at, "\r\n\r\na 1\n"));
    endpoint_publish(p, "a 2\nb 3\n", 8);
    assert_int_equal(ask("127.0.0.1", port, GET("/metrics"), &got), 0);
    assert_non_null(strstr(got.at, "\r\n\r\na 2\nb 3\n"));
    assert_int_equal(ask("127.0.0.1", port, GET("/"), &got), 0);
    assert_int_equal(strncmp(got.at, "HTTP/1.1 404 ", 13), 0);
    assert_int_equal(ask("127.0.0.1", port, "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &got),
                     0);
    assert_int_equal(strncmp(got.at, "HTTP/1.1 405 ", 13), 0);
    assert_int_equal(ask("127.0.0.2", port, GET("/metrics"), &got), -1); /* that one address alone */
    assert_false(endpoint_gone(p));
    endpoint_close(p);
    assert_int_equal(ask("127.0.0.1", port, GET("/metrics"), &got), -1);
    text_free(&got);
}

/* A reader that takes its time keeps the others from nothing, and texts are never mixed. */
static void texts_stay_whole(void **state)
{
    (void)state;
    enum { BYTES = 300000 };
    int64_t port = 0;
    text got = {0};
    char *one = malloc(BYTES);
    endpoint *p = opened(&port);
    if (!p)
        skip();
    for (int i = 0; i < 40; i++) {
        memset(one, 'a' + i % 26, BYTES);
        endpoint_publish(p, one, BYTES);
        assert_int_equal(ask("127.0.0.1", port, GET("/metrics"), &got), 0);
        const char *body = strstr(got.at, "\r\n\r\n") + 4;
        assert_int_equal(got.length - (size_t)(body - got.at), BYTES);
        for (int at = 0; at < BYTES; at++)
            if (body[at] != body[0])
                fail_msg("byte %d is of another text", at);
    }
    endpoint_close(p);
    free(one);
    text_free(&got);
}

static void a_port_that_is_taken(void **state)
{
    (void)state;
    int64_t port = 0;
    endpoint *p = NULL;
    error e = {0};
    int file = listener_of(&port);
    assert_int_equal(listen(file, 1), 0);
    assert_int_equal(endpoint_open(port, &p, &e), EXIT_CREATE);
    assert_null(p);
    assert_non_null(strstr(e.text, "; expected a free port: Address already in use"));
    close(file);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(texts_stay_whole),
                                       cmocka_unit_test(a_port_that_is_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
