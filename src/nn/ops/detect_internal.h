/* detect_internal.h - what the ops that find objects have in common. */
#ifndef NN_OPS_DETECT_INTERNAL_H
#define NN_OPS_DETECT_INTERNAL_H

#include "nn/ops/ops_internal.h"
#include "nn/reals.h"

/* --- checks of shape rules ------------------------------------------------------------------- */

/* The grids cover their image. */
bool op_has_grids(struct graph *graph, const struct node *node, const struct anchor_grids *grids);
/* Input `index` is (N, channels, anchors); channels 0: any. */
bool op_has_anchors(struct graph *graph, const struct node *node, int index, const char *what,
                    int64_t images, int64_t channels, int64_t anchors);
/* Inputs boxes_at (N,M,4), classes_at (N,M; -1: there are none) and counts_at (N) are targets. */
bool op_has_targets(struct graph *graph, const struct node *node, int64_t images, int boxes_at,
                    int classes_at, int counts_at);

/* --- gradients -------------------------------------------------------------------------------- */

/* Append `op`, whose inputs are those of the loss and the gradient of the loss, where that is not
 * just 1; its outputs are the gradients of the node's first inputs. */
void loss_gradient(struct gradient *gradient, const struct node *node, const struct op *op);

/* --- for reference kernels -------------------------------------------------------------------- */

struct reals reals_of(const double *values);
/* How many images are there, that is, have a count from 0 on. */
int64_t images_present(const double *counts, int64_t images);
/* The factor that a gradient has in front: images times the gradient of the loss. */
double loss_factor(const struct reference_call *call, int counts_at);

#endif
