/* layer_norm.c - layer normalisation (Ba et al. 2016) over the last dimension. */

#include "nn/ops/ops_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute layer_table[] = {
    ATTRIBUTE_OF_REAL(layer_norm_attributes, eps), ATTRIBUTE_END,
};

/* The shape of x without its last dimension; false, reported, when nothing would be left. */
static bool has_rows(struct graph *graph, const struct node *node, struct shape *rows)
{
    char text[SHAPE_TEXT_SIZE];

    *rows = node->inputs[0]->shape;
    if (rows->rank >= 2) {
        rows->dim[--rows->rank] = 0;
        return true;
    }
    graph_fail(graph, "%s: the input has the shape %s, but needs rows of features",
               node->op->name, shape_text(rows, text));
    return false;
}

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct layer_norm_attributes *a = attributes;
    struct shape rows, features;

    if (!op_has_inputs(graph, node, 3, 3) || !has_rows(graph, node, &rows))
        return;
    features = SHAPE(shape_last(&node->inputs[0]->shape));
    if (!op_has_shape(graph, node, 1, "the weight", &features) ||
        !op_has_shape(graph, node, 2, "the bias", &features))
        return;
    if (!a->eps)
        a->eps = 1e-5;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, rows, DTYPE_F32);
    graph_node_output(graph, node, rows, DTYPE_F32);
}

static void norm_gradient(struct gradient *gradient, const struct node *node)
{
    struct node *grad = graph_node(gradient->graph, &op_layer_norm_grad, node->name,
                                   (struct value *[]){ node->inputs[0], node->inputs[1],
                                                       node->outputs[1], node->outputs[2],
                                                       gradient_of_output(gradient, node, 0) },
                                   5, NULL);

    if (!grad)
        return;
    for (int i = 0; i < 3; i++)
        gradient_add(gradient, node, i, grad->outputs[i]);
}

static void norm_reference(const struct reference_call *call)
{
    const struct layer_norm_attributes *a = call->node->attributes;
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t rows = shape_rows(shape), features = shape_last(shape);

    for (int64_t row = 0; row < rows; row++) {
        const double *x = call->inputs[0] + row * features;
        double *y = call->outputs[0] + row * features;
        double sum = 0, squares = 0, mean, istd;

        for (int64_t i = 0; i < features; i++)
            sum += x[i];
        mean = sum / (double)features;
        for (int64_t i = 0; i < features; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        istd = 1 / sqrt(squares / (double)features + a->eps);
        for (int64_t i = 0; i < features; i++)
            y[i] = (x[i] - mean) * istd * call->inputs[1][i] + call->inputs[2][i];
        call->outputs[1][row] = mean;
        call->outputs[2][row] = istd;
    }
}

const struct op op_layer_norm = {
    .name = "layer_norm", .version = 1, .attributes_size = sizeof(struct layer_norm_attributes),
    .attributes = layer_table, .shape = norm_shape, .gradient = norm_gradient,
    .reference = norm_reference,
};

static void grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct shape rows, features;

    (void)attributes;
    if (!op_has_inputs(graph, node, 5, 5) || !has_rows(graph, node, &rows))
        return;
    features = SHAPE(shape_last(&node->inputs[0]->shape));
    if (!op_has_shape(graph, node, 1, "the weight", &features) ||
        !op_has_shape(graph, node, 2, "the mean", &rows) ||
        !op_has_shape(graph, node, 3, "the deviation", &rows) ||
        !op_has_shape(graph, node, 4, "the gradient", &node->inputs[0]->shape))
        return;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, features, DTYPE_F32);
    graph_node_output(graph, node, features, DTYPE_F32);
}

/* dx = istd (g - mean(g) - xhat mean(g xhat)), where g = dy gamma */
static void grad_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t rows = shape_rows(shape), features = shape_last(shape);
    double *const *in = call->inputs, *const *out = call->outputs;

    memset(out[1], 0, (size_t)features * sizeof(double));
    memset(out[2], 0, (size_t)features * sizeof(double));
    for (int64_t row = 0; row < rows; row++) {
        const double *x = in[0] + row * features, *dy = in[4] + row * features;
        double *dx = out[0] + row * features;
        double mean = in[2][row], istd = in[3][row], sum = 0, dot = 0;

        for (int64_t i = 0; i < features; i++) {
            double xhat = (x[i] - mean) * istd;

            sum += dy[i] * in[1][i];
            dot += dy[i] * in[1][i] * xhat;
            out[1][i] += dy[i] * xhat;
            out[2][i] += dy[i];
        }
        sum /= (double)features;
        dot /= (double)features;
        for (int64_t i = 0; i < features; i++)
            dx[i] = istd * (dy[i] * in[1][i] - sum - (x[i] - mean) * istd * dot);
    }
}

const struct op op_layer_norm_grad = {
    .name = "layer_norm_grad", .version = 1, .shape = grad_shape, .reference = grad_reference,
};
