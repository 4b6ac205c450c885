/* activation.c - functions of one element. */

#include "nn/gradient.h"
#include "nn/ops.h"

#include <math.h>

static const struct attribute activation_table[] = {
    ATTRIBUTE_OF_INT(activation_attributes, kind),
    ATTRIBUTE_OF_BOOL(activation_attributes, from_output), ATTRIBUTE_END,
};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The normal distribution function: GELU is x times it. */
static double normal_cdf(double x)
{
    return 0.5 * (1 + erf(x * M_SQRT1_2));
}

double activation_value(int kind, double x)
{
    switch ((enum activation)kind) {
    case ACTIVATION_NONE:
        return x;
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_RELU6:
        return x > 0 ? (x < 6 ? x : 6) : 0;
    case ACTIVATION_SILU:
        return x * sigmoid(x);
    case ACTIVATION_GELU:
        return x * normal_cdf(x);
    case ACTIVATION_HARD_SWISH:
        return x * fmin(fmax(x + 3, 0), 6) / 6;
    case ACTIVATION_HARD_SIGMOID:
        return fmin(fmax(x + 3, 0), 6) / 6;
    case ACTIVATION_SIGMOID:
        return sigmoid(x);
    case ACTIVATION_TANH:
        return tanh(x);
    }
    return x;
}

double activation_derivative(int kind, double x)
{
    double s;

    switch ((enum activation)kind) {
    case ACTIVATION_NONE:
        return 1;
    case ACTIVATION_RELU:
        return x > 0;
    case ACTIVATION_RELU6:
        return x > 0 && x < 6;
    case ACTIVATION_SILU:
        s = sigmoid(x);
        return s * (1 + x * (1 - s));
    case ACTIVATION_GELU:
        return normal_cdf(x) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI);
    case ACTIVATION_HARD_SWISH:
        return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
    case ACTIVATION_HARD_SIGMOID:
        return x > -3 && x < 3 ? 1.0 / 6 : 0;
    case ACTIVATION_SIGMOID:
        s = sigmoid(x);
        return s * (1 - s);
    case ACTIVATION_TANH:
        s = tanh(x);
        return 1 - s * s;
    }
    return 1;
}

/* The same for the kinds whose output tells it. */
static double derivative_from_output(int kind, double y)
{
    switch ((enum activation)kind) {
    case ACTIVATION_RELU:
        return y > 0;
    case ACTIVATION_SIGMOID:
        return y * (1 - y);
    case ACTIVATION_TANH:
        return 1 - y * y;
    case ACTIVATION_HARD_SIGMOID:
        return y > 0 && y < 1 ? 1.0 / 6 : 0;
    default:
        return 1;
    }
}

static bool output_tells(int kind)
{
    return kind == ACTIVATION_RELU || kind == ACTIVATION_SIGMOID || kind == ACTIVATION_TANH ||
           kind == ACTIVATION_HARD_SIGMOID;
}

static void activation_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct activation_attributes *a = attributes;

    if (a->kind < ACTIVATION_NONE || a->kind > ACTIVATION_TANH) {
        graph_fail(graph, "activation: there is no kind %d", a->kind);
        return;
    }
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void activation_gradient(struct gradient *gradient, const struct node *node)
{
    struct activation_attributes a = *(const struct activation_attributes *)node->attributes;
    struct value *dy = gradient_of_output(gradient, node, 0);

    a.from_output = output_tells(a.kind);
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_activation_grad, node->name, &a,
                             a.from_output ? node->outputs[0] : node->inputs[0], dy));
}

static void activation_reference(const struct reference_call *call)
{
    const struct activation_attributes *a = call->node->attributes;
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = activation_value(a->kind, call->inputs[0][i]);
}

const struct op op_activation = {
    .name = "activation", .version = 1, .flags = OP_ELEMENTWISE | OP_CHEAP,
    .attributes_size = sizeof(struct activation_attributes), .attributes = activation_table,
    .shape = activation_shape, .gradient = activation_gradient, .reference = activation_reference,
};

static void grad_reference(const struct reference_call *call)
{
    const struct activation_attributes *a = call->node->attributes;
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[1][i] *
                              (a->from_output ? derivative_from_output(a->kind, call->inputs[0][i])
                                              : activation_derivative(a->kind, call->inputs[0][i]));
}

const struct op op_activation_grad = {
    .name = "activation_grad", .version = 1, .flags = OP_ELEMENTWISE,
    .attributes_size = sizeof(struct activation_attributes), .attributes = activation_table,
    .shape = activation_shape, .reference = grad_reference,
};
