/* The rows of a memory on disk: shared by the files of this room.
 *
 * One LMDB environment a memory, in a folder of its own. Each version of a row lies under (slot, generation); the generation
 * is the number of the write, over the whole memory. The lists of the store (store.h) stay in the program, as mappings of an
 * unlinked file (blocks.h), so that RAM does not grow with the rows.
 *
 * Rows that are written wait in one of two batches. When the front one is full they change places, and a thread commits the
 * back one, in transactions of COMMIT_ROWS, each safe on disk before the next begins. A row is read from its batch until that
 * is committed. The thread touches the environment and the batch it was given, nothing else.
 *
 * A version that was replaced is dead where no checkpoint can know it, that is where it is younger than `mark`; else it
 * waits among the retired until memory_saved() says that no checkpoint which is kept needs it. A delete costs a page, be it for
 * one row of the page or for all: so the dead are deleted together, once they are a quarter of the rows. */
#ifndef PERDURE_MEMORY_DISK_H
#define PERDURE_MEMORY_DISK_H
#include <lmdb.h>
#include <pthread.h>

#include "memory/blocks.h"
#include "memory/memory.h"
#include "memory/stored.h"

enum { COMMIT_ROWS = 2048, BATCH_BYTES = 8 << 20, BATCH_LEAST = 16, DROPS_A_BATCH = 1 << 13, DROPS_LEAST = 64 };

/* A version that no memory uses any more, and the last checkpoint that may need it. */
typedef struct dropped {
    int64_t slot, generation, needed_by;
} dropped;
typedef struct dropped_list {
    dropped *at; /* of blocks */
    int64_t count, room;
} dropped_list;

/* Rows on their way to disk: cells of one size, each with a whole record. */
typedef struct batch {
    unsigned char *bytes; /* [cells][stride] */
    size_t mapped;        /* bytes of it */
    int64_t cells, taken; /* taken: those below were used at least once */
    int64_t *slot;        /* [cells]; -1: the row was replaced meanwhile */
    const void **seen;    /* [cells] where in the map the record was when it was committed; NULL: not known */
    int64_t *generation;
    int64_t *emptied, emptied_count; /* cells below `taken` that are free again */
    dropped *drops;                  /* [DROPS_A_BATCH] what the commit deletes */
    int64_t drop_count;
    int64_t generations; /* the memory's counter when the batch was given to the thread */
    int64_t done;        /* operations that are committed: a second try goes on behind them */
    int code;            /* of LMDB, or errno; 0: committed */
    bool given, failed;  /* to the thread, and not settled yet; and that came to nothing */
} batch;

/* place[slot]: 0 or more: it waits, in cell place / 2 of batch place % 2. PLACE_DISK: on disk. Below: on disk, and when it was last
 * seen it lay in the map at the address -place. That saves the way down the tree, which costs as much as the row. LMDB moves
 * rows and writes others in their place without a word, so it is a guess: the bytes are copied, and the checksum of the copy, which
 * covers slot and generation, says whether it was right. The map itself is only replaced by the memory's own thread, in
 * commit_grow(), which forgets all places. */
enum { PLACE_DISK = -1 };

struct disk {
    memory_setup setup; /* its texts are the memory's */
    char *folder, *path, *owner;
    int lock; /* the folder, with a lock on it as long as it is open */
    uint64_t id;
    MDB_env *env;
    MDB_dbi rows;
    MDB_txn *reader; /* reset between reads; NULL: none yet */
    bool begun;      /* what an earlier run left here is gone, or was taken over */
    int64_t cut;     /* bytes that the file lacked when it was opened */
    struct blocks *blocks;
    int64_t *generation; /* [room] of the row in the slot; 0: none */
    int64_t *place;      /* [room] where its record is, see below */
    int64_t generations, mark;
    int64_t rows_now, slots; /* used slots; one more than the highest that ever was */
    int64_t serial;          /* of the newest checkpoint that is durable; -1: none */
    bool attempted;          /* a state was handed out, and whether that checkpoint came to be is not known */
    dropped_list retired, dead;
    int64_t sorted;      /* of the dead, those that go now: by generation, taken from the end */
    int64_t before;      /* of the retired: those that had gone already when the state was handed out */
    unsigned char *pad;  /* [extra_bytes] what rows that came with a shorter extra read behind it */
    unsigned char *row;  /* [stride] one row, while another version of it is made */
    unsigned char *copy; /* [stride] one record, while it is checked and taken */
    size_t stride;
    batch batches[2];
    int front;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t asked, done;
    batch *work; /* of the thread; NULL: it waits */
    bool threaded, stop;
};

