/* golden_support.h - the formulas of tests/golden (its README.md states them). */
#ifndef TESTS_TRAIN_GOLDEN_SUPPORT_H
#define TESTS_TRAIN_GOLDEN_SUPPORT_H

#include "train/network.h"

#include <jansson.h>

/* U(i, t, s), uniform in [-1, 1). */
double golden_uniform(uint32_t i, uint32_t t, uint32_t s);

/* tests/golden/<name>.json; fails the test when it cannot be read. */
json_t *golden_read(const char *name);

/* All parameters by formula; `names` lists them (texts, or objects with a name) in the order that
 * counts. */
void golden_fill_weights(struct network *network, const json_t *names, uint32_t seed);
void golden_fill_image(float *image, int batch, int size, uint32_t seed);

double golden_number(const json_t *object, const char *key);

#endif
