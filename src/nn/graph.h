/* graph.h - a network as a graph of operations on values.
 *
 * A graph is a list of nodes in an order in which they can run.  A node applies an op
 * (nn/op.h) to input values and makes output values.  Nothing is computed here: passes rewrite
 * the graph (nn/passes/), gradient.h differentiates it, plan.h makes it runnable.
 *
 * Ownership  Nodes, values, names and attributes live in the graph's arena and die with it.
 * Errors     They stick.  After the first failure every building call returns NULL and does
 *            nothing; graph_finish() reports what failed and in which scope.  So model files
 *            contain no error checks.
 * Names      A parameter is called "<scope>.<layer>.weight": the names of the checkpoints that
 *            the field exchanges.  A node is called "<scope>.<layer>".
 */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H

#include "base/arena.h"
#include "base/error.h"
#include "tensor/shape.h"

#include <stdbool.h>
#include <stdint.h>

struct node;
struct op;
struct str;

enum value_kind {
    VALUE_COMPUTED,  /* an output of a node */
    VALUE_INPUT,     /* fed before each run: images, targets */
    VALUE_PARAMETER, /* learned */
    VALUE_STATE      /* carried along, not learned: running means and variances */
};

/* How a parameter starts. */
enum init_kind {
    INIT_CONSTANT,         /* a */
    INIT_NORMAL,           /* mean 0, standard deviation a */
    INIT_TRUNCATED_NORMAL, /* the same, cut at +-2 (absolute, as the peers' trunc_normal_) */
    INIT_LECUN_NORMAL,     /* truncated normal of variance 1 / fan_in, cut at 2 deviations */
    INIT_UNIFORM,          /* [-a, a) */
    INIT_COUNT             /* 0, a, 2 a, 3 a, ... */
};

struct init {
    enum init_kind kind;
    double a;
};

struct value {
    int id; /* index in graph->values */
    enum value_kind kind;
    const char *name; /* of inputs, parameters and states; NULL for computed ones */
    struct shape shape;
    enum dtype dtype;
    struct node *producer; /* NULL unless computed */
    int output_index;
    /* parameters only */
    struct init init;
    bool decay;  /* weight decay applies */
    bool frozen; /* gets no gradient */
};

#define NODE_MAX_INPUTS 12
#define NODE_MAX_OUTPUTS 8

struct node {
    int id; /* never reused inside a graph; random ops key their numbers on it */
    const struct op *op;
    const char *name; /* the layer it belongs to */
    const void *attributes; /* the op's private struct */
    struct value *inputs[NODE_MAX_INPUTS]; /* NULL: an optional input left out */
    int input_count;
    struct value *outputs[NODE_MAX_OUTPUTS];
    int output_count;
    bool is_backward; /* emitted by differentiation */
    bool is_recompute;
};

#define GRAPH_MAX_SCOPES 16

struct graph {
    struct arena arena;
    struct node **nodes; /* in an order in which they can run */
    int node_count;
    struct value **values;
    int value_count;
    struct value **outputs; /* what must stay alive and can be read after a run */
    int output_count;

    int _node_capacity, _value_capacity, _output_capacity, _next_node_id;
    char _scope[256];
    int _scope_length[GRAPH_MAX_SCOPES]; /* of the text before each open scope */
    int _scope_depth;
    bool _inserting;
    int _insert_at; /* while inserting: the position of the next new node */
    bool _backward, _failed;
    struct error _error;
};

/* --- life ------------------------------------------------------------------------------- */

void graph_init(struct graph *graph);
void graph_release(struct graph *graph);

/* 0 when everything built so far is fine, else the first error, with its scope. */
int graph_finish(struct graph *graph, struct error *err);

/* --- scopes ------------------------------------------------------------------------------ */

void graph_enter(struct graph *graph, const char *format, ...) /* push a part of the name */
    __attribute__((format(printf, 2, 3)));
void graph_leave(struct graph *graph);
/* "<scope>.<name>" in the arena; just the scope when name is NULL or "". */
const char *graph_scoped(struct graph *graph, const char *name);

/* --- building ---------------------------------------------------------------------------- */

struct value *graph_input(struct graph *graph, const char *name, struct shape shape,
                          enum dtype dtype);
/* `name` is scoped. Weight decay applies to parameters of two or more dimensions; clear
 * value->decay where a model says otherwise. */
struct value *graph_parameter(struct graph *graph, const char *name, struct shape shape,
                              struct init init);
struct value *graph_state(struct graph *graph, const char *name, struct shape shape, double start);

/* Append a node, copy its attributes (op->attributes_size bytes; NULL: zeros) and let the op's
 * shape rule make its outputs.  `name` is scoped.  Returns NULL after a failure. */
struct node *graph_node(struct graph *graph, const struct op *op, const char *name,
                        struct value *const *inputs, int input_count, const void *attributes);
/* The same for ops with one output. */
struct value *graph_apply(struct graph *graph, const struct op *op, const char *name,
                          struct value *const *inputs, int input_count, const void *attributes);
#define GRAPH_APPLY(graph, op, name, attributes, ...)                                              \
    graph_apply(graph, op, name, (struct value *[]){ __VA_ARGS__ },                                \
                (int)(sizeof((struct value *[]){ __VA_ARGS__ }) / sizeof(struct value *)),         \
                attributes)

/* For shape rules: make output `index` of the node. */
struct value *graph_node_output(struct graph *graph, struct node *node, struct shape shape,
                                enum dtype dtype);

void graph_add_output(struct graph *graph, struct value *value);

/* Report a failure of a builder or shape rule; returns NULL / -1 for its caller. */
void *graph_fail(struct graph *graph, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- rewriting, for passes --------------------------------------------------------------- */

/* New nodes are put before position `at` until graph_insert_end(). */
void graph_insert_begin(struct graph *graph, int at);
void graph_insert_end(struct graph *graph);
/* Let every consumer, and the list of outputs, use `new_value` instead. */
void graph_replace(struct graph *graph, struct value *old_value, struct value *new_value);
void graph_remove_node(struct graph *graph, struct node *node);
int graph_position(const struct graph *graph, const struct node *node);
/* How many node inputs and graph outputs use the value; *only is the last node that does. */
int graph_consumers(const struct graph *graph, const struct value *value, struct node **only);

/* --- reading ----------------------------------------------------------------------------- */

struct value *graph_find(const struct graph *graph, const char *name); /* NULL if absent */
int64_t graph_parameter_count(const struct graph *graph); /* elements of all parameters */
double graph_flops(const struct graph *graph);            /* of all nodes */
void graph_print(const struct graph *graph, struct str *out);
/* Every input of a node exists before it, and ids are consistent; for tests and after passes. */
int graph_check(const struct graph *graph, struct error *err);

#endif
