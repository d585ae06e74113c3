/* The header of an npy file: the literal of a Python dict. For this room only. */
#ifndef PERDURE_DATA_NPY_H
#define PERDURE_DATA_NPY_H
#include "data/source.h"

enum { NPY_HEADER = 1 << 16, NPY_NAME = 64, NPY_RANK = 32 }; /* 32: the most that NumPy has */

typedef struct npy_header {
    char dtype[NPY_NAME]; /* "<f4" */
    bool fortran;
    int64_t shape[NPY_RANK], rank;
} npy_header;

/* {'descr': TEXT, 'fortran_order': True or False, 'shape': (N, ..)}: each key once, in any order, nothing else. Faults say
 * the byte of the header, from 0. */
int npy_header_parse(const char *path, const char *header, size_t length, npy_header *out, error *e);

#endif
