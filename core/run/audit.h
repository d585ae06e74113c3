/* What `perdure verify` finds out about a run, part by part: audit_record.c and audit_search.c (the run against itself), audit_files.c (what it used
 * against what is here), audit_again.c (its cells against new ones). For verify.c, which calls them in this order. */
#ifndef PERDURE_RUN_AUDIT_H
#define PERDURE_RUN_AUDIT_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "data/data.h"
#include "run/recorded.h"
#include "run/verify.h"

struct audit_cell {
    char *name, *folder; /* "replay/seed-0"; of its record */
    const char *method;  /* of the run's manifest */
    int64_t seed;
    json_t *manifest, *result; /* as they lie there; NULL: there is none that can be read */
    char *other;               /* what of its plan scenario.yaml says otherwise; NULL: nothing; set by audit_plans */
    int again;                 /* 1: it came out the same again, -1: not; 0: it was not run */
};

typedef struct audit {
    const char *folder; /* of the run */
    const verify_options *options;
    json_t *rows;               /* {"level", "what", "words"}: what `perdure verify` prints, line by line */
    int64_t bad, differs, same; /* rows of these levels; comparisons that came out the same */
    json_t *whole;              /* manifest.json of the run */
    char digest[SHA256_HEX];    /* of that file */
    struct audit_cell *cells;
    int cell_count;
    struct recorded recorded; /* its plan NULL: what the run was cannot be made again here, and `why` says why */
    error why;
    dataset *data; /* of that plan; NULL: cannot be read here */
} audit;

enum { AUDIT_DIGEST = 16 }; /* digits of a SHA-256 that words show */

/* Rows. What is bad fails the verification; what differs may be the cause of something, and fails nothing by itself. */
void audit_good(audit *a, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
void audit_differs(audit *a, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
void audit_bad(audit *a, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Compares a file with its SHA-256, in words where it is another one or is not there; digest NULL: nothing is known, bad. */
void audit_file(audit *a, const char *what, const char *path, const char *expected);
const char *audit_word(const json_t *object, const char *key); /* "" where there is no text */

/* The manifest of the run: 66 there is none, 65 it is none. What is only wrong in it becomes a row. */
int audit_open(audit *a, error *e);
void audit_record(audit *a);  /* all files of the record by their digests, and what can be worked out from others */
void audit_summary(audit *a); /* summary.json out of the cells; needs the plan */
/* audit_search.c. Takes what a search chose into the plan, and judges it; before audit_summary() and audit_again(). */
void audit_search(audit *a);
/* audit_compare.c. Whether scenario.yaml asks for the numbers that plan.json and the plans of all cells ask for, whatever files it has
 * here; needs the plan. */
void audit_plans(audit *a);
void audit_files(audit *a);
void audit_machines(audit *a);
/* Runs cells again. 75, 130: stopped; 71, 73: it cannot run any. */
int audit_again(audit *a, error *e);
/* Whether a new result has the same bits; else rows, with what differs between the manifests as likely causes. */
bool audit_compare(audit *a, const struct audit_cell *was, const json_t *is, const json_t *manifest);
/* audit_log.c. Whether log.jsonl in the folder of a new record has the same points, but for those of strategies; else a row. */
bool audit_log(audit *a, const struct audit_cell *was, const char *folder);
void audit_close(audit *a);

#endif
