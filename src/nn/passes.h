/* passes.h - rewrites of a graph, each one file of nn/passes/.
 *
 * What changes the things that backward keeps runs before differentiation.  A pass leaves the
 * meaning of the graph's outputs unchanged.
 */
#ifndef NN_PASSES_H
#define NN_PASSES_H

#include "nn/graph.h"

/* batch_norm -> batch_stats + batch_apply (training) or batch_running + batch_apply.  Needed
 * before anything runs or is differentiated. */
void pass_lower_batch_norm(struct graph *graph, bool training);

/* A following activation and residual addition move into batch_apply. */
void pass_fuse_batch_apply(struct graph *graph);

/* batch_apply + depthwise convolution + batch_stats -> depthwise_norm (training graphs). */
void pass_fuse_depthwise(struct graph *graph);

/* Nodes whose outputs nobody reads go, unless they update states. */
void pass_remove_dead(struct graph *graph);

/* After differentiation: backward nodes read fresh copies of forward nodes instead of keeping their
 * outputs alive through the forward pass.  Lean: of all cheap nodes, and of 1x1 convolutions and
 * linear layers that make many features of few; else only where it costs next to nothing. */
void pass_recompute(struct graph *graph, bool lean);

#endif
