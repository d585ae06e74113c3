/* See summary.h. */
#include "cli/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

enum { SUMMARY_BYTES = 256 << 20 };

static int summary_parse(const char *path, const char *bytes, size_t count, json_t **out, error *e)
{
    json_error_t why;
    json_t *read = json_loadb(bytes, count, 0, &why);
    const char *schema = json_string_value(json_object_get(read, "schema"));
    if (schema && !strcmp(schema, "perdure.summary/1")) {
        *out = read;
        return 0;
    }
    if (read)
        error_set(e, EXIT_DATA, "%s: found schema %s; expected perdure.summary/1", path,
                  schema ? text_quoted(schema) : "nothing");
    else
        error_set(e, EXIT_DATA, "%s:%d:%d: found damaged JSON (%s); expected a summary", path, why.line, why.column,
                  text_quoted(why.text));
    json_decref(read);
    return error_hint(e, "perdure run writes it anew; finished cells are not run again");
}

/* A stopped run has cells and no summary yet. */
int run_summary_read(const char *folder, json_t **out, error *e)
{
    char *path = alloc_format("%s/summary.json", folder), *bytes = NULL;
    size_t count = 0;
    int code = 0;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        code = error_set(e, EXIT_NO_INPUT, "%s: found no summary.json in it; expected the folder of a run", folder);
        error_hint(e, "it is written when the cells have run; perdure run goes on with a run that was stopped");
    } else {
        code = file_read(path, SUMMARY_BYTES, &bytes, &count, e);
    }
    if (!code)
        code = summary_parse(path, bytes, count, out, e);
    free(bytes);
    free(path);
    return code;
}
