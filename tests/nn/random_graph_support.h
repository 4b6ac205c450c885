/* random_graph_support.h - random networks, for tests that must hold for every graph.
 *
 * A graph is grown from one image by layers drawn from a table: convolutions of all kinds, norms,
 * residual and mobile blocks, pools, tokens, attention, shape changes.  Sizes are odd, channels
 * 1 to 33, batches 1 to 3; values have several readers, some have none, some are outputs, some
 * parameters are frozen.  The same seed gives the same graph. */
#ifndef TESTS_NN_RANDOM_GRAPH_SUPPORT_H
#define TESTS_NN_RANDOM_GRAPH_SUPPORT_H

#include "nn/graph.h"

/* What is fed to a network, and what is minimised. */
struct net {
    struct value *image, *target, *loss;
};

/* Appends a network to an empty graph, with its outputs: the loss first. */
typedef void net_build_fn(struct graph *g, uint64_t seed, struct net *net);

net_build_fn random_graph_build;
/* The same without kinks (relu, maximum), so that differences give the gradient, and without
 * frozen parameters. */
net_build_fn random_smooth_graph_build;

/* As random_graph_build(), but for the loss: a network as a model file describes it.  Its first
 * output are the logits. */
net_build_fn random_network_build;

/* A loss over logits (N,K): the end of every builder; the loss, its parts and nothing else become
 * outputs. */
void net_finish(struct graph *g, struct value *image, struct value *logits, struct net *net);

#endif
