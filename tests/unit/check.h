/* CMocka needs these headers before its own. */
#ifndef PERDURE_TESTS_CHECK_H
#define PERDURE_TESTS_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
