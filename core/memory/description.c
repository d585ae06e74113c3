/* The record that says what a memory's folder is: JSON under the key "description", for `perdure memory` and for whoever opens
 * the file with LMDB's own tools. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "memory/disk.h"

#define DESCRIPTION_SCHEMA "perdure.memory/1"
enum { DESCRIPTION_FORMAT = 1 };

static MDB_val description_key(void) { return (MDB_val){strlen("description"), (void *)(uintptr_t) "description"}; }

int description_put(struct disk *d, MDB_txn *txn, int64_t generations)
{
    char id[17];
    snprintf(id, sizeof id, "%016" PRIx64, d->id);
    json_t *said = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "schema", DESCRIPTION_SCHEMA,
                             "format", DESCRIPTION_FORMAT, "id", id, "name", d->setup.name, "owner", d->owner, "policy",
                             memory_policy_name(d->setup.policy), "capacity", (json_int_t)d->setup.capacity,
                             "per_class", (json_int_t)d->setup.per_class, "bytes", (json_int_t)d->setup.most_bytes,
                             "generation", (json_int_t)generations);
    char *words = said ? json_dumps(said, JSON_COMPACT) : NULL;
    json_decref(said);
    if (!words)
        return MDB_INVALID;
    MDB_val key = description_key(), value = {strlen(words), words};
    int code = mdb_put(txn, d->rows, &key, &value, 0);
    free(words);
    return code;
}

static char *word_of(const json_t *said, const char *key)
{
    const char *word = json_string_value(json_object_get(said, key));
    return alloc_text(word ? word : "");
}

static int64_t number_of(const json_t *said, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(said, key));
}

int description_get(MDB_txn *txn, MDB_dbi rows, description *out)
{
    MDB_val key = description_key(), value;
    int code = mdb_get(txn, rows, &key, &value);
    *out = (description){0};
    if (code)
        return code;
    json_t *said = json_loadb(value.mv_data, value.mv_size, JSON_REJECT_DUPLICATES, NULL);
    const char *schema = json_string_value(json_object_get(said, "schema"));
    const char *id = json_string_value(json_object_get(said, "id"));
    if (schema && id && !strcmp(schema, DESCRIPTION_SCHEMA) && strlen(id) == 16)
        *out = (description){.id = strtoull(id, NULL, 16),
                             .format = number_of(said, "format"),
                             .generations = number_of(said, "generation"),
                             .capacity = number_of(said, "capacity"),
                             .per_class = number_of(said, "per_class"),
                             .bytes = number_of(said, "bytes"),
                             .name = word_of(said, "name"),
                             .owner = word_of(said, "owner"),
                             .policy = word_of(said, "policy")};
    json_decref(said);
    return out->name && out->format == DESCRIPTION_FORMAT ? 0 : MDB_INVALID;
}

void description_free(description *d)
{
    free(d->name);
    free(d->owner);
    free(d->policy);
    *d = (description){0};
}
