/* tokens.c - between images and sequences of tokens. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static const struct attribute reshape_table[] = {
    ATTRIBUTE_OF_INT(reshape_attributes, rank),
    ATTRIBUTE_OF_INTS(reshape_attributes, dim, SHAPE_MAX_RANK), ATTRIBUTE_END,
};

static void to_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;

    (void)attributes;
    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the input", 4))
        return;
    x = &node->inputs[0]->shape;
    graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[2] * x->dim[3], x->dim[1]), DTYPE_F32);
}

static void to_gradient(struct gradient *gradient, const struct node *node)
{
    const struct shape *x = &node->inputs[0]->shape;
    struct reshape_attributes back = { .rank = 4, .dim = { (int)x->dim[0], (int)x->dim[1],
                                                           (int)x->dim[2], (int)x->dim[3] } };

    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_from_tokens, node->name, &back,
                             gradient_of_output(gradient, node, 0)));
}

/* Swap the last two dimensions of (n, rows, columns). */
static void swap(const double *x, double *y, int64_t n, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                y[(i * columns + c) * rows + r] = x[(i * rows + r) * columns + c];
}

static void to_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;

    swap(call->inputs[0], call->outputs[0], x->dim[0], x->dim[1], x->dim[2] * x->dim[3]);
}

const struct op op_to_tokens = {
    .name = "to_tokens", .version = 1, .shape = to_shape, .gradient = to_gradient,
    .reference = to_reference,
};

static void from_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct reshape_attributes *a = attributes;
    const struct shape *x;

    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the input", 3))
        return;
    x = &node->inputs[0]->shape;
    if (a->dim[2] < 1 || a->dim[3] < 1 || x->dim[1] != (int64_t)a->dim[2] * a->dim[3]) {
        graph_fail(graph, "from_tokens: %d tokens are not %d x %d pixels", (int)x->dim[1],
                   a->dim[2], a->dim[3]);
        return;
    }
    graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[2], a->dim[2], a->dim[3]), DTYPE_F32);
}

static void from_gradient(struct gradient *gradient, const struct node *node)
{
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_to_tokens, node->name, NULL,
                             gradient_of_output(gradient, node, 0)));
}

static void from_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;

    swap(call->inputs[0], call->outputs[0], x->dim[0], x->dim[1], x->dim[2]);
}

const struct op op_from_tokens = {
    .name = "from_tokens", .version = 1, .attributes_size = sizeof(struct reshape_attributes),
    .attributes = reshape_table, .shape = from_shape, .gradient = from_gradient,
    .reference = from_reference,
};

/* --- a token in front ------------------------------------------------------------------------ */

/* Input 0 is tokens, at least `least` of them, and input 1 one of their size. */
static bool check_token(struct graph *graph, const struct node *node, int least)
{
    const struct shape *x, *token;

    if (!op_has_inputs(graph, node, 2, 2) || !op_has_rank(graph, node, 0, "the input", 3))
        return false;
    x = &node->inputs[0]->shape;
    token = &node->inputs[1]->shape;
    if (x->dim[1] >= least && shape_count(token) == x->dim[2])
        return true;
    graph_fail(graph, "%s: a token of %d features and %d tokens of %d", node->op->name,
               (int)shape_count(token), (int)x->dim[1], (int)x->dim[2]);
    return false;
}

static void prepend_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *x;

    (void)attributes;
    if (!check_token(graph, node, 1))
        return;
    x = &node->inputs[0]->shape;
    graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[1] + 1, x->dim[2]), DTYPE_F32);
}

static void prepend_gradient(struct gradient *gradient, const struct node *node)
{
    struct node *grad = graph_node(gradient->graph, &op_prepend_token_grad, node->name,
                                   (struct value *[]){ gradient_of_output(gradient, node, 0),
                                                       node->inputs[1] },
                                   2, NULL);

    if (!grad)
        return;
    gradient_add(gradient, node, 0, grad->outputs[0]);
    gradient_add(gradient, node, 1, grad->outputs[1]);
}

static void prepend_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t size = x->dim[1] * x->dim[2], c = x->dim[2];

    for (int64_t n = 0; n < x->dim[0]; n++) {
        double *y = call->outputs[0] + n * (size + c);

        memcpy(y, call->inputs[1], (size_t)c * sizeof(double));
        memcpy(y + c, call->inputs[0] + n * size, (size_t)size * sizeof(double));
    }
}

const struct op op_prepend_token = {
    .name = "prepend_token", .version = 1, .shape = prepend_shape, .gradient = prepend_gradient,
    .reference = prepend_reference,
};

static void prepend_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct shape *dy;

    (void)attributes;
    if (!check_token(graph, node, 2))
        return;
    dy = &node->inputs[0]->shape;
    graph_node_output(graph, node, SHAPE(dy->dim[0], dy->dim[1] - 1, dy->dim[2]), DTYPE_F32);
    graph_node_output(graph, node, node->inputs[1]->shape, DTYPE_F32);
}

static void prepend_grad_reference(const struct reference_call *call)
{
    const struct shape *dy = &call->node->inputs[0]->shape;
    int64_t c = dy->dim[2], size = dy->dim[1] * c;

    memset(call->outputs[1], 0, (size_t)c * sizeof(double));
    for (int64_t n = 0; n < dy->dim[0]; n++) {
        const double *g = call->inputs[0] + n * size;

        for (int64_t i = 0; i < c; i++)
            call->outputs[1][i] += g[i];
        memcpy(call->outputs[0] + n * (size - c), g + c, (size_t)(size - c) * sizeof(double));
    }
}

const struct op op_prepend_token_grad = {
    .name = "prepend_token_grad", .version = 1, .shape = prepend_grad_shape,
    .reference = prepend_grad_reference,
};
