/* op.h - what an operation is.
 *
 * An op is a file of nn/ops/ that ends in one constant per op, listed in nn/ops.def.  The file
 * owns its shape rule, its gradient rule and its reference kernel; backward ops stand in the
 * same file.  Ops are pure functions of their inputs, but for those with `mutates`.
 *
 * The reference kernel is plain C in double precision on row-major arrays.  It is the oracle
 * that every other kernel is held against, and what runs where a device offers nothing better.
 */
#ifndef NN_OP_H
#define NN_OP_H

#include "nn/graph.h"

#include <stddef.h>
#include <stdint.h>

struct gradient;

/* One field of an op's attribute struct, so that graphs can be stored in files and printed. */
enum attribute_type { ATTRIBUTE_INT, ATTRIBUTE_REAL, ATTRIBUTE_BOOL, ATTRIBUTE_INTS };

struct attribute {
    const char *name;
    enum attribute_type type; /* int, double, bool, int[count] */
    size_t offset;
    int count; /* of ATTRIBUTE_INTS */
};

#define ATTRIBUTE_OF_INT(s, field) { #field, ATTRIBUTE_INT, offsetof(struct s, field), 1 }
#define ATTRIBUTE_OF_REAL(s, field) { #field, ATTRIBUTE_REAL, offsetof(struct s, field), 1 }
#define ATTRIBUTE_OF_BOOL(s, field) { #field, ATTRIBUTE_BOOL, offsetof(struct s, field), 1 }
#define ATTRIBUTE_OF_INTS(s, field, n) { #field, ATTRIBUTE_INTS, offsetof(struct s, field), n }
#define ATTRIBUTE_END { NULL, ATTRIBUTE_INT, 0, 0 }

/* What is the same for all nodes of one run, and different in the next. */
struct run_state {
    uint64_t seed;
    int64_t step;            /* optimizer steps so far, for random nodes */
    int64_t first_sample;    /* running number of the batch's first sample in this step */
    bool training;           /* random nodes are the identity otherwise */
};

struct reference_call {
    const struct node *node;
    double *const *inputs; /* NULL where the node has no such input */
    double *const *outputs;
    const struct run_state *run;
};

enum op_flags {
    OP_VIEW = 1,        /* output 0 has the elements of input 0 in the same row-major order */
    OP_RANDOM = 2,      /* reads run_state */
    OP_ELEMENTWISE = 4, /* output i depends on element i of the inputs, which have its shape */
    OP_CHEAP = 8,       /* worth computing again in backward instead of keeping its output */
    OP_LOSS = 16        /* output 0 is a scalar to minimise */
};

struct op {
    const char *name;
    int version; /* raised when the meaning of attributes changes */
    unsigned flags;
    unsigned mutates; /* bit i: input i, a state, is updated in place */
    size_t attributes_size;
    const struct attribute *attributes; /* ends with ATTRIBUTE_END; NULL: none */

    /* Check inputs and attributes, make the outputs with graph_node_output(); complete
     * attributes whose 0 means "the usual".  Report with graph_fail(). */
    void (*shape)(struct graph *graph, struct node *node, void *attributes);

    /* Emit the nodes that compute the gradients of the inputs (gradient.h).  NULL: no gradient. */
    void (*gradient)(struct gradient *gradient, const struct node *node);

    void (*reference)(const struct reference_call *call);

    double (*flops)(const struct node *node); /* multiply and add are two; NULL: 0 */
};

/* The op of that name, or NULL. */
const struct op *op_find(const char *name);
const struct op *const *op_all(int *count);

#endif
