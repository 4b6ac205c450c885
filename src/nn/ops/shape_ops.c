/* shape_ops.c - moving elements around: concatenate, cut, reshape, transpose. */

#include "nn/ops/ops_internal.h"

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

static bool has_axis(struct graph *graph, const struct node *node, int axis)
{
    char text[SHAPE_TEXT_SIZE];

    if (axis >= 0 && axis < node->inputs[0]->shape.rank)
        return true;
    graph_fail(graph, "%s: %s has no axis %d", node->op->name,
               shape_text(&node->inputs[0]->shape, text), axis);
    return false;
}

/* --- concat ---------------------------------------------------------------------------------- */

static const struct attribute concat_table[] = {
    ATTRIBUTE_OF_INT(concat_attributes, axis), ATTRIBUTE_END,
};

static void concat_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct concat_attributes *a = attributes;
    int count = node->input_count > 0 ? node->input_count : 1;
    char text[SHAPE_TEXT_SIZE], first[SHAPE_TEXT_SIZE];
    struct shape y;

    if (!op_has_inputs(graph, node, count, NODE_MAX_INPUTS))
        return;
    y = node->inputs[0]->shape;
    if (!has_axis(graph, node, a->axis))
        return;
    for (int i = 1; i < node->input_count; i++) {
        struct shape same = node->inputs[i]->shape;

        same.dim[a->axis] = y.dim[a->axis];
        if (!shape_equal(&same, &y)) {
            graph_fail(graph, "concat: %s and %s differ elsewhere than in axis %d",
                       shape_text(&node->inputs[0]->shape, first),
                       shape_text(&node->inputs[i]->shape, text), a->axis);
            return;
        }
        y.dim[a->axis] += node->inputs[i]->shape.dim[a->axis];
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

/* --- slice ----------------------------------------------------------------------------------- */

static const struct attribute slice_table[] = {
    ATTRIBUTE_OF_INT(slice_attributes, axis), ATTRIBUTE_OF_INT(slice_attributes, begin),
    ATTRIBUTE_OF_INT(slice_attributes, end), ATTRIBUTE_OF_INT(slice_attributes, size),
    ATTRIBUTE_END,
};

static void slice_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct slice_attributes *a = attributes;
    struct shape y;

    if (!op_has_inputs(graph, node, 1, 1) || !has_axis(graph, node, a->axis))
        return;
    y = node->inputs[0]->shape;
    a->size = (int)y.dim[a->axis];
    if (a->begin < 0 || a->end <= a->begin || a->end > a->size) {
        graph_fail(graph, "slice: [%d, %d) is no part of the %d along axis %d", a->begin, a->end,
                   a->size, a->axis);
        return;
    }
    y.dim[a->axis] = a->end - a->begin;
    graph_node_output(graph, node, y, DTYPE_F32);
}

static void slice_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct value *collected = gradient_collected(gradient, node, 0);

    if (collected)
        gradient_set(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_slice_add, node->name, node->attributes,
                                 collected, dy));
    else
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_slice_grad, node->name, node->attributes,
                                 dy));
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
    struct shape dx;

    if (!op_has_inputs(graph, node, 1, 1) || !has_axis(graph, node, a->axis))
        return;
    dx = node->inputs[0]->shape;
    if (a->begin < 0 || a->end > a->size || a->end - (int64_t)a->begin != dx.dim[a->axis]) {
        graph_fail(graph, "slice_grad: %d elements are not [%d, %d) of %d", (int)dx.dim[a->axis],
                   a->begin, a->end, a->size);
        return;
    }
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

static void slice_add_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct slice_attributes *a = attributes;
    struct shape part;

    if (!op_has_inputs(graph, node, 2, 2) || !has_axis(graph, node, a->axis))
        return;
    part = node->inputs[0]->shape;
    a->size = (int)part.dim[a->axis];
    part.dim[a->axis] = a->end - a->begin;
    if (a->begin < 0 || a->end > a->size || a->end <= a->begin) {
        graph_fail(graph, "slice_add: [%d, %d) is no part of the %d along axis %d", a->begin,
                   a->end, a->size, a->axis);
        return;
    }
    if (op_has_shape(graph, node, 1, "the part", &part))
        graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void slice_add_reference(const struct reference_call *call)
{
    const struct slice_attributes *a = call->node->attributes;
    const struct shape *shape = &call->node->outputs[0]->shape;
    struct view y = view_of(shape, a->axis);
    int64_t size = (a->end - a->begin) * y.inner;

    memcpy(call->outputs[0], call->inputs[0], (size_t)shape_count(shape) * sizeof(double));
    for (int64_t o = 0; o < y.outer; o++)
        vector_add(call->outputs[0] + (o * y.size + a->begin) * y.inner, 1,
                   call->inputs[1] + o * size, size);
}

