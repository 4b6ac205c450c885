/* bindings.c - the list of lists; see bindings.h. */

#include "cpu/bindings.h"

const struct kernel *const *const vector_kernel_lists[] = {
    batch_norm_kernels, depthwise_kernels, elementwise_kernels, channel_kernels, row_kernels,
    pool_kernels,       move_kernels,      attention_kernels,   detect_kernels,
    object_loss_kernels, NULL,
};
