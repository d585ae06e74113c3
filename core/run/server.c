/* The process that answers /metrics, by libmicrohttpd. It is opened here and not linked: it needs GnuTLS and what that needs, and no
 * other command of the program should load them. Its types are those of the header that this was built with. */
#include <string.h>

#include "run/endpoint_inside.h"

#define PACKAGE "libmicrohttpd"

#ifdef PERDURE_MICROHTTPD
#include <dlfcn.h>
#include <microhttpd.h>
#include <stdlib.h>

#define LIBRARY "libmicrohttpd.so.12"

enum { CONNECTIONS = 16, IDLE_SECONDS = 10 };

static struct {
    __typeof__(MHD_start_daemon) *start;
    __typeof__(MHD_create_response_from_buffer) *response;
    __typeof__(MHD_add_response_header) *header;
    __typeof__(MHD_queue_response) *queue;
    __typeof__(MHD_destroy_response) *destroy;
} mhd;

static const struct {
    const char *name;
    void **at;
} symbols[] = {{"MHD_start_daemon", (void **)&mhd.start},
               {"MHD_create_response_from_buffer", (void **)&mhd.response},
               {"MHD_add_response_header", (void **)&mhd.header},
               {"MHD_queue_response", (void **)&mhd.queue},
               {"MHD_destroy_response", (void **)&mhd.destroy}};

int server_look(error *e)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < sizeof symbols / sizeof *symbols; i++)
        if (!(*symbols[i].at = dlsym(library, symbols[i].name)))
            library = NULL;
    if (library)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "found no " LIBRARY " (%s); expected it, as it answers HTTP", dlerror());
    return error_hint(e, "install " PACKAGE "12, or name a textfile: output.metrics_port: run.prom");
}

static enum MHD_Result answer_send(struct MHD_Connection *c, unsigned status, const char *type, char *owned,
                                   size_t count)
{
    struct MHD_Response *r = mhd.response(count, owned, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(owned);
        return MHD_NO;
    }
    mhd.header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result sent = mhd.queue(c, status, r);
    mhd.destroy(r);
    return sent;
}

static enum MHD_Result words_send(struct MHD_Connection *c, unsigned status, const char *words)
{
    return answer_send(c, status, "text/plain; charset=utf-8", strdup(words), strlen(words));
}

static enum MHD_Result answer(void *self, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_count, void **seen)
{
    size_t count = 0;
    (void)version;
    (void)upload;
    (void)seen;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        *upload_count = 0;
        return words_send(c, MHD_HTTP_METHOD_NOT_ALLOWED, "found another method; expected GET\n");
    }
    if (strcmp(url, "/metrics") != 0)
        return words_send(c, MHD_HTTP_NOT_FOUND, "found nothing here; expected /metrics\n");
    char *text = board_copy(self, &count);
    return answer_send(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, count);
}

int server_start(int listener, struct board *b, error *e)
{
    if (server_look(e))
        return e->code;
    struct MHD_Daemon *daemon =
        mhd.start(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, b, MHD_OPTION_LISTEN_SOCKET, listener,
                  MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                  (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    return daemon ? 0 : error_system(e, EXIT_SYSTEM, PACKAGE " cannot answer /metrics");
}

#else

int server_look(error *e)
{
    error_set(e, EXIT_UNAVAILABLE, "found a build without " PACKAGE "; expected one with it, as it answers HTTP");
    return error_hint(e, "install " PACKAGE "-dev and build again, or name a textfile: output.metrics_port: run.prom");
}

int server_start(int listener, struct board *b, error *e)
{
    (void)listener;
    (void)b;
    return server_look(e);
}

#endif
