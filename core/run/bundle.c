/* See bundle.h. What goes in is what a run is known to leave, by name: whatever else lies in the folder stays there. */
#include "run/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "base/sha256.h"
#include "base/text.h"
#include "record/record.h"
#include "run/archive.h"
#include "run/audit.h"
#include "run/crate.h"

struct bundle {
    audit *audit;
    const bundle_options *options;
    archive_member *at;
    size_t count;
    char **digests; /* [count] */
    int64_t mtime;
};

/* ---- members ---- */

static void member_add(struct bundle *b, char *name, char *path, char *bytes, size_t size)
{
    b->at = alloc_again(b->at, b->count + 1, sizeof *b->at);
    archive_member *m = &b->at[b->count++];
    m->name = name;
    m->path = path;
    m->bytes = bytes;
    m->count = size;
}

/* Takes `path`. False: there is no such file. */
static bool file_add(struct bundle *b, const char *name, char *path)
{
    if (!file_exists(path)) {
        free(path);
        return false;
    }
    for (size_t i = 0; i < b->count; i++)
        if (!strcmp(b->at[i].name, name)) {
            free(path);
            return true;
        }
    member_add(b, alloc_text(name), path, NULL, 0);
    return true;
}

/* All regular files below a folder of a cell, in the order of their names; links are none (latest is one). */
static void tree_add(struct bundle *b, const char *name)
{
    char *path = alloc_format("%s/%s", b->audit->folder, name);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *entry = entries[i]->d_name;
        char *deeper = alloc_format("%s/%s", name, entry), *whole = alloc_format("%s/%s", path, entry);
        struct stat about;
        if (strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0 && lstat(whole, &about) == 0) {
            if (S_ISDIR(about.st_mode))
                tree_add(b, deeper);
            else if (S_ISREG(about.st_mode))
                file_add(b, deeper, alloc_text(whole));
        }
        free(whole);
        free(deeper);
        free(entries[i]);
    }
    free(entries);
    free(path);
}

static void events_add(struct bundle *b, const struct audit_cell *c)
{
    struct dirent **entries = NULL;
    int count = scandir(c->folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = alloc_format("cells/%s/%s", c->name, entries[i]->d_name);
        if (!strncmp(entries[i]->d_name, "events.out.tfevents.", strlen("events.out.tfevents.")))
            file_add(b, name, alloc_format("%s/%s", b->audit->folder, name));
        free(name);
        free(entries[i]);
    }
    free(entries);
}

static void cell_add(struct bundle *b, const struct audit_cell *c)
{
    static const char *const files[] = {PROVENANCE_FILE, "result.json", "matrix.csv", "log.jsonl",
                                        "weights.safetensors"};
    static const char *const folders[] = {"samples", "checkpoints", "memory"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *name = alloc_format("cells/%s/%s", c->name, files[i]);
        file_add(b, name, alloc_format("%s/%s", b->audit->folder, name));
        free(name);
    }
    events_add(b, c);
    for (size_t i = 0; i < (b->options->checkpoints ? 3 : 1); i++) {
        char *name = alloc_format("cells/%s/%s", c->name, folders[i]);
        tree_add(b, name);
        free(name);
    }
}

/* ---- what cells were given and does not come with Perdure ---- */

static bool is_shipped(const char *name, const char *expected)
{
    char found[SHA256_HEX] = "";
    char *prefix = program_prefix(), *path = alloc_format("%s/lib/perdure/plugins/1/%s", prefix, name);
    bool same = file_exists(path) && file_sha256(path, found, NULL) == 0 && !strcmp(found, expected);
    free(path);
    free(prefix);
    return same;
}

static int input_add(struct bundle *b, const char *beside, const json_t *row, error *e)
{
    const char *file = audit_word(row, "name"), *expected = audit_word(row, "sha256");
    char *name = alloc_format("%s/%s", beside, file), *path = alloc_text(audit_word(row, "path")),
         found[SHA256_HEX] = "";
    if (!file_exists(path)) { /* a bundle that was unpacked has it here */
        free(path);
        path = alloc_format("%s/%s", b->audit->folder, name);
    }
    int code = strchr(file, '/')
                   ? error_set(e, EXIT_DATA, "%s: found a path; expected the name of a file", text_quoted(file))
                   : file_sha256(path, found, e);
    if (!code && strcmp(found, expected) != 0)
        code = error_set(e, EXIT_FAILED, "%s: found SHA-256 %.*s; expected %.*s, as when the run used it", path,
                         AUDIT_DIGEST, found, AUDIT_DIGEST, expected);
    if (!code)
        file_add(b, name, alloc_text(path));
    free(path);
    free(name);
    return code;
}