const struct op op_slice_add = {
    .name = "slice_add", .version = 1, .attributes_size = sizeof(struct slice_attributes),
    .attributes = slice_table, .shape = slice_add_shape, .reference = slice_add_reference,
};

/* --- reshape --------------------------------------------------------------------------------- */

static const struct attribute reshape_table[] = {
    ATTRIBUTE_OF_INT(reshape_attributes, rank),
    ATTRIBUTE_OF_INTS(reshape_attributes, dim, SHAPE_MAX_RANK), ATTRIBUTE_END,
};

/* What stands in place of the one -1, so that there are `count` elements; 0: nothing can. */
static int64_t open_size(const struct reshape_attributes *a, int64_t count)
{
    int64_t known = 1;
    int open_count = 0;

    for (int i = 0; i < a->rank; i++) {
        open_count += a->dim[i] == -1;
        if (a->dim[i] != -1)
            known *= a->dim[i];
        if (known < 1 || known > count)
            return 0;
    }
    if (open_count > 1 || count % known || (!open_count && known != count))
        return 0;
    return count / known;
}

static void reshape_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct reshape_attributes *a = attributes;
    struct shape y = { .rank = a->rank };
    char from[SHAPE_TEXT_SIZE], to[SHAPE_TEXT_SIZE];
    int64_t open;

    if (!op_has_inputs(graph, node, 1, 1))
        return;
    if (a->rank < 0 || a->rank > SHAPE_MAX_RANK) {
        graph_fail(graph, "reshape: to %d dimensions", a->rank);
        return;
    }
    for (int i = 0; i < a->rank; i++)
        y.dim[i] = a->dim[i];
    open = open_size(a, shape_count(&node->inputs[0]->shape));
    if (!open) {
        graph_fail(graph, "reshape: %s cannot become %s",
                   shape_text(&node->inputs[0]->shape, from), shape_text(&y, to));
        return;
    }
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] == -1)
            y.dim[i] = a->dim[i] = (int)open;
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

/* --- transpose ------------------------------------------------------------------------------- */

static const struct attribute transpose_table[] = {
    ATTRIBUTE_OF_INTS(transpose_attributes, order, SHAPE_MAX_RANK), ATTRIBUTE_END,
};

static void transpose_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct transpose_attributes *a = attributes;
    const struct shape *x;
    struct shape y;
    unsigned seen = 0;

    if (!op_has_inputs(graph, node, 1, 1))
        return;
    x = &node->inputs[0]->shape;
    y = *x;
    for (int i = 0; i < x->rank; i++) {
        if (a->order[i] < 0 || a->order[i] >= x->rank || seen >> a->order[i] & 1) {
            graph_fail(graph, "transpose: the order has %d in place %d and is no permutation of "
                              "%d dimensions", a->order[i], i, x->rank);
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

/* Row by row of y: `from` is where the row begins in x, counted on like the digits of a number. */
static void transpose_reference(const struct reference_call *call)
{
    const struct transpose_attributes *a = call->node->attributes;
    const struct shape *x = &call->node->inputs[0]->shape, *y = &call->node->outputs[0]->shape;
    int64_t step[SHAPE_MAX_RANK] = { 1 }, at[SHAPE_MAX_RANK] = { 0 };
    int64_t from = 0, last = shape_last(y);
    double *out = call->outputs[0];

    for (int k = 0; k < y->rank; k++) {
        step[k] = 1;
        for (int i = a->order[k] + 1; i < x->rank; i++)
            step[k] *= x->dim[i];
    }
    for (int64_t row = 0; row < shape_rows(y); row++, out += last) {
        for (int64_t i = 0; i < last; i++)
            out[i] = call->inputs[0][from + i * step[y->rank ? y->rank - 1 : 0]];
        for (int k = y->rank - 2; k >= 0; k--) {
            from += step[k];
            if (++at[k] < y->dim[k])
                break;
            from -= at[k] * step[k];
            at[k] = 0;
        }
    }
}

const struct op op_transpose = {
    .name = "transpose", .version = 1, .attributes_size = sizeof(struct transpose_attributes),
    .attributes = transpose_table, .shape = transpose_shape, .gradient = transpose_gradient,
    .reference = transpose_reference,
};
