/* layer_norm.c - layer normalisation (Ba et al. 2016) over the last dimension. */

#include "nn/gradient.h"
#include "nn/ops.h"
#include "nn/ops/ops_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute layer_table[] = {
    ATTRIBUTE_OF_REAL(layer_norm_attributes, eps), ATTRIBUTE_END,
};

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct layer_norm_attributes *a = attributes;
    const struct value *x = node->inputs[0];
    struct shape rows = x->shape;

    if (!a->eps)
        a->eps = 1e-5;
    if (x->shape.rank < 2 || shape_count(&node->inputs[1]->shape) != shape_last(&x->shape) ||
        shape_count(&node->inputs[2]->shape) != shape_last(&x->shape)) {
        graph_fail(graph, "layer_norm: gamma and beta must have %d elements",
                   (int)shape_last(&x->shape));
        return;
    }
    rows.rank--;
    graph_node_output(graph, node, x->shape, DTYPE_F32);
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
    int64_t rows = shape_rows(shape), c = shape_last(shape);

    for (int64_t r = 0; r < rows; r++) {
        const double *x = call->inputs[0] + r * c;
        double mean = 0, var = 0, istd;

        for (int64_t i = 0; i < c; i++)
            mean += x[i] / (double)c;
        for (int64_t i = 0; i < c; i++)
            var += (x[i] - mean) * (x[i] - mean) / (double)c;
        istd = 1 / sqrt(var + a->eps);
        for (int64_t i = 0; i < c; i++)
            call->outputs[0][r * c + i] =
                (x[i] - mean) * istd * call->inputs[1][i] + call->inputs[2][i];
        call->outputs[1][r] = mean;
        call->outputs[2][r] = istd;
    }
}

const struct op op_layer_norm = {
    .name = "layer_norm", .version = 1, .attributes_size = sizeof(struct layer_norm_attributes),
    .attributes = layer_table, .shape = norm_shape, .gradient = norm_gradient,
    .reference = norm_reference,
};

static void grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
}

/* dx = istd (g - mean(g) - xhat mean(g xhat)), g = dy gamma */
static void grad_reference(const struct reference_call *call)
{
    const struct shape *shape = &call->node->inputs[0]->shape;
    int64_t rows = shape_rows(shape), c = shape_last(shape);
    double *const *in = call->inputs, *const *out = call->outputs;

    memset(out[1], 0, (size_t)c * sizeof(double));
    memset(out[2], 0, (size_t)c * sizeof(double));
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0, dot = 0, istd = in[3][r];

        for (int64_t i = 0; i < c; i++) {
            double dy = in[4][r * c + i], xhat = (in[0][r * c + i] - in[2][r]) * istd;

            sum += dy * in[1][i] / (double)c;
            dot += dy * in[1][i] * xhat / (double)c;
            out[1][i] += dy * xhat;
            out[2][i] += dy;
        }
        for (int64_t i = 0; i < c; i++) {
            double xhat = (in[0][r * c + i] - in[2][r]) * istd;

            out[0][r * c + i] = istd * (in[4][r * c + i] * in[1][i] - sum - xhat * dot);
        }
    }
}

const struct op op_layer_norm_grad = {
    .name = "layer_norm_grad", .version = 1, .shape = grad_shape, .reference = grad_reference,
};
