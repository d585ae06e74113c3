/* See differ.h. */
#include "record/differ.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "record/record.h"

struct walk {
    size_t count;
    differ_tell tell;
    void *user;
};

static void values_walk(const struct walk *w, const char *path, const json_t *const *at);

static bool all_equal(const struct walk *w, const json_t *const *at)
{
    for (size_t i = 1; i < w->count; i++)
        if (at[i] != at[0] && !(at[i] && at[0] && json_equal(at[i], at[0])))
            return false;
    return true;
}

static void key_walk(const struct walk *w, const char *path, const char *key, const json_t *const *at)
{
    const json_t **deeper = alloc_zero(w->count, sizeof *deeper);
    char *name = alloc_format("%s%s%s", path, path[0] ? "." : "", key);
    for (size_t i = 0; i < w->count; i++)
        deeper[i] = json_object_get(at[i], key);
    values_walk(w, name, deeper);
    free(name);
    free(deeper);
}

/* A key is the business of the last tree that has it. */
static void objects_walk(const struct walk *w, const char *path, const json_t *const *at)
{
    for (size_t i = w->count; i-- > 0;) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)at[i], key, value)
        {
            bool later = false;
            for (size_t j = i + 1; j < w->count; j++)
                later = later || json_object_get(at[j], key);
            if (!later)
                key_walk(w, path, key, at);
        }
    }
}

static void lists_walk(const struct walk *w, const char *path, const json_t *const *at)
{
    const json_t **deeper = alloc_zero(w->count, sizeof *deeper), *longest = at[0];
    for (size_t i = 1; i < w->count; i++)
        longest = json_array_size(at[i]) > json_array_size(longest) ? at[i] : longest;
    size_t entries = json_array_size(longest);
    if (!json_is_object(json_array_get(longest, 0))) {
        w->tell(w->user, path, at, w->count);
        entries = 0;
    }
    for (size_t entry = 0; entry < entries; entry++) {
        char *name = alloc_format("%s[%zu]", path, entry);
        for (size_t i = 0; i < w->count; i++)
            deeper[i] = json_array_get(at[i], entry);
        values_walk(w, name, deeper);
        free(name);
    }
    free(deeper);
}

static void values_walk(const struct walk *w, const char *path, const json_t *const *at)
{
    size_t objects = 0, lists = 0;
    if (all_equal(w, at))
        return;
    for (size_t i = 0; i < w->count; i++) {
        objects += json_is_object(at[i]);
        lists += json_is_array(at[i]);
    }
    if (objects == w->count)
        objects_walk(w, path, at);
    else if (lists == w->count)
        lists_walk(w, path, at);
    else
        w->tell(w->user, path, at, w->count);
}

void differ_walk(const json_t *const *trees, size_t count, differ_tell tell, void *user)
{
    const struct walk w = {count, tell, user};
    if (count > 1)
        values_walk(&w, "", trees);
}

json_t *differ_as_written(json_t *value)
{
    text words = {0};
    record_json_text(value, &words);
    json_t *read = json_loadb(words.at, words.length, 0, NULL);
    text_free(&words);
    json_decref(value);
    return read;
}

char *differ_words(const json_t *value, size_t most)
{
    if (value == NULL)
        return alloc_text("nothing");
    if (json_is_string(value))
        return text_tamed(json_string_value(value), most);
    char *words = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    char *shown = text_tamed(words, most);
    free(words);
    return shown;
}
