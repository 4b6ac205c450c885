/* golden_numbers_support.h - reading tests/golden/NAME.json. */
#ifndef TESTS_NN_GOLDEN_NUMBERS_SUPPORT_H
#define TESTS_NN_GOLDEN_NUMBERS_SUPPORT_H

#include <jansson.h>
#include <stddef.h>

json_t *numbers_open(const char *name); /* fails the test when it cannot be read */

/* A number of an object; 0 where it is absent. */
double numbers_at(const json_t *object, const char *key);

/* The first `count` values are those of the array, relative to 1 + their size. */
void numbers_check(const json_t *wanted, const float *found, size_t count, double tolerance);

#endif
