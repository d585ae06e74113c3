/* Every byte of weights.safetensors. `test_record_safetensors --write FILE` writes one for the public reader to judge
 * (read_safetensors.py). */
#include <stdlib.h>
#include <unistd.h>

#include "../check.h"
#include "base/file.h"
#include "base/text.h"
#include "fabricate.h"
#include "record/safetensors.h"

/* The bytes of the file that is written, which goes. */
static int bytes_of(const cell_result *r, const json_t *metadata, text *out, error *e)
{
    char folder[] = "/tmp/perdure-weights-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/w", folder);
    int code = safetensors_write(path, r, metadata, e);
    if (!code)
        assert_int_equal(file_read(path, 1 << 20, &out->at, &out->length, e), 0);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left */
    return code;
}

static uint64_t length_of(const text *file)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | (unsigned char)file->at[i];
    return length;
}

static void bytes_are_exact(void **state)
{
    (void)state;
    error e = {0};
    text file = {0};
    cell_result *r = result_fabricate();
    assert_int_equal(bytes_of(r, NULL, &file, &e), 0);
    static const char header[] = "{\"hidden.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                                 "\"hidden.0.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}}";
    size_t length = sizeof header - 1, padded = (length + 7) / 8 * 8;
    assert_int_equal(length_of(&file), padded);
    assert_memory_equal(file.at + 8, header, length);
    for (size_t i = length; i < padded; i++)
        assert_int_equal(file.at[8 + i], ' ');
    assert_int_equal(file.length, 8 + padded + 36);
    assert_memory_equal(file.at + 8 + padded, r->parameters, 36);
    text_free(&file);
    cell_result_close(r);
}

/* Parameters that no tensor names leave no hole: the values stand tensor by tensor. */
static void holes_are_closed(void **state)
{
    (void)state;
    error e = {0};
    text file = {0};
    cell_result *r = result_fabricate();
    r->weights[0] = (struct cell_weights){.name = "a", .shape = {2}, .rank = 1, .first = 1, .count = 2};
    r->weights[1] = (struct cell_weights){.name = "scalar", .rank = 0, .first = 8, .count = 1};
    json_t *metadata = json_pack("{s:s}", "format", "pt");
    assert_int_equal(bytes_of(r, metadata, &file, &e), 0);
    const float *values = (const float *)(const void *)(file.at + 8 + length_of(&file));
    assert_true(values[0] == 0.5F && values[1] == 1.0F && values[2] == 4.0F);
    assert_int_equal(file.length, 8 + length_of(&file) + 12);
    json_t *header = json_loadb(file.at + 8, length_of(&file), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json_object_get(header, "__metadata__"), "format")), "pt");
    assert_int_equal(json_array_size(json_object_get(json_object_get(header, "scalar"), "shape")), 0);
    json_decref(header);
    json_decref(metadata);
    text_free(&file);
    cell_result_close(r);
}

static void refused(cell_result *r, const char *words)
{
    error e = {0};
    text file = {0};
    assert_int_equal(bytes_of(r, NULL, &file, &e), EXIT_INTERNAL);
    assert_non_null(strstr(e.text, words));
    assert_int_equal(file.length, 0);
    text_free(&file);
    cell_result_close(r);
}

static void impossible_tensors_are_refused(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    r->weights[1].first = 7;
    refused(r, "ends at 10 of 9");
    r = result_fabricate();
    r->weights[1].shape[0] = 4;
    refused(r, "its shape says 4");
    r = result_fabricate();
    snprintf(r->weights[1].name, sizeof r->weights[1].name, "hidden.0.weight");
    refused(r, "twice");
    r = result_fabricate();
    snprintf(r->weights[1].name, sizeof r->weights[1].name, "__metadata__");
    refused(r, "__metadata__");
}

static int file_for_python(const char *path)
{
    error e = {0};
    cell_result *r = result_fabricate();
    json_t *metadata = json_pack("{s:s}", "perdure.method", "replay");
    int code = safetensors_write(path, r, metadata, &e);
    json_decref(metadata);
    cell_result_close(r);
    return code;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write"))
        return file_for_python(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_exact),
        cmocka_unit_test(holes_are_closed),
        cmocka_unit_test(impossible_tensors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
