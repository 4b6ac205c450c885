/* reference_kernel.h - the row that runs any op by its reference kernel, on plain values.
 *
 * Other devices put it last in their tables, so that every graph runs on them; its cost is such
 * that any real kernel wins. */
#ifndef NN_REFERENCE_KERNEL_H
#define NN_REFERENCE_KERNEL_H

#include "nn/device.h"

extern const struct kernel reference_kernel; /* called "ref" */

#endif
