/* pool.c - maxima and means over windows, and their gradients.
 *
 * Padding never wins a maximum, but counts in a mean.  max_pool also says where each maximum
 * was, so that its gradient needs neither x nor y. */

#include "nn/ops/ops_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute pool_attribute_table[] = {
    ATTRIBUTE_OF_INTS(pool_attributes, kernel, 2),
    ATTRIBUTE_OF_INTS(pool_attributes, stride, 2),
    ATTRIBUTE_OF_INTS(pool_attributes, pad, 2),
    ATTRIBUTE_OF_INTS(pool_attributes, input_size, 2),
    ATTRIBUTE_END,
};

/* --- shape rules ----------------------------------------------------------------------------- */

static bool complete(struct graph *graph, const struct node *node, struct pool_attributes *pool)
{
    for (int i = 0; i < 2; i++) {
        if (!pool->stride[i])
            pool->stride[i] = pool->kernel[i];
        if (pool->kernel[i] < 1 || pool->stride[i] < 1 || pool->pad[i] < 0) {
            graph_fail(graph, "%s: a kernel of %d with stride %d and padding %d", node->op->name,
                       pool->kernel[i], pool->stride[i], pool->pad[i]);
            return false;
        }
        if (pool->pad[i] > pool->kernel[i] / 2) { /* else a window might hold nothing but padding */
            graph_fail(graph, "%s: a padding of %d is more than half of the kernel's %d",
                       node->op->name, pool->pad[i], pool->kernel[i]);
            return false;
        }
    }
    return true;
}

static struct shape pooled_shape(const struct pool_attributes *pool, const struct shape *x)
{
    struct shape y = *x;

    for (int i = 0; i < 2; i++)
        y.dim[2 + i] = window_count(pool->input_size[i], pool->kernel[i], pool->stride[i],
                                    pool->pad[i], 1);
    return y;
}

/* max_pool and avg_pool */
static void pool_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct pool_attributes *pool = attributes;
    struct shape y;

    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the input", 4) ||
        !complete(graph, node, pool))
        return;
    for (int i = 0; i < 2; i++)
        pool->input_size[i] = (int)node->inputs[0]->shape.dim[2 + i];
    y = pooled_shape(pool, &node->inputs[0]->shape);
    if (y.dim[2] < 1 || y.dim[3] < 1) {
        graph_fail(graph, "%s: a kernel of %d x %d does not fit into %d x %d pixels with padding "
                   "%d x %d", node->op->name, pool->kernel[0], pool->kernel[1],
                   pool->input_size[0], pool->input_size[1], pool->pad[0], pool->pad[1]);
        return;
    }
    graph_node_output(graph, node, y, DTYPE_F32);
    if (node->op == &op_max_pool)
        graph_node_output(graph, node, y, DTYPE_I32);
}

/* max_pool_grad and avg_pool_grad: dy is the last input */
static void pool_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct pool_attributes *pool = attributes;
    int count = node->op == &op_max_pool_grad ? 2 : 1;
    struct shape dx, y;

    if (!op_has_inputs(graph, node, count, count) ||
        !op_has_rank(graph, node, count - 1, "the gradient", 4) || !complete(graph, node, pool))
        return;
    dx = node->inputs[count - 1]->shape;
    y = pooled_shape(pool, &dx);
    for (int i = 0; i < count; i++)
        if (!op_has_shape(graph, node, i, i == count - 1 ? "the gradient" : "the index", &y))
            return;
    dx.dim[2] = pool->input_size[0];
    dx.dim[3] = pool->input_size[1];
    graph_node_output(graph, node, dx, DTYPE_F32);
}

static void global_avg_pool_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct pool_attributes *pool = attributes;
    const struct shape *x;

    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the input", 4))
        return;
    x = &node->inputs[0]->shape;
    pool->input_size[0] = (int)x->dim[2];
    pool->input_size[1] = (int)x->dim[3];
    graph_node_output(graph, node, SHAPE(x->dim[0], x->dim[1]), DTYPE_F32);
}

static void global_avg_pool_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct pool_attributes *pool = attributes;
    const struct shape *dy;

    if (!op_has_inputs(graph, node, 1, 1) || !op_has_rank(graph, node, 0, "the gradient", 2))
        return;
    dy = &node->inputs[0]->shape;
    graph_node_output(graph, node, SHAPE(dy->dim[0], dy->dim[1], pool->input_size[0],
                                         pool->input_size[1]), DTYPE_F32);
}

/* --- gradient rules -------------------------------------------------------------------------- */

static void max_pool_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_max_pool_grad, node->name, node->attributes,
                                 node->outputs[1], dy));
}

static void avg_pool_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_avg_pool_grad, node->name, node->attributes,
                                 dy));
}

static void global_avg_pool_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dy = gradient_of_output(gradient, node, 0);

    if (dy)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_global_avg_pool_grad, node->name,
                                 node->attributes, dy));
}

/* --- reference kernels ----------------------------------------------------------------------- */

/* The taps [begin, end) of the window at `position` that lie inside the image, on one axis;
 * tap k reads the pixel origin + k. */
struct window {
    int64_t origin, begin, end;
};

static struct window window_at(const struct pool_attributes *pool, int axis, int64_t position)
{
    struct window window = { .origin = position * pool->stride[axis] - pool->pad[axis] };
    int64_t room = pool->input_size[axis] - window.origin;

    window.begin = window.origin < 0 ? -window.origin : 0;
    window.end = room < pool->kernel[axis] ? room : pool->kernel[axis];
    return window;
}

/* What the kernels do with one window: `x` is its plane, `y` and `index` its elements. */
typedef void window_fn(const struct pool_attributes *pool, const struct window *row,
                       const struct window *column, double *x, double *y, double *index);

