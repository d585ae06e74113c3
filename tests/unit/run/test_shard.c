/* --shard: what is said, and what a cluster says; never a part that is none. */
#include "../plugin/held.h"
#include "run/shard.h"

static const char *const variables[] = {"SLURM_ARRAY_TASK_ID",   "SLURM_ARRAY_TASK_MIN",   "SLURM_ARRAY_TASK_MAX",
                                        "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX",
                                        "JOB_COMPLETIONS"};

/* NULL: not set. In the order of `variables`. */
static void surroundings(const char *const *values)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (values && values[i])
            setenv(variables[i], values[i], 1);
        else
            unsetenv(variables[i]);
}

static void check_read(const char *said, int shard, int shards, const char *words)
{
    int part = 0, parts = 0;
    error e = {0};
    text told = {0};
    assert_int_equal(shard_read(said, &part, &parts, &told, &e), 0);
    assert_int_equal(part, shard);
    assert_int_equal(parts, shards);
    if (words)
        assert_string_equal(told.at, words);
    else
        assert_null(told.at);
    text_free(&told);
}

static void check_refused(const char *said, const char *words)
{
    int part = 0, parts = 0;
    error e = {0};
    text told = {0};
    assert_int_equal(shard_read(said, &part, &parts, &told, &e), EXIT_USAGE);
    assert_string_equal(e.text, words);
    text_free(&told);
}

static void parts_are_said_from_one(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "0/4", "5/4", "2", "2/", "/4", "-1/4", "2/4/8", "1/10001", "a/b", "1 /2"};
    surroundings(NULL);
    check_read("1/1", 1, 1, NULL);
    check_read("4/4", 4, 4, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_refused(wrong[i], SAID("run: --shard: found %s; expected I/N with I from 1 to N and N up to 10000, as "
                                     "2/4, or auto",
                                     wrong[i]));
}

static void a_slurm_array_says_it(void **state)
{
    (void)state;
    surroundings((const char *const[]){"0", "0", "3", "1", "4", NULL, NULL});
    check_read("auto", 1, 4, "shard 1 of 4, by SLURM_ARRAY_TASK_ID=0 of 0-3");
    surroundings((const char *const[]){"7", "1", "7", "2", "4", NULL, NULL});
    check_read("auto", 4, 4, "shard 4 of 4, by SLURM_ARRAY_TASK_ID=7 of 1-7");
    check_read("2/3", 2, 3, NULL); /* what is said goes before */
    surroundings((const char *const[]){"7", "1", "7", NULL, "7", NULL, NULL});
    check_read("auto", 7, 7, "shard 7 of 7, by SLURM_ARRAY_TASK_ID=7 of 1-7");
}

static void an_array_that_is_no_whole_is_refused(void **state)
{
    (void)state;
    surroundings((const char *const[]){"7", "1", "7", "1", "3", NULL, NULL}); /* --array=1,3,7 */
    check_refused("auto", "run: --shard auto: found a Slurm array with holes; expected tasks one after the other, as "
                          "--array=1-4");
    surroundings((const char *const[]){"3", "3", "3", "1", "1", NULL, NULL}); /* --array=3: one that is run again */
    check_refused("auto", "run: --shard auto: found a Slurm array of one task; expected several, as --array=1-4");
    surroundings((const char *const[]){"3", NULL, NULL, NULL, NULL, NULL, NULL});
    check_refused("auto", "run: --shard auto: found SLURM_ARRAY_TASK_ID without whole numbers in SLURM_ARRAY_TASK_MIN, "
                          "_MAX and _COUNT; expected those of a Slurm array");
}

static void an_indexed_job_needs_its_number(void **state)
{
    (void)state;
    surroundings((const char *const[]){NULL, NULL, NULL, NULL, NULL, "2", "8"});
    check_read("auto", 3, 8, "shard 3 of 8, by JOB_COMPLETION_INDEX=2 of JOB_COMPLETIONS=8");
    surroundings((const char *const[]){NULL, NULL, NULL, NULL, NULL, "2", NULL});
    check_refused("auto", "run: --shard auto: found JOB_COMPLETION_INDEX=2 and no JOB_COMPLETIONS; expected both");
    surroundings((const char *const[]){NULL, NULL, NULL, NULL, NULL, "8", "8"});
    check_refused("auto",
                  "run: --shard auto: found JOB_COMPLETION_INDEX=8 of JOB_COMPLETIONS=8; expected an index from "
                  "0 to below a number up to 10000");
    surroundings(NULL);
    check_refused("auto",
                  "run: --shard auto: found neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX; expected to be "
                  "a task of a Slurm array or of an indexed Job of Kubernetes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_said_from_one),
        cmocka_unit_test(a_slurm_array_says_it),
        cmocka_unit_test(an_array_that_is_no_whole_is_refused),
        cmocka_unit_test(an_indexed_job_needs_its_number),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    held_free();
    return failed;
}
