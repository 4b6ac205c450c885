/* ops.h - the ops: what goes in, what comes out, their attributes.
 *
 * Written as   name (inputs) -> outputs.   [x] is optional.  N images, C channels, H x W pixels,
 * T tokens, K and O features.  "..." stands for any leading dimensions.  The constants are
 * defined in nn/ops/; to add one: write its file, list it in nn/ops.def, describe it here.
 */
#ifndef NN_OPS_H
#define NN_OPS_H

#include "nn/anchors.h"
#include "nn/op.h"

/* clang-format off */
#define OP(name) extern const struct op op_##name;
#define TRAINING_OP(name) OP(name)
#include "nn/ops.def"
#undef OP
#undef TRAINING_OP
/* clang-format on */

/* --- convolution: nn/ops/conv.c ---------------------------------------------------------- */

struct conv_attributes {
    int kernel[2], stride[2], pad[2], dilation[2]; /* height, width */
    int groups;
    int input_size[2]; /* H, W of x: conv2d fills it in; conv_transpose2d: of its output */
    bool has_bias;
};
/* conv2d             (x (N,C,H,W), weight (O,C/groups,kh,kw), [bias (O)]) -> y (N,O,H',W')
 * conv2d_input_grad  (dy, weight) -> dx
 * conv2d_weight_grad (x, dy) -> dweight, dbias (only with has_bias); dweight's groups by attribute
 * conv_transpose2d   (x (N,I,H,W), weight (I,O/groups,kh,kw)) -> y (N,O,*input_size) */

/* --- linear: nn/ops/linear.c, matmul.c ----------------------------------------------------- */

struct linear_attributes {
    bool has_bias;
};
/* linear             (x (...,K), weight (O, rest of K elements), [bias (O)]) -> (...,O)
 * linear_input_grad  (dy, weight) -> dx
 * linear_weight_grad (x, dy) -> dweight (O,K), dbias (only with has_bias)
 * The weight may be (O,K) or (O,K,1,1); dweight is (O,K) and is a parameter's gradient as is. */

struct matmul_attributes {
    bool transpose_a, transpose_b; /* of the last two dimensions */
    double scale;                  /* 0: 1 */
};
/* matmul (a (...,M,K), b (...,K,N)) -> scale * a b (...,M,N); same leading dimensions */

/* --- activations: nn/ops/activation.c ------------------------------------------------------ */

enum activation {
    ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_RELU6, ACTIVATION_SILU, ACTIVATION_GELU,
    ACTIVATION_HARD_SWISH, ACTIVATION_HARD_SIGMOID, ACTIVATION_SIGMOID, ACTIVATION_TANH
};
struct activation_attributes {
    int kind;         /* enum activation; GELU is the exact one (erf) */
    bool from_output; /* activation_grad: input 0 is y, not x (relu, sigmoid, hard_sigmoid, tanh) */
};
/* activation      (x) -> y
 * activation_grad (x or y, dy) -> dx.   At kinks: 0 like PyTorch's (relu6 at 6: 0; hard_swish
 *                 and hard_sigmoid at +-3: 0 and, for hard_swish at 3, 1). */
double activation_value(int kind, double x);      /* scalar forms, for reference kernels */
double activation_derivative(int kind, double x); /* with respect to x, at x */

/* --- normalisation: nn/ops/batch_norm.c, layer_norm.c, group_norm.c ------------------------- */

struct batch_norm_attributes {
    double eps, momentum; /* momentum: weight of the new batch (PyTorch's meaning) */
};
/* batch_norm  (x (N,C,H,W), gamma, beta, running_mean, running_var: all (C)) -> y
 *             What models say.  Its reference kernel normalises by the running statistics
 *             (evaluation); plans rewrite it into the ops below (passes/lower_batch_norm.c).
 * batch_stats (x, running_mean, running_var) -> mean (C), istd (C)
 *             of the batch: istd = 1 / sqrt(biased variance + eps).  Updates the running
 *             statistics (unbiased variance), which it mutates.  No gradient of its own: the
 *             consumers' rules count the statistics' dependence on x.
 * batch_running (running_mean, running_var) -> mean, istd   for evaluation; no gradient */

struct batch_apply_attributes {
    int activation;
    bool residual_after; /* residual is added after the activation, else before it */
    bool fixed_stats;    /* mean and istd do not depend on x (evaluation) */
};
/* batch_apply (x, mean, istd, gamma, beta, [residual]) -> y
 *             z = (x - mean) istd gamma + beta; y = act(z + residual) or act(z) + residual
 * batch_apply_grad (x, mean, istd, gamma, beta, dy, [y]) -> dx, dgamma, dbeta, [dresidual]
 *             Gradient through the statistics too, unless fixed_stats.  y is given, and dresidual
 *             made, only when a residual stands before an activation; that activation is relu.
 * batch_apply_grad_input (x, mean, istd, gamma, dgamma, dbeta, dz) -> dx
 *             the second half of batch_apply_grad, when dz, dgamma and dbeta are there already */

