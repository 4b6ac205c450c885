/* shape_ops.c - moving elements around: concatenate, cut, reshape, transpose. */

#include "nn/gradient.h"
#include "nn/ops.h"

#include <string.h>

/* A shape seen from one axis: `outer` blocks of `size` rows of `inner` elements. */
struct view {
    int64_t outer, size, inner;
};

static struct view view_of(const struct shape *shape, int axis)
{
    struct view v = { 1, shape->dim[axis], 1 };

    for (int i = 0; i < axis; i++)
        v.outer *= shape->dim[i];
    for (int i = axis + 1; i < shape->rank; i++)
        v.inner *= shape->dim[i];
    return v;
}

/* --- concat ----------------------------------------------------------------------------------- */

static const struct attribute concat_table[] = {
    ATTRIBUTE_OF_INT(concat_attributes, axis), ATTRIBUTE_END,
};

static void concat_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct concat_attributes *a = attributes;
    struct shape y = node->inputs[0]->shape;

    if (a->axis < 0 || a->axis >= y.rank) {
        graph_fail(graph, "concat: there is no axis %d", a->axis);
        return;
    }
    for (int i = 1; i < node->input_count; i++) {
        struct shape other = node->inputs[i]->shape;

        y.dim[a->axis] += other.rank == y.rank ? other.dim[a->axis] : 0;
        other.dim[a->axis] = y.dim[a->axis];
        if (!shape_equal(&other, &y)) {
            graph_fail(graph, "concat: input %d differs in more than axis %d", i, a->axis);
            return;
        }
    }
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void concat_gradient(struct gradient *gradient, const struct node *node)
{
    const struct concat_attributes *a = node->attributes;
    struct value *dy = gradient_of_output(gradient, node, 0);
    int at = 0;

    for (int i = 0; i < node->input_count; i++) {
        int size = (int)node->inputs[i]->shape.dim[a->axis];
        struct slice_attributes slice = { .axis = a->axis, .begin = at, .end = at + size };

        if (gradient_wanted(gradient, node, i))
            gradient_add(gradient, node, i,
                         GRAPH_APPLY(gradient->graph, &op_slice, node->name, &slice, dy));
        at += size;
    }
}

static void concat_reference(const struct reference_call *call)
{
    const struct concat_attributes *a = call->node->attributes;
    struct view y = view_of(&call->node->outputs[0]->shape, a->axis);
    int64_t at = 0;

    for (int i = 0; i < call->node->input_count; i++) {
        struct view x = view_of(&call->node->inputs[i]->shape, a->axis);

        for (int64_t o = 0; o < x.outer; o++)
            memcpy(call->outputs[0] + (o * y.size + at) * y.inner,
                   call->inputs[i] + o * x.size * x.inner,
                   (size_t)(x.size * x.inner) * sizeof(double));
        at += x.size;
    }
}

const struct op op_concat = {
    .name = "concat", .version = 1, .attributes_size = sizeof(struct concat_attributes),
    .attributes = concat_table, .shape = concat_shape, .gradient = concat_gradient,
    .reference = concat_reference,
};

/* --- slice ------------------------------------------------------------------------------------ */

static const struct attribute slice_table[] = {
    ATTRIBUTE_OF_INT(slice_attributes, axis), ATTRIBUTE_OF_INT(slice_attributes, begin),
    ATTRIBUTE_OF_INT(slice_attributes, end), ATTRIBUTE_OF_INT(slice_attributes, size),
    ATTRIBUTE_END,
};

static void slice_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct slice_attributes *a = attributes;
    struct shape y = node->inputs[0]->shape;

    if (a->axis < 0 || a->axis >= y.rank || a->begin < 0 || a->end <= a->begin ||
        a->end > y.dim[a->axis]) {
        graph_fail(graph, "slice: [%d, %d) does not fit axis %d", a->begin, a->end, a->axis);
        return;
    }
    a->size = (int)y.dim[a->axis];
    y.dim[a->axis] = a->end - a->begin;
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void slice_gradient(struct gradient *gradient, const struct node *node)
{
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_slice_grad, node->name, node->attributes,
                             gradient_of_output(gradient, node, 0)));
}

static void slice_reference(const struct reference_call *call)
{
    const struct slice_attributes *a = call->node->attributes;
    struct view x = view_of(&call->node->inputs[0]->shape, a->axis);
    int64_t size = (a->end - a->begin) * x.inner;

    for (int64_t o = 0; o < x.outer; o++)
        memcpy(call->outputs[0] + o * size, call->inputs[0] + (o * x.size + a->begin) * x.inner,
               (size_t)size * sizeof(double));
}

const struct op op_slice = {
    .name = "slice", .version = 1, .attributes_size = sizeof(struct slice_attributes),
    .attributes = slice_table, .shape = slice_shape, .gradient = slice_gradient,
    .reference = slice_reference,
};

static void slice_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct slice_attributes *a = attributes;
    struct shape dx = node->inputs[0]->shape;

    dx.dim[a->axis] = a->size;
    graph_node_output(graph, node, dx, DTYPE_F32);
}

