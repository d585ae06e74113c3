/* log.jsonl of a cell that was run again against the recorded one, line by line: what the curves of the page are drawn from. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "run/audit.h"

enum { LOG_MOST = 1 << 30, LINE_SHOWN = 120 };

/* A strategy may tell whatever it likes, the time of day as well; these are the program's own, and the seed decides them. */
static bool is_own(const char *line)
{
    static const char *const names[] = {"loss\"", "learning_rate\"", "accuracy/", "metrics/"};
    static const char before[] = "{\"name\": \"";
    if (strncmp(line, before, sizeof before - 1) != 0)
        return line[0] != '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(line + sizeof before - 1, names[i], strlen(names[i])))
            return true;
    return false;
}

/* The next line of those, in *rest; NULL: there is none any more. */
static char *line_next(char **rest, int64_t *number)
{
    for (char *line; (line = strsep(rest, "\n"));) {
        ++*number;
        if (is_own(line))
            return line;
    }
    return NULL;
}

static char *log_take(const char *folder)
{
    char *path = alloc_format("%s/log.jsonl", folder), *bytes = NULL;
    size_t count = 0;
    if (file_read(path, LOG_MOST, &bytes, &count, NULL))
        bytes = NULL;
    free(path);
    return bytes;
}

bool audit_log(audit *a, const struct audit_cell *was, const char *folder)
{
    if (!json_object_get(json_object_get(was->manifest, "results"), "log.jsonl"))
        return true;
    char *old = log_take(was->folder), *new = log_take(folder), *rest[] = {old, new}, *line[2];
    int64_t number = 0, unused = 0;
    bool same = true;
    do {
        line[0] = line_next(&rest[0], &number);
        line[1] = line_next(&rest[1], &unused);
        same = line[0] && line[1] ? !strcmp(line[0], line[1]) : line[0] == line[1];
    } while (same && line[0]);
    if (!same) {
        char *expected = text_tamed(line[0] ? line[0] : "no line", LINE_SHOWN);
        char *found = text_tamed(line[1] ? line[1] : "no line", LINE_SHOWN);
        audit_bad(a, was->name, "again: log.jsonl:%lld: found %s; expected %s, as recorded", (long long)number, found,
                  expected);
        free(found);
        free(expected);
    }
    free(new);
    free(old);
    return same;
}
