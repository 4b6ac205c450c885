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

#include "nn/anchors.h"
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
    const struct flat_kernels *flat; /* kernels/vector_flat.c */
};

extern const struct cpu_kernels kernels_generic, kernels_avx2, kernels_avx512;

/* --- batch norm: kernels/vector_batch_norm.c ------------------------------------------------ */

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

/* --- depthwise convolution: kernels/vector_depthwise.c, vector_depthwise_grad.c ------------- */

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
    float *weight_partial; /* (kernel^2 + 1) * lanes per plane: dweight, dbias; NULL: unwanted */
};
/* depthwise_pack           items: blocks.  weight -> packed
 * depthwise_forward        items: planes.  x, packed -> y, moments unless NULL
 * depthwise_backward       items: planes.  x, packed, dy -> dx, moments, weight_partial
 * depthwise_weight_finish  items: blocks.  weight_partial -> dweight, dbias */

/* --- equal shapes: kernels/vector_elementwise.c --------------------------------------------- */

#define ELEMENTWISE_CHUNK 4096 /* floats per item */

struct elementwise_work {
    int64_t count;
    int activation;   /* enum activation */
    bool from_output; /* a is the activation's output */
    const float *a, *b;
    float *y; /* over a or b */
};
/* elementwise_add, elementwise_mul   y from a and b
 * activation_apply                   y = act(a)
 * activation_slopes                  y = b act'(a) */

/* y has `samples` times `per` floats; items: chunks of `per` for each sample in turn. */
struct samples_work {
    int64_t samples, per, chunks;
    const float *x, *s;
    float *y; /* over x */
};
/* samples_scale   y = x s[sample]
 * samples_add     y = x + s, s of `per` floats
 * samples_sum     items: chunks.  y, of `per` floats, = sum of x over samples */

/* --- a number per image and channel: kernels/vector_channels.c ------------------------------ */

struct channels_work {
    struct blocked size; /* items: planes */
    const float *x, *dy; /* blocked */
    const float *s;      /* (images, channels) */
    float *y;            /* blocked, over x */
    float *sums;         /* (images, channels) */
    float *total;        /* (channels) */
};
/* channels_add      y = x + s, s of (channels)
 * channels_total    sums as (images, channels) = sum over pixels of dy;
 *                   channels_total_finish   items: blocks.  total = sum of sums over images
 * channels_scale    y = x s
 * channels_dot      sums = sum over pixels of x dy
 * channels_mean     sums = mean over pixels of x
 * channels_spread   y = s / pixels */

/* --- rows of a matrix: kernels/vector_rows.c ------------------------------------------------ */

#define ROWS_PER_ITEM 32

struct rows_work {
    int64_t rows, columns;
    double eps;
    const float *x, *gamma, *beta, *dy;
    const float *target; /* cross entropy */
    float *mean, *istd;  /* (rows) */
    float *y, *dx;       /* over x or dy */
    float *loss, *per_row;
    float *partial;  /* (items, sum_count, columns) */
    float *sums[2];  /* (columns) each */
    int64_t sum_count;
};
/* Items: groups of ROWS_PER_ITEM rows, but for the finishing ones.
 * layer_norm            x -> y, mean, istd
 * layer_norm_grad       x, mean, istd, dy -> dx, partial (gamma, beta)
 * rows_scale            y = x gamma
 * rows_scale_grad       x, dy -> partial
 * columns_finish        items: vectors of columns.  partial -> sums
 * softmax               x -> y
 * softmax_grad          y as x, dy -> dx
 * cross_entropy         x, target -> per_row, y (probability)
 * cross_entropy_finish  one item.  per_row -> loss
 * cross_entropy_grad    probability as x, target -> dx */

/* --- windows: kernels/vector_pool.c --------------------------------------------------------- */

struct pool_work {
    int64_t images, channels, blocks; /* items: planes */
    int64_t height, width, out_height, out_width;
    int kernel[2], stride[2], pad[2];
    const float *x, *dy;
    float *y, *dx;
    int32_t *index; /* position in the window */
};
/* max_pool        x -> y, index
 * max_pool_grad   index, dy -> dx
 * avg_pool        x -> y;  avg_pool_grad   dy -> dx
 * upsample        x -> y, stride = kernel = the factor;  upsample_grad   dy -> dx */

/* --- copies: kernels/vector_moves.c --------------------------------------------------------- */

