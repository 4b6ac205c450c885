/* batch_norm.c - batch normalisation (Ioffe and Szegedy 2015), in the pieces that plans run. */

#include "nn/gradient.h"
#include "nn/ops.h"

#include <math.h>
#include <string.h>

static const struct attribute norm_table[] = {
    ATTRIBUTE_OF_REAL(batch_norm_attributes, eps),
    ATTRIBUTE_OF_REAL(batch_norm_attributes, momentum), ATTRIBUTE_END,
};

static const struct attribute apply_table[] = {
    ATTRIBUTE_OF_INT(batch_apply_attributes, activation),
    ATTRIBUTE_OF_BOOL(batch_apply_attributes, residual_after),
    ATTRIBUTE_OF_BOOL(batch_apply_attributes, fixed_stats), ATTRIBUTE_END,
};

/* (N,C,H,W), or (N,C) as images of one pixel. */
struct extents {
    int64_t n, c, plane;
};

static struct extents extents_of(const struct value *x)
{
    struct extents e = { x->shape.dim[0], x->shape.dim[1], 1 };

    for (int i = 2; i < x->shape.rank; i++)
        e.plane *= x->shape.dim[i];
    return e;
}

static bool vectors_fit(struct graph *graph, const struct node *node, int first, int count)
{
    for (int i = first; i < first + count; i++)
        if (shape_count(&node->inputs[i]->shape) != node->inputs[0]->shape.dim[1]) {
            graph_fail(graph, "%s: input %d has %d elements for %d channels", node->op->name, i,
                       (int)shape_count(&node->inputs[i]->shape),
                       (int)node->inputs[0]->shape.dim[1]);
            return false;
        }
    return true;
}

/* --- batch_norm ------------------------------------------------------------------------------ */

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct batch_norm_attributes *a = attributes;

    if (!a->eps)
        a->eps = 1e-5;
    if (!a->momentum)
        a->momentum = 0.1;
    if (node->inputs[0]->shape.rank < 2) {
        graph_fail(graph, "batch_norm: takes (N,C,...)");
        return;
    }
    if (vectors_fit(graph, node, 1, 4))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void norm_reference(const struct reference_call *call)
{
    const struct batch_norm_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);

    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c;
        double scale = call->inputs[1][c] / sqrt(call->inputs[4][c] + a->eps);
        double shift = call->inputs[2][c] - call->inputs[3][c] * scale;

        for (int64_t j = 0; j < e.plane; j++)
            call->outputs[0][i * e.plane + j] = call->inputs[0][i * e.plane + j] * scale + shift;
    }
}

const struct op op_batch_norm = {
    .name = "batch_norm", .version = 1, .attributes_size = sizeof(struct batch_norm_attributes),
    .attributes = norm_table, .shape = norm_shape, .reference = norm_reference,
};

/* --- statistics ------------------------------------------------------------------------------- */

static void stats_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct batch_norm_attributes *a = attributes;
    struct extents e = extents_of(node->inputs[0]);

    if (!a->momentum)
        a->momentum = 0.1;
    if (e.n * e.plane < 2) {
        graph_fail(graph, "batch norm needs more than one value per channel: "
                          "use a larger batch or image");
        return;
    }
    if (!vectors_fit(graph, node, 1, 2))
        return;
    graph_node_output(graph, node, SHAPE(e.c), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(e.c), DTYPE_F32);
}

static void stats_reference(const struct reference_call *call)
{
    const struct batch_norm_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);
    double count = (double)(e.n * e.plane);

    for (int64_t c = 0; c < e.c; c++) {
        double sum = 0, squares = 0, mean, var;

        for (int64_t n = 0; n < e.n; n++)
            for (int64_t j = 0; j < e.plane; j++)
                sum += call->inputs[0][(n * e.c + c) * e.plane + j];
        mean = sum / count;
        for (int64_t n = 0; n < e.n; n++)
            for (int64_t j = 0; j < e.plane; j++) {
                double d = call->inputs[0][(n * e.c + c) * e.plane + j] - mean;

                squares += d * d;
            }
        var = squares / count;
        call->outputs[0][c] = mean;
        call->outputs[1][c] = 1 / sqrt(var + a->eps);
        call->inputs[1][c] += (mean - call->inputs[1][c]) * a->momentum;
        call->inputs[2][c] += (squares / (count - 1) - call->inputs[2][c]) * a->momentum;
    }
}

const struct op op_batch_stats = {
    .name = "batch_stats", .version = 1, .mutates = 1u << 1 | 1u << 2,
    .attributes_size = sizeof(struct batch_norm_attributes), .attributes = norm_table,
    .shape = stats_shape, .reference = stats_reference,
};

static void running_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void running_reference(const struct reference_call *call)
{
    const struct batch_norm_attributes *a = call->node->attributes;
    int64_t count = shape_count(&call->node->inputs[0]->shape);

    for (int64_t c = 0; c < count; c++) {
        call->outputs[0][c] = call->inputs[0][c];
        call->outputs[1][c] = 1 / sqrt(call->inputs[1][c] + a->eps);
    }
}

const struct op op_batch_running = {
    .name = "batch_running", .version = 1, .attributes_size = sizeof(struct batch_norm_attributes),
    .attributes = norm_table, .shape = running_shape, .reference = running_reference,
};

