/* Any bytes as a checkpoint's manifest, as they are and with the digest in the last line made right, as no fuzzer finds one:
 * a manifest or words, never a crash, and what was read is read again when it is written.
 *
 *     build/clang/tests/fuzz_checkpoint -max_len=4096 FOLDER tests/fuzz/corpus/checkpoint */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void manifest_again(const manifest *m)
{
    text words = {0};
    manifest read;
    bool newer = false;
    if (manifest_text("fuzz", m, &words, NULL) != 0 ||
        manifest_parse("fuzz", words.at, words.length, &read, &newer, NULL) != 0)
        abort();
    if (read.head.serial != m->head.serial || read.head.step != m->head.step || read.head.task != m->head.task ||
        read.written != m->written || read.files[1].bytes != m->files[1].bytes ||
        !json_equal(read.head.state, m->head.state) || strcmp(read.head.engine.torch, m->head.engine.torch) != 0)
        abort();
    manifest_clear(&read);
    text_free(&words);
}

static void manifest_fuzz(const char *bytes, size_t count)
{
    manifest m;
    bool newer = false;
    error e = {0};
    int code = manifest_parse("fuzz", bytes, count, &m, &newer, &e);
    if ((code != 0) != (e.text[0] != '\0') || (newer && code == 0) || (code == 0) != (m.head.state != NULL))
        abort();
    if (code == 0)
        manifest_again(&m);
    manifest_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char key[] = "  \"manifest_sha256\": \"";
    char digest[SHA256_HEX];
    text whole = {0};
    const uint8_t *tail = memmem(bytes, count, key, sizeof key - 1);
    manifest_fuzz((const char *)bytes, count);
    text_add(&whole, (const char *)bytes, tail ? (size_t)(tail - bytes) : count);
    sha256_bytes(whole.at, whole.length, digest);
    text_addf(&whole, "%s%s\"\n}\n", key, digest);
    manifest_fuzz(whole.at, whole.length);
    text_free(&whole);
    return 0;
}
