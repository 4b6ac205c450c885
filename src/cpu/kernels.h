/* kernels.h - our vector kernels: functions on ranges of work, compiled once per instruction set.
 *
 * A kernel knows arrays and sizes, not nodes: its arguments stand in a work struct, and it does
 * the items [begin, end) of them.  Items are independent and their results do not depend on how a
 * range is cut, so any number of threads gives the same bits.  Sums over items are made in two
 * steps: partial sums of fixed pieces, then one addition in a fixed order and in double.
 *
 * Blocked arrays are (images, blocks, pixels, lanes), zero in the lanes past `channels`; vectors
 * over channels are read and written up to `channels`, then filled with zeros up to the block.
 * Where it says "in place", an output may be the same array as an input.
 */
#ifndef CPU_KERNELS_H
#define CPU_KERNELS_H

#include "nn/flat.h"

#include <stdbool.h>
#include <stdint.h>

typedef void range_fn(const void *work, int64_t begin, int64_t end);

/* The extents of a blocked value.  A piece is a segment of a plane: item
 * (image * blocks + block) * segments + segment. */
struct blocked {
    int64_t images, channels, blocks, pixels, segments;
};

struct cpu_kernels {
    const char *name; /* generic, avx2, avx512 */
    int lanes;
#define RANGE(name) range_fn *name;
#include "cpu/kernels.def"
#undef RANGE
    struct flat_kernels flat;
};

extern const struct cpu_kernels kernels_generic, kernels_avx2, kernels_avx512;

/* --- batch norm: kernels/batch_norm.c -------------------------------------------------------- */

struct batch_norm_work {
    struct blocked size;
    int activation;      /* enum activation */
    bool residual_after; /* the residual is added after the activation */
    bool fixed_stats;
    bool stream; /* the result is larger than caches and not in place: write past them */
    double eps, momentum;
    const float *x, *gamma, *beta;
    const float *residual; /* NULL: none */
    const float *dy;
    const float *relu_output; /* instead of z, tells where relu was active; NULL: none */
    float *mean, *istd, *running_mean, *running_variance;
    float *y, *dx, *dgamma, *dbeta;
    float *dz;      /* the gradient before the activation, with relu_output */
    float *partial; /* 2 * lanes floats per piece */
};
/* batch_stats_pieces   items: pieces.  x -> partial
 * batch_stats_finish   items: blocks.  partial -> mean, istd, running statistics
 * batch_apply          items: pieces.  y over residual or x
 * batch_grad_pieces    items: pieces.  x, dy -> partial, dz if there is a relu_output
 * batch_grad_finish    items: blocks.  partial -> dgamma, dbeta
 * batch_grad_input     items: pieces.  x, dy, dgamma, dbeta -> dx, over dy or x.  With relu_output
 *                      dz stands for dy.
 * batch_running        items: blocks.  running statistics -> mean, istd */

/* --- depthwise convolution: kernels/depthwise.c, depthwise_grad.c ---------------------------- */

/* One plane (image, block) is an item.  With `before`, x goes through that batch norm and the
 * activation while it is loaded. */
struct depthwise_work {
    int64_t images, channels, blocks;
    int64_t height, width, out_height, out_width;
    int kernel, stride, pad[2]; /* square kernels of 3, 5 or 7; stride 1 or 2 */
    int activation;
    bool normalize; /* use the batch norm before */
    bool stream;    /* dx is larger than caches: write past them */
    const float *x, *mean, *istd, *gamma, *beta;
    const float *weight; /* plain, (channels, kernel, kernel) */
    const float *bias;   /* NULL: none */
    const float *dy;
    float *packed; /* (blocks, kernel, kernel, lanes) */
    float *y;
    float *dx; /* the gradient before the activation; NULL: not wanted */
    float *dweight, *dbias; /* NULL: not wanted */
    float *moments;        /* 2 * lanes per plane: statistics of y; sums for dgamma and dbeta */
    float *weight_partial; /* (kernel^2 + 1) * lanes per plane: dweight, then dbias; NULL: unwanted */
};
/* depthwise_pack           items: blocks.  weight -> packed
 * depthwise_forward        items: planes.  x, packed -> y, moments unless NULL
 * depthwise_backward       items: planes.  x, packed, dy -> dx, moments, weight_partial
 * depthwise_weight_finish  items: blocks.  weight_partial -> dweight, dbias */

#endif
