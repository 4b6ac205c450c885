/* elementwise.c - sums and products, of equal shapes and broadcast. */

#include "nn/ops/ops_internal.h"

#include <string.h>

/* --- equal shapes ---------------------------------------------------------------------------- */

static void pair_shape(struct graph *graph, struct node *node, void *attributes)
{
    char a[SHAPE_TEXT_SIZE], b[SHAPE_TEXT_SIZE];

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2))
        return;
    if (!shape_equal(&node->inputs[0]->shape, &node->inputs[1]->shape)) {
        graph_fail(graph, "%s: the shapes %s and %s differ", node->op->name,
                   shape_text(&node->inputs[0]->shape, a), shape_text(&node->inputs[1]->shape, b));
        return;
    }
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void add_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    gradient_add(gradient, node, 0, dy);
    gradient_add(gradient, node, 1, dy);
}

static void add_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[0][i] + call->inputs[1][i];
}

const struct op op_add = {
    .name = "add", .version = 1, .flags = OP_ELEMENTWISE, .shape = pair_shape,
    .gradient = add_gradient, .reference = add_reference,
};

static void mul_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    for (int i = 0; i < 2; i++)
        if (gradient_wanted(gradient, node, i))
            gradient_add(gradient, node, i,
                         GRAPH_APPLY(gradient->graph, &op_mul, node->name, NULL, dy,
                                     node->inputs[1 - i]));
}

static void mul_reference(const struct reference_call *call)
{
    int64_t count = shape_count(&call->node->outputs[0]->shape);

    for (int64_t i = 0; i < count; i++)
        call->outputs[0][i] = call->inputs[0][i] * call->inputs[1][i];
}

const struct op op_mul = {
    .name = "mul", .version = 1, .flags = OP_ELEMENTWISE, .shape = pair_shape,
    .gradient = mul_gradient, .reference = mul_reference,
};

/* --- one factor for a row of elements, or one for each in it --------------------------------- */

/* y row i = x row i times s[i] */
static void scale_rows(const struct reference_call *call, int64_t rows, int64_t length)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < length; j++)
            call->outputs[0][i * length + j] = call->inputs[0][i * length + j] * call->inputs[1][i];
}

/* Emit what scaling ops have in common: dx = op (dy, s) and ds = scale_grad (x, dy). */
static void scale_gradients(struct gradient *gradient, const struct node *node,
                            const struct op *scale_grad)
{
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct graph *graph = gradient->graph;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, node->op, node->name, NULL, dy, node->inputs[1]));
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(graph, scale_grad, node->name, NULL, node->inputs[0], dy));
}

/* --- a factor per image and channel ---------------------------------------------------------- */

static void channels_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2) || !op_has_rank(graph, node, 0, "the input", 4))
        return;
    x = &node->inputs[0]->shape;
    if (op_has_shape(graph, node, 1, "the scale", &SHAPE(x->dim[0], x->dim[1])))
        graph_node_output(graph, node, *x, DTYPE_F32);
}

static void channels_gradient(struct gradient *gradient, const struct node *node)
{
    scale_gradients(gradient, node, &op_scale_channels_scale_grad);
}

static void channels_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;

    scale_rows(call, x->dim[0] * x->dim[1], x->dim[2] * x->dim[3]);
}

const struct op op_scale_channels = {
    .name = "scale_channels", .version = 1, .shape = channels_shape,
    .gradient = channels_gradient, .reference = channels_reference,
};

static void channels_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2) || !op_has_rank(graph, node, 0, "the input", 4))
        return;
    x = &node->inputs[0]->shape;
    if (op_has_shape(graph, node, 1, "the gradient", x))
        graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[1]), DTYPE_F32);
}

static void channels_grad_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t plane = x->dim[2] * x->dim[3];

    for (int64_t i = 0; i < x->dim[0] * x->dim[1]; i++)
        call->outputs[0][i] =
            vector_dot(call->inputs[0] + i * plane, call->inputs[1] + i * plane, plane);
}

const struct op op_scale_channels_scale_grad = {
    .name = "scale_channels_scale_grad", .version = 1, .shape = channels_grad_shape,
    .reference = channels_grad_reference,
};

/* --- a factor per feature -------------------------------------------------------------------- */

static void last_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2))
        return;
    x = &node->inputs[0]->shape;
    if (op_has_shape(graph, node, 1, "the scale", &SHAPE(shape_last(x))))
        graph_node_output(graph, node, *x, DTYPE_F32);
}

static void last_gradient(struct gradient *gradient, const struct node *node)
{
    scale_gradients(gradient, node, &op_scale_last_scale_grad);
}

