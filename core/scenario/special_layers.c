/* network.layers: a list in which every entry is the word of a layer, alone or with its sizes:
 * [{conv: 32}, batch_norm, relu, {max_pool: 2}, {conv: {channels: 64, kernel: 5, padding: 2}}, {linear: 128}, relu].
 * Whether they fit one another shows when the shape of the data is known. */
#include <stddef.h>
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

#define SIZE(member) .type = ROW_INT, .offset = offsetof(struct layer_options, member)
#define ROW_END          \
    {                    \
        .type = ROW_NONE \
    }

static const struct row linear_rows[] = {{.key = "units", .help = "of the layer", SIZE(size), .min = 1, .max = 1e6},
                                         ROW_END};
static const struct row conv_rows[] = {
    {.key = "channels", .help = "that it makes", SIZE(size), .min = 1, .max = 1e5},
    {.key = "kernel", .help = "its side", SIZE(kernel), .fallback = "3", .min = 1, .max = 99},
    {.key = "stride", .help = "pixels from one place to the next", SIZE(stride), .fallback = "1", .min = 1, .max = 99},
    {.key = "padding", .help = "zeros around the map", SIZE(padding), .optional = true, .min = 0, .max = 99},
    ROW_END};
static const struct row pool_rows[] = {
    {.key = "kernel", .help = "its side", SIZE(kernel), .min = 1, .max = 99},
    {.key = "stride", .help = "pixels from one place to the next", SIZE(stride), .optional = true, .min = 1, .max = 99},
    ROW_END};
static const struct row slope_rows[] = {{.key = "slope",
                                         .help = "below 0",
                                         .type = ROW_REAL,
                                         .offset = offsetof(struct layer_options, rate),
                                         .fallback = "0.01",
                                         .max = 1},
                                        ROW_END};
static const struct row dropout_rows[] = {{.key = "rate",
                                           .help = "share of the values that is set to 0",
                                           .type = ROW_REAL,
                                           .offset = offsetof(struct layer_options, rate),
                                           .max = 0.99},
                                          ROW_END};

/* In the order of enum layer_kind. `rows`: its sizes, the first of which may stand alone; `bare`: the word alone will do. */
static const struct {
    const char *word;
    const struct row *rows;
    bool bare;
} kinds[] = {{"linear", linear_rows, false}, {"conv", conv_rows, false},       {"batch_norm", NULL, true},
             {"relu", NULL, true},           {"leaky_relu", slope_rows, true}, {"tanh", NULL, true},
             {"sigmoid", NULL, true},        {"max_pool", pool_rows, false},   {"average_pool", pool_rows, false},
             {"flatten", NULL, true},        {"dropout", dropout_rows, false}};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *layer_kind_name(enum layer_kind v) { return kinds[v].word; }

static int layer_kind_find(const char *word)
{
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(word, kinds[i].word) == 0) {
            return i;
        }
    }
    return -1;
}

static void layer_refuse(struct check *c, const node *n, const char *path)
{
    const char *words[KINDS + 1] = {0};
    for (int i = 0; i < KINDS; i++) {
        words[i] = kinds[i].word;
    }
    row_refuse_word(c, n, path,
                    "one of {linear: N}, {conv: N}, batch_norm, relu, leaky_relu, tanh, sigmoid, {max_pool: N}, "
                    "{average_pool: N}, flatten, {dropout: RATE}",
                    words);
}

/* What is left out of a section without a default of its own: "same" padding, a stride as wide as the pool. */
static void layer_complete(struct layer_options *layer, const node *sizes)
{
    if (layer->kind == LAYER_CONV && node_find(sizes, "padding") == NULL) {
        layer->padding = layer->kernel / 2;
    }
    if ((layer->kind == LAYER_MAX_POOL || layer->kind == LAYER_AVERAGE_POOL) && layer->stride == 0) {
        layer->stride = layer->kernel;
    }
}

