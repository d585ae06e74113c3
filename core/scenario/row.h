/* One table of rows says what a section may hold; the check, the defaults, the words of `describe` and the JSON Schema
 * are all read from it, so they cannot differ. The scenario's own rows stand in keys.c; those of a plugin are made from
 * its pdr_param rows (param.c). Only the scenario room includes this file. */
#ifndef PERDURE_SCENARIO_ROW_H
#define PERDURE_SCENARIO_ROW_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "scenario/faults.h"
#include "scenario/node.h"

/* And what lies at the row's offset. */
enum row_type {
    ROW_NONE,    /* ends a table */
    ROW_INT,     /* int64_t */
    ROW_REAL,    /* double */
    ROW_BOOL,    /* bool, or int32_t where the row is `wide` */
    ROW_TEXT,    /* const char * */
    ROW_PATH,    /* const char *, resolved against the folder of the file */
    ROW_CHOICE,  /* int32_t or an enum: the index of the word */
    ROW_CHOICES, /* struct int_list of such indices, none twice */
    ROW_INTS,    /* struct int_list */
    ROW_REALS,   /* struct real_list */
    ROW_SECTION, /* a struct with rows of its own */
    ROW_ENTRIES, /* { const struct *at; size_t count }: a list of sections */
    ROW_SUBTREE, /* const char *: checked as a section, handed on as YAML (plugins) */
    ROW_SPECIAL, /* what else a key may be, see `special` */
    ROW_LATER    /* nothing: the key is known and refused, as it comes later */
};

struct check { /* what one pass over a tree carries along */
    arena *arena;
    faults *faults;
    const char *folder; /* that paths are relative to */
    const char *owner;  /* of the rows, where that is a plugin: "ewc 1.0"; NULL: they are the scenario's own */
};

/* A value that may take several forms, such as a list or {first, count}. */
struct special {
    const char *expects;                                                              /* "a list, or ..." */
    void (*fill)(struct check *c, const struct node *n, const char *path, void *out); /* adds its own faults */
    const char *schema;                                                               /* JSON Schema, "" for any */
    size_t bytes; /* that it fills, from the row's offset; needed where not every variant has the key */
};

enum { FILL_KEYS = 64 }; /* the most that one table has; tests/unit/scenario checks the tables */

struct row {
    const char *key, *help;
    enum row_type type;
    size_t offset;
    const char *fallback; /* default, as YAML; NULL: required, or nothing where `optional` */
    bool optional;        /* may be left out and is zero then */
    bool above;           /* min itself is out */
    bool wide;            /* BOOL: int32_t */
    double min, max;      /* inclusive; of INT, REAL and of every value of INTS and REALS; both 0: any */
    const char *unit;
    const char *absent;  /* in words, what holds where an optional key is left out */
    const char *sample;  /* of a required key, for `describe`, as YAML */
    const char *letters; /* TEXT: besides A-Z a-z 0-9, at most 100, the first a letter or digit; NULL: any text */
    const char *const *choices; /* NULL-ended */
    const char *const *later;   /* CHOICE: words that are known and refused, as they come later; NULL: none */
    const struct row *rows;     /* SECTION, ENTRIES, SUBTREE */
    size_t size;                /* ENTRIES, SUBTREE: of one struct */
    uint32_t only;              /* bit i: a key of choice i of the table's first row alone; 0: of all */
    const struct special *special;
    /* SECTION, ENTRIES: rules between keys, once the rows are filled. `n` NULL: nothing was said. */
    void (*after)(struct check *c, const struct node *n, const char *path, void *out);
    const char
        *rules; /* SECTION, ENTRIES without variants: keywords of JSON Schema that say some of them; NULL: none */
};

extern const struct row scenario_rows[];                                                /* of struct scenario */
extern const struct row network_rows[], optimizer_rows[], memory_rows[];                /* as plugins have them, too */
extern const struct row own_network_rows[], training_optimizer_rows[], training_rows[]; /* of the scenario alone */
void training_after(struct check *c, const struct node *n, const char *path, void *out);
/* rules.c */
void optimizer_after(struct check *c, const struct node *n, const char *path, void *out);
void evaluation_after(struct check *c, const struct node *n, const char *path, void *out);
void stream_after(struct check *c, const struct node *n, const char *path, void *out); /* rules_stream.c */
void gate_after(struct check *c, const struct node *n, const char *path, void *out);   /* gates.c */
void scenario_after(struct check *c, const struct node *n, const char *path, void *out);
/* named.c: keys that name a method of the file. The refusal is a fault at `said`, with the methods that there are. */
struct scenario;
const struct method_options *method_named(const struct scenario *s, const char *name); /* NULL: none has it */
void method_refuse_named(struct check *c, const struct scenario *s, const node *said, const char *path);
void baseline_after(struct check *c, const struct node *root, const struct scenario *s);
/* gates.c: the gates of evaluation.expect beside the methods and metrics of the file. */
void expect_after(struct check *c, const struct node *root, const struct scenario *s);
/* rules_stream.c: how methods are trained, beside a stream that tells of no tasks. */
void task_free_after(struct check *c, const struct node *root, const struct scenario *s);
/* rules.c: whether the matrix of the file has the cells that the metric needs; a fault at `metric`, once a lack. */
void metric_check(struct check *c, const node *metric, const char *path, const node *matrix);
/* special*.c. CONTAINER: the struct around the member that a special fills, as it may fill several. */
#define CONTAINER(pointer, type, member) ((struct type *)(void *)((char *)(pointer)-offsetof(struct type, member)))
extern const struct special special_format, special_seeds, special_device, special_version, special_bytes,
    special_capacity, special_where;
