/* See seal.h. */
#include "record/seal.h"

#include <string.h>

#include "base/sha256.h"
#include "record/record.h"

static const char tail_before[] = "  \"manifest_sha256\": \"", tail_behind[] = "\"\n}\n";
enum { TAIL = sizeof tail_before - 1 + SHA256_HEX - 1 + sizeof tail_behind - 1 };
const size_t seal_bytes = TAIL;

void seal_text(const json_t *object, text *out)
{
    char digest[SHA256_HEX];
    size_t before = out->length;
    record_json_text(object, out);
    out->length -= 2; /* "\n}" comes behind the digest */
    text_add(out, ",\n", 2);
    sha256_bytes(out->at + before, out->length - before, digest);
    text_addf(out, "%s%s%s", tail_before, digest, tail_behind);
}

int seal_check(const char *path, const char *bytes, uint64_t count, error *e)
{
    char found[SHA256_HEX], said[SHA256_HEX] = "";
    const char *tail = bytes + (count < TAIL ? 0 : count - TAIL), *word = tail + sizeof tail_before - 1;
    if (count < TAIL || memcmp(tail, tail_before, sizeof tail_before - 1) != 0 ||
        memcmp(bytes + count - (sizeof tail_behind - 1), tail_behind, sizeof tail_behind - 1) != 0)
        return error_set(e, EXIT_DATA, "%s: found no manifest_sha256 in its last line; expected it there", path);
    memcpy(said, word, 64);
    sha256_bytes(bytes, count - TAIL, found);
    if (strcmp(found, said) != 0)
        return error_set(e, EXIT_DATA, "%s: found SHA-256 %s; expected %s, as its last line says", path, found,
                         text_quoted(said));
    return 0;
}