static int inputs_add(struct bundle *b, const json_t *manifest, error *e)
{
    const json_t *files = json_object_get(manifest, "files");
    int code = 0;
    for (size_t i = 0; i < json_array_size(files) && !code; i++) {
        const json_t *row = json_array_get(files, i);
        const char *role = audit_word(row, "role");
        if (!strcmp(role, "plugin") && !is_shipped(audit_word(row, "name"), audit_word(row, "sha256")))
            code = input_add(b, "plugins", row, e);
        else if (!strcmp(role, "weights"))
            code = input_add(b, "inputs", row, e);
        else if (!strcmp(role, "data") && b->options->data)
            code = input_add(b, "data", row, e);
    }
    return code;
}

static int members_take(struct bundle *b, error *e)
{
    static const char *const files[] = {"scenario.yaml", "plan.json",   PROVENANCE_FILE,
                                        "summary.json",  "results.csv", "report.html"};
    int code = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        file_add(b, files[i], alloc_format("%s/%s", b->audit->folder, files[i]));
    for (int i = 0; i < b->audit->cell_count && !code; i++) {
        cell_add(b, &b->audit->cells[i]);
        code = inputs_add(b, b->audit->cells[i].manifest, e);
    }
    return code;
}

/* ---- README.md and the metadata ---- */

static int64_t time_of(const audit *a)
{
    const char *said = getenv("SOURCE_DATE_EPOCH");
    int64_t last = 0;
    if (said && said[0])
        return strtoll(said, NULL, 10);
    for (int i = 0; i < a->cell_count; i++) {
        struct tm utc = {0};
        if (strptime(audit_word(a->cells[i].manifest, "ended"), "%Y-%m-%dT%H:%M:%SZ", &utc)) {
            int64_t at = (int64_t)timegm(&utc);
            last = at > last ? at : last;
        }
    }
    return last;
}

static void readme_add(struct bundle *b)
{
    const audit *a = b->audit;
    const json_t *first = a->cell_count ? a->cells[0].manifest : NULL;
    text words = {0};
    text_addf(
        &words,
        "# %s\n\nA comparison of continual-learning methods, made by Perdure %s on LibTorch %s: %d cell%s (method and "
        "seed).\n\n",
        audit_word(a->whole, "name"), audit_word(json_object_get(first, "versions"), "perdure"),
        audit_word(json_object_get(first, "versions"), "torch"), a->cell_count, a->cell_count == 1 ? "" : "s");
    text_addf(
        &words,
        "| | |\n|---|---|\n| scenario.yaml | what was asked for; plan.json: what became of it |\n"
        "| summary.json, results.csv | what came out, over the seeds |\n"
        "| cells/METHOD/seed-N/ | each cell: result.json, matrix.csv, log.jsonl, weights.safetensors |\n"
        "| manifest.json | of the run, and in each cell: SHA-256 of all that it depends on and of what it left |\n"
        "| plugins/, inputs/, data/ | strategies, weights and data that do not come with Perdure, where there are some "
        "|\n"
        "| ro-crate-metadata.json | the same as an RO-Crate |\n\n");
    text_addf(
        &words,
        "To verify it, unpacked or not:\n\n    perdure verify FOLDER|FILE --cells all [--data DIR] [--elsewhere] "
        "[--plugins]\n\nIt compares every file with its SHA-256, works every number out again that follows from "
        "others, "
        "runs the cells again and\ncompares their matrices and weights bit for bit. --data: where the data files are. "
        "--elsewhere: with another build of Perdure or\nLibTorch than the one that the manifests name. --plugins: runs "
        "the code that lies in plugins/; do so only where you trust whoever\nmade it.\n\nSHA-256 of manifest.json: "
        "%s\n",
        a->digest);
    member_add(b, alloc_text("README.md"), NULL, words.at, words.length);
}

