/* activation.c - functions of one element.
 *
 * NaN stays NaN in all of them, so that a run that has diverged cannot hide it. */

#include "nn/ops/ops_internal.h"

#include <math.h>

/* --- the functions --------------------------------------------------------------------------- */

static double none_value(double x)
{
    return x;
}

static double none_derivative(double x)
{
    (void)x;
    return 1;
}

static double relu_value(double x)
{
    return x <= 0 ? 0 : x;
}

static double relu_derivative(double x)
{
    return x <= 0 ? 0 : 1;
}

static double relu6_value(double x)
{
    return x <= 0 ? 0 : x >= 6 ? 6 : x;
}

static double relu6_derivative(double x)
{
    return x <= 0 || x >= 6 ? 0 : 1;
}

static double sigmoid_value(double x)
{
    return 1 / (1 + exp(-x));
}

static double sigmoid_derivative_of_value(double y)
{
    return y * (1 - y);
}

static double sigmoid_derivative(double x)
{
    return sigmoid_derivative_of_value(sigmoid_value(x));
}

static double silu_value(double x)
{
    return x * sigmoid_value(x);
}

static double silu_derivative(double x)
{
    double s = sigmoid_value(x);

    return s * (1 + x * (1 - s));
}

/* The distribution function of the normal distribution: GELU is x times it. */
static double normal_distribution(double x)
{
    return 0.5 * (1 + erf(x * M_SQRT1_2));
}

static double gelu_value(double x)
{
    return x * normal_distribution(x);
}

static double gelu_derivative(double x)
{
    const double density_at_0 = 0.5 * M_SQRT1_2 * M_2_SQRTPI; /* 1 / sqrt(2 pi) */

    return normal_distribution(x) + x * density_at_0 * exp(-0.5 * x * x);
}

static double hard_sigmoid_value(double x)
{
    return relu6_value(x + 3) / 6;
}

static double hard_sigmoid_derivative(double x)
{
    return x <= -3 || x >= 3 ? 0 : 1.0 / 6;
}

static double hard_sigmoid_derivative_of_value(double y)
{
    return y <= 0 || y >= 1 ? 0 : 1.0 / 6;
}

static double hard_swish_value(double x)
{
    return x * hard_sigmoid_value(x);
}

static double hard_swish_derivative(double x)
{
    return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
}

static double tanh_derivative_of_value(double y)
{
    return 1 - y * y;
}

static double tanh_derivative(double x)
{
    return tanh_derivative_of_value(tanh(x));
}

/* Where the value tells the derivative, backward keeps the output instead of the input: it is
 * mostly kept anyway, for the layer that follows. */
struct activation_function {
    double (*value)(double x);
    double (*derivative)(double x);
    double (*derivative_of_value)(double y); /* NULL: the value does not tell */
};

/* clang-format off */
static const struct activation_function functions[] = {
    [ACTIVATION_NONE]         = { none_value, none_derivative, none_derivative },
    [ACTIVATION_RELU]         = { relu_value, relu_derivative, relu_derivative },
    [ACTIVATION_RELU6]        = { relu6_value, relu6_derivative, NULL },
    [ACTIVATION_SILU]         = { silu_value, silu_derivative, NULL },
    [ACTIVATION_GELU]         = { gelu_value, gelu_derivative, NULL },
    [ACTIVATION_HARD_SWISH]   = { hard_swish_value, hard_swish_derivative, NULL },
    [ACTIVATION_HARD_SIGMOID] = { hard_sigmoid_value, hard_sigmoid_derivative,
                                  hard_sigmoid_derivative_of_value },
    [ACTIVATION_SIGMOID]      = { sigmoid_value, sigmoid_derivative, sigmoid_derivative_of_value },
    [ACTIVATION_TANH]         = { tanh, tanh_derivative, tanh_derivative_of_value },
};
/* clang-format on */

#define FUNCTION_COUNT ((int)(sizeof(functions) / sizeof(functions[0])))

double activation_value(int kind, double x)
{
    return functions[kind].value(x);
}

double activation_derivative(int kind, double x)
{
    return functions[kind].derivative(x);
}

bool op_has_activation(struct graph *graph, const struct node *node, int kind)
{
    if (kind >= 0 && kind < FUNCTION_COUNT)
        return true;
    graph_fail(graph, "%s: there is no activation of kind %d", node->op->name, kind);
    return false;
}

/* --- activation ------------------------------------------------------------------------------ */

static const struct attribute activation_table[] = {
    ATTRIBUTE_OF_INT(activation_attributes, kind),
    ATTRIBUTE_OF_BOOL(activation_attributes, from_output), ATTRIBUTE_END,
};

static void activation_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct activation_attributes *a = attributes;

    if (op_has_inputs(graph, node, 1, 1) && op_has_activation(graph, node, a->kind))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void activation_gradient(struct gradient *gradient, const struct node *node)
{
    struct activation_attributes a = *(const struct activation_attributes *)node->attributes;
    struct value *dy = gradient_of_output(gradient, node, 0);

    a.from_output = functions[a.kind].derivative_of_value != NULL;
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_activation_grad, node->name, &a,
                             a.from_output ? node->outputs[0] : node->inputs[0], dy));
}

static void activation_reference(const struct reference_call *call)
{
    const struct activation_attributes *a = call->node->attributes;
    int64_t count = shape_count(&call->node->outputs[0]->shape);
    double (*value)(double) = functions[a->kind].value;

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = value(call->inputs[0][i]);
}

const struct op op_activation = {
    .name = "activation", .version = 1, .flags = OP_ELEMENTWISE | OP_CHEAP,
    .attributes_size = sizeof(struct activation_attributes), .attributes = activation_table,
    .shape = activation_shape, .gradient = activation_gradient, .reference = activation_reference,
};

/* --- activation_grad ------------------------------------------------------------------------- */

static void activation_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct activation_attributes *a = attributes;

    if (!op_has_inputs(graph, node, 2, 2) || !op_has_activation(graph, node, a->kind) ||
        !op_has_shape(graph, node, 1, "the gradient", &node->inputs[0]->shape))
        return;
    if (a->from_output && !functions[a->kind].derivative_of_value) {
        graph_fail(graph, "activation_grad: the output of kind %d does not tell its derivative",
                   a->kind);
        return;
    }
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void activation_grad_reference(const struct reference_call *call)
{
    const struct activation_attributes *a = call->node->attributes;
    const struct activation_function *function = &functions[a->kind];
    int64_t count = shape_count(&call->node->outputs[0]->shape);
    double (*derivative)(double) = a->from_output ? function->derivative_of_value
                                                  : function->derivative;

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[1][i] * derivative(call->inputs[0][i]);
}

const struct op op_activation_grad = {
    .name = "activation_grad", .version = 1, .flags = OP_ELEMENTWISE,
    .attributes_size = sizeof(struct activation_attributes), .attributes = activation_table,
    .shape = activation_grad_shape, .reference = activation_grad_reference,
};
