/* A scenario out of a text, through a file as users have it. */
#ifndef PERDURE_TESTS_SCENARIO_FIXTURE_H
#define PERDURE_TESTS_SCENARIO_FIXTURE_H
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "scenario/scenario.h"

#define SMALL "perdure: 1\ndata: {set: digits}\nmethods: [{name: finetune}]\n"

struct reading {
    struct scenario *s; /* NULL: there were faults */
    faults faults;
    error error;
    int code;
};

static inline struct reading read_with(const char *yaml, const char *const *sets, size_t set_count)
{
    struct reading r = {0};
    char path[] = "/tmp/perdure-scenario-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    faults_begin(&r.faults, "x.yaml");
    r.code = scenario_read(path, sets, set_count, &r.s, &r.faults, &r.error);
    faults_sort(&r.faults);
    unlink(path);
    return r;
}

static inline struct reading read_text(const char *yaml) { return read_with(yaml, NULL, 0); }

static inline void reading_free(struct reading *r)
{
    scenario_free(r->s);
    faults_free(&r->faults);
}

/* The text must be good. */
static inline struct reading read_good(const char *yaml)
{
    struct reading r = read_text(yaml);
    for (size_t i = 0; i < r.faults.count; i++) {
        text line = {0};
        faults_line(&r.faults, i, &line);
        print_error("%s\n", line.at);
        text_free(&line);
    }
    assert_int_equal(r.code, 0);
    assert_non_null(r.s);
    return r;
}

static inline void check_line(const faults *f, size_t i, const char *expected)
{
    text line = {0};
    assert_true(i < f->count);
    faults_line(f, i, &line);
    assert_string_equal(line.at, expected);
    text_free(&line);
}

/* The text must have exactly this one fault. */
static inline void check_fault(const char *yaml, const char *expected)
{
    struct reading r = read_text(yaml);
    assert_int_equal(r.code, EXIT_SCENARIO);
    assert_null(r.s);
    check_line(&r.faults, 0, expected);
    assert_int_equal(r.faults.count, 1);
    reading_free(&r);
}

#endif
