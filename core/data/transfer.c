/* One file over https, by libcurl: what fetch.h promises of download(). Part of libperdure_fetch.so.
 *
 * What libcurl is asked to do is little; what is decided here is what may be gone on with. A part belongs to the address and
 * the ETag (or date) that stand in PART.of beside it, and the server is asked for the rest with If-Range: it sends the rest
 * of the same file, or the whole of another one. */
#include "data/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"

enum { REDIRECTS = 5, SLOW_BYTES = 512, CONNECT_SECONDS = 30, OF_BYTES = 8192, WORDS = 512 };

struct transfer {
    download *d;
    error *e;
    CURL *curl;
    char *of; /* PART.of */
    int fd;
    int64_t from, whole; /* where this transfer goes on; of the whole file, -1: unknown */
    bool begun, complete, silent;
    double heard; /* when the last byte came, or the transfer began */
    int64_t had;  /* bytes of the part by then */
    /* of the answer that is being read: */
    char validator[WORDS], location[WORDS];
    int64_t length, range_from, range_whole; /* -1: not told */
};

/* ---- what an answer's header says ---- */

static void answer_begin(struct transfer *t)
{
    t->validator[0] = '\0';
    t->length = t->range_from = t->range_whole = -1;
}

/* The value of a header line without its blanks and line end, where it is the line of `name` and fits. */
static bool line_is(const char *line, size_t count, const char *name, char out[WORDS])
{
    size_t length = strlen(name);
    if (count <= length || strncasecmp(line, name, length) != 0 || line[length] != ':')
        return false;
    const char *at = line + length + 1, *end = line + count;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    if (end - at >= WORDS)
        return false;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return true;
}

/* A Content-Range: *from and *whole, -1 where it does not tell. */
static void range_read(const char *words, int64_t *from, int64_t *whole)
{
    long long first = -1, last = -1, all = -1;
    int used = 0;
    *from = *whole = -1;
    if (sscanf(words, "bytes */%lld%n", &all, &used) == 1 && words[used] == '\0' && all >= 0)
        *whole = all;
    else if (sscanf(words, "bytes %lld-%lld/%lld%n", &first, &last, &all, &used) == 3 && words[used] == '\0' &&
             first >= 0 && last >= first && all > last)
        *from = first, *whole = all;
}

static size_t line_take(char *line, size_t size, size_t count, void *self)
{
    struct transfer *t = self;
    char value[WORDS];
    count *= size;
    if (count > 5 && !strncmp(line, "HTTP/", 5))
        answer_begin(t);
    else if ((line_is(line, count, "ETag", value) && value[0] == '"') || /* a weak one (W/) proves no bytes */
             (line_is(line, count, "Last-Modified", value) && !t->validator[0]))
        snprintf(t->validator, sizeof t->validator, "%s", value);
    else if (line_is(line, count, "Content-Length", value))
        t->length = strtoll(value, NULL, 10);
    else if (line_is(line, count, "Content-Range", value))
        range_read(value, &t->range_from, &t->range_whole);
    else if (line_is(line, count, "Location", value))
        snprintf(t->location, sizeof t->location, "%s", value);
    return count;
}

/* ---- the part and what it is a part of ---- */

/* PART.of has two lines, address and validator; anything else is nothing to go on with. */
static char *part_validator(const struct transfer *t)
{
    char *bytes = NULL, *validator = NULL;
    size_t count = 0, length = strlen(t->d->url);
    error none = {0};
    if (file_read(t->of, OF_BYTES, &bytes, &count, &none))
        return NULL;
    if (count > length + 2 && !strncmp(bytes, t->d->url, length) && bytes[length] == '\n' && bytes[count - 1] == '\n') {
        bytes[count - 1] = '\0';
        validator = alloc_text(bytes + length + 1);
    }
    free(bytes);
    return validator;
}

static int part_open(struct transfer *t, error *e)
{
    t->fd = open(t->d->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (t->fd < 0)
        return error_system(e, EXIT_CREATE, "%s: found no way to create it; expected a folder that can be written",
                            t->d->part);
    off_t there = lseek(t->fd, 0, SEEK_END);
    t->from = there > 0 && there <= t->d->most ? there : 0;
    t->d->have = t->from;
    return 0;
}

/* A whole file anew, whatever was there. */
static int part_begin(struct transfer *t)
{
    unlink(t->of);
    t->from = t->d->have = 0;
    if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0)
        return error_system(t->e, EXIT_IO, "%s: cannot be written", t->d->part);
    if (!t->validator[0])
        return 0;
    char *words = alloc_format("%s\n%s\n", t->d->url, t->validator);
    int code = file_write(t->of, words, strlen(words), t->e);
    free(words);
    return code;
}

