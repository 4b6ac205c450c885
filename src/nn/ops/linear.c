/* linear.c - rows times a transposed weight, plus bias; and its gradients. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static const struct attribute linear_attribute_table[] = {
    ATTRIBUTE_OF_BOOL(linear_attributes, has_bias),
    ATTRIBUTE_END,
};

/* Features that a weight (O, ...) takes. */
static int64_t features_in(const struct shape *weight)
{
    return shape_count(weight) / weight->dim[0];
}

static bool check_matrix(struct graph *graph, const struct node *node, int index)
{
    const struct shape *weight = &node->inputs[index]->shape;
    char text[SHAPE_TEXT_SIZE];

    if (weight->rank >= 2)
        return true;
    graph_fail(graph, "%s: the weight has the shape %s, but needs two dimensions", node->op->name,
               shape_text(weight, text));
    return false;
}

static void linear_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct linear_attributes *linear = attributes;
    const struct shape *x, *weight;

    if (!op_has_inputs(graph, node, 2, 3) || !check_matrix(graph, node, 1))
        return;
    x = &node->inputs[0]->shape;
    weight = &node->inputs[1]->shape;
    if (shape_last(x) != features_in(weight)) {
        graph_fail(graph, "linear: the input has %lld features, but the weight is for %lld",
                   (long long)shape_last(x), (long long)features_in(weight));
        return;
    }
    linear->has_bias = node->input_count > 2 && node->inputs[2];
    if (linear->has_bias && !op_has_shape(graph, node, 2, "the bias", &SHAPE(weight->dim[0])))
        return;
    graph_node_output(graph, node, shape_with_last(x, weight->dim[0]), DTYPE_F32);
}

static void linear_input_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *dy, *weight;

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2) || !check_matrix(graph, node, 1))
        return;
    dy = &node->inputs[0]->shape;
    weight = &node->inputs[1]->shape;
    if (shape_last(dy) != weight->dim[0]) {
        graph_fail(graph, "linear_input_grad: a gradient of %lld features for a weight with %lld",
                   (long long)shape_last(dy), (long long)weight->dim[0]);
        return;
    }
    graph_node_output(graph, node, shape_with_last(dy, features_in(weight)), DTYPE_F32);
}

static void linear_weight_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct linear_attributes *linear = attributes;
    const struct shape *x, *dy;

    if (!op_has_inputs(graph, node, 2, 2))
        return;
    x = &node->inputs[0]->shape;
    dy = &node->inputs[1]->shape;
    if (shape_rows(x) != shape_rows(dy)) {
        graph_fail(graph, "linear_weight_grad: %lld rows, but gradients of %lld",
                   (long long)shape_rows(x), (long long)shape_rows(dy));
        return;
    }
    graph_node_output(graph, node, SHAPE(shape_last(dy), shape_last(x)), DTYPE_F32);
    if (linear->has_bias)
        graph_node_output(graph, node, SHAPE(shape_last(dy)), DTYPE_F32);
}

static void linear_gradient(struct gradient *gradient, const struct node *node)
{
    struct linear_attributes linear = { .has_bias = gradient_wanted(gradient, node, 2) };
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct node *weight_grad;

    if (!dy)
        return;
    if (gradient_wanted(gradient, node, 1) || linear.has_bias) {
        weight_grad = graph_node(gradient->graph, &op_linear_weight_grad, node->name,
                                 (struct value *[]){ node->inputs[0], dy }, 2, &linear);
        if (!weight_grad)
            return;
        gradient_add(gradient, node, 1, weight_grad->outputs[0]);
        if (linear.has_bias)
            gradient_add(gradient, node, 2, weight_grad->outputs[1]);
    }
    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_linear_input_grad, node->name, NULL, dy,
                                 node->inputs[1]));
}

static void linear_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t in = shape_last(x), out = shape_last(&call->node->outputs[0]->shape);
    const double *bias = call->node->input_count > 2 ? call->inputs[2] : NULL;

    for (int64_t row = 0; row < shape_rows(x); row++)
        for (int64_t o = 0; o < out; o++)
            call->outputs[0][row * out + o] =
                vector_dot(call->inputs[0] + row * in, call->inputs[1] + o * in, in) +
                (bias ? bias[o] : 0);
}

static void linear_input_grad_reference(const struct reference_call *call)
{
    const struct shape *dx = &call->node->outputs[0]->shape;
    int64_t in = shape_last(dx), out = shape_last(&call->node->inputs[0]->shape);

    memset(call->outputs[0], 0, (size_t)shape_count(dx) * sizeof(double));
    for (int64_t row = 0; row < shape_rows(dx); row++)
        for (int64_t o = 0; o < out; o++)
            vector_add(call->outputs[0] + row * in, call->inputs[0][row * out + o],
                       call->inputs[1] + o * in, in);
}

static void linear_weight_grad_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t in = shape_last(x), out = shape_last(&call->node->inputs[1]->shape);
    double *dbias = call->node->output_count > 1 ? call->outputs[1] : NULL;

    memset(call->outputs[0], 0, (size_t)(in * out) * sizeof(double));
    if (dbias)
        memset(dbias, 0, (size_t)out * sizeof(double));
    for (int64_t row = 0; row < shape_rows(x); row++) {
        const double *dy = call->inputs[1] + row * out;

        for (int64_t o = 0; o < out; o++)
            vector_add(call->outputs[0] + o * in, dy[o], call->inputs[0] + row * in, in);
        if (dbias)
            vector_add(dbias, 1, dy, out);
    }
}

static double linear_flops(const struct node *node)
{
    return 2.0 * (double)shape_count(&node->inputs[0]->shape) *
           (double)shape_last(&node->outputs[0]->shape);
}

static double linear_weight_grad_flops(const struct node *node)
{
    return 2.0 * (double)shape_count(&node->inputs[0]->shape) *
           (double)shape_last(&node->inputs[1]->shape);
}

const struct op op_linear = {
    .name = "linear",
    .version = 1,
    .attributes_size = sizeof(struct linear_attributes),
    .attributes = linear_attribute_table,
    .shape = linear_shape,
    .gradient = linear_gradient,
    .reference = linear_reference,
    .flops = linear_flops,
};

const struct op op_linear_input_grad = {
    .name = "linear_input_grad",
    .version = 1,
    .shape = linear_input_grad_shape,
    .reference = linear_input_grad_reference,
    .flops = linear_flops,
};

const struct op op_linear_weight_grad = {
    .name = "linear_weight_grad",
    .version = 1,
    .attributes_size = sizeof(struct linear_attributes),
    .attributes = linear_attribute_table,
    .shape = linear_weight_grad_shape,
    .reference = linear_weight_grad_reference,
    .flops = linear_weight_grad_flops,
};
