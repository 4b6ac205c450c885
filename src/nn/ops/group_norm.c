/* group_norm.c - group normalisation (Wu and He 2018). */

#include "nn/ops/ops_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute group_table[] = {
    ATTRIBUTE_OF_INT(group_norm_attributes, groups),
    ATTRIBUTE_OF_REAL(group_norm_attributes, eps), ATTRIBUTE_END,
};

/* One group of one image is `per_group` planes in a row. */
struct extents {
    int64_t groups, per_group, plane;
    int64_t all; /* groups of all images */
    double count; /* values in a group */
};

static struct extents extents_of(const struct node *node)
{
    const struct group_norm_attributes *a = node->attributes;
    const struct shape *x = &node->inputs[0]->shape;
    struct extents e = { .groups = a->groups, .per_group = x->dim[1] / a->groups,
                         .plane = x->dim[2] * x->dim[3], .all = x->dim[0] * a->groups };

    e.count = (double)(e.per_group * e.plane);
    return e;
}

/* Input 0 is images whose channels split into the groups, input 1 one number per channel. */
static bool check_groups(struct graph *graph, const struct node *node,
                         const struct group_norm_attributes *a)
{
    int64_t channel_count;

    if (!op_has_rank(graph, node, 0, "the input", 4))
        return false;
    channel_count = node->inputs[0]->shape.dim[1];
    if (a->groups < 1 || channel_count % a->groups) {
        graph_fail(graph, "%s: %d channels cannot be split into %d groups", node->op->name,
                   (int)channel_count, a->groups);
        return false;
    }
    return op_has_shape(graph, node, 1, "the weight", &SHAPE(channel_count));
}

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct group_norm_attributes *a = attributes;
    struct shape x, groups;

    if (!op_has_inputs(graph, node, 3, 3) || !check_groups(graph, node, a) ||
        !op_has_shape(graph, node, 2, "the bias", &node->inputs[1]->shape))
        return;
    if (!a->eps)
        a->eps = 1e-5;
    x = node->inputs[0]->shape;
    groups = SHAPE(x.dim[0], a->groups);
    graph_node_output(graph, node, x, DTYPE_F32);
    graph_node_output(graph, node, groups, DTYPE_F32);
    graph_node_output(graph, node, groups, DTYPE_F32);
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
    int64_t size = e.per_group * e.plane;

    for (int64_t g = 0; g < e.all; g++) {
        const double *x = call->inputs[0] + g * size;
        double *y = call->outputs[0] + g * size;
        double sum = 0, squares = 0, mean, istd;

        for (int64_t i = 0; i < size; i++)
            sum += x[i];
        mean = sum / e.count;
        for (int64_t i = 0; i < size; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        istd = 1 / sqrt(squares / e.count + a->eps);
        for (int64_t k = 0; k < e.per_group; k++) {
            int64_t c = g % e.groups * e.per_group + k;
            double scale = istd * call->inputs[1][c], beta = call->inputs[2][c];

            for (int64_t i = k * e.plane; i < (k + 1) * e.plane; i++)
                y[i] = (x[i] - mean) * scale + beta;
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
    const struct group_norm_attributes *a = attributes;
    struct shape x, groups;

    if (!op_has_inputs(graph, node, 5, 5) || !check_groups(graph, node, a))
        return;
    x = node->inputs[0]->shape;
    groups = SHAPE(x.dim[0], a->groups);
    if (!op_has_shape(graph, node, 2, "the mean", &groups) ||
        !op_has_shape(graph, node, 3, "the deviation", &groups) ||
        !op_has_shape(graph, node, 4, "the gradient", &x))
        return;
    graph_node_output(graph, node, x, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x.dim[1]), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x.dim[1]), DTYPE_F32);
}

/* dx = istd (g - mean(g) - xhat mean(g xhat)), where g = dy gamma and the means are the group's;
 * the sums over a plane give the channel's part of them and its own gradients alike. */
static void grad_reference(const struct reference_call *call)
{
    struct extents e = extents_of(call->node);
    double *const *in = call->inputs, *const *out = call->outputs;
    int64_t channel_count = e.groups * e.per_group, size = e.per_group * e.plane;

    memset(out[1], 0, (size_t)channel_count * sizeof(double));
    memset(out[2], 0, (size_t)channel_count * sizeof(double));
    for (int64_t g = 0; g < e.all; g++) {
        const double *x = in[0] + g * size, *dy = in[4] + g * size;
        double *dx = out[0] + g * size;
        double mean = in[2][g], istd = in[3][g], sum = 0, dot = 0;
        int64_t first = g % e.groups * e.per_group;

        for (int64_t k = 0; k < e.per_group; k++) {
            double dgamma = 0, dbeta = 0;

            for (int64_t i = k * e.plane; i < (k + 1) * e.plane; i++) {
                dgamma += dy[i] * (x[i] - mean) * istd;
                dbeta += dy[i];
            }
            sum += dbeta * in[1][first + k] / e.count;
            dot += dgamma * in[1][first + k] / e.count;
            out[1][first + k] += dgamma;
            out[2][first + k] += dbeta;
        }
        for (int64_t k = 0; k < e.per_group; k++)
            for (int64_t i = k * e.plane; i < (k + 1) * e.plane; i++)
                dx[i] = istd * (dy[i] * in[1][first + k] - sum - (x[i] - mean) * istd * dot);
    }
}

const struct op op_group_norm_grad = {
    .name = "group_norm_grad", .version = 1,
    .attributes_size = sizeof(struct group_norm_attributes), .attributes = group_table,
    .shape = grad_shape, .reference = grad_reference,
};
