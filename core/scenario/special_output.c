/* Keys of output that may take several forms: checkpoint, with its `every` and `keep`, and metrics_port. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

#define AT(member) .offset = offsetof(struct checkpoint_options, member)

/* ---- every: task, {batches: 500}, {minutes: 5} ---- */

static const char *const every_words[] = {"task", "batches", "minutes", NULL};

/* clang-format off */
static const struct row batches_rows[] = {
    {.key = "batches", .help = "steps between two", .type = ROW_INT, AT(batches), .min = 1, .max = 1e12},
    {.type = ROW_NONE}};
static const struct row minutes_rows[] = {
    {.key = "minutes", .help = "of the clock between two", .type = ROW_REAL, AT(minutes), .above = true, .max = 1e6},
    {.type = ROW_NONE}};
static const struct row keep_rows[] = {
    {.key = "last", .help = "the newest", .type = ROW_INT, AT(last), .fallback = "2", .min = 1, .max = 1e6},
    {.key = "weekly", .help = "the newest of each of so many weeks", .type = ROW_INT, AT(weekly), .fallback = "0", .max = 1e6},
    {.key = "days", .help = "all of so many days", .type = ROW_INT, AT(days), .fallback = "0", .max = 1e6},
    {.type = ROW_NONE}};
/* clang-format on */

static void every_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct checkpoint_options *o = CONTAINER(out, checkpoint_options, every);
    bool map = n->kind == NODE_MAP && n->count == 1;
    const char *said = n->kind == NODE_TEXT ? n->text : map ? n->first->key : "";
    o->every = CHECKPOINT_TASK;
    for (int i = 0; every_words[i] != NULL; i++) {
        if (strcmp(said, every_words[i]) == 0 && map == (i != CHECKPOINT_TASK)) {
            o->every = (enum checkpoint_every)i;
            if (map) {
                row_fill_section(c, i == CHECKPOINT_BATCHES ? batches_rows : minutes_rows, n, n, path, o);
            }
            return;
        }
    }
    row_refuse_word(c, n, path, special_every.expects, every_words);
}
#define EVERY_SCHEMA                                                                                        \
    "{\"oneOf\": [{\"const\": \"task\"},"                                                                   \
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"batches\"], \"properties\":" \
    " {\"batches\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000000000}}},"                 \
    " {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"minutes\"], \"properties\":" \
    " {\"minutes\": {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 1000000}}}]}"
const struct special special_every = {"task, {batches: 500} or {minutes: 5}", every_fill, EVERY_SCHEMA, 0};

/* ---- keep: 2, {last: 3, weekly: 2, days: 7} ---- */

static void keep_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct checkpoint_options *o = CONTAINER(out, checkpoint_options, last);
    if (n->kind == NODE_MAP) {
        row_fill_section(c, keep_rows, n, n, path, o);
    } else if (n->kind == NODE_TEXT) {
        value_int(c, n, path, &keep_rows[0], &o->last);
    } else {
        row_refuse(c, n, path, special_keep.expects);
    }
}
#define KEEP_SCHEMA                                                                               \
    "{\"oneOf\": [{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000},"                 \
    " {\"type\": \"object\", \"additionalProperties\": false, \"properties\":"                    \
    " {\"last\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000000, \"default\": 2},"  \
    " \"weekly\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000, \"default\": 0}," \
    " \"days\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000, \"default\": 0}}}]}"
const struct special special_keep = {"a whole number from 1 to 1000000, or {last: 3, weekly: 2, days: 7}", keep_fill,
                                     KEEP_SCHEMA, 0};

/* ---- checkpoint: none, {every: task, keep: 2} ---- */

/* clang-format off */
static const struct row checkpoint_rows[] = {
    {.key = "every", .help = "how often", .type = ROW_SPECIAL, AT(every), .fallback = "task", .special = &special_every},
    {.key = "keep", .help = "how many", .type = ROW_SPECIAL, AT(last), .fallback = "2", .special = &special_keep},
    {.type = ROW_NONE}};
/* clang-format on */

static void checkpoint_fill(struct check *c, const node *n, const char *path, void *out)
{
    static const char *const words[] = {"none", NULL};
    struct checkpoint_options *o = out;
    *o = (struct checkpoint_options){.on = n->kind == NODE_MAP};
    if (o->on) {
        row_fill_section(c, checkpoint_rows, n, n, path, o);
    } else if (n->kind != NODE_TEXT || strcmp(n->text, words[0]) != 0) {
        row_refuse_word(c, n, path, special_checkpoint.expects, words);
    }
}
const struct special special_checkpoint = {
    "none, or {every: task, keep: 2}, with every: task, {batches: 500} or {minutes: 5}, and keep: 2 or"
    " {last: 3, weekly: 2, days: 7}",
    checkpoint_fill,
    "{\"oneOf\": [{\"const\": \"none\"}, {\"type\": \"object\", \"additionalProperties\": false, \"properties\":"
    " {\"every\": " EVERY_SCHEMA ", \"keep\": " KEEP_SCHEMA "}}]}",
    0};

/* ---- metrics_port: none, 9464, run.prom ---- */

enum { PORT_MOST = 65535 };

static bool names_textfile(const char *said)
{
    const size_t length = strlen(said), end = strlen(".prom");
    return length > end && strcmp(said + length - end, ".prom") == 0 && said[length - end - 1] != '/';
}

static void metrics_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct metrics_options *o = out;
    int64_t number = 0;
    *o = (struct metrics_options){0};
    if (n->kind == NODE_TEXT && strcmp(n->text, "none") == 0) {
        return;
    }
    if (n->kind == NODE_TEXT && !n->quoted && number_int(n->text, &number) && number >= 1 && number <= PORT_MOST) {
        o->port = number;
    } else if (n->kind == NODE_TEXT && names_textfile(n->text)) {
        char *whole = path_below(".", n->text);
        o->file = arena_text(c->arena, whole, strlen(whole));
        free(whole);
    } else {
        row_refuse(c, n, path, special_metrics.expects);
    }
}
const struct special special_metrics = {
    "none, a port from 1 to 65535, or the path of a textfile that ends in .prom", metrics_fill,
    "{\"oneOf\": [{\"const\": \"none\"}, {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535},"
    " {\"type\": \"string\", \"pattern\": \"[^/]\\\\.prom$\"}]}",
    sizeof(struct metrics_options)};

const char *checkpoint_every_name(enum checkpoint_every v) { return every_words[v]; }
