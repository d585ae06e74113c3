/* Plans of every way in which strategies use a memory, by the place where its rows lie, and cells that must end the same. */
#ifndef PERDURE_TESTS_TRAIN_PLACES_H
#define PERDURE_TESTS_TRAIN_PLACES_H
#include "pieces.h"

static const char *const ways[] = {
    "capacity: 5",
    "capacity: 6, policy: class-balanced, online: true, every_epoch: true",
    "capacity: 6, policy: fifo, online: true",
    "capacity: 6, policy: value, select: loss, online: true", /* values are refreshed in every step */
    "capacity: {per_class: 2}, policy: value, select: loss, online: true",
    "capacity: 6, policy: value, select: herding, fill: task",
    "capacity: {per_class: 2}, fill: task, select: closest",
    "capacity: {bytes: 100 B}",
    "capacity: 6, every_epoch: true, online: true, alpha: 0.5, beta: 0.5",
    "capacity: {bytes: 200 B}, every_epoch: true, online: true, alpha: 0.5", /* its extra grows with the heads */
    "capacity: 6, fill: task, select: herding, policy: class-balanced, alpha: 1",
};
enum { WAYS = sizeof ways / sizeof *ways };

static inline planned plan_of(const char *streams, const char *where)
{
    text methods = {0};
    for (int i = 0; i < WAYS; i++)
        text_addf(&methods, "  - {name: m%d, strategies: [replay: {%s, where: %s}]}\n", i, ways[i], where);
    text_addf(&methods, "  - {name: agem, strategies: [agem: {capacity: 6, where: %s}]}\n", where);
    if (strstr(streams, "class-il"))
        text_addf(&methods, "  - {name: icarl, strategies: [icarl: {capacity: 6, where: %s}]}\n", where);
    planned p =
        tiny_plan(streams, SAID("output: {checkpoint: {every: {batches: 5}, keep: 2}}\nmethods:\n%s", methods.at));
    text_free(&methods);
    return p;
}

static inline cell_result *with_files(const planned *p, int method)
{
    stopper never = {0};
    train_listener l = listening(&never, home_new());
    return cell_trained(p, method, 3, &l);
}

/* In RAM, elsewhere in one go, and elsewhere in pieces, of which the first ended when it was asked the at-th time; closed. */
static inline void all_equal(cell_result *a, cell_result *b, cell_result *c, int64_t at)
{
    results_equal(a, b, 0);
    results_equal(a, c, at);
    cell_result_close(a);
    cell_result_close(b);
    cell_result_close(c);
}

/* In one go and in pieces. */
static inline void as_in_ram(const char *streams, const char *where)
{
    planned ram = plan_of(streams, "ram"), other = plan_of(streams, where);
    for (int m = 0; m < ram.plan->method_count; m++) {
        int64_t asked;
        cell_result *a = uninterrupted(&ram, m, &asked), *b = with_files(&other, m), *c = in_pieces(&other, m, 3, 8);
        all_equal(a, b, c, 3);
    }
    planned_free(&ram);
    planned_free(&other);
}

#define PICTURES(where)                                                                                              \
    SAID("output: {checkpoint: {every: task, keep: 1}}\n"                                                            \
         "methods: [{name: a, strategies: [replay: {capacity: 9, where: %s}]},\n"                                    \
         "  {name: b, strategies: [icarl: {capacity: {bytes: 1000 B}, where: %s}]}, {name: c, strategies: [replay: " \
         "{capacity: {bytes: 150 B}, where: %s}]}]\n",                                                               \
         where, where, where)

#endif