/* --- apply ------------------------------------------------------------------------------------ */

static void apply_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (node->inputs[5] && !shape_equal(&node->inputs[5]->shape, &node->inputs[0]->shape)) {
        graph_fail(graph, "batch_apply: the residual has another shape");
        return;
    }
    if (vectors_fit(graph, node, 1, 4))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

/* Does the residual go through the activation? */
static bool residual_inside(const struct node *node)
{
    const struct batch_apply_attributes *a = node->attributes;

    return node->inputs[5] && !a->residual_after && a->activation != ACTIVATION_NONE;
}

static void apply_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);
    bool inside = residual_inside(node);
    struct node *grad = graph_node(gradient->graph, &op_batch_apply_grad, node->name,
                                   (struct value *[]){ node->inputs[0], node->inputs[1],
                                                       node->inputs[2], node->inputs[3],
                                                       node->inputs[4], dy,
                                                       inside ? node->outputs[0] : NULL },
                                   7, node->attributes);

    if (!grad)
        return;
    gradient_add(gradient, node, 0, grad->outputs[0]);
    gradient_add(gradient, node, 3, grad->outputs[1]);
    gradient_add(gradient, node, 4, grad->outputs[2]);
    gradient_add(gradient, node, 5, inside ? grad->outputs[3] : dy);
}

static void apply_reference(const struct reference_call *call)
{
    const struct batch_apply_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);
    const double *residual = call->inputs[5];

    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c;
        double scale = call->inputs[2][c] * call->inputs[3][c];
        double shift = call->inputs[4][c] - call->inputs[1][c] * scale;

        for (int64_t j = i * e.plane; j < (i + 1) * e.plane; j++) {
            double z = call->inputs[0][j] * scale + shift;

            if (residual && !a->residual_after)
                z += residual[j];
            call->outputs[0][j] = activation_value(a->activation, z);
            if (residual && a->residual_after)
                call->outputs[0][j] += residual[j];
        }
    }
}

const struct op op_batch_apply = {
    .name = "batch_apply", .version = 1, .flags = OP_CHEAP,
    .attributes_size = sizeof(struct batch_apply_attributes), .attributes = apply_table,
    .shape = apply_shape, .gradient = apply_gradient, .reference = apply_reference,
};

/* --- gradients -------------------------------------------------------------------------------- */

static void apply_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct shape vector = SHAPE(node->inputs[0]->shape.dim[1]);

    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    if (node->inputs[6])
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

/* dx = gamma istd (dz - (sum dz + xhat sum(dz xhat)) / count); without the second part when the
 * statistics are fixed. */
static void input_part(const double *x, double mean, double istd, double gamma, double dgamma,
                       double dbeta, const double *dz, double *dx, int64_t plane, double count,
                       bool fixed)
{
    for (int64_t j = 0; j < plane; j++) {
        double xhat = (x[j] - mean) * istd;
        double centred = fixed ? dz[j] : dz[j] - (dbeta + xhat * dgamma) / count;

        dx[j] = gamma * istd * centred;
    }
}

static void apply_grad_reference(const struct reference_call *call)
{
    const struct batch_apply_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);
    double *const *in = call->inputs, *const *out = call->outputs;
    double count = (double)(e.n * e.plane);
    bool inside = call->node->inputs[6] != NULL;

    memset(out[1], 0, (size_t)e.c * sizeof(double));
    memset(out[2], 0, (size_t)e.c * sizeof(double));
    /* dz goes into dx first (and dresidual), then dx is made from it in place */
    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c;
        double mean = in[1][c], istd = in[2][c];

        for (int64_t j = i * e.plane; j < (i + 1) * e.plane; j++) {
            double xhat = (in[0][j] - mean) * istd;
            double slope = inside
                               ? in[6][j] > 0
                               : activation_derivative(a->activation, xhat * in[3][c] + in[4][c]);
            double dz = in[5][j] * slope;

            out[0][j] = dz;
            if (inside)
                out[3][j] = dz;
            out[1][c] += dz * xhat;
            out[2][c] += dz;
        }
    }
    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c, at = i * e.plane;

        input_part(in[0] + at, in[1][c], in[2][c], in[3][c], out[1][c], out[2][c], out[0] + at,
                   out[0] + at, e.plane, count, a->fixed_stats);
    }
}

const struct op op_batch_apply_grad = {
    .name = "batch_apply_grad", .version = 1,
    .attributes_size = sizeof(struct batch_apply_attributes), .attributes = apply_table,
    .shape = apply_grad_shape, .reference = apply_grad_reference,
};

static void grad_input_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (vectors_fit(graph, node, 1, 5))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void grad_input_reference(const struct reference_call *call)
{
    struct extents e = extents_of(call->node->inputs[0]);
    double *const *in = call->inputs;

    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c, at = i * e.plane;

        input_part(in[0] + at, in[1][c], in[2][c], in[3][c], in[4][c], in[5][c], in[6] + at,
                   call->outputs[0] + at, e.plane, (double)(e.n * e.plane), false);
    }
}

const struct op op_batch_apply_grad_input = {
    .name = "batch_apply_grad_input", .version = 1, .shape = grad_input_shape,
    .reference = grad_input_reference,
};