static void layer_fill(struct check *c, const node *n, const char *path, struct layer_options *layer)
{
    bool map = n->kind == NODE_MAP && n->count == 1;
    int kind = n->kind == NODE_TEXT ? layer_kind_find(n->text) : map ? layer_kind_find(n->first->key) : -1;
    if (kind < 0 || (!map && !kinds[kind].bare) || (map && kinds[kind].rows == NULL)) {
        layer_refuse(c, n, path);
        return;
    }
    layer->kind = (enum layer_kind)kind;
    if (kinds[kind].rows == NULL) {
        return;
    }
    const node *sizes = map ? n->first : NULL;
    const char *here = row_path(c, path, kinds[kind].word);
    if (sizes != NULL && sizes->kind != NODE_MAP) { /* {conv: 32}: the first of them */
        row_fill_section(c, kinds[kind].rows + 1, NULL, n, here, layer);
        row_fill(c, kinds[kind].rows, sizes, here, (char *)layer + kinds[kind].rows->offset);
        sizes = NULL;
    } else {
        row_fill_section(c, kinds[kind].rows, sizes, n, here, layer);
    }
    layer_complete(layer, sizes);
}

static void layers_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_LIST) {
        row_refuse(c, n, path, special_layers.expects);
        return;
    }
    struct layer_options *at = arena_take(c->arena, n->count, sizeof *at);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        layer_fill(c, entry, row_path_index(c, path, i), &at[i]);
    }
    *(struct layer_list *)out = (struct layer_list){at, (int64_t)n->count};
}
/* clang-format off */
#define WHOLE(least, most) "{\"type\": \"integer\", \"minimum\": " #least ", \"maximum\": " #most "}"
#define SHARE(most) "{\"type\": \"number\", \"minimum\": 0, \"maximum\": " #most "}"
#define SIZES(required, properties) \
    ", {\"type\": \"object\", \"additionalProperties\": false, " required "\"properties\": {" properties "}}"
#define NEEDS(key) "\"required\": [\"" key "\"], "
#define ENTRY(word, sizes) \
    ", {\"type\": \"object\", \"additionalProperties\": false, " NEEDS(word) \
    "\"properties\": {\"" word "\": {\"oneOf\": [" sizes "]}}}"
#define POOL_SIZES SIZES(NEEDS("kernel"), "\"kernel\": " WHOLE(1, 99) ", \"stride\": " WHOLE(1, 99))

const struct special special_layers = {
    "a list of layers, as [{conv: 32}, relu, {max_pool: 2}, {linear: 128}, relu]", layers_fill,
    "{\"type\": \"array\", \"items\": {\"oneOf\": ["
    "{\"enum\": [\"batch_norm\", \"relu\", \"leaky_relu\", \"tanh\", \"sigmoid\", \"flatten\"]}"
    ENTRY("linear", WHOLE(1, 1000000) SIZES(NEEDS("units"), "\"units\": " WHOLE(1, 1000000)))
    ENTRY("conv", WHOLE(1, 100000) SIZES(NEEDS("channels"),
          "\"channels\": " WHOLE(1, 100000) ", \"kernel\": " WHOLE(1, 99) ", \"stride\": " WHOLE(1, 99)
          ", \"padding\": " WHOLE(0, 99)))
    ENTRY("max_pool", WHOLE(1, 99) POOL_SIZES)
    ENTRY("average_pool", WHOLE(1, 99) POOL_SIZES)
    ENTRY("leaky_relu", SHARE(1) SIZES("", "\"slope\": " SHARE(1)))
    ENTRY("dropout", SHARE(0.99) SIZES(NEEDS("rate"), "\"rate\": " SHARE(0.99)))
    "]}}", sizeof(struct layer_list)};
/* clang-format on */

/* ---- kernel of a cnn: odd, so that a map keeps its size ---- */

static void kernel_fill(struct check *c, const node *n, const char *path, void *out)
{
    int64_t kernel = 0;
    if (n->kind != NODE_TEXT || n->quoted || !number_int(n->text, &kernel) || kernel < 1 || kernel > 99 ||
        kernel % 2 == 0) {
        row_refuse(c, n, path, special_kernel.expects);
        return;
    }
    *(int64_t *)out = kernel;
}
const struct special special_kernel = {
    "an odd whole number from 1 to 99", kernel_fill,
    "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 99, \"not\": {\"multipleOf\": 2}}", sizeof(int64_t)};
