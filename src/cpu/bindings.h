/* bindings.h - the rows that offer our vector kernels, for the device's table of kernels.
 *
 * They take part in a device whose struct begins with a struct vector_device, and whose
 * `block` is kernels->lanes.  The arrays end with NULL.
 */
#ifndef CPU_BINDINGS_H
#define CPU_BINDINGS_H

#include "nn/device.h"

struct cpu_kernels;

struct vector_device {
    struct device device; /* first, so that rows may cast */
    const struct cpu_kernels *kernels;
};

extern const struct kernel *const batch_norm_kernels[];  /* bind_batch_norm.c */
extern const struct kernel *const depthwise_kernels[];   /* bind_depthwise.c */
extern const struct kernel *const elementwise_kernels[]; /* bind_elementwise.c */
extern const struct kernel *const channel_kernels[];     /* bind_channels.c */
extern const struct kernel *const row_kernels[];         /* bind_rows.c */
extern const struct kernel *const pool_kernels[];        /* bind_pool.c */
extern const struct kernel *const move_kernels[];        /* bind_moves.c */
extern const struct kernel *const attention_kernels[];   /* bind_attention.c */
extern const struct kernel *const detect_kernels[];      /* bind_detect.c */
extern const struct kernel *const object_loss_kernels[]; /* bind_object_losses.c */

/* All of the above: a list of lists, ends with NULL. */
extern const struct kernel *const *const vector_kernel_lists[];

#endif
