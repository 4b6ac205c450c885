/* linear.c - a matrix of weights applied to the last dimension. */

#include "nn/gradient.h"
#include "nn/ops.h"

#include <string.h>

static const struct attribute linear_table[] = {
    ATTRIBUTE_OF_BOOL(linear_attributes, has_bias), ATTRIBUTE_END,
};

/* rows x features of (...,K) */
static int64_t features(const struct value *x)
{
    return x->shape.dim[x->shape.rank - 1];
}

static int64_t rows(const struct value *x)
{
    return shape_count(&x->shape) / features(x);
}

static void linear_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct linear_attributes *a = attributes;
    const struct value *x = node->inputs[0], *weight = node->inputs[1];
    struct shape y = x->shape;
    int64_t k = shape_count(&weight->shape) / weight->shape.dim[0];

    a->has_bias = node->input_count > 2 && node->inputs[2];
    if (x->shape.rank < 2 || features(x) != k) {
        graph_fail(graph, "linear: %d features do not fit a weight for %d", (int)features(x), (int)k);
        return;
    }
    y.dim[y.rank - 1] = weight->shape.dim[0];
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void linear_gradient(struct gradient *gradient, const struct node *node)
{
    struct graph *graph = gradient->graph;
    struct value *dy = gradient_of_output(gradient, node, 0);
    const struct linear_attributes *a = node->attributes;
    struct node *grad;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_linear_input_grad, node->name, NULL, dy, node->inputs[1]));
    if (!gradient_wanted(gradient, node, 1) && !gradient_wanted(gradient, node, 2))
        return;
    grad = graph_node(graph, &op_linear_weight_grad, node->name,
                      (struct value *[]){ node->inputs[0], dy }, 2, a);
    if (!grad)
        return;
    gradient_add(gradient, node, 1, grad->outputs[0]);
    if (a->has_bias)
        gradient_add(gradient, node, 2, grad->outputs[1]);
}

static void linear_reference(const struct reference_call *call)
{
    const struct value *x = call->node->inputs[0], *y = call->node->outputs[0];
    const double *bias = call->node->input_count > 2 ? call->inputs[2] : NULL;
    int64_t k = features(x), o = features(y);

    for (int64_t r = 0; r < rows(x); r++)
        for (int64_t i = 0; i < o; i++) {
            const double *a = call->inputs[0] + r * k, *w = call->inputs[1] + i * k;
            double sum = bias ? bias[i] : 0;

            for (int64_t j = 0; j < k; j++)
                sum += a[j] * w[j];
            call->outputs[0][r * o + i] = sum;
        }
}

static double linear_flops(const struct node *node)
{
    return 2.0 * (double)rows(node->inputs[0]) * (double)shape_count(&node->inputs[1]->shape);
}

const struct op op_linear = {
    .name = "linear", .version = 1, .attributes_size = sizeof(struct linear_attributes),
    .attributes = linear_table, .shape = linear_shape, .gradient = linear_gradient,
    .reference = linear_reference, .flops = linear_flops,
};

/* --- gradients ------------------------------------------------------------------------------- */

static void input_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct value *weight = node->inputs[1];
    struct shape dx = node->inputs[0]->shape;

    (void)attributes;
    dx.dim[dx.rank - 1] = shape_count(&weight->shape) / weight->shape.dim[0];
    graph_node_output(graph, node, dx, DTYPE_F32);
}

static void input_grad_reference(const struct reference_call *call)
{
    const struct value *dy = call->node->inputs[0], *dx = call->node->outputs[0];
    int64_t k = features(dx), o = features(dy);

    memset(call->outputs[0], 0, (size_t)shape_count(&dx->shape) * sizeof(double));
    for (int64_t r = 0; r < rows(dy); r++)
        for (int64_t i = 0; i < o; i++) {
            double g = call->inputs[0][r * o + i];
            const double *w = call->inputs[1] + i * k;

            for (int64_t j = 0; j < k; j++)
                call->outputs[0][r * k + j] += g * w[j];
        }
}

const struct op op_linear_input_grad = {
    .name = "linear_input_grad", .version = 1, .shape = input_grad_shape,
    .reference = input_grad_reference, .flops = linear_flops,
};

static void weight_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct linear_attributes *a = attributes;
    const struct value *x = node->inputs[0], *dy = node->inputs[1];

    if (rows(x) != rows(dy)) {
        graph_fail(graph, "linear_weight_grad: %d and %d rows", (int)rows(x), (int)rows(dy));
        return;
    }
    graph_node_output(graph, node, SHAPE(features(dy), features(x)), DTYPE_F32);
    if (a->has_bias)
        graph_node_output(graph, node, SHAPE(features(dy)), DTYPE_F32);
}

static void weight_grad_reference(const struct reference_call *call)
{
    const struct value *x = call->node->inputs[0], *dy = call->node->inputs[1];
    const struct linear_attributes *a = call->node->attributes;
    int64_t k = features(x), o = features(dy);

    memset(call->outputs[0], 0, (size_t)(k * o) * sizeof(double));
    if (a->has_bias)
        memset(call->outputs[1], 0, (size_t)o * sizeof(double));
    for (int64_t r = 0; r < rows(x); r++)
        for (int64_t i = 0; i < o; i++) {
            double g = call->inputs[1][r * o + i];

            for (int64_t j = 0; j < k; j++)
                call->outputs[0][i * k + j] += g * call->inputs[0][r * k + j];
            if (a->has_bias)
                call->outputs[1][i] += g;
        }
}

static double weight_grad_flops(const struct node *node)
{
    return 2.0 * (double)rows(node->inputs[0]) * (double)shape_count(&node->outputs[0]->shape);
}

const struct op op_linear_weight_grad = {
    .name = "linear_weight_grad", .version = 1, .attributes_size = sizeof(struct linear_attributes),
    .attributes = linear_table, .shape = weight_grad_shape, .reference = weight_grad_reference,
    .flops = weight_grad_flops,
};