static int part_too_large(struct transfer *t)
{
    if (t->whole > t->d->most)
        return error_set(t->e, EXIT_DATA, "%s: found a file of %lld bytes; expected at most %lld", t->d->url,
                         (long long)t->whole, (long long)t->d->most);
    return error_set(t->e, EXIT_DATA, "%s: found more than %lld bytes; expected at most that", t->d->url,
                     (long long)t->d->most);
}

/* ---- the answer ---- */

static int status_refused(struct transfer *t, long status)
{
    t->d->passing = status == 408 || status == 429 || status >= 500;
    return error_set(t->e, status == 404 || status == 410 ? EXIT_NO_INPUT : EXIT_IO,
                     "%s: found HTTP status %ld; expected 200", t->d->url, status);
}

/* Asked for what lies behind the end: the part is whole, or of something else. */
static int range_refused(struct transfer *t)
{
    if (t->range_whole == t->from) {
        t->complete = true;
        return 0;
    }
    t->d->passing = true;
    t->validator[0] = '\0';
    if (part_begin(t))
        return t->e->code;
    return error_set(t->e, EXIT_IO, "%s: found HTTP status 416 for a part; expected the rest of the file", t->d->url);
}

/* Once, when the header of the last answer is there: what its bytes are. */
static int answer_check(struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    t->begun = true;
    if (status == 416 && t->from > 0)
        return range_refused(t);
    if (status != 200 && status != 206)
        return status_refused(t, status);
    if (status == 206 && (t->range_from != t->from || t->from == 0))
        return error_set(t->e, EXIT_IO, "%s: found a part from byte %lld; expected one from byte %lld", t->d->url,
                         (long long)t->range_from, (long long)t->from);
    t->whole = status == 206 ? t->range_whole : t->length;
    if (t->whole > t->d->most)
        return part_too_large(t);
    return status == 200 ? part_begin(t) : 0;
}

static size_t body_take(char *bytes, size_t size, size_t count, void *self)
{
    struct transfer *t = self;
    count *= size;
    if ((!t->begun && answer_check(t)) || t->complete || t->e->code)
        return t->complete ? count : 0;
    if (t->d->have + (int64_t)count > t->d->most) {
        part_too_large(t);
        return 0;
    }
    for (size_t done = 0; done < count;) {
        ssize_t put = write(t->fd, bytes + done, count - done);
        if (put < 0 && errno != EINTR) {
            error_system(t->e, EXIT_IO, "%s: cannot be written", t->d->part);
            return 0;
        }
        done += put > 0 ? (size_t)put : 0;
        t->d->have += put > 0 ? put : 0;
    }
    return count;
}

static bool stopped(const data_way *way) { return way->stop && *way->stop; }

/* libcurl calls about once a second also when nothing comes. Its own low speed limit looks at an average of the last
 * seconds, so that it takes long to see a server that stops at once. */
static int progress_take(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct transfer *t = self;
    const data_way *way = t->d->way;
    (void)a, (void)b, (void)c, (void)d; /* of this transfer alone; what counts is the file */
    if (way->progress && t->begun)
        way->progress(way->self, t->d->name, t->d->have, t->whole);
    if (t->d->have != t->had) {
        t->had = t->d->have;
        t->heard = clock_seconds();
    }
    t->silent = clock_seconds() - t->heard > way->patience;
    return t->silent || stopped(way);
}

/* ---- failures in words ---- */

static int cut_off(struct transfer *t)
{
    t->d->passing = true;
    if (!t->begun)
        return error_set(t->e, EXIT_IO, "%s: found the connection cut before an answer; expected one", t->d->url);
    if (t->whole < 0)
        return error_set(t->e, EXIT_IO, "%s: found the connection cut after %lld bytes; expected all of them",
                         t->d->url, (long long)t->d->have);
    return error_set(t->e, EXIT_IO, "%s: found the connection cut after %lld of %lld bytes; expected all of them",
                     t->d->url, (long long)t->d->have, (long long)t->whole);
}

static int fell_silent(struct transfer *t)
{
    t->d->passing = true;
    return error_set(t->e, EXIT_IO, "%s: found next to nothing coming for %g s, after %lld bytes; expected more",
                     t->d->url, t->d->way->patience, (long long)t->d->have);
}

static int distrusted(struct transfer *t, const char *said)
{
    error_set(t->e, EXIT_IO, "%s: found no proof of who answers (%s); expected a certificate that is trusted",
              t->d->url, said);
    return error_hint(t->e, "--cacert FILE names the certificates to trust");
}

