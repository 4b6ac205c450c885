/* device_support.h - hold the device's kernels of a node against the op's reference kernel. */
#ifndef TESTS_CPU_DEVICE_SUPPORT_H
#define TESTS_CPU_DEVICE_SUPPORT_H

#include "nn/device.h"

struct device_check {
    const struct node *node;
    const struct kernel *const *rows; /* ends with NULL */
    double tolerance; /* relative to the largest value of an output; 0: 1e-5 */
    uint64_t seed;    /* of the random inputs; printed with failures */
    bool must_be_fast; /* some row must take it with none of oneDNN's slow kernels */
};

/* Every row that takes the node, with layouts of parameters free and plain, must give what the
 * reference gives, the same bits again in a second run, and zeros in padding.  Fails when no row
 * takes it. */
void check_device(const struct device_check *check);

/* The processor's device with two threads, opened once. */
struct device *test_device(void);

#endif