#define COPY_MAX 12

/* Each of `outer` rows of the target is put together from pieces, or the other way round. */
struct copy_work {
    int64_t outer, piece_count; /* items: outer * piece_count */
    struct copy_piece {
        const float *from; /* NULL: zeros */
        float *to;
        int64_t from_step, to_step; /* from one row to the next */
        int64_t count;              /* floats per row */
    } pieces[COPY_MAX];
};

/* Rows of `count` floats, `step` apart in x and y: y, over x, is x + part. */
struct add_rows_work {
    int64_t rows, count, step, chunks; /* items: rows * chunks of ELEMENTWISE_CHUNK */
    const float *x, *part;
    float *y;
};

struct transpose_work {
    int rank;
    int64_t dim[6], step[6]; /* of the target; step of x along each of its dimensions */
    const float *x;
    float *y; /* items: rows of the last dimension */
};

/* Blocked images and plain tokens (images, pixels, channels). */
struct tokens_work {
    int64_t images, channels, blocks, pixels; /* items: images */
    const float *x;
    float *y;
};

struct first_rows_work { /* sum over samples of their first `columns` floats */
    int64_t samples, step, columns;
    const float *x;
    float *y; /* items: chunks of ELEMENTWISE_CHUNK columns */
};

struct run_state;

struct random_work {
    const struct run_state *const *run; /* where the step keeps it */
    int64_t samples, per;               /* items: samples */
    double rate;
    int key;
    const float *x;
    float *y;
};
/* copy_pieces (a piece that is in place already is left); add_rows; transpose
 * tokens_from_image, image_from_tokens; first_rows_sum
 * dropout            y from x
 * drop_path_mask     y, one number per sample */

/* --- attention: kernels/vector_attention.c -------------------------------------------------- */

#define ATTENTION_HEAD_MAX 128 /* floats per head and token */

/* Items: heads of images. */
struct attention_work {
    int64_t images, heads, tokens, head_size;
    const float *qkv; /* (images, tokens, 3, heads, head_size) */
    const float *dout;
    float *out, *log_sum_exp; /* (images, tokens, heads, head_size), (images, heads, tokens) */
    float *dqkv;
};
/* attention        qkv -> out, log_sum_exp
 * attention_grad   qkv, out, log_sum_exp, dout -> dqkv */

/* --- finding objects: kernels/vector_detect.c, vector_mask.c --------------------------------- */

#define ANCHORS_PER_ITEM 512

/* Plain rows of anchors, (images, channels, anchors). */
struct anchors_work {
    struct anchor_grids grids;
    int64_t images, anchors, chunks; /* items: images * chunks of ANCHORS_PER_ITEM */
    int64_t bins;                    /* boxes_decode */
    int64_t points, size;            /* points_decode */
    bool centred;
    float *table; /* (3, anchors): x, y, stride; anchors_make: one item fills it */
    const float *x, *projection;
    float *y;
};

/* Binary cross entropy with target 0, row by row; an image with a negative count has none. */
struct class_rows_work {
    int64_t images, channels, anchors; /* items: images * channels */
    const float *x;
    const int32_t *counts;
    float *sums; /* class_loss_rows: (images, channels) */
    const float *totals, *dloss; /* class_grad_rows; dloss NULL: 1 */
    float gain;
    float *dx; /* gain dloss (images there) / totals[0] sigmoid(x) */
};

#define MASK_MOST_PROTOTYPES 64

/* Items: images.  For each anchor with an object, sum over the pixels of its box. */
struct mask_work {
    int64_t images, prototype_count, anchors, height, width, most_boxes;
    int image[2];
    const float *coefficients, *prototypes, *boxes, *totals, *dloss;
    const int32_t *masks, *index, *counts;
    double gain;
    double *sums; /* mask_loss: (images) */
    float *dcoefficients, *dprototypes;
};

/* --- what the processor can do: kernels/vector_roofline.c ----------------------------------- */

#define ROOFLINE_PIECE 16384 /* floats */
#define ROOFLINE_CHAINS 12   /* multiply-adds of a vector per round */

struct roofline_work {
    float *a;
    const float *b, *c;
    int64_t rounds;
};
/* roofline_flops       items: independent runs of `rounds`, each ending in a vector of a
 * roofline_bytes       items: pieces.  a = b + c / 2, past the caches */

#endif
