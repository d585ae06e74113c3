/* The text format, word for word, and the textfile. promtool's own judgement: tests/cli/test_metrics.py. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "record/prometheus.h"

static void samples(void **state)
{
    (void)state;
    text out = {0};
    prometheus_family(&out, "a", "gauge", "What it is.");
    prometheus_sample(&out, "a", NULL, 0.1);
    prometheus_sample(&out, "a", (const char *const[]){"method", "ewc", "seed", "3", NULL}, 12000);
    prometheus_sample(&out, "a", (const char *const[]){"name", "a\\b \"c\"\n\xff", NULL}, (double)NAN);
    prometheus_sample(&out, "a", NULL, (double)INFINITY);
    prometheus_sample(&out, "a", NULL, -(double)INFINITY);
    assert_string_equal(out.at, "# HELP a What it is.\n# TYPE a gauge\n"
                                "a 0.1\n"
                                "a{method=\"ewc\",seed=\"3\"} 12000\n"
                                "a{name=\"a\\\\b \\\"c\\\"\\\\x0A\\\\xFF\"} NaN\n"
                                "a +Inf\na -Inf\n");
    text_free(&out);
}

static void a_textfile_is_whole_or_not_there(void **state)
{
    (void)state;
    char folder[] = "/tmp/perdure-prom-XXXXXX", *bytes = NULL;
    size_t size = 0;
    error e = {0};
    text one = {0}, two = {0};
    text_addf(&one, "a 1\n");
    text_addf(&two, "a 2\nb 3\n");
    assert_non_null(mkdtemp(folder));
    char *path = alloc_format("%s/run.prom", folder), *none = alloc_format("%s/none/run.prom", folder);
    assert_int_equal(prometheus_write(path, &two, &e), 0);
    assert_int_equal(prometheus_write(path, &one, &e), 0);
    assert_int_equal(file_read(path, 100, &bytes, &size, &e), 0);
    assert_string_equal(bytes, "a 1\n");
    assert_int_equal(prometheus_write(none, &one, &e), EXIT_CREATE);
    assert_non_null(strstr(e.text, "/none/run.prom"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing beside it */
    free(bytes);
    free(path);
    free(none);
    text_free(&one);
    text_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples), cmocka_unit_test(a_textfile_is_whole_or_not_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
