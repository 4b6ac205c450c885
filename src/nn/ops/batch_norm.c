/* batch_norm.c - batch normalisation (Ioffe and Szegedy 2015), in the pieces that plans run.
 *
 * The statistics have no gradient rule: batch_apply's counts what they owe to x, because the sums
 * that this takes are those of gamma's and beta's gradients. */

#include "nn/ops/ops_internal.h"

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

/* --- checks ---------------------------------------------------------------------------------- */

static bool has_channels(struct graph *graph, const struct node *node)
{
    char text[SHAPE_TEXT_SIZE];

    if (node->inputs[0]->shape.rank >= 2)
        return true;
    graph_fail(graph, "%s: the input has the shape %s, but needs samples and channels",
               node->op->name, shape_text(&node->inputs[0]->shape, text));
    return false;
}

/* Inputs 1, 2, ... have one element per channel; `names` ends with NULL. */
static bool has_vectors(struct graph *graph, const struct node *node, const char *const *names)
{
    struct shape vector = SHAPE(node->inputs[0]->shape.dim[1]);

    for (int i = 0; names[i]; i++)
        if (!op_has_shape(graph, node, 1 + i, names[i], &vector))
            return false;
    return true;
}

static bool settle(struct graph *graph, const struct node *node, struct batch_norm_attributes *a)
{
    if (!a->eps)
        a->eps = 1e-5;
    if (!a->momentum)
        a->momentum = 0.1;
    if (a->eps > 0 && a->momentum > 0 && a->momentum <= 1)
        return true;
    graph_fail(graph, "%s: an epsilon of %g with a momentum of %g", node->op->name, a->eps,
               a->momentum);
    return false;
}

/* --- batch_norm ------------------------------------------------------------------------------ */

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    static const char *const names[] = { "the weight", "the bias", "the running mean",
                                         "the running variance", NULL };

    if (op_has_inputs(graph, node, 5, 5) && has_channels(graph, node) &&
        has_vectors(graph, node, names) && settle(graph, node, attributes))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void norm_reference(const struct reference_call *call)
{
    const struct batch_norm_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);

    for (int64_t i = 0; i < e.n * e.c; i++) {
        const double *x = call->inputs[0] + i * e.plane;
        double *y = call->outputs[0] + i * e.plane;
        int64_t c = i % e.c;
        double scale = call->inputs[1][c] / sqrt(call->inputs[4][c] + a->eps);
        double mean = call->inputs[3][c], beta = call->inputs[2][c];

        for (int64_t j = 0; j < e.plane; j++)
            y[j] = (x[j] - mean) * scale + beta;
    }
}

const struct op op_batch_norm = {
    .name = "batch_norm", .version = 1, .attributes_size = sizeof(struct batch_norm_attributes),
    .attributes = norm_table, .shape = norm_shape, .reference = norm_reference,
};

/* --- statistics ------------------------------------------------------------------------------ */

static void stats_shape(struct graph *graph, struct node *node, void *attributes)
{
    static const char *const names[] = { "the running mean", "the running variance", NULL };
    struct extents e;

    if (!op_has_inputs(graph, node, 3, 3) || !has_channels(graph, node) ||
        !has_vectors(graph, node, names) || !settle(graph, node, attributes))
        return;
    e = extents_of(node->inputs[0]);
    if (e.n * e.plane < 2) {
        graph_fail(graph, "batch norm needs more than one value per channel: "
                          "use a larger batch or image");
        return;
    }
    graph_node_output(graph, node, SHAPE(e.c), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(e.c), DTYPE_F32);
}

/* Two passes: the squares of x itself would cancel where the mean is large. */
static void stats_reference(const struct reference_call *call)
{
    const struct batch_norm_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);
    double count = (double)(e.n * e.plane);

    for (int64_t c = 0; c < e.c; c++) {
        double sum = 0, squares = 0, mean;

        for (int64_t n = 0; n < e.n; n++) {
            const double *x = call->inputs[0] + (n * e.c + c) * e.plane;

            for (int64_t j = 0; j < e.plane; j++)
                sum += x[j];
        }
        mean = sum / count;
        for (int64_t n = 0; n < e.n; n++) {
            const double *x = call->inputs[0] + (n * e.c + c) * e.plane;

            for (int64_t j = 0; j < e.plane; j++)
                squares += (x[j] - mean) * (x[j] - mean);
        }
        call->outputs[0][c] = mean;
        call->outputs[1][c] = 1 / sqrt(squares / count + a->eps);
        call->inputs[1][c] += (mean - call->inputs[1][c]) * a->momentum;
        call->inputs[2][c] += (squares / fmax(count - 1, 1) - call->inputs[2][c]) * a->momentum;
    }
}

