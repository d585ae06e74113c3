/* The description of the machine: what /proc/cpuinfo looks like on several of them, and that this one has its fields. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "record/machine.h"

static void processor_is(const char *lines, const char *expected)
{
    FILE *file = fmemopen((void *)(uintptr_t)lines, strlen(lines), "r");
    assert_non_null(file);
    char *found = machine_processor(file);
    if (expected)
        assert_string_equal(found, expected);
    else
        assert_null(found);
    free(found);
    fclose(file);
}

static void the_processor_has_a_name(void **state)
{
    (void)state;
    processor_is(
        "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763 64-Core Processor\n"
        "stepping\t: 1\n\nprocessor\t: 1\nmodel name\t: another\n",
        "AMD EPYC 7763 64-Core Processor");
    processor_is("processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n",
                 "CPU implementer 0x41, part 0xd0c");
    processor_is("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\nModel\t\t: Raspberry Pi 5\n", "Raspberry Pi 5");
    processor_is("model name\t:\nprocessor\t: 0\n", NULL);
    processor_is("\n", NULL);
}

static void this_machine_has_its_fields(void **state)
{
    (void)state;
    json_t *m = machine_json();
    static const char *const fields[] = {"processor",    "architecture", "cores",
                                         "usable_cores", "memory_bytes", "system"};
    assert_int_equal(json_object_size(m), sizeof fields / sizeof *fields);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_non_null(json_object_get(m, fields[i]));
    json_int_t cores = json_integer_value(json_object_get(m, "cores"));
    json_int_t usable = json_integer_value(json_object_get(m, "usable_cores"));
    assert_true(cores >= 1 && usable >= 1);
    assert_true(json_integer_value(json_object_get(m, "memory_bytes")) > 1 << 20);
    assert_true(strncmp(json_string_value(json_object_get(m, "system")), "Linux ", 6) == 0);
    json_decref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_processor_has_a_name),
        cmocka_unit_test(this_machine_has_its_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
