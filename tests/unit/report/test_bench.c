/* The table of a benchmark, to the letter. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/report.h"
#include "report/table.h"

static const char words[] =
    "{'schema': 'perdure.bench/1', 'scenario': 'bench', 'data': 'synthetic', 'seed': 0, 'device': 'cpu', 'threads': 1,"
    " 'machine': {'processor': 'Fast 9000', 'cores': 2, 'memory_bytes': 8589934592, 'system': 'Linux 6.1', "
    "'load_average': 0.25},"
    " 'engine': {'torch': '2.11.0', 'cpu': 'AVX2', 'device': ''},"
    " 'methods': [{'name': 'finetune', 'error': null, 'n': 5, 'ratio': {'median': 0.9914, 'min': 0.97, 'max': 1.0},"
    "   'bare': {'steps_per_second': {'median': 271.4}, 'peak_memory_bytes': 209715200},"
    "   'perdure': {'steps_per_second': {'median': 9.25}, 'peak_memory_bytes': null}},"
    "  {'name': 'ewc', 'error': 'it fell', 'n': 0, 'ratio': null, 'bare': null, 'perdure': null}]}";

static void the_table_of_a_benchmark(void **state)
{
    (void)state;
    char quoted[sizeof words];
    memcpy(quoted, words, sizeof quoted);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *figures = json_loads(quoted, 0, NULL);
    assert_non_null(figures);
    struct page page = {120, false};
    text out = {0};
    bench_print(figures, &page, &out);
    assert_string_equal(
        out.at, "method    bare steps/s  perdure steps/s  ratio: median (min..max)  n  bare memory  memory\n"
                "finetune           271              9.2      0.991 (0.970..1.000)  5      200 MiB       -\n"
                "ewc                  -                -                    failed  0            -       -\n"
                "\n"
                "ratio: perdure to bare, pair by pair; 1: the method costs nothing beside the bare engine loop\n"
                "Fast 9000, 2 cores, 8.0 GiB, Linux 6.1; load 0.25 at the start\n"
                "LibTorch 2.11.0 (AVX2), 1 thread, cpu; bench, synthetic, seed 0\n");
    text_free(&out);
    json_decref(figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_of_a_benchmark)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