static void last_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t rows = shape_rows(x), features = shape_last(x);

    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < features; j++)
            call->outputs[0][i * features + j] =
                call->inputs[0][i * features + j] * call->inputs[1][j];
}

const struct op op_scale_last = {
    .name = "scale_last", .version = 1, .shape = last_shape, .gradient = last_gradient,
    .reference = last_reference,
};

static void last_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) &&
        op_has_shape(graph, node, 1, "the gradient", &node->inputs[0]->shape))
        graph_node_output(graph, node, SHAPE(shape_last(&node->inputs[0]->shape)), DTYPE_F32);
}

static void last_grad_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t rows = shape_rows(x), features = shape_last(x);

    memset(call->outputs[0], 0, (size_t)features * sizeof(double));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < features; j++)
            call->outputs[0][j] +=
                call->inputs[0][i * features + j] * call->inputs[1][i * features + j];
}

const struct op op_scale_last_scale_grad = {
    .name = "scale_last_scale_grad", .version = 1, .shape = last_grad_shape,
    .reference = last_grad_reference,
};

/* --- the same for every sample --------------------------------------------------------------- */

/* Input 1 has the shape of one sample of input 0, with or without a 1 in front. */
static bool is_one_sample(struct graph *graph, const struct node *node)
{
    const struct shape *x = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
    struct shape one = *x;
    char text[SHAPE_TEXT_SIZE], batch[SHAPE_TEXT_SIZE];

    if (one.rank && b->rank == one.rank) {
        one.dim[0] = 1;
    } else if (one.rank) {
        one.rank--;
        memmove(one.dim, one.dim + 1, (size_t)one.rank * sizeof(one.dim[0]));
    }
    if (x->rank && shape_equal(b, &one))
        return true;
    graph_fail(graph, "%s: %s is not the shape of one sample of %s", node->op->name,
               shape_text(b, text), shape_text(x, batch));
    return false;
}

static void samples_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) && is_one_sample(graph, node))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void samples_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    gradient_add(gradient, node, 0, dy);
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(gradient->graph, &op_sum_samples, node->name, NULL, dy,
                                 node->inputs[1]));
}

static void samples_reference(const struct reference_call *call)
{
    int64_t samples = call->node->inputs[0]->shape.dim[0];
    int64_t size = shape_count(&call->node->inputs[1]->shape);

    for (int64_t n = 0; n < samples; n++)
        for (int64_t i = 0; i < size; i++)
            call->outputs[0][n * size + i] = call->inputs[0][n * size + i] + call->inputs[1][i];
}

const struct op op_add_samples = {
    .name = "add_samples", .version = 1, .shape = samples_shape, .gradient = samples_gradient,
    .reference = samples_reference,
};

static void sum_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    if (op_has_inputs(graph, node, 2, 2) && is_one_sample(graph, node))
        graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
}

static void sum_reference(const struct reference_call *call)
{
    int64_t samples = call->node->inputs[0]->shape.dim[0];
    int64_t size = shape_count(&call->node->inputs[1]->shape);

    memset(call->outputs[0], 0, (size_t)size * sizeof(double));
    for (int64_t n = 0; n < samples; n++)
        vector_add(call->outputs[0], 1, call->inputs[0] + n * size, size);
}

const struct op op_sum_samples = {
    .name = "sum_samples", .version = 1, .shape = sum_shape, .reference = sum_reference,
};

/* --- a factor per sample --------------------------------------------------------------------- */

static void scale_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;
    char text[SHAPE_TEXT_SIZE];

    (void)attributes;
    if (!op_has_inputs(graph, node, 2, 2))
        return;
    x = &node->inputs[0]->shape;
    if (!x->rank)
        graph_fail(graph, "scale_samples: the input has the shape %s, but needs samples",
                   shape_text(x, text));
    else if (op_has_shape(graph, node, 1, "the scale", &SHAPE(x->dim[0])))
        graph_node_output(graph, node, *x, DTYPE_F32);
}

/* The factors are masks, so there is no op for their gradient. */
static void scale_gradient(struct gradient *gradient, const struct node *node)
{
    if (gradient_wanted(gradient, node, 1)) {
        graph_fail(gradient->graph, "scale_samples: factors have no gradient");
        return;
    }
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_scale_samples, node->name, NULL,
                             gradient_of_output(gradient, node, 0), node->inputs[1]));
}

static void scale_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;

    scale_rows(call, x->dim[0], shape_count(x) / x->dim[0]);
}

const struct op op_scale_samples = {
    .name = "scale_samples", .version = 1, .shape = scale_shape, .gradient = scale_gradient,
    .reference = scale_reference,
};