static void crate_add(struct bundle *b)
{
    const audit *a = b->audit;
    struct crate_file *files = alloc_zero(b->count + 1, sizeof *files);
    json_t **cells = alloc_zero((size_t)a->cell_count + 1, sizeof(json_t *));
    b->digests = alloc_zero(b->count + 1, sizeof(char *));
    for (size_t i = 0; i < b->count; i++) {
        struct stat about = {.st_size = (off_t)b->at[i].count};
        b->digests[i] = alloc_zero(1, SHA256_HEX);
        if (b->at[i].path && stat(b->at[i].path, &about) == 0)
            file_sha256(b->at[i].path, b->digests[i], NULL);
        else
            sha256_bytes(b->at[i].bytes, b->at[i].count, b->digests[i]);
        files[i] = (struct crate_file){b->at[i].name, (int64_t)about.st_size, b->digests[i]};
    }
    for (int i = 0; i < a->cell_count; i++)
        cells[i] = a->cells[i].manifest;
    json_t *crate = crate_json(a->whole, cells, (size_t)a->cell_count, files, b->count, b->options->licence, b->mtime);
    text words = {0};
    record_json_text(crate, &words);
    text_add(&words, "\n", 1);
    json_decref(crate);
    for (size_t i = 0; i < b->count; i++)
        free(b->digests[i]);
    free(b->digests);
    free(cells);
    free(files);
    member_add(b, alloc_text("ro-crate-metadata.json"), NULL, words.at, words.length);
}

/* ---- the whole ---- */

static int member_compare(const void *a, const void *b)
{
    return strcmp(((const archive_member *)a)->name, ((const archive_member *)b)->name);
}

/* All below one folder, of the run's name. */
static void members_place(struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        char *name = alloc_format("%s/%s", audit_word(b->audit->whole, "name"), b->at[i].name);
        free(b->at[i].name);
        b->at[i].name = name;
    }
    qsort(b->at, b->count, sizeof *b->at, member_compare);
}

static void members_free(struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free(b->at[i].name);
        free(b->at[i].path);
        free(b->at[i].bytes);
    }
    free(b->at);
}

/* What is not what it says should go to nobody. */
static int record_good(audit *a, error *e)
{
    int code = audit_open(a, e);
    if (code)
        return code;
    audit_record(a);
    if (a->bad == 0)
        return 0;
    error_set(e, EXIT_FAILED, "%s: found a run that is not what its manifests say; expected one that is", a->folder);
    return error_hint(e, "perdure verify --cells 0 %s names what differs", a->folder);
}

/* An archive is made again over an older one; a file of another kind that stands there was not meant. */
static int place_check(const char *file, error *e)
{
    unsigned char head[2] = {0};
    FILE *there = file_exists(file) ? fopen(file, "rbe") : NULL;
    bool archive = there && fread(head, 1, sizeof head, there) == sizeof head && head[0] == 0x1f && head[1] == 0x8b;
    if (there)
        fclose(there);
    if (!there || archive)
        return 0;
    return error_set(e, EXIT_CREATE, "%s: found a file that is no archive; expected none there, or one to make again",
                     file);
}

static bool name_good(const char *name) { return name[0] && name[0] != '.' && !strchr(name, '/') && text_plain(name); }

int bundle_write(const char *folder, const char *file, const bundle_options *o, long *count, error *e)
{
    verify_options none = {0};
    audit a = {.folder = folder, .options = &none, .rows = json_array()};
    struct bundle b = {.audit = &a, .options = o};
    int code = place_check(file, e);
    if (!code)
        code = record_good(&a, e);
    if (!code && !name_good(audit_word(a.whole, "name")))
        code = error_set(e, EXIT_DATA, "%s/" PROVENANCE_FILE ": name: found %s; expected the name of a run", folder,
                         text_quoted(audit_word(a.whole, "name")));
    if (!code)
        code = members_take(&b, e);
    if (!code) {
        b.mtime = time_of(&a);
        readme_add(&b);
        crate_add(&b);
        members_place(&b);
        code = archive_pack(file, b.at, b.count, b.mtime, e);
    }
    *count = (long)b.count;
    members_free(&b);
    audit_close(&a);
    return code;
}