const struct op op_batch_stats = {
    .name = "batch_stats", .version = 1, .mutates = 1u << 1 | 1u << 2,
    .attributes_size = sizeof(struct batch_norm_attributes), .attributes = norm_table,
    .shape = stats_shape, .reference = stats_reference,
};

static void running_shape(struct graph *graph, struct node *node, void *attributes)
{
    if (!op_has_inputs(graph, node, 2, 2) ||
        !op_has_rank(graph, node, 0, "the running mean", 1) ||
        !op_has_shape(graph, node, 1, "the running variance", &node->inputs[0]->shape) ||
        !settle(graph, node, attributes))
        return;
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

/* --- apply ----------------------------------------------------------------------------------- */

static const char *const apply_names[] = { "the mean", "the deviation", "the weight", "the bias",
                                           NULL };

static void apply_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct batch_apply_attributes *a = attributes;

    if (!op_has_inputs(graph, node, 5, 6) || !has_channels(graph, node) ||
        !has_vectors(graph, node, apply_names) || !op_has_activation(graph, node, a->activation))
        return;
    if (node->inputs[5] &&
        !op_has_shape(graph, node, 5, "the residual", &node->inputs[0]->shape))
        return;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

/* Does a residual go through the activation? */
static bool residual_inside(const struct node *node)
{
    const struct batch_apply_attributes *a = node->attributes;

    return node->inputs[5] && !a->residual_after && a->activation != ACTIVATION_NONE;
}

static void apply_gradient(struct gradient *gradient, const struct node *node)
{
    const struct batch_apply_attributes *a = node->attributes;
    struct value *dy = gradient_of_output(gradient, node, 0);
    bool inside = residual_inside(node);
    struct node *grad;

    if (inside && a->activation != ACTIVATION_RELU) {
        graph_fail(gradient->graph, "batch_apply: the gradient of an activation behind a residual "
                                    "is there for relu only");
        return;
    }
    grad = graph_node(gradient->graph, &op_batch_apply_grad, node->name,
                      (struct value *[]){ node->inputs[0], node->inputs[1], node->inputs[2],
                                          node->inputs[3], node->inputs[4], dy,
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
    const double *before = a->residual_after ? NULL : call->inputs[5];
    const double *after = a->residual_after ? call->inputs[5] : NULL;

    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c;
        double scale = call->inputs[2][c] * call->inputs[3][c];
        double mean = call->inputs[1][c], beta = call->inputs[4][c];

        for (int64_t j = i * e.plane; j < (i + 1) * e.plane; j++) {
            double z = (call->inputs[0][j] - mean) * scale + beta;

            call->outputs[0][j] = activation_value(a->activation, before ? z + before[j] : z) +
                                  (after ? after[j] : 0);
        }
    }
}

const struct op op_batch_apply = {
    .name = "batch_apply", .version = 1, .flags = OP_CHEAP,
    .attributes_size = sizeof(struct batch_apply_attributes), .attributes = apply_table,
    .shape = apply_shape, .gradient = apply_gradient, .reference = apply_reference,
};

/* --- gradients ------------------------------------------------------------------------------- */

static void apply_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct batch_apply_attributes *a = attributes;
    struct shape x, vector;

    if (!op_has_inputs(graph, node, 6, 7) || !has_channels(graph, node) ||
        !has_vectors(graph, node, apply_names) || !op_has_activation(graph, node, a->activation))
        return;
    x = node->inputs[0]->shape;
    vector = SHAPE(x.dim[1]);
    if (!op_has_shape(graph, node, 5, "the gradient", &x) ||
        (node->inputs[6] && !op_has_shape(graph, node, 6, "the output", &x)))
        return;
    if (node->inputs[6] && a->activation != ACTIVATION_RELU) {
        graph_fail(graph, "batch_apply_grad: only relu's output tells its derivative");
        return;
    }
    graph_node_output(graph, node, x, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    if (node->inputs[6])
        graph_node_output(graph, node, x, DTYPE_F32);
}

/* One channel's part of dx, in place of its dz:
 * gamma istd (dz - (dbeta + xhat dgamma) / count).  A count of infinity: fixed statistics. */
struct channel {
    double mean, istd, gamma, beta, dgamma, dbeta, count;
};

static void input_part(const struct channel *channel, const double *x, double *dz, int64_t plane)
{
    double scale = channel->gamma * channel->istd, shift = channel->dbeta / channel->count;
    double slope = channel->dgamma * channel->istd / channel->count;

    for (int64_t j = 0; j < plane; j++)
        dz[j] = scale * (dz[j] - shift - (x[j] - channel->mean) * slope);
}

/* dz of one plane; adds to the channel's dgamma and dbeta. */
static void output_part(struct channel *channel, int activation, const double *x, const double *dy,
                        const double *y, double *dz, int64_t plane)
{
    for (int64_t j = 0; j < plane; j++) {
        double xhat = (x[j] - channel->mean) * channel->istd;

        dz[j] = dy[j] * (y ? activation_derivative(ACTIVATION_RELU, y[j])
                           : activation_derivative(activation,
                                                   xhat * channel->gamma + channel->beta));
        channel->dgamma += dz[j] * xhat;
        channel->dbeta += dz[j];
    }
}

static void apply_grad_reference(const struct reference_call *call)
{
    const struct batch_apply_attributes *a = call->node->attributes;
    struct extents e = extents_of(call->node->inputs[0]);
    double *const *in = call->inputs, *const *out = call->outputs;
    double *dresidual = call->node->output_count > 3 ? out[3] : NULL;

    for (int64_t c = 0; c < e.c; c++) {
        struct channel channel = {
            .mean = in[1][c], .istd = in[2][c], .gamma = in[3][c], .beta = in[4][c],
            .count = a->fixed_stats ? INFINITY : (double)(e.n * e.plane),
        };

        for (int64_t n = 0; n < e.n; n++) {
            int64_t at = (n * e.c + c) * e.plane;

            output_part(&channel, a->activation, in[0] + at, in[5] + at,
                        dresidual ? in[6] + at : NULL, out[0] + at, e.plane);
            if (dresidual)
                memcpy(dresidual + at, out[0] + at, (size_t)e.plane * sizeof(double));
        }
        for (int64_t n = 0; n < e.n; n++) {
            int64_t at = (n * e.c + c) * e.plane;

            input_part(&channel, in[0] + at, out[0] + at, e.plane);
        }
        out[1][c] = channel.dgamma;
        out[2][c] = channel.dbeta;
    }
}

const struct op op_batch_apply_grad = {
    .name = "batch_apply_grad", .version = 1,
    .attributes_size = sizeof(struct batch_apply_attributes), .attributes = apply_table,
    .shape = apply_grad_shape, .reference = apply_grad_reference,
};

static void grad_input_shape(struct graph *graph, struct node *node, void *attributes)
{
    static const char *const names[] = { "the mean", "the deviation", "the weight",
                                         "the weight's gradient", "the bias's gradient", NULL };

    (void)attributes;
    if (op_has_inputs(graph, node, 7, 7) && has_channels(graph, node) &&
        has_vectors(graph, node, names) &&
        op_has_shape(graph, node, 6, "the gradient", &node->inputs[0]->shape))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void grad_input_reference(const struct reference_call *call)
{
    struct extents e = extents_of(call->node->inputs[0]);
    double *const *in = call->inputs;

    memcpy(call->outputs[0], in[6], (size_t)(e.n * e.c * e.plane) * sizeof(double));
    for (int64_t i = 0; i < e.n * e.c; i++) {
        int64_t c = i % e.c;
        struct channel channel = {
            .mean = in[1][c], .istd = in[2][c], .gamma = in[3][c], .dgamma = in[4][c],
            .dbeta = in[5][c], .count = (double)(e.n * e.plane),
        };

        input_part(&channel, in[0] + i * e.plane, call->outputs[0] + i * e.plane, e.plane);
    }
}

const struct op op_batch_apply_grad_input = {
    .name = "batch_apply_grad_input", .version = 1, .shape = grad_input_shape,
    .reference = grad_input_reference,
};