struct depthwise_norm_attributes {
    struct conv_attributes conv; /* groups = C, no bias */
    int activation;              /* of the batch norm before */
    double eps, momentum;        /* of the batch norm after */
};
/* depthwise_norm (x, mean, istd, gamma, beta, weight (C,1,k,k), running_mean2, running_var2)
 *                  -> y, mean2, istd2
 *             y = conv(act(batch norm of x)), and the statistics of y for the next batch norm,
 *             in one pass.  Mutates inputs 6 and 7.
 * depthwise_norm_grad (x, mean, istd, gamma, beta, weight, dy) -> dz, dgamma, dbeta, dweight
 *             dz is the gradient at the batch norm's output, before the activation */

struct layer_norm_attributes {
    double eps;
};
/* layer_norm      (x (...,C), gamma, beta) -> y, mean (...), istd (...)
 * layer_norm_grad (x, gamma, mean, istd, dy) -> dx, dgamma, dbeta */

struct group_norm_attributes {
    int groups;
    double eps;
};
/* group_norm      (x (N,C,H,W), gamma, beta) -> y, mean (N,groups), istd (N,groups)
 * group_norm_grad (x, gamma, mean, istd, dy) -> dx, dgamma, dbeta */

/* --- pooling and resizing: nn/ops/pool.c, upsample.c ---------------------------------------- */

struct pool_attributes {
    int kernel[2], stride[2], pad[2];
    int input_size[2]; /* filled in by the forward shape rule */
};
/* max_pool        (x) -> y, index (same shape as y, I32: position in the window, ky*kw+kx; ties
 *                 go to the first)
 * max_pool_grad   (index, dy) -> dx
 * avg_pool        (x) -> y        padding counts (PyTorch's count_include_pad)
 * avg_pool_grad   (dy) -> dx
 * global_avg_pool (x (N,C,H,W)) -> (N,C)            attributes: pool (only input_size is used)
 * global_avg_pool_grad (dy (N,C)) -> (N,C,H,W)      attributes: pool */

struct upsample_attributes {
    int factor;
};
/* upsample (x) -> y nearest;  upsample_grad (dy) -> dx */

/* --- elementwise and broadcasting: nn/ops/elementwise.c ------------------------------------- */

/* add (a, b), mul (a, b): same shape
 * scale_channels            (x (N,C,H,W), s (N,C)) -> y
 * scale_channels_scale_grad (x, dy) -> ds (N,C)
 * scale_last                (x (...,C), s (C)) -> y           layer scale
 * scale_last_scale_grad     (x, dy) -> ds (C)
 * add_samples               (x (N,...), b (1,... or ...)) -> y   the same b for every sample
 * sum_samples               (x (N,...), like b) -> sum over N, in the shape of input 1 (whose
 *                           values are not read)
 * scale_samples             (x (N,...), s (N)) -> y */

/* --- random: nn/ops/random.c ---------------------------------------------------------------- */

struct random_attributes {
    double rate; /* probability of a zero */
    int key;     /* 0: the node's id + 1; gradients repeat the forward node's key */
    int count;   /* drop_path_mask: N */
};
/* dropout        (x) -> y, kept elements scaled by 1 / (1 - rate); its gradient is dropout (dy)
 *                with the same key.  Identity when the run is not training.  Element i of sample
 *                n is dropped when rng_hash(seed, key, mix of step, first_sample + n, i) says so.
 * drop_path_mask () -> (N): 0 or 1 / (1 - rate) per sample; 1 when not training */

/* --- shape: nn/ops/shape_ops.c --------------------------------------------------------------- */

struct concat_attributes {
    int axis;
};
struct slice_attributes {
    int axis, begin, end; /* slice: [begin, end).  slice_grad: put back into `size` with zeros */
    int size;
};
struct reshape_attributes {
    int rank, dim[SHAPE_MAX_RANK]; /* one of them may be -1 */
};
struct transpose_attributes {
    int order[SHAPE_MAX_RANK]; /* output dimension i is input dimension order[i] */
};
/* concat (x0, x1, ...) -> y;  slice (x) -> y;  slice_grad (dy) -> dx
 * slice_add (x, part) -> x plus part at [begin, end): several gradients of slices in one
 * reshape (x) -> y, a view;  transpose (x) -> y
 * to_tokens (x (N,C,H,W)) -> (N,H*W,C);  from_tokens (x (N,T,C)) -> (N,C,H,W), attributes: reshape
 *   with dim[2], dim[3] = H, W
 * prepend_token (x (N,T,C), token (C elements)) -> (N,T+1,C)
 * prepend_token_grad (dy, token) -> dx, dtoken (token's values are not read) */

