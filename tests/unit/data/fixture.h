/* Data files that the tests make themselves, in a folder of their own that goes when the group ends. */
#ifndef PERDURE_TESTS_DATA_FIXTURE_H
#define PERDURE_TESTS_DATA_FIXTURE_H
#include "../check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "data/source.h"

static char fixture_folder[] = "/tmp/perdure-data-XXXXXX";

static inline int fixture_begin(void **state)
{
    (void)state;
    return mkdtemp(fixture_folder) ? 0 : -1;
}

static inline int fixture_end(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", fixture_folder);
    return system(command);
}

/* The path of a file in the folder; four names at once. */
static inline const char *in(const char *name)
{
    static char paths[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", fixture_folder, name);
    return paths[turn];
}

static inline const char *lay(const char *name, const void *bytes, size_t count)
{
    FILE *f = fopen(in(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, count, f), count);
    assert_int_equal(fclose(f), 0);
    return in(name);
}

static inline const char *lay_text(const char *name, const char *words) { return lay(name, words, strlen(words)); }

/* As one gzip stream, written or appended. */
static inline const char *lay_packed(const char *name, const void *bytes, size_t count, const char *mode)
{
    gzFile f = gzopen(in(name), mode);
    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, (unsigned)count), (int)count);
    assert_int_equal(gzclose(f), Z_OK);
    return in(name);
}

/* The bytes of a file of at most `room` bytes. */
static inline size_t take(const char *name, void *bytes, size_t room)
{
    FILE *f = fopen(in(name), "rb");
    assert_non_null(f);
    size_t count = fread(bytes, 1, room, f);
    fclose(f);
    return count;
}

static inline bool there(const char *name) { return access(in(name), F_OK) == 0; }

/* `@` in `words` stands for the folder. */
static inline void assert_error(const error *e, int code, const char *words)
{
    char wanted[2048];
    const char *at = words;
    size_t n = 0;
    for (; *at; at++)
        if (at[0] == '@')
            n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s", fixture_folder);
        else
            wanted[n++] = *at;
    wanted[n] = 0;
    assert_string_equal(e->text, wanted);
    assert_int_equal(e->code, code);
}

/* A scenario from what stands under data: and stream:, and --set. `@` is the folder. */
static inline struct scenario *scenario_made(const char *data, const char *split, const char *set)
{
    char yaml[4096], out[8192];
    size_t n = 0;
    struct scenario *s = NULL;
    faults f;
    error e = {0};
    snprintf(yaml, sizeof yaml, "perdure: 1\ndata: {%s}\nstream: {%s}\nmethods: [{name: a}]\n", data, split);
    for (const char *at = yaml; *at; at++)
        if (*at == '@')
            n += (size_t)snprintf(out + n, sizeof out - n, "%s", fixture_folder);
        else
            out[n++] = *at;
    out[n] = 0;
    faults_begin(&f, lay_text("s.yaml", out));
    if (scenario_read(in("s.yaml"), &set, set ? 1 : 0, &s, &f, &e)) {
        faults_print(&f);
        fail_msg("the scenario of the test is wrong: %s", e.text);
    }
    faults_free(&f);
    return s;
}

static inline dataset *dataset_made(const char *data)
{
    struct scenario *s = scenario_made(data, "", NULL);
    dataset *d = NULL;
    error e = {0};
    if (dataset_open(s, &d, &e))
        fail_msg("%s", e.text);
    scenario_free(s);
    return d;
}

static inline void dataset_refused(const char *data, int code, const char *words)
{
    struct scenario *s = scenario_made(data, "", NULL);
    dataset *d = (dataset *)(uintptr_t)1;
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), code);
    assert_null(d);
    assert_error(&e, code, words);
    scenario_free(s);
}

/* A scenario, its data and the stream of a seed. */
typedef struct opened {
    struct scenario *s;
    dataset *d;
    stream *made;
} opened;

static inline opened open_stream(const char *data, const char *keys, uint64_t seed)
{
    opened o = {0};
    error e = {0};
    o.s = scenario_made(data, keys, NULL);
    if (dataset_open(o.s, &o.d, &e) || stream_open(o.s, o.d, seed, &o.made, &e))
        fail_msg("%s", e.text);
    return o;
}

static inline void close_stream(opened *o)
{
    stream_close(o->made);
    dataset_close(o->d);
    scenario_free(o->s);
}

#endif