static void slice_grad_reference(const struct reference_call *call)
{
    const struct slice_attributes *a = call->node->attributes;
    const struct shape *shape = &call->node->outputs[0]->shape;
    struct view dx = view_of(shape, a->axis);
    int64_t size = (a->end - a->begin) * dx.inner;

    memset(call->outputs[0], 0, (size_t)shape_count(shape) * sizeof(double));
    for (int64_t o = 0; o < dx.outer; o++)
        memcpy(call->outputs[0] + (o * dx.size + a->begin) * dx.inner, call->inputs[0] + o * size,
               (size_t)size * sizeof(double));
}

const struct op op_slice_grad = {
    .name = "slice_grad", .version = 1, .attributes_size = sizeof(struct slice_attributes),
    .attributes = slice_table, .shape = slice_grad_shape, .reference = slice_grad_reference,
};

/* --- reshape ---------------------------------------------------------------------------------- */

static const struct attribute reshape_table[] = {
    ATTRIBUTE_OF_INT(reshape_attributes, rank),
    ATTRIBUTE_OF_INTS(reshape_attributes, dim, SHAPE_MAX_RANK), ATTRIBUTE_END,
};

static void reshape_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct reshape_attributes *a = attributes;
    struct shape y = { .rank = a->rank };
    int64_t count = shape_count(&node->inputs[0]->shape), known = 1;
    int open = -1;
    char text[SHAPE_TEXT_SIZE];

    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] == -1)
            open = i;
        else
            known *= a->dim[i];
    if (open >= 0 && known > 0)
        a->dim[open] = (int)(count / known);
    for (int i = 0; i < a->rank; i++)
        y.dim[i] = a->dim[i];
    if (shape_count(&y) != count) {
        graph_fail(graph, "reshape: %s has not %d elements", shape_text(&y, text), (int)count);
        return;
    }
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void reshape_gradient(struct gradient *gradient, const struct node *node)
{
    const struct shape *x = &node->inputs[0]->shape;
    struct reshape_attributes back = { .rank = x->rank };

    for (int i = 0; i < x->rank; i++)
        back.dim[i] = (int)x->dim[i];
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_reshape, node->name, &back,
                             gradient_of_output(gradient, node, 0)));
}

static void reshape_reference(const struct reference_call *call)
{
    memcpy(call->outputs[0], call->inputs[0],
           (size_t)shape_count(&call->node->inputs[0]->shape) * sizeof(double));
}

const struct op op_reshape = {
    .name = "reshape", .version = 1, .flags = OP_VIEW,
    .attributes_size = sizeof(struct reshape_attributes), .attributes = reshape_table,
    .shape = reshape_shape, .gradient = reshape_gradient, .reference = reshape_reference,
};

/* --- transpose -------------------------------------------------------------------------------- */

static const struct attribute transpose_table[] = {
    ATTRIBUTE_OF_INTS(transpose_attributes, order, SHAPE_MAX_RANK), ATTRIBUTE_END,
};

static void transpose_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct transpose_attributes *a = attributes;
    const struct shape *x = &node->inputs[0]->shape;
    struct shape y = { .rank = x->rank };
    unsigned seen = 0;

    for (int i = 0; i < x->rank; i++) {
        if (a->order[i] < 0 || a->order[i] >= x->rank || seen >> a->order[i] & 1) {
            graph_fail(graph, "transpose: the order is not a permutation");
            return;
        }
        seen |= 1u << a->order[i];
        y.dim[i] = x->dim[a->order[i]];
    }
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void transpose_gradient(struct gradient *gradient, const struct node *node)
{
    const struct transpose_attributes *a = node->attributes;
    struct transpose_attributes back = { { 0 } };

    for (int i = 0; i < node->inputs[0]->shape.rank; i++)
        back.order[a->order[i]] = i;
    gradient_add(gradient, node, 0,
                 GRAPH_APPLY(gradient->graph, &op_transpose, node->name, &back,
                             gradient_of_output(gradient, node, 0)));
}

static void transpose_reference(const struct reference_call *call)
{
    const struct transpose_attributes *a = call->node->attributes;
    const struct shape *x = &call->node->inputs[0]->shape, *y = &call->node->outputs[0]->shape;
    int64_t stride[SHAPE_MAX_RANK], step = 1;

    for (int i = x->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= x->dim[i];
    }
    for (int64_t i = 0; i < shape_count(y); i++) {
        int64_t left = i, from = 0;

        for (int k = y->rank - 1; k >= 0; k--) {
            from += left % y->dim[k] * stride[a->order[k]];
            left /= y->dim[k];
        }
        call->outputs[0][i] = call->inputs[0][from];
    }
}

const struct op op_transpose = {
    .name = "transpose", .version = 1, .attributes_size = sizeof(struct transpose_attributes),
    .attributes = transpose_table, .shape = transpose_shape, .gradient = transpose_gradient,
    .reference = transpose_reference,
};
