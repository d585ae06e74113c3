/* What the files of this room share: files as bytes, packed (.gz) or not, the readers of the forms they come in, and the
 * parts that a data set is opened from. For this room only. */
#ifndef PERDURE_DATA_SOURCE_H
#define PERDURE_DATA_SOURCE_H
#include "data/data.h"

/* ---- source.c ---- */
typedef struct source source;
/* `path`, or where that is not there `path`.gz. 66: neither, or no regular file; 74. */
int source_open(const char *path, source **out, error *e);
void source_close(source *s);
const char *source_path(const source *s); /* the one that was opened */
int64_t source_size(const source *s);     /* bytes of the file as it lies there */
bool source_packed(const source *s);
/* Exactly `count` bytes, or 65 with how many came; a damaged gzip stream is 65 with where and why. */
int source_read(source *s, void *out, size_t count, error *e);
/* Up to `count` bytes, fewer only at the end; -1: failed. */
int64_t source_take(source *s, void *out, size_t count, error *e);
/* Nothing may be left, a gzip checksum must hold, and the file must not have changed since it was opened. */
int source_end(source *s, error *e);
/* `whole` bytes are what its header declares: held against the file before any memory is taken for them. */
int source_sized(const source *s, int64_t whole, error *e);
/* All of it, at most `limit` bytes. Owned. */
int source_all(source *s, size_t limit, char **out, size_t *count, error *e);
/* The next line without its end (\n or \r\n), a NUL behind it, good until the next call; *line NULL: no more. */
int source_line(source *s, char **line, size_t *length, error *e);
bool source_there(const char *path);  /* packed or not */
char *source_found(const char *path); /* the name that source_open takes; owned */

/* ---- unpack.c: gzip streams ---- */
typedef struct unpacker unpacker;
unpacker *unpack_open(int fd, const char *path); /* takes neither fd nor path over */
void unpack_close(unpacker *u);
/* Up to `count` bytes, fewer only at the end; -1: failed, `e` says where and why. */
int64_t unpack_read(unpacker *u, void *out, size_t count, error *e);

/* ---- idx.c: LeCun's IDX files of unsigned bytes; npy.c: NumPy's files ---- */
typedef struct idx {       /* an array out of either */
    int64_t rank, size[4]; /* size[0]: items */
    int64_t item;          /* values an item */
    uint8_t *bytes;        /* one of the three is there; owned */
    float *reals;
    int32_t *label;
} idx;
typedef int (*array_reader)(const char *path, idx *out, error *e); /* `out` is empty where it fails */
int idx_read(const char *path, idx *out, error *e);
int npy_read_rows(const char *path, idx *out, error *e);   /* bytes where they are bytes, else reals */
int npy_read_labels(const char *path, idx *out, error *e); /* label */
void idx_close(idx *a);

/* ---- csv.c: numbers, one row a line, the label first or last ---- */
typedef struct csv_form {
    bool label_first, header;
} csv_form;
int csv_read(const char *path, const csv_form *form, data_rows *out, error *e); /* `out` is empty where it fails */

/* ---- sets.c: where the files of a set lie ---- */
enum { FILE_TRAIN_IMAGES, FILE_TRAIN_LABELS, FILE_TEST_IMAGES, FILE_TEST_LABELS };
const data_set_info *set_named(const char *name);
char *set_file(const data_set_info *set, const char *root, const char *file);            /* path without .gz; owned */
int set_missing(const data_set_info *set, const char *root, const char *path, error *e); /* 66 */
char *digits_path(const char *root);                                                     /* owned; NULL: nowhere */
int set_files(const data_set_info *set);                                                 /* how many it has */

/* ---- images.c, cifar.c, synthetic.c, table.c, pad.c, normalize.c, augment.c: the parts of dataset_open. `least`: what `unit` maps to 0 ---- */
int images_open(dataset *d, const char *const paths[4], array_reader rows, array_reader labels, double *least,
                error *e);
int images_open_set(dataset *d, const data_set_info *set, const char *root, error *e); /* idx */
int cifar_open(const struct scenario *s, dataset *d, const char *root, error *e);
int synthetic_open(const struct scenario *s, dataset *d, error *e);
int table_open(const struct scenario *s, dataset *d, double *least, error *e);
int table_open_digits(dataset *d, const char *root, error *e);
/* What `unit` maps to 0 and 1 where the data's form does not say: the least and greatest value of the training rows. */
void normalize_range(dataset *d, double *least);
int pad_fix(const struct scenario *s, dataset *d, error *e);     /* before normalize_fix; 71; 78: no pictures */
int augment_fix(const struct scenario *s, dataset *d, error *e); /* after normalize_fix */
int normalize_fix(const struct scenario *s, dataset *d, double least, error *e);

/* ---- split.c: which classes a task has, and what it does to its rows ---- */
int split_open(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e);

/* ---- deal.c ---- */
int rows_deal(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e);

/* ---- blurry.c: tasks exchange training rows; `shared`: they share columns, too ---- */
void stream_blur(const struct scenario *s, const dataset *d, uint64_t seed, bool shared, stream *out);

/* ---- transform.c ---- */
transform *transform_permutation(random_stream *r, int64_t width);
/* Counter-clockwise about the middle, bilinear, zeros outside; bytes are rounded. */
transform *transform_rotation(double degrees, int64_t planes, int64_t height, int64_t width);
void transform_close(transform *t); /* NULL is fine */

/* ---- dataset.c ---- */
void dataset_note_file(dataset *d, const char *path);
char *dataset_shape_words(const dataset *d); /* "[1, 28, 28]"; owned */
/* Whether a row is pictures, [C, H, W] or [H, W]; then how many, and their sides. */
bool dataset_pictures(const dataset *d, int64_t *planes, int64_t *height, int64_t *width);
void rows_close(data_rows *r);
void rows_match(data_rows *train, data_rows *test); /* bytes in one, reals in the other: reals in both */
/* A fault of the scenario that shows only with the data: 78 with the line of the key at `path`. */
int scenario_fault(const struct scenario *s, const char *path, error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
