/* gradient.h - differentiation, graph to graph (reverse mode).
 *
 * gradient_build() appends to a graph the nodes that compute the gradient of a scalar loss with
 * respect to every parameter that is not frozen.  Each op's rule emits ordinary nodes, and so
 * says which forward values backward keeps.
 */
#ifndef NN_GRADIENT_H
#define NN_GRADIENT_H

#include "nn/graph.h"

struct gradient {
    struct graph *graph;
    struct value **_of; /* by value id: the gradient collected so far */
    bool *_wanted;      /* by value id: does any trained parameter lie behind it */
    int _count;
};

/* On success (*of)[value->id] is the gradient of each parameter, NULL where it has none; the array
 * lives in the graph's arena.  The loss's own gradient is 1. */
int gradient_build(struct graph *graph, struct value *loss, struct value ***of, struct error *err);

/* --- for gradient rules ------------------------------------------------------------------ */

/* The gradient of output `index`; NULL when nothing depends on it (treat it as zero). */
struct value *gradient_of_output(const struct gradient *gradient, const struct node *node,
                                 int index);

/* Does anything want the gradient of input `index`?  False for absent inputs. */
bool gradient_wanted(const struct gradient *gradient, const struct node *node, int index);

/* Contribute to the gradient of input `index`; contributions add up.  NULL is fine. */
void gradient_add(struct gradient *gradient, const struct node *node, int index,
                  struct value *contribution);

/* What input `index` has collected so far, NULL if nothing; gradient_set() puts something that
 * contains it in its place.  For rules that can add cheaper than by making a whole contribution. */
struct value *gradient_collected(const struct gradient *gradient, const struct node *node,
                                 int index);
void gradient_set(struct gradient *gradient, const struct node *node, int index,
                  struct value *sum);

#endif