static int transfer_failed(struct transfer *t, CURLcode code, const char *said)
{
    const char *words = said[0] ? said : curl_easy_strerror(code), *url = t->d->url;
    if (code == CURLE_OPERATION_TIMEDOUT || (code == CURLE_ABORTED_BY_CALLBACK && t->silent && !stopped(t->d->way)))
        return fell_silent(t);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(t->e, EXIT_RESUMABLE, "%s: stopped after %lld bytes, which stay; the same command goes on",
                         url, (long long)t->d->have);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(t->e, EXIT_IO, "%s: found a redirect to %s; expected https", url, text_quoted(t->location));
    case CURLE_TOO_MANY_REDIRECTS:
        return error_set(t->e, EXIT_IO, "%s: found more than %d redirects; expected at most that", url, REDIRECTS);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return cut_off(t);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return distrusted(t, words);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        t->d->passing = code != CURLE_SSL_CONNECT_ERROR;
        return error_set(t->e, EXIT_IO, "%s: found no connection (%s); expected one", url, words);
    default: return error_set(t->e, EXIT_IO, "%s: found a fault of libcurl (%s); expected the file", url, words);
    }
}

/* ---- the whole ---- */

/* libcurl knows the protocols of an option by name since 7.85, and by bits before. */
static void https_alone(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void patience_set(CURL *curl, double seconds)
{
    long most = seconds < 1 ? 1 : (long)seconds;
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, most < CONNECT_SECONDS ? most : (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, most);
}

/* Headers that ask for the rest alone, where there is something that it is the rest of. */
static struct curl_slist *range_ask(struct transfer *t)
{
    char *validator = t->from > 0 ? part_validator(t) : NULL, range[48];
    if (!validator) {
        t->from = t->d->have = 0;
        return NULL;
    }
    snprintf(range, sizeof range, "%lld-", (long long)t->from);
    curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    char *line = alloc_format("If-Range: %s", validator);
    struct curl_slist *headers = curl_slist_append(NULL, line);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
    free(line);
    free(validator);
    return headers;
}

static int transfer_run(struct transfer *t, char said[CURL_ERROR_SIZE])
{
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, said);
    curl_easy_setopt(t->curl, CURLOPT_URL, t->d->url);
    curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "perdure/" PERDURE_VERSION);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, line_take);
    curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, progress_take);
    curl_easy_setopt(t->curl, CURLOPT_XFERINFODATA, t);
    if (t->d->way->authorities)
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, t->d->way->authorities);
    https_alone(t->curl);
    patience_set(t->curl, t->d->way->patience);
    struct curl_slist *headers = range_ask(t);
    t->had = t->d->have;
    t->heard = clock_seconds();
    CURLcode code = curl_easy_perform(t->curl);
    curl_slist_free_all(headers);
    if (t->e->code || t->complete)
        return t->e->code;
    if (code != CURLE_OK)
        return transfer_failed(t, code, said);
    if (!t->begun && answer_check(t)) /* a body without a byte calls nobody */
        return t->e->code;
    return t->complete || t->whole < 0 || t->d->have == t->whole ? 0 : cut_off(t);
}

static int part_end(struct transfer *t, int code)
{
    if (!code && fsync(t->fd) != 0)
        code = error_system(t->e, EXIT_IO, "%s: cannot be written", t->d->part);
    if (close(t->fd) != 0 && !code)
        code = error_system(t->e, EXIT_IO, "%s: cannot be written", t->d->part);
    if (!code || code == EXIT_DATA)
        unlink(t->of);
    if (code == EXIT_DATA)
        unlink(t->d->part); /* too large: nothing to go on with */
    return code;
}

int transfer_download(download *d, error *e)
{
    static bool begun;
    char said[CURL_ERROR_SIZE] = "";
    error own = {0};
    struct transfer t = {.d = d, .e = e ? e : &own, .fd = -1, .whole = -1};
    if (!begun && curl_global_init(CURL_GLOBAL_DEFAULT))
        return error_set(e, EXIT_SYSTEM, "libcurl: found no way to start it");
    begun = true;
    answer_begin(&t);
    t.of = alloc_format("%s.of", d->part);
    int code = part_open(&t, t.e);
    if (!code && !(t.curl = curl_easy_init()))
        code = error_set(t.e, EXIT_SYSTEM, "libcurl: found no memory");
    if (!code)
        code = transfer_run(&t, said);
    if (t.fd >= 0)
        code = part_end(&t, code);
    curl_easy_cleanup(t.curl);
    free(t.of);
    return code;
}

const char *transfer_library(void)
{
    static char words[96];
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    snprintf(words, sizeof words, "libcurl %s, %s", v->version, v->ssl_version ? v->ssl_version : "without TLS");
    return words;
}
