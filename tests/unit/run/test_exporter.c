/* What Prometheus is told, line by line, out of what cells tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "run/exporter.h"

static struct scenario scenario = {.name = "clouds", .stream.scenario = CLASS_IL};
static plan asked = {.scenario = &scenario, .device = "cpu"};
static char folder[] = "/tmp/perdure-exporter-XXXXXX";
static char *textfile;

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    textfile = alloc_format("%s/run.prom", folder);
    scenario.output.metrics.file = textfile;
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(textfile);
    free(textfile);
    return rmdir(folder);
}

static exporter *opened(int cells, int finished)
{
    exporter *x = NULL;
    error e = {0};
    assert_int_equal(exporter_open(&asked, cells, finished, &x, &e), 0);
    assert_non_null(x);
    return x;
}

static void has(const exporter *x, const char *line, bool there)
{
    text words = {0};
    exporter_text(x, &words);
    char *whole = alloc_format("\n%s\n", line);
    if ((strstr(words.at, whole) != NULL) != there)
        fail_msg("%s the line %s in:\n%s", there ? "found no" : "found", line, words.at);
    free(whole);
    text_free(&words);
}

static void measured(exporter *x, int id, int64_t on, double accuracy)
{
    exporter_told(x, id, &(struct message){.kind = MESSAGE_ACCURACY, .as.accuracy = {on, accuracy}});
}

static void nobody_wants_it(void **state)
{
    (void)state;
    struct scenario none = {.name = "none"};
    plan p = {.scenario = &none};
    exporter *x = NULL;
    error e = {0};
    char *words = NULL;
    assert_int_equal(exporter_open(&p, 1, 0, &x, &e), 0);
    assert_null(x);
    exporter_began(x, 0, "a", 0);
    measured(x, 0, 1, 0.5);
    exporter_ended(x, 0, EXPORTED_FINISHED);
    assert_false(exporter_tick(x, &words));
    exporter_close(x);
}

static void a_cell_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    exporter *x = opened(5, 1);
    has(x, "perdure_run_info{name=\"clouds\",scenario=\"class-il\",device=\"cpu\",version=\"" PERDURE_VERSION "\"} 1",
        true);
    has(x, "perdure_cells{state=\"waiting\"} 4", true);
    has(x, "perdure_cells{state=\"finished\"} 1", true);
    exporter_began(x, 7, "ewc", 3);
    has(x, "perdure_cells{state=\"waiting\"} 3", true);
    has(x, "perdure_cells{state=\"running\"} 1", true);
    has(x, "perdure_cell_step{method=\"ewc\",seed=\"3\"} 0", true);
    exporter_told(x, 7,
                  &(struct message){.kind = MESSAGE_PROGRESS, .as.progress = {2, 5, 40, 100, 0.25, 500, 1 << 20}});
    has(x, "perdure_cell_task{method=\"ewc\",seed=\"3\"} 2", true);
    has(x, "perdure_cell_step{method=\"ewc\",seed=\"3\"} 40", true);
    has(x, "perdure_cell_steps{method=\"ewc\",seed=\"3\"} 100", true);
    has(x, "perdure_loss{method=\"ewc\",seed=\"3\"} 0.25", true);
    has(x, "perdure_steps_per_second{method=\"ewc\",seed=\"3\"} 500", true);
    has(x, "perdure_cell_peak_memory_bytes{method=\"ewc\",seed=\"3\"} 1048576", true);
    has(x, "perdure_steps_total 40", true);
    measured(x, 7, 1, 0.9);
    measured(x, 7, 1, 0.75);
    measured(x, 7, 2, 0.5);
    exporter_told(x, 7, &(struct message){.kind = MESSAGE_ROW, .as.row = {1, 50, 0.9, (double)NAN}});
    has(x, "perdure_average_accuracy{method=\"ewc\",seed=\"3\"} 0.9", true);
    has(x, "perdure_forgetting{method=\"ewc\",seed=\"3\"} NaN", false); /* not known: no sample */
    exporter_told(x, 7, &(struct message){.kind = MESSAGE_ROW, .as.row = {2, 100, 0.625, 0.15}});
    has(x, "perdure_task_accuracy{method=\"ewc\",seed=\"3\",task=\"1\"} 0.75", true);
    has(x, "perdure_task_accuracy{method=\"ewc\",seed=\"3\",task=\"2\"} 0.5", true);
    has(x, "perdure_average_accuracy{method=\"ewc\",seed=\"3\"} 0.625", true);
    has(x, "perdure_forgetting{method=\"ewc\",seed=\"3\"} 0.15", true);
    has(x, "perdure_steps_total 100", true);
    exporter_ended(x, 7, EXPORTED_FAILED);
    exporter_began(x, 8, "finetune", 3);
    exporter_ended(x, 8, EXPORTED_STOPPED);
    has(x, "perdure_cells{state=\"failed\"} 1", true);
    has(x, "perdure_cells{state=\"stopped\"} 1", true);
    has(x, "perdure_cells{state=\"running\"} 0", true);
    exporter_close(x);
}

static int lines_with(const exporter *x, const char *words)
{
    text out = {0};
    int found = 0;
    exporter_text(x, &out);
    for (const char *at = out.at; (at = strstr(at, words)); at++)
        found++;
    text_free(&out);
    return found;
}

static void the_series_are_bounded(void **state)
{
    (void)state;
    exporter *x = opened(1000, 0);
    for (int i = 0; i < 600; i++) {
        exporter_began(x, i, "a", i);
        for (int64_t task = 1; task <= 30; task++)
            measured(x, i, task, 0.5);
        if (i > 0)
            exporter_ended(x, i, EXPORTED_FINISHED);
    }
    assert_int_equal(lines_with(x, "\nperdure_cell_step{"), 200);
    assert_int_equal(lines_with(x, "\nperdure_task_accuracy{"), 2000);
    has(x, "perdure_cells_not_shown 400", true);
    has(x, "perdure_cell_step{method=\"a\",seed=\"0\"} 0", true);  /* it runs */
    has(x, "perdure_cell_step{method=\"a\",seed=\"1\"} 0", false); /* the oldest that ended */
    has(x, "perdure_cell_step{method=\"a\",seed=\"599\"} 0", true);
    measured(x, 0, INT64_MAX, 0.5); /* more tasks than anybody wants series of */
    assert_int_equal(lines_with(x, "\nperdure_task_accuracy{"), 2000);
    exporter_close(x);
}

static void the_textfile_stays_with_the_end(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t size = 0;
    error e = {0};
    exporter *x = opened(1, 0);
    assert_true(file_exists(textfile)); /* from the first moment on */
    exporter_began(x, 0, "a", 0);
    exporter_ended(x, 0, EXPORTED_FINISHED);
    exporter_close(x);
    assert_int_equal(file_read(textfile, 1 << 20, &bytes, &size, &e), 0);
    assert_non_null(strstr(bytes, "perdure_cells{state=\"finished\"} 1\n"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_wants_it), cmocka_unit_test(a_cell_from_its_beginning_to_its_end),
        cmocka_unit_test(the_series_are_bounded), cmocka_unit_test(the_textfile_stays_with_the_end)};
    return cmocka_run_group_tests(tests, begin, end);
}
