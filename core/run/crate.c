/* See crate.h. Terms are those of RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) and of the profile. */
#include "run/crate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/record.h"

#define CRATE_PROFILE "https://w3id.org/ro/wfrun/process/0.5"

static json_t *reference(const char *id) { return json_pack("{s:s}", "@id", id); }

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "";
}

static const char *format_of(const char *name)
{
    static const struct {
        const char *end, *format;
    } known[] = {{".json", "application/json"}, {".jsonl", "application/jsonl"}, {".csv", "text/csv"},
                 {".yaml", "application/yaml"}, {".html", "text/html"},          {".png", "image/png"},
                 {".md", "text/markdown"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(name), most = strlen(known[i].end);
        if (length > most && !strcmp(name + length - most, known[i].end))
            return known[i].format;
    }
    return "application/octet-stream";
}

static void files_add(json_t *graph, json_t *parts, const struct crate_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *file = json_pack("{s:s, s:s, s:s, s:s}", "@id", files[i].name, "@type", "File", "name", files[i].name,
                                 "encodingFormat", format_of(files[i].name));
        char *size = alloc_format("%lld", (long long)files[i].bytes);
        json_object_set_new(file, "contentSize", json_string(size));
        if (files[i].sha256)
            json_object_set_new(file, "sha256", json_string(files[i].sha256));
        json_array_append_new(graph, file);
        json_array_append_new(parts, reference(files[i].name));
        free(size);
    }
}

/* Data are not in the crate: they are named by what they are. */
static void data_add(json_t *graph, json_t *objects, const json_t *cell)
{
    const json_t *files = json_object_get(cell, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        if (strcmp(word_of(row, "role"), "data") != 0)
            continue;
        char *id = alloc_format("#data-%.64s", word_of(row, "sha256"));
        bool known = false;
        for (size_t j = 0; j < json_array_size(graph); j++)
            known = known || !strcmp(word_of(json_array_get(graph, j), "@id"), id);
        if (!known)
            json_array_append_new(graph, json_pack("{s:s, s:s, s:s, s:s}", "@id", id, "@type", "CreativeWork", "name",
                                                   word_of(row, "name"), "sha256", word_of(row, "sha256")));
        json_array_append_new(objects, reference(id));
        free(id);
    }
}

static json_t *results_of(const char *name, const struct crate_file *files, size_t count)
{
    char *folder = alloc_format("cells/%s/", name);
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++)
        if (!strncmp(files[i].name, folder, strlen(folder)))
            json_array_append_new(out, reference(files[i].name));
    free(folder);
    return out;
}

static void action_add(json_t *graph, json_t *mentions, const json_t *cell, const struct crate_file *files,
                       size_t count)
{
    char *name = alloc_format("%s/seed-%lld", word_of(cell, "method"),
                              (long long)json_integer_value(json_object_get(cell, "seed")));
    char *id = alloc_format("#%s", name);
    json_t *objects = json_pack("[o]", reference("scenario.yaml"));
    data_add(graph, objects, cell);
    json_array_append_new(graph, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:o}", "@id", id, "@type",
                                           "CreateAction", "name", name, "instrument", reference("#perdure"), "object",
                                           objects, "result", results_of(name, files, count), "startTime",
                                           word_of(cell, "started"), "endTime", word_of(cell, "ended"), "actionStatus",
                                           reference("http://schema.org/CompletedActionStatus")));
    json_array_append_new(mentions, reference(id));
    free(id);
    free(name);
}

static void head_add(json_t *graph, const json_t *whole, json_t *parts, json_t *mentions, const char *licence,
                     int64_t published)
{
    json_array_append_new(graph, json_pack("{s:s, s:s, s:o, s:o}", "@id", "ro-crate-metadata.json", "@type",
                                           "CreativeWork", "conformsTo", reference("https://w3id.org/ro/crate/1.1"),
                                           "about", reference("./")));
    json_array_append_new(
        graph, json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "@id", "./", "@type", "Dataset", "conformsTo",
                         reference(CRATE_PROFILE), "name", word_of(whole, "name"), "description",
                         "A comparison of continual-learning methods by Perdure: its scenario, its cells (method and "
                         "seed) with their results and final weights, and manifests of all that they depend on.",
                         "datePublished", record_time_json(published), "license", reference("#licence"), "hasPart",
                         parts, "mentions", mentions));
    json_array_append_new(graph, json_pack("{s:s, s:s, s:s, s:s}", "@id", CRATE_PROFILE, "@type", "CreativeWork",
                                           "name", "Process Run Crate", "version", "0.5"));
    json_array_append_new(graph, json_pack("{s:s, s:s, s:s}", "@id", "#licence", "@type", "CreativeWork", "name",
                                           licence ? licence : "none stated"));
}

json_t *crate_json(const json_t *whole, json_t *const *cells, size_t cell_count, const struct crate_file *files,
                   size_t file_count, const char *licence, int64_t published)
{
    json_t *graph = json_array(), *parts = json_array(), *mentions = json_array();
    const char *version = cell_count ? word_of(json_object_get(cells[0], "versions"), "perdure") : "";
    head_add(graph, whole, parts, mentions, licence, published);
    json_array_append_new(graph, json_pack("{s:s, s:s, s:s, s:s, s:s}", "@id", "#perdure", "@type",
                                           "SoftwareApplication", "name", "Perdure", "version", version, "description",
                                           "Plugin-based continual learning in C on LibTorch"));
    files_add(graph, parts, files, file_count);
    for (size_t i = 0; i < cell_count; i++)
        if (cells[i])
            action_add(graph, mentions, cells[i], files, file_count);
    return json_pack("{s:s, s:o}", "@context", "https://w3id.org/ro/crate/1.1/context", "@graph", graph);
}
