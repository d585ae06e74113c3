/* network.weights: what agrees by name and shape is taken over, what does not is told, and a shape that differs stops the
 * cell. The rate is so small that the weights that come out are those that it began with. */
#include "fixture.h"

#include "record/arrays_file.h"
#include "record/cell.h"

static const float weight[10] = {0.5F, -1, 2, 3, 4, 5, 6, 7, 8, 9}, bias[5] = {1, 2, 3, 4, 5};
static const float odd[1] = {7};

static char *weights_put(const arrays *a)
{
    char *path = SAID("%s/w.safetensors", folder);
    error e = {0};
    unlink(path);
    if (arrays_write(path, a, NULL, NULL, NULL, &e))
        fail_msg("%s", e.text);
    return path;
}

static planned still(void)
{
    return tiny_plan(TWO_TASKS "class-il",
                     "methods: [{name: a, set: {network.weights: w.safetensors, optimizer.lr: 1e-30}}]\n");
}

struct heard {
    char text[4096];
};

static void note_take(void *self, const char *level, const char *line)
{
    struct heard *h = self;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s: %s\n", level, line);
}

static void what_matches_is_taken_over(void **state)
{
    (void)state;
    arrays a = {0};
    struct heard heard = {""};
    train_listener listener = {.self = &heard, .note = note_take};
    arrays_add(&a, "hidden.0.weight", ARRAY_F32, (const int64_t[]){5, 2}, 2, weight);
    arrays_add_list(&a, "hidden.0.bias", ARRAY_F32, 5, bias);
    arrays_add_list(&a, "fc.odd", ARRAY_F32, 1, odd);
    arrays_add_list(&a, "steps", ARRAY_I64, 1, (const int64_t[]){3});
    char *path = weights_put(&a);
    planned p = still(), drawn = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, set: {optimizer.lr: 1e-30}}]\n");
    cell_result *r = cell_trained(&p, 0, 3, &listener), *other = cell_trained(&drawn, 0, 3, NULL);
    assert_memory_equal(r->parameters, weight, sizeof weight);
    assert_memory_equal(r->parameters + 10, bias, sizeof bias);
    assert_memory_not_equal(other->parameters, weight, sizeof weight);
    assert_memory_equal(r->parameters + 15, other->parameters + 15, 24 * sizeof(float)); /* the head is the seed's */
    char *told = SAID("info: weights: 2 of the network's 4 tensors from %s\n"
                      "info: weights: hidden.0.weight          taken over\n"
                      "info: weights: hidden.0.bias            taken over\n"
                      "info: weights: head.weight              only in the network: drawn by the seed\n"
                      "info: weights: head.bias                only in the network: drawn by the seed\n"
                      "info: weights: steps                    only in the file\n"
                      "info: weights: fc.odd                   only in the file\n",
                      path);
    if (!strstr(heard.text, told))
        fail_msg("found\n%s; expected\n%s", heard.text, told);
    json_t *j = cell_json(&(struct cell_identity){"a", 3, "x", NULL}, r, 0),
           *none = cell_json(&(struct cell_identity){"a", 3, "x", NULL}, other, 0);
    char *said = json_dumps(json_object_get(j, "weights_loaded"), JSON_COMPACT);
    assert_string_equal(said,
                        "{\"matched\":[\"hidden.0.weight\",\"hidden.0.bias\"],\"only_in_file\":[\"steps\",\"fc.odd\"],"
                        "\"only_in_network\":[\"head.weight\",\"head.bias\"]}");
    assert_null(json_object_get(none, "weights_loaded"));
    free(said);
    json_decref(j);
    json_decref(none);
    cell_result_close(r);
    cell_result_close(other);
    planned_free(&p);
    planned_free(&drawn);
    arrays_free(&a);
}

/* What a cell recorded is what another begins with: weights.safetensors of a result, whole. */
static void a_result_begins_another_cell(void **state)
{
    (void)state;
    error e = {0};
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD);
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    char *place = SAID("%s/cell", folder);
    assert_int_equal(cell_write(place, &(struct cell_identity){"a", 3, "x", NULL}, r, 0, &e), 0);
    planned q =
        tiny_plan(TWO_TASKS "class-il",
                  "methods: [{name: a, set: {network.weights: cell/weights.safetensors, optimizer.lr: 1e-30}}]\n");
    cell_result *same = cell_trained(&q, 0, 4, NULL);
    assert_string_equal(r->weights_sha256, same->weights_sha256);
    assert_int_equal(same->loaded_count, 4);
    cell_result_close(r);
    cell_result_close(same);
    planned_free(&p);
    planned_free(&q);
}

static void refused(const arrays *a, const char *words)
{
    weights_put(a);
    planned p = still();
    cell_result *r = NULL;
    error e = {0};
    int code = cell_tried(&p, 0, 3, NULL, &r, &e);
    if (code != EXIT_DATA || !strstr(e.text, words))
        fail_msg("found %d: %s; expected %s", code, e.text, words);
    assert_null(r);
    planned_free(&p);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const float infinite[5] = {0, 0, 0, INFINITY, 0};
    static const double wide[5] = {0};
    arrays a = {0};
    arrays_add(&a, "hidden.0.weight", ARRAY_F32, (const int64_t[]){2, 5}, 2, weight);
    refused(&a, "/w.safetensors: hidden.0.weight: found shape [2, 5]; expected [5, 2], as the network has it");
    arrays_free(&a);
    refused(&a, "/w.safetensors: found no tensor of the network's names (it has none); expected at least one such as "
                "hidden.0.weight");
    arrays_add_list(&a, "fc.odd", ARRAY_F32, 1, odd);
    refused(&a, "found no tensor of the network's names (it has fc.odd); expected");
    arrays_add_list(&a, "hidden.0.bias", ARRAY_F64, 5, wide);
    refused(&a, "hidden.0.bias: found another dtype; expected F32");
    arrays_free(&a);
    arrays_add_list(&a, "hidden.0.bias", ARRAY_F32, 5, infinite);
    refused(&a, "hidden.0.bias: found inf at 3; expected finite values");
    arrays_free(&a);
}

static void a_file_that_changed_since_is_refused(void **state)
{
    (void)state;
    arrays a = {0};
    arrays_add_list(&a, "hidden.0.bias", ARRAY_F32, 5, bias);
    weights_put(&a);
    planned p = still();
    arrays_add_list(&a, "more", ARRAY_F32, 5, bias);
    weights_put(&a);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_DATA);
    assert_non_null(strstr(e.text, "/w.safetensors: found SHA-256 "));
    assert_non_null(strstr(e.text, ", as when the run began"));
    planned_free(&p);
    arrays_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matches_is_taken_over),
        cmocka_unit_test(a_result_begins_another_cell),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(a_file_that_changed_since_is_refused),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
