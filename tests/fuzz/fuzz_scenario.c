/* Any bytes as a scenario: a verdict, never a crash, and what was accepted has what the struct promises.
 *
 *     cmake --preset debug -DPERDURE_FUZZ=ON -DCMAKE_C_COMPILER=clang && ninja -C build/debug fuzz_scenario
 *     build/debug/tests/fuzz_scenario -max_len=4096 FOLDER tests/messages/scenario */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The tree, and the same tree again out of the one line that it is written in. */
static void fuzz_tree(const char *bytes, size_t count)
{
    faults f;
    faults_begin(&f, "fuzz");
    arena *a = arena_open();
    char *copy = arena_text(a, bytes, count); /* node_parse wants the NUL behind */
    const node *root = node_parse(copy, count, NULL, a, &f);
    if (root != NULL && f.count == 0) {
        const char *once = node_yaml(root, a);
        const node *again = strlen(once) > NODE_BYTES ? root : node_parse(once, strlen(once), "again", a, &f);
        if (again == NULL || strcmp(node_yaml(again, a), once) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < f.count; i++) {
        text line = {0};
        faults_line(&f, i, &line);
        text_free(&line);
    }
    arena_close(a);
    faults_free(&f);
}

static void fuzz_read(const char *path, const char *const *sets, size_t set_count)
{
    struct scenario *s = NULL;
    faults f;
    error e = {0};
    faults_begin(&f, path);
    int code = scenario_read(path, sets, set_count, &s, &f, &e);
    bool usage = code == EXIT_USAGE && set_count > 0;
    if ((code == 0) != (s != NULL) || (!usage && (code == EXIT_SCENARIO) != (f.count > 0))) {
        abort();
    }
    if (s != NULL && (s->methods.count == 0 || s->seeds.count == 0 || s->name == NULL || s->training.batch < 1)) {
        abort();
    }
    for (size_t i = 0; s != NULL && i < s->methods.count; i++) {
        const struct training_options *t = &s->methods.at[i].training;
        if ((t->epochs > 0) == (t->iterations > 0)) { /* one of them, whatever a method sets */
            abort();
        }
    }
    scenario_free(s);
    faults_free(&f);
}

/* As it is, and with what stands behind the last line break as a --set. */
static void fuzz_whole(const uint8_t *bytes, size_t count)
{
    static char path[64];
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "/tmp/perdure-fuzz-%ld", (long)getpid());
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
        abort();
    }
    size_t last = count;
    while (last > 0 && bytes[last - 1] != '\n') {
        last--;
    }
    char *line = strndup((const char *)bytes + last, count - last);
    const char *const sets[] = {"methods[0].set.optimizer.lr=0.1", line};
    fuzz_read(path, NULL, 0);
    fuzz_read(path, sets, 2);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_tree((const char *)bytes, count);
    fuzz_whole(bytes, count);
    return 0;
}
