/* ops_internal.c - see ops_internal.h. */

#include "nn/ops/ops_internal.h"

bool op_has_inputs(struct graph *graph, const struct node *node, int least, int most)
{
    if (node->input_count < least || node->input_count > most) {
        graph_fail(graph, "%s: takes %d to %d inputs, not %d", node->op->name, least, most,
                   node->input_count);
        return false;
    }
    for (int i = 0; i < least; i++)
        if (!node->inputs[i]) {
            graph_fail(graph, "%s: input %d is missing", node->op->name, i);
            return false;
        }
    return true;
}

bool op_has_rank(struct graph *graph, const struct node *node, int index, const char *what,
                 int rank)
{
    const struct shape *shape = &node->inputs[index]->shape;
    char text[SHAPE_TEXT_SIZE];

    if (shape->rank == rank)
        return true;
    graph_fail(graph, "%s: %s has the shape %s, but needs %d dimensions", node->op->name, what,
               shape_text(shape, text), rank);
    return false;
}

bool op_has_shape(struct graph *graph, const struct node *node, int index, const char *what,
                  const struct shape *shape)
{
    char text[SHAPE_TEXT_SIZE], needed[SHAPE_TEXT_SIZE];

    if (shape_equal(&node->inputs[index]->shape, shape))
        return true;
    graph_fail(graph, "%s: %s has the shape %s, but needs %s", node->op->name, what,
               shape_text(&node->inputs[index]->shape, text), shape_text(shape, needed));
    return false;
}

int64_t shape_rows(const struct shape *shape)
{
    return shape_count(shape) / shape_last(shape);
}

int64_t shape_last(const struct shape *shape)
{
    return shape->rank ? shape->dim[shape->rank - 1] : 1;
}

struct shape shape_with_last(const struct shape *shape, int64_t last)
{
    struct shape changed = *shape;

    if (changed.rank == 0)
        changed.rank = 1;
    changed.dim[changed.rank - 1] = last;
    return changed;
}

int64_t window_count(int64_t size, int kernel, int stride, int pad, int dilation)
{
    int64_t room = size + 2 * (int64_t)pad - (int64_t)dilation * (kernel - 1) - 1;

    return room < 0 ? 0 : room / stride + 1;
}

/* Four sums, because one would wait for itself at every addition. */
double vector_dot(const double *a, const double *b, int64_t count)
{
    double sum[4] = { 0 };
    int64_t i = 0;

    for (; i + 4 <= count; i += 4)
        for (int j = 0; j < 4; j++)
            sum[j] += a[i + j] * b[i + j];
    for (; i < count; i++)
        sum[0] += a[i] * b[i];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

void vector_add(double *y, double a, const double *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] += a * x[i];
}
