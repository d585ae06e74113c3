/* An axis: a key that takes several values, beside one method; and the variants of that method along its axes. What a
 * grid and a search have in common. Only the scenario room includes this file. */
#ifndef PERDURE_SCENARIO_AXIS_H
#define PERDURE_SCENARIO_AXIS_H
#include "scenario/row.h"
#include "scenario/scenario.h"

struct axis {
    const node *entry;  /* whose key it is, as "ewc.lambda" */
    const char *path;   /* of the entry: "grid.ewc.lambda" */
    int64_t strategy;   /* which one of the method; -1: the key is one of its `set` */
    const char *inside; /* behind the strategy's name: "lambda" */
    const char *tail;   /* what is left of the key in names: the shortest end that no other axis has */
    bool digested;      /* two of its values would be called alike: they go by their digests */
};

/* Finds where the key leads in the method. False: it has no strategy of that name. A second strategy of one name is
 * "replay#2", one by path is called as its file, without ".so". */
bool axis_meet(struct check *c, const struct method_options *m, const node *entry, const char *path, struct axis *out);
/* What an entry that is met nowhere is refused with, and its nearest neighbour. */
void axis_refuse(struct check *c, const struct method_options *methods, size_t count, const node *entry,
                 const char *path);
void axes_name(struct check *c, struct axis *axes, size_t count); /* tails, and what goes by digests */
enum { AXES_FILE = 32, AXES_MOST = 2 * AXES_FILE };               /* of one map; of a method, with its own */
struct axes {
    struct axis at[AXES_MOST];
    size_t count;
};

/* The axes that the keys of a map (NULL: none) have beside the method, behind those that are there. `path`: of the map. */
void axes_take(struct check *c, const struct method_options *m, const node *map, const char *path, struct axes *out);
/* A fault where one is a part of another. */
void axes_check(struct check *c, const struct axes *axes);
/* Combinations of their lists; more than SCENARIO_CELLS count as one more. 1 where there is no axis. */
size_t axes_variants(const struct axes *axes);
void axes_product(struct check *c, const struct method_options *base, const struct axes *axes, size_t variants,
                  struct method_options *out);                            /* [variants] */
void variant_check_name(struct check *c, const struct method_options *m); /* a fault where no folder can be called so */
bool axis_is_whole(const node *list);                                     /* a list of 1 to 1000 values */
/* And one in which each is there once; a fault else. */
bool axis_values_check(struct check *c, const node *list, const char *path);

/* The method with these values ([count], one of each axis, `index`: in its list) in the place of what the file says. Its
 * network, optimizer and training are still those of the base. */
struct method_options variant_of(struct check *c, const struct method_options *base, const struct axis *axes,
                                 size_t count, const node *const *values, const size_t *index);

#endif
