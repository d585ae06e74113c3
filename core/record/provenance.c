/* See provenance.h. */
#include "record/provenance.h"

#include <gnu/libc-version.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "evaluate/matrix.h"
#include "record/machine.h"
#include "record/objects.h"
#include "record/record.h"
#include "record/seal.h"

#if !defined(PERDURE_VERSION) || !defined(PERDURE_COMPILER) || !defined(PERDURE_FLAGS)
#error "PERDURE_VERSION, PERDURE_COMPILER and PERDURE_FLAGS come from CMake"
#endif

/* ---- files ---- */

static json_t *words_json(const char *words)
{
    json_t *made = words && words[0] ? json_string(words) : NULL; /* NULL for what is no UTF-8, too */
    return made ? made : json_null();
}

json_t *provenance_file_json(const char *role, const char *name, const char *path, int64_t bytes, const char *hex)
{
    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "role", role, "name", words_json(name), "path", words_json(path),
                     "bytes", (json_int_t)bytes, "sha256", words_json(hex));
}

/* A file that has gone since it was read costs no result: its digest is then not known. */
static void file_add(json_t *files, digests *known, const char *role, const char *name, const char *path)
{
    char hex[SHA256_HEX] = "", real[PATH_MAX];
    int64_t bytes = 0;
    bool resolved = path[0] != '/' && realpath(path, real) != NULL;
    if (digests_of(known, path, hex, &bytes, NULL))
        hex[0] = '\0';
    json_array_append_new(
        files, provenance_file_json(role, name ? name : path_name(path), resolved ? real : path, bytes, hex));
}

static void data_add(json_t *files, const provenance *o)
{
    for (int64_t i = 0; i < o->data->file_count; i++)
        file_add(files, o->digests, "data", NULL, o->data->files[i].path);
}

static bool is_plugin(const plan_method *m, const char *path)
{
    for (int i = 0; i < m->count; i++)
        if (!strcmp(m->strategies[i].plugin->path, path))
            return true;
    return false;
}

/* As they were opened, whatever lies at their paths by now. */
static void plugins_add(json_t *files, const plan_method *m)
{
    for (int i = 0; i < m->count; i++) {
        const plugin *p = m->strategies[i].plugin;
        char hex[SHA256_HEX];
        int64_t bytes = 0;
        bool again = false;
        for (int j = 0; j < i; j++)
            again = again || m->strategies[j].plugin == p;
        digests_of(NULL, p->path, hex, &bytes, NULL);
        if (!again)
            json_array_append_new(files, provenance_file_json("plugin", path_name(p->path), p->path, bytes, p->sha256));
    }
}

/* Plugins of other methods are loaded as well, for the process is the run's child: they are none of this cell's files. */
static bool is_foreign(const plan *p, const char *path)
{
    for (int i = 0; i < p->method_count; i++)
        if (is_plugin(&p->methods[i], path))
            return true;
    return false;
}

static void objects_add(json_t *files, const plan *p, const provenance *o)
{
    object_list list = objects_loaded();
    for (size_t i = 0; i < list.count; i++)
        if (!is_foreign(p, list.at[i].path))
            file_add(files, o->digests, object_role_name(list.at[i].role), list.at[i].name, list.at[i].path);
    objects_free(&list);
}

/* Whoever works the digests out tells by closing the pipe; should that process die, the pipe is closed as well. */
static void digests_wait(const provenance *o)
{
    struct pollfd end = {.fd = o->digested, .events = POLLIN};
    if (o->digested >= 0)
        while (poll(&end, 1, -1) < 0)
            ;
}

static json_t *files_json(const plan *p, int method, const provenance *o)
{
    const plan_method *m = &p->methods[method];
    json_t *files = json_array();
    digests_wait(o);
    data_add(files, o);
    plugins_add(files, m);
    if (m->options->network.weights)
        file_add(files, o->digests, "weights", NULL, m->options->network.weights);
    objects_add(files, p, o);
    return files;
}

/* ---- what the files do not say ---- */

static char *system_name(void)
{
    char line[256], *name = NULL;
    FILE *file = fopen("/etc/os-release", "re");
    while (file && !name && fgets(line, sizeof line, file))
        if (!strncmp(line, "PRETTY_NAME=", 12)) {
            line[strcspn(line, "\n")] = '\0';
            name = alloc_text(line + 12 + (line[12] == '"'));
            size_t length = strlen(name);
            if (length && name[length - 1] == '"')
                name[length - 1] = '\0';
        }
    if (file)
        fclose(file);
    return name;
}

static char *driver_release(void)
{
    char line[64] = "";
    FILE *file = fopen("/sys/module/nvidia/version", "re");
    bool read = file && fgets(line, sizeof line, file);
    line[strcspn(line, "\n")] = '\0';
    if (file)
        fclose(file);
    return read ? alloc_text(line) : NULL;
}