/* --- softmax, attention, losses: nn/ops/softmax.c, attention.c, cross_entropy.c --------------- */

/* softmax (x) -> y over the last dimension;  softmax_grad (y, dy) -> dx */

struct attention_attributes {
    int heads;
};
/* attention      (qkv (N,T,3*C)) -> out (N,T,C), log_sum_exp (N,heads,T)
 *                softmax(q k' / sqrt(C/heads)) v per head; q, k, v lie one after the other
 * attention_grad (qkv, out, log_sum_exp, dout) -> dqkv */

/* softmax_cross_entropy      (logits (N,C), target (N,C)) -> loss, per_sample (N), probability
 * (N,C) per_sample = -sum target log softmax(logits); loss = their mean. Targets are weights:
 * one-hot, smoothed or mixed; an all-zero row (padding of the last evaluation batch) counts as 0.
 * softmax_cross_entropy_grad (probability, target) -> dlogits of the mean */

/* --- finding objects: nn/ops/box_decode.c, assign.c, detect_loss.c, mask_loss.c, point_loss.c - */

/* A anchors (nn/anchors.h) of N images stand in rows: (N, channels, A).  R bins per side of a box,
 * C classes, M objects at most in an image, K key points of D numbers.
 * Targets: boxes (N,M,4) left, top, right, bottom in pixels; classes I32 (N,M); counts I32 (N): how
 * many of the M are there, -1: the image is padding of the batch and left out everywhere.  They and
 * the assignment have no gradient.  Losses are scaled by the number of images that are there; their
 * parts are not. */
struct box_decode_attributes {
    struct anchor_grids grids;
    bool centred;
};
/* box_decode (distribution (N,4R,A), projection (R elements)) -> (N,4,A) in pixels: left, top,
 *                right, bottom; centred: centre's x and y, width, height.  The distance to a side
 *                is softmax(distribution) projection, in cells (Li et al. 2020).  No gradient:
 *                losses have it. */
struct point_decode_attributes {
    struct anchor_grids grids;
    int points, size; /* K; D: 2, or 3 with visibility */
};
/* point_decode (raw (N,K D,A)) -> same: x, y in pixels and the probability of being visible */

struct assign_attributes {
    struct anchor_grids grids;
    int most; /* anchors per object; 0: 10 */
    double alpha, beta; /* 0: 0.5, 6 */
};
/* assign (predicted (N,4,A), logits (N,C,A), boxes, classes, counts) -> index I32 (N,A), score
 *                (N,A), totals (2).  nn/assignment.h says how.  index: which object, -1: none.
 *                totals: sum of the scores, at least 1; how many anchors have an object. */

struct detect_loss_attributes {
    struct anchor_grids grids;
    double box, cls, dfl; /* factors */
};
/* detect_loss (distribution (N,4R,A), logits (N,C,A), index, score, totals, boxes, classes, counts)
 *                -> loss, parts (3): box, classes, distances.  Of anchors that have an object,
 *                weighted by score: 1 - complete IoU, and the cross entropy of the distances; of
 *                all anchors binary cross entropy of the classes, with score as the target; each
 *                divided by the sum of the scores.
 * detect_loss_grad (the same, [dloss]) -> ddistribution, dlogits */

struct mask_loss_attributes {
    int image[2]; /* height, width in pixels */
    double gain;
};
/* mask_loss (coefficients (N,P,A), prototypes (N,P,H,W), masks I32 (N,H,W), index, totals, boxes,
 *                counts) -> loss, parts (1).  masks hold object + 1, or 0.  Per anchor that has an
 *                object, of coefficients times prototypes: binary cross entropy inside the
 *                object's box, summed, divided by all pixels and by the box's share of the image;
 *                the mean of the anchors (Bolya et al. 2019).
 * mask_loss_grad (the same, [dloss]) -> dcoefficients, dprototypes */
struct point_loss_attributes {
    struct anchor_grids grids;
    int points, size;   /* K, D */
    double place, visible; /* factors */
};
/* point_loss (raw (N,K D,A), index, totals, boxes, key_points (N,M,K,3), counts) -> loss, parts
 *                (2): place, visible (0 with D = 2).  Mean over anchors that have an object, see
 *                nn/object_losses.h.
 * point_loss_grad (the same, [dloss]) -> draw */

/* sum_losses (a, b, ...) -> loss, of scalars;  sum_losses_grad () -> 1 */
/* add_channels (x (N,C,...), b (C)) -> x + b;  sum_channels (dy (N,C,...)) -> (C) */

#endif
