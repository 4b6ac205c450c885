/* ops_internal.h - what several files of nn/ops/ need. */
#ifndef NN_OPS_OPS_INTERNAL_H
#define NN_OPS_OPS_INTERNAL_H

#include "nn/gradient.h"
#include "nn/ops.h"

/* --- checks of shape rules: false after reporting "<op>: ..." ------------------------------- */

/* The node has between `least` and `most` inputs, and the first `least` of them are there. */
bool op_has_inputs(struct graph *graph, const struct node *node, int least, int most);
/* Input `index` has this rank; `what` is its name in messages. */
bool op_has_rank(struct graph *graph, const struct node *node, int index, const char *what,
                 int rank);
/* Input `index` has this shape. */
bool op_has_shape(struct graph *graph, const struct node *node, int index, const char *what,
                  const struct shape *shape);
/* `kind` is one of enum activation. */
bool op_has_activation(struct graph *graph, const struct node *node, int kind);

/* --- shapes ---------------------------------------------------------------------------------- */

/* Elements before the last dimension: how many rows of vectors a (...,K) value has. */
int64_t shape_rows(const struct shape *shape);
int64_t shape_last(const struct shape *shape);
/* The same shape with another last dimension. */
struct shape shape_with_last(const struct shape *shape, int64_t last);

/* How many positions a window of `kernel` taps has; 0 or less when it does not fit. */
int64_t window_count(int64_t size, int kernel, int stride, int pad, int dilation);

/* --- for reference kernels ------------------------------------------------------------------- */

double vector_dot(const double *a, const double *b, int64_t count);
void vector_add(double *y, double a, const double *x, int64_t count); /* y += a x */

#endif