static void machine_take(json_t *out, json_t *from, const char *key, const char *as)
{
    json_object_set(out, as, json_object_get(from, key));
}

json_t *provenance_machine_json(const engine_info *engine)
{
    json_t *known = machine_json(), *out = json_object();
    struct utsname kernel = {0};
    char *os = system_name(), *driver = engine && engine->device[0] ? driver_release() : NULL;
    uname(&kernel);
    json_object_set_new(out, "host", words_json(kernel.nodename));
    machine_take(out, known, "processor", "cpu");
    json_object_set_new(out, "capability", words_json(engine ? engine->cpu : NULL));
    machine_take(out, known, "architecture", "architecture");
    machine_take(out, known, "cores", "cores");
    machine_take(out, known, "usable_cores", "usable_cores");
    machine_take(out, known, "memory_bytes", "memory_bytes");
    json_object_set_new(out, "os", words_json(os));
    machine_take(out, known, "system", "kernel");
    json_object_set_new(out, "gpu", words_json(engine ? engine->device : NULL));
    json_object_set_new(out, "driver", words_json(driver));
    free(driver);
    free(os);
    json_decref(known);
    return out;
}

static json_t *versions_json(const plan_method *m, const engine_info *engine)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:s}", "perdure", PERDURE_VERSION, "torch", engine->torch, "torch_built",
                            engine->torch_built, "libc", gnu_get_libc_version());
    for (int i = 0; i < m->count; i++) {
        char *key = alloc_format("plugin %s", m->strategies[i].plugin->descriptor->name);
        json_object_set_new(out, key, words_json(m->strategies[i].plugin->descriptor->version));
        free(key);
    }
    return out;
}

static json_t *metrics_json(void)
{
    json_t *out = json_object();
    for (int64_t i = 0; i < metric_count; i++)
        json_object_set_new(out, metrics[i].name, json_string(metrics[i].formula));
    return out;
}

/* ---- what the cell left ---- */

static int results_json(const char *folder, const char *result_sha256, json_t **out, error *e)
{
    static const char *const names[] = {"matrix.csv", "weights.safetensors", "log.jsonl"};
    int code = 0;
    *out = json_pack("{s:s}", "result.json", result_sha256);
    for (size_t i = 0; i < sizeof names / sizeof *names && !code; i++) {
        char *path = alloc_format("%s/%s", folder, names[i]), hex[SHA256_HEX];
        if (file_exists(path) && !(code = file_sha256(path, hex, e)))
            json_object_set_new(*out, names[i], json_string(hex));
        free(path);
    }
    return code;
}

static json_t *whole_json(const plan *p, int method, int64_t seed, const engine_info *engine, const provenance *o,
                          json_t *results)
{
    const struct device_options *device = &p->scenario->device;
    char digest[SHA256_HEX], abi[32];
    plan_cell_digest(p, method, seed, digest);
    snprintf(abi, sizeof abi, "%u.%u", PDR_ABI_VERSION >> 16, PDR_ABI_VERSION & 0xffffu);
    json_t *out = json_pack("{s:s, s:s, s:I, s:o, s:o}", "schema", PROVENANCE_SCHEMA, "method", p->methods[method].name,
                            "seed", (json_int_t)seed, "started", record_time_json(o->started), "ended",
                            record_time_json((int64_t)time(NULL)));
    json_object_set_new(out, "plan", plan_cell_json(p, method, seed));
    json_object_set_new(out, "plan_sha256", json_string(digest));
    json_object_set_new(out, "files", files_json(p, method, o));
    json_object_set_new(out, "abi", json_string(abi));
    json_object_set_new(out, "versions", versions_json(&p->methods[method], engine));
    json_object_set_new(out, "build", json_pack("{s:s, s:s}", "compiler", PERDURE_COMPILER, "flags", PERDURE_FLAGS));
    json_object_set_new(out, "machine", provenance_machine_json(engine));
    json_object_set_new(out, "threads", json_integer(device->threads));
    json_object_set_new(out, "determinism", json_string(device->deterministic ? "deterministic" : "fastest"));
    json_object_set_new(out, "metrics", metrics_json());
    json_object_set_new(out, "results", results);
    return out;
}

int provenance_write(const char *folder, const plan *p, int method, int64_t seed, const engine_info *engine,
                     const char *result_sha256, const provenance *o, error *e)
{
    json_t *results = NULL;
    int code = results_json(folder, result_sha256, &results, e);
    if (code) {
        json_decref(results);
        return code;
    }
    char *path = alloc_format("%s/" PROVENANCE_FILE, folder);
    json_t *whole = whole_json(p, method, seed, engine, o, results);
    text words = {0};
    seal_text(whole, &words);
    code = file_write(path, words.at, words.length, e);
    text_free(&words);
    json_decref(whole);
    free(path);
    return code;
}
