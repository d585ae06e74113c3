/* fetch_probe SET.json ROOT [ADDRESS ...]: data_download() of a set that SET.json makes up. Words and codes are the program's. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/data.h"

static data_set_info set;
static volatile sig_atomic_t stop;
static long long stop_after = -1;

static const char *word(const json_t *from, const char *key) { return json_string_value(json_object_get(from, key)); }

static void set_read(const json_t *from)
{
    const json_t *files = json_object_get(from, "files"), *beside = json_object_get(from, "beside");
    set.name = word(from, "name");
    set.folder = word(from, "folder");
    set.archive = word(from, "archive");
    set.archive_sha256 = word(from, "archive_sha256");
    set.archive_size = json_integer_value(json_object_get(from, "archive_size"));
    for (size_t i = 0; i < json_array_size(files) && i < 6; i++) {
        const json_t *file = json_array_get(files, i);
        set.files[i].name = word(file, "name");
        set.files[i].sha256 = word(file, "sha256");
        set.files[i].size = json_integer_value(json_object_get(file, "size"));
        set.packed[i] = word(file, "packed");
    }
    for (size_t i = 0; i < json_array_size(beside) && i < 2; i++)
        set.beside[i] = json_string_value(json_array_get(beside, i));
}

static void progress_show(void *self, const char *file, int64_t have, int64_t whole)
{
    static char last[64];
    (void)self;
    if (stop_after >= 0 && have >= stop_after)
        stop = 1;
    if (strcmp(last, file) != 0)
        fprintf(stderr, "progress: %s of %lld\n", file, (long long)whole);
    snprintf(last, sizeof last, "%s", file);
}

static void words_show(void *self, const char *words)
{
    (void)self;
    fprintf(stderr, "perdure: %s\n", words);
}

int main(int argc, char **argv)
{
    error e = {0};
    json_error_t why;
    json_t *from = argc > 2 ? json_load_file(argv[1], 0, &why) : NULL;
    if (!from)
        return EXIT_USAGE;
    set_read(from);
    if (word(from, "stop_after"))
        stop_after = atoll(word(from, "stop_after"));
    data_way way = {.addresses = (const char *const *)argv + 3,
                    .address_count = (size_t)argc - 3,
                    .authorities = word(from, "authorities"),
                    .patience = json_number_value(json_object_get(from, "patience")),
                    .stop = &stop,
                    .progress = progress_show,
                    .say = words_show};
    int code = data_download(&set, &way, argv[2], &e);
    if (code)
        error_print(&e);
    json_decref(from);
    return code;
}
