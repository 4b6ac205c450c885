/* group_norm.c - group normalisation (Wu and He 2018). */

#include "nn/gradient.h"
#include "nn/ops.h"

#include <math.h>
#include <string.h>

static const struct attribute group_table[] = {
    ATTRIBUTE_OF_INT(group_norm_attributes, groups),
    ATTRIBUTE_OF_REAL(group_norm_attributes, eps), ATTRIBUTE_END,
};

/* One group of one image is `count` values in a row. */
struct extents {
    int64_t n, c, groups, per_group, plane, count;
};

static struct extents extents_of(const struct node *node)
{
    const struct group_norm_attributes *a = node->attributes;
    const struct shape *x = &node->inputs[0]->shape;
    struct extents e = { x->dim[0], x->dim[1], a->groups, x->dim[1] / a->groups,
                         x->dim[2] * x->dim[3], 0 };

    e.count = e.per_group * e.plane;
    return e;
}

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct group_norm_attributes *a = attributes;
    const struct shape *x = &node->inputs[0]->shape;

    if (!a->eps)
        a->eps = 1e-5;
    if (x->rank != 4 || a->groups < 1 || x->dim[1] % a->groups ||
        shape_count(&node->inputs[1]->shape) != x->dim[1] ||
        shape_count(&node->inputs[2]->shape) != x->dim[1]) {
        graph_fail(graph, "group_norm: %d groups or the parameters do not fit the channels",
                   a->groups);
        return;
    }
    graph_node_output(graph, node, *x, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x->dim[0], a->groups), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x->dim[0], a->groups), DTYPE_F32);
}

static void norm_gradient(struct gradient *gradient, const struct node *node)
{
    struct node *grad = graph_node(gradient->graph, &op_group_norm_grad, node->name,
                                   (struct value *[]){ node->inputs[0], node->inputs[1],
                                                       node->outputs[1], node->outputs[2],
                                                       gradient_of_output(gradient, node, 0) },
                                   5, node->attributes);

    if (!grad)
        return;
    for (int i = 0; i < 3; i++)
        gradient_add(gradient, node, i, grad->outputs[i]);
}

static void norm_reference(const struct reference_call *call)
{
    const struct group_norm_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node);

    for (int64_t g = 0; g < e.n * e.groups; g++) {
        const double *x = call->inputs[0] + g * e.count;
        double mean = 0, var = 0, istd;

        for (int64_t i = 0; i < e.count; i++)
            mean += x[i] / (double)e.count;
        for (int64_t i = 0; i < e.count; i++)
            var += (x[i] - mean) * (x[i] - mean) / (double)e.count;
        istd = 1 / sqrt(var + a->eps);
        for (int64_t i = 0; i < e.count; i++) {
            int64_t c = g % e.groups * e.per_group + i / e.plane;

            call->outputs[0][g * e.count + i] =
                (x[i] - mean) * istd * call->inputs[1][c] + call->inputs[2][c];
        }
        call->outputs[1][g] = mean;
        call->outputs[2][g] = istd;
    }
}

const struct op op_group_norm = {
    .name = "group_norm", .version = 1, .attributes_size = sizeof(struct group_norm_attributes),
    .attributes = group_table, .shape = norm_shape, .gradient = norm_gradient,
    .reference = norm_reference,
};

static void grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
}

static void grad_reference(const struct reference_call *call)
{
    struct extents e = extents_of(call->node);
    double *const *in = call->inputs, *const *out = call->outputs;

    memset(out[1], 0, (size_t)e.c * sizeof(double));
    memset(out[2], 0, (size_t)e.c * sizeof(double));
    for (int64_t g = 0; g < e.n * e.groups; g++) {
        double sum = 0, dot = 0, mean = in[2][g], istd = in[3][g];

        for (int64_t i = 0; i < e.count; i++) {
            int64_t c = g % e.groups * e.per_group + i / e.plane;
            double dy = in[4][g * e.count + i], xhat = (in[0][g * e.count + i] - mean) * istd;

            sum += dy * in[1][c] / (double)e.count;
            dot += dy * in[1][c] * xhat / (double)e.count;
            out[1][c] += dy * xhat;
            out[2][c] += dy;
        }
        for (int64_t i = 0; i < e.count; i++) {
            int64_t c = g % e.groups * e.per_group + i / e.plane;
            double xhat = (in[0][g * e.count + i] - mean) * istd;

            out[0][g * e.count + i] = istd * (in[4][g * e.count + i] * in[1][c] - sum - xhat * dot);
        }
    }
}

const struct op op_group_norm_grad = {
    .name = "group_norm_grad",
    .version = 1,
    .attributes_size = sizeof(struct group_norm_attributes),
    .attributes = group_table,
    .shape = grad_shape,
    .reference = grad_reference,
};