extern const struct special special_normalize, special_augment, special_order, special_boundaries;
extern const struct special special_betas, special_schedule, special_clip, special_limit;
extern const struct special special_layers, special_kernel;
extern const struct special special_strategies, special_set;
extern const struct special special_grid;                  /* grid.c */
extern const struct special special_search, special_space; /* search.c */
extern const struct special special_every, special_keep, special_checkpoint, special_metrics;
extern const struct special special_between; /* gates.c */

/* special_method.c: lays the method's `set` over its network, optimizer and training, which are those of the file. `path`:
 * of `set`. */
struct method_options;
void method_settle(struct check *c, const struct node *root, struct method_options *m, const char *path);
bool set_is_key(const char *key); /* "optimizer.lr": one that a method may set, as far as its section goes */
/* The fault of a key that is none of those, at the key; `expects`: what it may be besides, NULL: nothing. */
void set_refuse_key(struct check *c, const struct node *entry, const char *path, const char *expects);

/* fill.c. `map` NULL: all defaults; `at`: where a missing key is reported then. */
void row_fill_section(struct check *c, const struct row *rows, const node *map, const node *at, const char *path,
                      void *out);
/* Lays `map` over a struct that `base` (a section of the file, NULL: none) filled, row by row: nothing of `base` is read
 * again, however long its lists are. Of a section with plain rows: no sections and subtrees in it. `at`: where a key is
 * missing that a new variant needs. */
void row_fill_over(struct check *c, const struct row *rows, const node *map, const node *base, const node *at,
                   const char *path, void *out);
void row_fill(struct check *c, const struct row *row, const node *n, const char *path, void *out);
/* section.c: a subtree under its own default, which holds key by key: the rows with its values as theirs, and what is handed on,
 * `n` with what it leaves to the default. A key of the default holds for every variant that has the same row. */
const struct row *row_under_default(struct check *c, const struct row *row);
const struct node *row_over_default(struct check *c, const struct row *row, const struct node *n);
void row_fill_subtree(struct check *c, const struct row *row, const node *n, const char *path, void *out);
bool row_has_key(const struct row *rows, const struct node *map, const char *key); /* of the map's variant */
const char *row_path(struct check *c, const char *path, const char *key);          /* "path.key" */
const char *row_path_index(struct check *c, const char *path, size_t index);
size_t row_count(const struct row *rows);
size_t row_choice_count(const char *const *choices);
/* What a row expects, in words: "a whole number from 1 to 10". */
const char *row_expects(struct check *c, const struct row *row);
node *row_fallback(struct check *c, const struct row *row);                             /* its default as a tree */
void row_refuse(struct check *c, const node *n, const char *path, const char *expects); /* found X; expected ... */
/* The same for a word, alone or as the one key of a map: it is shown, and the nearest of `words` is the hint. */
void row_refuse_word(struct check *c, const node *n, const char *path, const char *expects, const char *const *words);

/* value.c: false, and a fault at n, unless it is one */
bool value_int(struct check *c, const node *n, const char *path, const struct row *row, int64_t *out);
bool value_real(struct check *c, const node *n, const char *path, const struct row *row, double *out);
bool value_bool(struct check *c, const node *n, const char *path, bool *out);
bool value_choice(struct check *c, const node *n, const char *path, const char *const *choices, const char *expects,
                  int32_t *out);
bool value_text(struct check *c, const node *n, const char *path, const char *expects, const char **out);
bool value_named(const char *s, const char *letters); /* letters, digits and these */
bool value_path(struct check *c, const node *n, const char *path, const char **out);
bool number_int(const char *s, int64_t *out); /* plain decimal digits in the range of int64_t */
bool number_real(const char *s, double *out); /* finite, whole token, whatever the locale */

void row_describe(const struct row *rows, const char *indent, text *out); /* describe.c */
json_t *row_schema(const struct row *rows);                               /* schema.c: an object with properties */
json_t *node_json(const struct node *n); /* schema.c: numbers as such, and the rest likewise; owned */

#endif
