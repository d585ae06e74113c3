/* See about.h. */
#include "run/about.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "record/record.h"

/* ---- the plan ---- */

static void keys_drop(json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        json_object_del(object, *keys);
}

/* A file's digest says all of it; where it lies is of no account beside that. */
static void paths_drop(json_t *section)
{
    static const char *const of_data[] = {"train",       "test", "train_images", "train_labels", "test_images",
                                          "test_labels", NULL};
    json_t *data = json_object_get(section, "data"), *network = json_object_get(section, "network");
    if (json_object_get(data, "sha256"))
        keys_drop(data, of_data);
    if (json_object_get(network, "weights_sha256"))
        json_object_del(network, "weights");
}

static json_t *methods_by_name(const json_t *methods)
{
    json_t *out = json_object(), *method;
    size_t i;
    json_array_foreach(methods, i, method)
    {
        const char *name = json_string_value(json_object_get(method, "name"));
        json_t *own = json_copy(method);
        paths_drop(own);
        json_object_del(own, "name");
        json_object_set_new(out, name ? name : "?", own);
    }
    return out;
}

static int plan_read(const char *folder, json_t **out, error *e)
{
    static const char *const dropped[] = {"schema", "folder", "device_why", NULL};
    char *path = alloc_format("%s/plan.json", folder);
    int code = record_json_read(path, out, e);
    free(path);
    if (code)
        return code;
    keys_drop(*out, dropped);
    paths_drop(*out);
    json_object_set_new(*out, "methods", methods_by_name(json_object_get(*out, "methods")));
    return 0;
}

/* ---- the manifests of its cells, as one ---- */

/* Cells of one run may come from several machines, and have files of their own: objects are joined key by key, and what cells do
 * not agree on is a list of what they say. Until all are read every value is such a list. */
static void value_merge(json_t *all, const char *key, json_t *value)
{
    json_t *there = json_object_get(all, key), *one;
    const char *deeper;
    size_t i;
    if (there == NULL) {
        there = json_is_object(value) ? json_object() : json_array();
        json_object_set_new(all, key, there);
    }
    if (json_is_object(there) && !json_is_object(value)) { /* of another version's manifest */
        value_merge(there, "", value);
        return;
    }
    if (json_is_object(there)) {
        json_object_foreach(value, deeper, one) value_merge(there, deeper, one);
        return;
    }
    json_array_foreach(there, i, one) if (json_equal(one, value)) return;
    json_array_append(there, value);
}

static void files_merge(json_t *all, const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *role = json_string_value(json_object_get(file, "role"));
        const char *path = json_string_value(json_object_get(file, "path"));
        const char *name = json_string_value(json_object_get(file, "name"));
        json_t *digest = json_object_get(file, "sha256");
        char *key = alloc_format("%s %s", role ? role : "?", name ? name : path ? path_name(path) : "?");
        if (json_is_string(digest)) /* null: it had gone */
            value_merge(all, key, digest);
        free(key);
    }
}

static void manifest_merge(json_t *all, json_t *files, json_t *manifest)
{
    static const char *const own[] = {"schema", "method",      "seed",    "started",         "ended",
                                      "plan",   "plan_sha256", "results", "manifest_sha256", NULL};
    const char *key;
    json_t *value;
    files_merge(files, json_object_get(manifest, "files"));
    json_object_del(manifest, "files");
    keys_drop(manifest, own);
    json_object_foreach(manifest, key, value) value_merge(all, key, value);
}

/* A list of one is that one. */
static json_t *merged_plain(const json_t *all)
{
    const char *key;
    json_t *values, *out = json_object();
    json_object_foreach((json_t *)(uintptr_t)all, key, values)
    {
        if (json_is_object(values))
            json_object_set_new(out, key, merged_plain(values));
        else
            json_object_set(out, key, json_array_size(values) == 1 ? json_array_get(values, 0) : values);
    }
    return out;
}

/* false and 0: the cell has none. */
static int cell_merge(const char *folder, const char *method, json_int_t seed, json_t *all, json_t *files, bool *there,
                      error *e)
{
    char *path = alloc_format("%s/cells/%s/seed-%lld/manifest.json", folder, method, (long long)seed);
    json_t *manifest = NULL;
    int code = 0;
    *there = file_exists(path);
    if (*there)
        code = record_json_read(path, &manifest, e);
    if (manifest)
        manifest_merge(all, files, manifest);
    json_decref(manifest);
    free(path);
    return code;
}

static int manifests_read(const char *folder, const json_t *summary, json_t **out, error *e)
{
    json_t *all = json_object(), *files = json_object(), *method, *seed;
    size_t cells = 0, i, j;
    bool there = true;
    int code = 0;
    json_array_foreach(json_object_get(summary, "methods"), i, method)
    {
        const char *name = json_string_value(json_object_get(method, "name"));
        json_array_foreach(json_object_get(method, "seeds"), j, seed)
        {
            if (name && there && !code)
                code = cell_merge(folder, name, json_integer_value(seed), all, files, &there, e);
            cells++;
        }
    }
    *out = code || !there || cells == 0 ? NULL : merged_plain(all);
    if (*out)
        json_object_set_new(*out, "files", merged_plain(files));
    json_decref(files);
    json_decref(all);
    return code;
}

/* What the plan has the digest of, it says: a file of the same bytes under another name is no difference. */
static void files_known_drop(json_t *files, const json_t *planned)
{
    static const char *const known[][3] = {{"data ", "data", "sha256"}, {"weights ", "network", "weights_sha256"}};
    const char *key;
    json_t *digest;
    void *next;
    json_object_foreach_safe(files, next, key, digest)
    {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (!strncmp(key, known[i][0], strlen(known[i][0])) &&
                json_object_get(json_object_get(planned, known[i][1]), known[i][2])) {
                json_object_del(files, key);
                break;
            }
    }
}

int about_read(const char *folder, const json_t *summary, json_t **out, error *e)
{
    json_t *manifest = NULL;
    int code = plan_read(folder, out, e);
    if (!code)
        code = manifests_read(folder, summary, &manifest, e);
    if (manifest) {
        files_known_drop(json_object_get(manifest, "files"), *out);
        json_object_set_new(*out, "manifest", manifest);
    }
    if (code) {
        json_decref(*out);
        *out = NULL;
    }
    return code;
}
