/*
 * in_range.h - assert_int_in_range() for every release of cmocka: up to 1.1 it is called assert_in_range(), which 2.0
 * warns about.
 */
#ifndef TESTS_UNIT_SUPPORT_IN_RANGE_H
#define TESTS_UNIT_SUPPORT_IN_RANGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifndef assert_int_in_range
#define assert_int_in_range(value, minimum, maximum) assert_in_range(value, minimum, maximum)
#endif

#endif