/* ---- disk.c: the folder ---- */
struct disk *disk_open(const memory_setup *setup, error *e); /* 65, 73, 74 */
void disk_close(struct disk *d);
/* Before the first row of a memory that was not loaded: rows that lie here are those of a try that came to nothing. 73 where they
 * are another cell's. */
int disk_begin(struct disk *d, error *e);
/* What LMDB or the system said, at this memory's path: 65 for damage, 74 otherwise. */
int disk_refuse(const struct disk *d, int code, const char *doing, error *e);

/* ---- description.c: the record that says what the folder is ---- */
typedef struct description {
    uint64_t id;
    int64_t format, generations, capacity, per_class, bytes;
    char *name, *owner, *policy; /* owned */
} description;
int description_put(struct disk *d, MDB_txn *txn, int64_t generations); /* a code of LMDB */
/* 0 and there is one; MDB_NOTFOUND; MDB_INVALID: it cannot be read. */
int description_get(MDB_txn *txn, MDB_dbi rows, description *out);
void description_free(description *d);

/* ---- batch.c: rows on their way out ---- */
/* Cells for rows of this size, with the extra's pad; waits for what was begun. 71, 74. */
int disk_form(struct disk *d, int64_t row_bytes, int64_t extra_bytes, int64_t most, error *e);
int disk_ready(struct disk *d, int64_t drops, error *e); /* room for one more row, and for so many that are dropped */
void disk_write(struct disk *d, const stored_row *r);    /* after disk_ready(); r->generation is given here */
void disk_drop(struct disk *d, int64_t slot);            /* the row in the slot; after disk_ready() */
int disk_flush(struct disk *d, error *e);                /* everything is on disk; 74 */
int disk_turn(struct disk *d, error *e);                 /* the front batch goes to the thread; 74 */
bool disk_waits(const struct disk *d, int64_t slot, stored_row *out); /* its record is in a batch */
void disk_forget_places(struct disk *d);                              /* the map is another one, or the rows' size */
void batches_close(struct disk *d);

/* ---- commit.c: the thread ---- */
int commit_begin(struct disk *d, error *e); /* 71 */
void commit_end(struct disk *d);
void commit_give(struct disk *d, batch *b);
int commit_wait(struct disk *d, batch *b, error *e);           /* until it is committed; 74 */
int commit_widen(struct disk *d, int64_t rows, size_t stride); /* for so many, without a transaction; a code of LMDB */
int commit_grow(struct disk *d); /* behind MDB_MAP_FULL, without a transaction; a code of LMDB */

/* ---- fetch.c ---- */
/* Of each of n slots that are used x and extra, where not NULL, one behind the other, and of the last one its task; each row's
 * checksum is looked at. 65, 74. */
int disk_fetch(struct disk *d, const int64_t *slots, int64_t n, int64_t row_bytes, int64_t extra_bytes, void *x,
               void *extra, int64_t *task, error *e);

/* ---- generations.c: which versions are kept ---- */
bool dropped_reserve(struct disk *d, dropped_list *l, int64_t more); /* false, and errno */
void dropped_add(struct disk *d, int64_t slot, int64_t generation);  /* to the retired, or to the dead */
void dropped_take(struct disk *d, batch *b); /* as many of the dead as a batch deletes, where they are many enough */
/* Beside the index that was loaded: every row of it is there, and what it does not know goes. 65, 74. */
int disk_agree(struct disk *d, int64_t used, int64_t row_bytes, int64_t extra_bytes, error *e);

#endif
