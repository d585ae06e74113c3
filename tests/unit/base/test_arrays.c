/* Lists of named arrays: what is borrowed, what is owned, what is looked up. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "base/arrays.h"

static void arrays_know_their_sizes_and_owners(void **state)
{
    (void)state;
    arrays a = {0};
    float lent[6] = {1, 2, 3, 4, 5, 6};
    int64_t number = 7;
    const int64_t shape[2] = {2, 3};
    arrays_add(&a, "lent", ARRAY_F32, shape, 2, lent);
    arrays_copy(&a, "copied", ARRAY_I64, 1, &number);
    number = 8;
    uint8_t *given = calloc(4, 1);
    arrays_take(&a, "given", ARRAY_U8, (const int64_t[]){4}, 1, given);
    arrays_add(&a, "scalar", ARRAY_F64, NULL, 0, &(double){2});
    assert_int_equal(arrays_find(&a, "lent")->size, 24);
    assert_ptr_equal(arrays_find(&a, "lent")->bytes, lent);
    assert_int_equal(*(const int64_t *)arrays_find(&a, "copied")->bytes, 7);
    assert_int_equal(arrays_find(&a, "scalar")->size, 8);
    assert_null(arrays_find(&a, "none"));
    arrays_free(&a); /* frees what it owns, and what is lent stays: a sanitizer tells otherwise */
    assert_int_equal(a.count, 0);
    assert_true(lent[5] == 6);
}

static void lists_are_checked_as_they_are_read(void **state)
{
    (void)state;
    arrays a = {0};
    const void *values = NULL;
    int64_t count = 0;
    error e = {0};
    arrays_copy(&a, "x", ARRAY_I64, 2, (const int64_t[]){5, 6});
    assert_int_equal(arrays_list(&a, "x", ARRAY_I64, &values, &count, "m", &e), 0);
    assert_int_equal(count, 2);
    assert_int_equal(((const int64_t *)values)[1], 6);
    assert_int_equal(arrays_list(&a, "x", ARRAY_F32, &values, &count, "m", &e), EXIT_DATA);
    assert_string_equal(e.text, "m: x: found another type or rank; expected a list");
    e = (error){0};
    assert_int_equal(arrays_list(&a, "y", ARRAY_I64, &values, &count, "m", &e), EXIT_DATA);
    assert_string_equal(e.text, "m: found no y; expected a list");
    arrays_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_know_their_sizes_and_owners),
        cmocka_unit_test(lists_are_checked_as_they_are_read),
    };
    return cmocka_run_group_tests_name("arrays", tests, NULL, NULL);
}
