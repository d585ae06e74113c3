/* What `doctor` finds: rows {"level", "section", "what", "found", "do"}, from which its words are printed. The looks, one a
 * section, each add theirs. */
#ifndef PERDURE_CLI_FINDINGS_H
#define PERDURE_CLI_FINDINGS_H
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct findings {
    json_t *rows;
    const char *section; /* of the rows that are added now; static */
} findings;

#define GOOD "good"
#define WARNING "warning"
#define BAD "bad"

/* advice: what to do about it; NULL or "": nothing. */
void finding_add(findings *f, const char *level, const char *what, const char *advice, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
bool findings_bad(const findings *f);
/* A line a row, the advice below it, and a last line that counts; in colours on a terminal that has them and where NO_COLOR
 * is not set. 74. */
int findings_print(const findings *f, error *e);

/* ---- doctor_torch.c, doctor_machine.c, doctor_parts.c ---- */
void torch_look(findings *f);   /* LibTorch, OpenMP, CUDA and what belongs to it, GPUs */
void machine_look(findings *f); /* processor, memory, limits */
void disks_look(findings *f);   /* where runs and data go, shared memory */
void parts_look(findings *f);   /* plugins, data sets, libraries that a build may lack */

/* ---- for tests ---- */

/* Which GPUs LibTorch has code for, from its own words ("-gencode;arch=compute_75,code=sm_75;.."): the program of a lower
 * minor number runs too, and one for a lower virtual architecture (code=compute_..) on anything later. */
bool architecture_covered(const char *configuration, int major, int minor);
/* What control groups leave this process, from the text of /proc/self/cgroup and the folder that they are mounted at: cores
 * (0: all) and bytes (0: no limit). */
void cgroup_limits(const char *groups, const char *root, double *cores, int64_t *bytes);

#endif
