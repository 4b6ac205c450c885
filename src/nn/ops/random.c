/* random.c - dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016).
 *
 * Nothing is drawn in sequence: random_mask.h tells what is dropped where. */

#include "nn/ops/ops_internal.h"
#include "nn/random_mask.h"

#include <string.h>

static const struct attribute random_table[] = {
    ATTRIBUTE_OF_REAL(random_attributes, rate), ATTRIBUTE_OF_INT(random_attributes, key),
    ATTRIBUTE_OF_INT(random_attributes, count), ATTRIBUTE_END,
};

static bool settle(struct graph *graph, const struct node *node, struct random_attributes *a)
{
    if (!a->key)
        a->key = node->id + 1;
    if (a->rate >= 0 && a->rate < 1)
        return true;
    graph_fail(graph, "%s: the rate must lie in [0, 1), not %g", node->op->name, a->rate);
    return false;
}

/* --- dropout --------------------------------------------------------------------------------- */

static void dropout_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!op_has_inputs(graph, node, 1, 1) || !settle(graph, node, attributes))
        return;
    if (!node->inputs[0]->shape.rank) {
        graph_fail(graph, "dropout: the input is a single number");
        return;
    }
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

/* The attributes hold the key by now, so the gradient draws the same mask. */
static void dropout_gradient(struct gradient *gradient, const struct node *node)
{
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_dropout, node->name, node->attributes,
                             gradient_of_output(gradient, node, 0)));
}

static void dropout_reference(const struct reference_call *call)
{
    const struct random_attributes *a = call->node->attributes;
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t size = shape_count(shape) / shape->dim[0];
    double scale = 1 / (1 - a->rate);

    if (!call->run->training) {
        memcpy(call->outputs[0], call->inputs[0], (size_t)shape_count(shape) * sizeof(double));
        return;
    }
    for (int64_t n = 0; n < shape->dim[0]; n++) {
        uint64_t stream = mask_stream(call->run, a->key, n);
        const double *x = call->inputs[0] + n * size;
        double *y = call->outputs[0] + n * size;

        for (int64_t i = 0; i < size; i++)
            y[i] = mask_keeps(call->run, stream, i, a->rate) ? x[i] * scale : 0;
    }
}

const struct op op_dropout = {
    .name = "dropout", .version = 1, .flags = OP_RANDOM,
    .attributes_size = sizeof(struct random_attributes), .attributes = random_table,
    .shape = dropout_shape, .gradient = dropout_gradient, .reference = dropout_reference,
};

/* --- drop_path_mask -------------------------------------------------------------------------- */

static void mask_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct random_attributes *a = attributes;

    if (op_has_inputs(graph, node, 0, 0) && settle(graph, node, attributes))
        graph_node_output(graph, node, SHAPE(a->count), DTYPE_F32);
}

static void mask_reference(const struct reference_call *call)
{
    const struct random_attributes *a = call->node->attributes;

    for (int64_t n = 0; n < a->count; n++) {
        bool kept = mask_keeps(call->run, mask_stream(call->run, a->key, n), 0, a->rate);

        call->outputs[0][n] = !call->run->training ? 1 : kept ? 1 / (1 - a->rate) : 0;
    }
}

const struct op op_drop_path_mask = {
    .name = "drop_path_mask", .version = 1, .flags = OP_RANDOM,
    .attributes_size = sizeof(struct random_attributes), .attributes = random_table,
    .shape = mask_shape, .reference = mask_reference,
};
