/* Data sets and streams: the rows of every task, in order. Knows no strategy and no LibTorch.
 *
 * Rows stay as they lie in the file: bytes where the data is bytes. A batch is gathered, converted and normalised in one
 * pass (dataset_gather). A class is the label in the file; a column is the logit that stands for it, numbered as classes
 * arrive. */
#ifndef PERDURE_DATA_DATA_H
#define PERDURE_DATA_DATA_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/text.h"
#include "scenario/scenario.h"

typedef struct data_rows {
    int64_t count, width; /* width: values a row */
    uint8_t *bytes;       /* [count, width], or NULL */
    float *reals;         /* [count, width], or NULL */
    int32_t *label;       /* [count]: class */
} data_rows;

typedef struct data_leak { /* test rows that are training rows too, and the first pair */
    int64_t count, test_row, train_row;
} data_leak;

typedef struct dataset {
    char *name;
    data_rows train, test;
    int64_t shape[4], rank; /* of one row */
    int64_t class_count;
    char **class_names; /* [class_count] */
    double maximum;     /* what `unit` divides by */
    bool measured;      /* ... as the training rows have it, and not by the data's form (255 of bytes) */
    float scale, shift; /* x = raw * scale + shift: one channel; per-channel values where channels > 1 */
    int64_t channels;   /* 1: scale and shift above; else channel_scale/shift [channels], rows channel-first */
    float *channel_scale, *channel_shift;
    struct augmentation *augment; /* [augment_count]: of what is trained on */
    int64_t augment_count;
    struct data_file {
        char *path;
        char sha256[65];
        int64_t size;
    } * files;                     /* what was read, .gz in the name where packed */
    int64_t file_count, test_file; /* the first of the test rows' */
    data_leak leak;                /* by dataset_check */
    text warnings;                 /* by dataset_check: a line each */
} dataset;

/* Reads the set that the scenario names and fixes the normalisation (from training rows only). 65; 66 not there; 71; 74;
 * 78 where the scenario and the data disagree. */
int dataset_open(const struct scenario *s, dataset **out, error *e);
/* What good data can be for a scenario all the same. 78: a batch of more rows than there are to train on; 65: more than 1 %
 * of the test rows are training rows too, byte for byte. Less than that, and a set by name with other rows than it has,
 * are warnings. */
int dataset_check(const struct scenario *s, dataset *d, error *e);
int dataset_leak(const dataset *d, data_leak *out, error *e); /* how many such rows, without a verdict; 71 */
/* SHA-256 of what training and testing see of the files: rows as they lie there, labels, shape. */
void dataset_digest(const dataset *d, char hex[SHA256_HEX]);
void dataset_close(dataset *d);
/* x[i] = normalised row index[i], float32 [n, width]. index NULL: rows 0 to n - 1. */
void dataset_gather(const dataset *d, const data_rows *r, const int64_t *index, int64_t n, float *x);
/* Converts raw bytes, as rows_gather_bytes lays them, the same way: to the same bits. */
void dataset_convert(const dataset *d, const uint8_t *raw, int64_t n, float *x);
/* Augments n rows of x in place, in the scenario's way, drawing from `r`; without augmentation nothing happens. */
void dataset_augment(const dataset *d, random_stream *r, int64_t n, float *x);
void rows_gather_bytes(const data_rows *r, const int64_t *index, int64_t n, uint8_t *raw);

/* A place is a row as a task shows it: its number, plus the task's index times the rows of the part where tasks change
 * their rows. So one number says all, wherever rows of several tasks stand together. */
static inline int64_t place_row(const data_rows *r, int64_t place) { return place % r->count; }

typedef struct transform transform;
typedef struct stream_task {
    int64_t index;
    int64_t *train, train_count; /* places in dataset.train, ascending */
    int64_t *held, held_count;   /* in dataset.train as well: held out for validation, never trained on */
    int64_t *test, test_count;   /* places in dataset.test, ascending */
    int64_t *classes;            /* [class_count]: files' labels of this task, in column order */
    int64_t *columns;            /* [class_count]: their columns */
    int64_t class_count;
    int64_t *present,
        present_count;         /* columns that its training rows have, ascending: its own, blurry tasks' also others */
    int64_t seen_before, seen; /* columns seen before this task, and with it */
} stream_task;

typedef struct stream {
    stream_task *tasks; /* [count] */
    int64_t count;
    int64_t columns;    /* C of the logits */
    int32_t *column_of; /* [tasks, class_count of the set]: column of a class in a task, -1: not in it */
    int64_t set_classes;
    int32_t *home_of;  /* [set_classes]: by class, the task that has it */
    transform **views; /* [tasks]: what a task does to its rows, NULL: nothing; NULL where no task does anything */
} stream;

