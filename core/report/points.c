/* See points.h. A log has mostly losses, and there may be millions of them: only lines that begin as ours do are parsed. */
#include "report/points.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define POINT_BEGINS "{\"name\": \"accuracy/task-"
enum { POINT_LINE = 512 }; /* a longer line is not ours */

static bool point_parse(const char *line, size_t length, struct accuracy_point *out)
{
    json_t *point = json_loadb(line, length, 0, NULL);
    const json_t *value = json_object_get(point, "value"), *task = json_object_get(point, "task");
    const char *name = json_string_value(json_object_get(point, "name"));
    char *end = NULL;
    bool good = name && json_is_number(value) && json_is_integer(task);
    if (good) {
        out->on = strtoll(name + strlen("accuracy/task-"), &end, 10);
        out->task = json_integer_value(task);
        out->step = json_integer_value(json_object_get(point, "step"));
        out->value = json_number_value(value);
        good = *end == '\0' && out->on > 0 && out->task >= 0;
    }
    json_decref(point);
    return good;
}

static int by_task_and_time(const void *a, const void *b)
{
    const struct accuracy_point *x = a, *y = b;
    if (x->on != y->on)
        return x->on < y->on ? -1 : 1;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return (x->step > y->step) - (x->step < y->step);
}

/* The same accuracy may be told twice, by the row of the matrix and within the task; the later one stays. */
static size_t doubles_drop(struct accuracy_point *points, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || by_task_and_time(&points[i], &points[i + 1]) != 0)
            points[kept++] = points[i];
    return kept;
}

struct accuracy_point *points_read(const char *lines, size_t count, size_t *found)
{
    struct accuracy_point *out = NULL;
    size_t used = 0, room = 0;
    for (const char *line = lines, *end; line && line < lines + count; line = end + 1) {
        struct accuracy_point point;
        end = memchr(line, '\n', (size_t)(lines + count - line));
        end = end ? end : lines + count;
        size_t length = (size_t)(end - line), begins = strlen(POINT_BEGINS);
        if (length < begins || length > POINT_LINE || memcmp(line, POINT_BEGINS, begins) != 0 ||
            !point_parse(line, length, &point))
            continue;
        if (used == room)
            out = alloc_again(out, room = room ? 2 * room : 64, sizeof *out);
        out[used++] = point;
    }
    if (used > 0)
        qsort(out, used, sizeof *out, by_task_and_time);
    *found = doubles_drop(out, used);
    return out;
}