static void for_each_window(window_fn *work, const struct pool_attributes *pool,
                            const struct shape *y_shape, double *x, double *y, double *index)
{
    int64_t x_plane = (int64_t)pool->input_size[0] * pool->input_size[1];
    int64_t planes = y_shape->dim[0] * y_shape->dim[1], at = 0;

    for (int64_t plane = 0; plane < planes; plane++)
        for (int64_t i = 0; i < y_shape->dim[2]; i++) {
            struct window row = window_at(pool, 0, i);

            for (int64_t j = 0; j < y_shape->dim[3]; j++, at++) {
                struct window column = window_at(pool, 1, j);

                work(pool, &row, &column, x + plane * x_plane, y + at, index ? index + at : NULL);
            }
        }
}

/* A NaN wins, so that it is not lost on the way to the loss. */
static void max_window(const struct pool_attributes *pool, const struct window *row,
                       const struct window *column, double *x, double *y, double *index)
{
    bool is_first = true;

    for (int64_t ky = row->begin; ky < row->end; ky++)
        for (int64_t kx = column->begin; kx < column->end; kx++) {
            double pixel = x[(row->origin + ky) * pool->input_size[1] + column->origin + kx];

            if (is_first || pixel > *y || (isnan(pixel) && !isnan(*y))) {
                *y = pixel;
                *index = (double)(ky * pool->kernel[1] + kx);
                is_first = false;
            }
        }
}

static void max_grad_window(const struct pool_attributes *pool, const struct window *row,
                            const struct window *column, double *dx, double *dy, double *index)
{
    int64_t ky = (int64_t)*index / pool->kernel[1], kx = (int64_t)*index % pool->kernel[1];

    dx[(row->origin + ky) * pool->input_size[1] + column->origin + kx] += *dy;
}

static void avg_window(const struct pool_attributes *pool, const struct window *row,
                       const struct window *column, double *x, double *y, double *index)
{
    double sum = 0;

    (void)index;
    for (int64_t ky = row->begin; ky < row->end; ky++)
        for (int64_t kx = column->begin; kx < column->end; kx++)
            sum += x[(row->origin + ky) * pool->input_size[1] + column->origin + kx];
    *y = sum / (pool->kernel[0] * pool->kernel[1]);
}

static void avg_grad_window(const struct pool_attributes *pool, const struct window *row,
                            const struct window *column, double *dx, double *dy, double *index)
{
    double share = *dy / (pool->kernel[0] * pool->kernel[1]);

    (void)index;
    for (int64_t ky = row->begin; ky < row->end; ky++)
        for (int64_t kx = column->begin; kx < column->end; kx++)
            dx[(row->origin + ky) * pool->input_size[1] + column->origin + kx] += share;
}

static void max_pool_reference(const struct reference_call *call)
{
    for_each_window(max_window, call->node->attributes, &call->node->outputs[0]->shape,
                    call->inputs[0], call->outputs[0], call->outputs[1]);
}

static void max_pool_grad_reference(const struct reference_call *call)
{
    memset(call->outputs[0], 0,
           (size_t)shape_count(&call->node->outputs[0]->shape) * sizeof(double));
    for_each_window(max_grad_window, call->node->attributes, &call->node->inputs[1]->shape,
                    call->outputs[0], call->inputs[1], call->inputs[0]);
}

static void avg_pool_reference(const struct reference_call *call)
{
    for_each_window(avg_window, call->node->attributes, &call->node->outputs[0]->shape,
                    call->inputs[0], call->outputs[0], NULL);
}

static void avg_pool_grad_reference(const struct reference_call *call)
{
    memset(call->outputs[0], 0,
           (size_t)shape_count(&call->node->outputs[0]->shape) * sizeof(double));
    for_each_window(avg_grad_window, call->node->attributes, &call->node->inputs[0]->shape,
                    call->outputs[0], call->inputs[0], NULL);
}

static void global_avg_pool_reference(const struct reference_call *call)
{
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t plane = x->dim[2] * x->dim[3];

    for (int64_t i = 0; i < x->dim[0] * x->dim[1]; i++) {
        double sum = 0;

        for (int64_t j = 0; j < plane; j++)
            sum += call->inputs[0][i * plane + j];
        call->outputs[0][i] = sum / (double)plane;
    }
}

static void global_avg_pool_grad_reference(const struct reference_call *call)
{
    const struct shape *dx = &call->node->outputs[0]->shape;
    int64_t plane = dx->dim[2] * dx->dim[3];

    for (int64_t i = 0; i < shape_count(dx); i++)
        call->outputs[0][i] = call->inputs[0][i / plane] / (double)plane;
}

/* --- ops -------------------------------------------------------------------------------------- */

#define POOL_OP(op_name, shape_rule, gradient_rule) \
    const struct op op_##op_name = {                \
        .name = #op_name,                           \
        .version = 1,                               \
        .attributes_size = sizeof(struct pool_attributes), \
        .attributes = pool_attribute_table,         \
        .shape = shape_rule,                        \
        .gradient = gradient_rule,                  \
        .reference = op_name##_reference,           \
    }

POOL_OP(max_pool, pool_shape, max_pool_gradient);
POOL_OP(max_pool_grad, pool_grad_shape, NULL);
POOL_OP(avg_pool, pool_shape, avg_pool_gradient);
POOL_OP(avg_pool_grad, pool_grad_shape, NULL);
POOL_OP(global_avg_pool, global_avg_pool_shape, global_avg_pool_gradient);
POOL_OP(global_avg_pool_grad, global_avg_pool_grad_shape, NULL);