/* Splits. By class: order `shuffled` draws from random_open(seed, "stream", "order", 0). By permutation or rotation every
 * task has all classes and all rows, the values of a row permuted (those of all channels together) by
 * random_open(seed, "stream", "permutation", task), or its picture turned counter-clockwise, shuffled angles by
 * random_open(seed, "stream", "rotation", task); training and test rows alike. Columns: by arrival; in domain-il, in
 * task-il with one head, and in task-free where tasks have the same classes, a class's place within its task. 78 with the scenario's line where classes do not divide or do
 * not stand in the tasks once each, or rows are no pictures to turn; 65 where a task has no training or no test rows.
 * Held out is data.validation of each class, rounded, drawn by random_open(seed, "stream", "validation", task), with the
 * same rows in all tasks (0) by permutation and rotation; 78 where that leaves no training row of a class, or holds out
 * none. Blurry tasks exchange what is left to train on, see blurry.c, drawn by random_open(seed, "stream", "blurry", task);
 * a task's classes, test rows and held-out rows stay its own. */
int stream_open(const struct scenario *s, const dataset *d, uint64_t seed, stream **out, error *e);
void stream_close(stream *s);
/* The column of a row, whatever task shows it: the one that its own task gave its class. */
int32_t stream_column(const stream *s, const data_rows *r, int64_t place);
/* dataset_gather and rows_gather_bytes, of places: rows as their tasks show them. */
void stream_gather(const stream *s, const dataset *d, const data_rows *r, const int64_t *places, int64_t n, float *x);
void stream_gather_bytes(const stream *s, const data_rows *r, const int64_t *places, int64_t n, uint8_t *raw);

/* Sets by name, for `perdure list sets` and `perdure data`. */
typedef struct data_set_info {
    const char *name, *summary, *licence;
    struct {
        const char *name;
        const char *sha256; /* of the unpacked bytes; NULL: of what is published alone, below */
        int64_t size;
    } files[6];
    const char *packed[6]; /* SHA-256 of NAME.gz as it is published; NULL: any that unpacks to the right bytes */
    const char *archive, *archive_sha256; /* the .tar.gz that all files come in; NULL: each comes as NAME.gz */
    int64_t archive_size;
    const char *beside[2];    /* small files of the archive that are taken too, where it has them */
    const char *addresses[3]; /* folders on the net that have the files or the archive, https, asked in turn */
    int64_t classes, train, test;
    const char *folder;             /* that its archive unpacks to; NULL: none */
    const char *const *class_names; /* [classes]; NULL: their numbers, unless the set's own files name them */
} data_set_info;
extern const data_set_info data_sets[];
extern const int64_t data_set_count;
int64_t data_classes(const struct scenario *s); /* of the scenario's set, where that is known unread; else 0 */
char *data_root(const char *given);             /* data.root, $PERDURE_DATA, XDG; owned */
/* Where a file of a set that has a name lies, as dataset_open finds it; owned, NULL: nowhere, or there is no such set. */
char *data_file_find(const char *set, const char *root, const char *file);
bool data_at_hand(const data_set_info *set, const char *root);
char *
data_absent(const struct scenario *s); /* what of its data is not there, a set's name or a path; owned; NULL: all is */
/* From a folder: all files of the set, checked by SHA-256 before the first is stored; what has a published SHA-256 only, from
 * NAME.gz or the archive as it is published. 65, 66; 69: nothing to fetch, or no libarchive; 73, 74. */
int data_fetch(const data_set_info *set, const char *from, const char *root, error *e);

/* How files come over the net. */
typedef struct data_way {
    const char *const
        *addresses; /* [address_count]: https://.., asked in turn instead of the set's own; 0: the set's */
    size_t address_count;
    const char *authorities;           /* a file of certificates to trust, PEM; NULL: the system's */
    double patience;                   /* seconds that a server may keep silent, or nearly so */
    const volatile sig_atomic_t *stop; /* set by a signal: keep what came, and end with 75; NULL: no such thing */
    void (*progress)(void *self, const char *file, int64_t have,
                     int64_t whole);            /* bytes; whole -1: unknown; may be NULL */
    void (*say)(void *self, const char *words); /* why the next address is asked; may be NULL */
    void *self;
} data_way;
/* Over https: each file goes to ROOT/SET/FILE.part, from where a further call goes on, and appears under its name when its
 * SHA-256 is right; what is there already and right is not asked for. 65: other bytes or too many; 66: no address has it;
 * 69: no address, no libcurl, no libarchive; 73: another one is at work; 74; 75: stopped. */
int data_download(const data_set_info *set, const data_way *way, const char *root, error *e);

#endif
