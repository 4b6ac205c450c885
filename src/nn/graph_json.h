/* graph_json.h - a graph as text, so that a checkpoint describes itself.
 *
 * What is stored is the network as its model file described it, before any pass, with every
 * attribute resolved and the version of each op; parameters and states by name.  Loading needs no
 * model file, and an op whose meaning has changed since is refused.
 */
#ifndef NN_GRAPH_JSON_H
#define NN_GRAPH_JSON_H

#include "nn/graph.h"

struct json_writer;

void graph_write_json(const struct graph *graph, struct json_writer *w);

/* Build a graph from such a text; `batch` replaces the first dimension of inputs (0: as stored).
 * The graph is initialised here; graph_release() it also after a failure. */
int graph_read_json(struct graph *graph, const char *text, size_t length, int batch,
                    struct error *err);

#endif
