/* conv.c - convolution, its two gradients, and transposed convolution. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static const struct attribute conv_table[] = {
    ATTRIBUTE_OF_INTS(conv_attributes, kernel, 2), ATTRIBUTE_OF_INTS(conv_attributes, stride, 2),
    ATTRIBUTE_OF_INTS(conv_attributes, pad, 2), ATTRIBUTE_OF_INTS(conv_attributes, dilation, 2),
    ATTRIBUTE_OF_INT(conv_attributes, groups), ATTRIBUTE_OF_INTS(conv_attributes, input_size, 2),
    ATTRIBUTE_OF_BOOL(conv_attributes, has_bias), ATTRIBUTE_END,
};

static int64_t output_side(const struct conv_attributes *a, int axis)
{
    return window_count(a->input_size[axis], a->kernel[axis], a->stride[axis], a->pad[axis],
                        a->dilation[axis]);
}

static bool settle(struct graph *graph, const char *op, struct conv_attributes *a)
{
    if (!a->groups)
        a->groups = 1;
    for (int i = 0; i < 2; i++) {
        if (!a->stride[i])
            a->stride[i] = 1;
        if (!a->dilation[i])
            a->dilation[i] = 1;
        if (a->kernel[i] < 1 || a->stride[i] < 1 || a->dilation[i] < 1 || a->pad[i] < 0 ||
            a->groups < 1) {
            graph_fail(graph, "%s: kernel, stride, dilation and groups must be at least 1", op);
            return false;
        }
    }
    return true;
}

/* Input 0 is images and input 1 a weight with this kernel, whose size may be left to it. */
static bool check_weighted(struct graph *graph, const struct node *node, struct conv_attributes *a,
                           int most_inputs)
{
    const struct shape *weight;

    if (!op_has_inputs(graph, node, 2, most_inputs) ||
        !op_has_rank(graph, node, 0, "the input", 4) ||
        !op_has_rank(graph, node, 1, "the weight", 4))
        return false;
    weight = &node->inputs[1]->shape;
    for (int i = 0; i < 2; i++) {
        if (!a->kernel[i])
            a->kernel[i] = (int)weight->dim[2 + i];
        if (a->kernel[i] != weight->dim[2 + i]) {
            graph_fail(graph, "%s: the kernel is %d x %d, but the weight's %d x %d", node->op->name,
                       a->kernel[0], a->kernel[1], (int)weight->dim[2], (int)weight->dim[3]);
            return false;
        }
    }
    return settle(graph, node->op->name, a);
}

/* Images of a->input_size must become `small` ones, and `big` and `small` channels split into
 * groups. */
static bool check_sides(struct graph *graph, const struct node *node,
                        const struct conv_attributes *a, int64_t big_channels,
                        const struct shape *small)
{
    if (big_channels % a->groups || small->dim[1] % a->groups) {
        graph_fail(graph, "%s: %d and %d channels cannot be split into %d groups", node->op->name,
                   (int)big_channels, (int)small->dim[1], a->groups);
        return false;
    }
    if (output_side(a, 0) != small->dim[2] || output_side(a, 1) != small->dim[3]) {
        graph_fail(graph, "%s: %d x %d pixels become %d x %d, not %d x %d", node->op->name,
                   a->input_size[0], a->input_size[1], (int)output_side(a, 0),
                   (int)output_side(a, 1), (int)small->dim[2], (int)small->dim[3]);
        return false;
    }
    return true;
}

/* The weight's first dimension is the channels of input 0. */
static bool check_rows(struct graph *graph, const struct node *node)
{
    const struct shape *small = &node->inputs[0]->shape, *weight = &node->inputs[1]->shape;

    if (small->dim[1] == weight->dim[0])
        return true;
    graph_fail(graph, "%s: the input has %d channels, but the weight is for %d", node->op->name,
               (int)small->dim[1], (int)weight->dim[0]);
    return false;
}

/* --- conv2d ---------------------------------------------------------------------------------- */

static void conv2d_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct conv_attributes *a = attributes;
    const struct value *x = node->inputs[0], *weight = node->inputs[1];
    int64_t channel_count, out;

    if (!check_weighted(graph, node, a, 3))
        return;
    channel_count = x->shape.dim[1];
    out = weight->shape.dim[0];
    a->input_size[0] = (int)x->shape.dim[2];
    a->input_size[1] = (int)x->shape.dim[3];
    a->has_bias = node->input_count > 2 && node->inputs[2];
    if (channel_count % a->groups || out % a->groups ||
        weight->shape.dim[1] != channel_count / a->groups) {
        graph_fail(graph, "conv2d: %d channels do not fit a weight for %lld in %d groups",
                   (int)channel_count, (long long)weight->shape.dim[1] * a->groups, a->groups);
        return;
    }
    if (a->has_bias && !op_has_shape(graph, node, 2, "the bias", &SHAPE(out)))
        return;
    if (!output_side(a, 0) || !output_side(a, 1)) {
        graph_fail(graph, "conv2d: a kernel of %d x %d does not fit into %d x %d pixels",
                   a->kernel[0], a->kernel[1], a->input_size[0], a->input_size[1]);
        return;
    }
    graph_node_output(graph, node,
                      SHAPE(x->shape.dim[0], out, output_side(a, 0), output_side(a, 1)), DTYPE_F32);
}

static void conv2d_gradient(struct gradient *gradient, const struct node *node)
{
    struct graph *graph = gradient->graph;
    struct value *dy = gradient_of_output(gradient, node, 0);
    const struct conv_attributes *a = node->attributes;
    bool wants_bias = a->has_bias && gradient_wanted(gradient, node, 2);

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_conv2d_input_grad, node->name, a, dy, node->inputs[1]));
    if (gradient_wanted(gradient, node, 1) || wants_bias) {
        struct node *grad = graph_node(graph, &op_conv2d_weight_grad, node->name,
                                       (struct value *[]){ node->inputs[0], dy }, 2, a);

        if (!grad)
            return;
        gradient_add(gradient, node, 1, grad->outputs[0]);
        if (wants_bias)
            gradient_add(gradient, node, 2, grad->outputs[1]);
    }
}

/* What a direct convolution walks over.  `big` is the side with the padding (x), `small` the
 * strided one (y); the three kernels differ in which of them is read, written and summed. */
struct walk {
    int64_t n, groups, big_channels, small_channels; /* channels per group */
    int64_t big_size[2], small_size[2];
    const struct conv_attributes *a;
};

static struct walk walk_of(const struct conv_attributes *a, const struct shape *big,
                           const struct shape *small)
{
    struct walk w = { .n = big->dim[0], .groups = a->groups,
                      .big_channels = big->dim[1] / a->groups,
                      .small_channels = small->dim[1] / a->groups,
                      .big_size = { big->dim[2], big->dim[3] },
                      .small_size = { small->dim[2], small->dim[3] }, .a = a };
    bool is_pointwise = true;

    for (int i = 0; i < 2; i++)
        is_pointwise &= a->kernel[i] == 1 && a->stride[i] == 1 && a->pad[i] == 0;
    if (is_pointwise) { /* one long row is quicker than many short ones */
        w.big_size[1] *= w.big_size[0];
        w.small_size[1] *= w.small_size[0];
        w.big_size[0] = w.small_size[0] = 1;
    }
    return w;
}

/* The range of small positions whose tap `k` falls inside the big side. */
static void valid_range(const struct walk *w, int axis, int k, int64_t *begin, int64_t *end)
{
    int64_t shift = (int64_t)k * w->a->dilation[axis] - w->a->pad[axis], s = w->a->stride[axis];
    int64_t last = w->big_size[axis] - 1 - shift;

    *begin = shift < 0 ? (-shift + s - 1) / s : 0;
    *end = last < 0 ? 0 : last / s + 1;
    if (*end > w->small_size[axis])
        *end = w->small_size[axis];
}

enum walk_kind { WALK_FORWARD, WALK_INPUT_GRAD, WALK_WEIGHT_GRAD };

/* One tap of one pair of channels. */
static void walk_tap(const struct walk *w, enum walk_kind kind, double *big, double *small,
                     double *tap, int ky, int kx)
{
    int64_t y0, y1, x0, x1, s = w->a->stride[1];
    double sum = 0;

    valid_range(w, 0, ky, &y0, &y1);
    valid_range(w, 1, kx, &x0, &x1);
    for (int64_t y = y0; y < y1; y++) {
        int64_t row = y * w->a->stride[0] + (int64_t)ky * w->a->dilation[0] - w->a->pad[0];
        double *b = big + row * w->big_size[1] + (int64_t)kx * w->a->dilation[1] - w->a->pad[1];
        double *v = small + y * w->small_size[1];

        if (kind == WALK_FORWARD)
            for (int64_t x = x0; x < x1; x++)
                v[x] += *tap * b[x * s];
        else if (kind == WALK_INPUT_GRAD)
            for (int64_t x = x0; x < x1; x++)
                b[x * s] += *tap * v[x];
        else
            for (int64_t x = x0; x < x1; x++)
                sum += b[x * s] * v[x];
    }
    if (kind == WALK_WEIGHT_GRAD)
        *tap += sum;
}

/* weight is (small channels, big channels per group, kh, kw). */
static void walk(const struct walk *w, enum walk_kind kind, double *big, double *weight,
                 double *small)
{
    int64_t taps = (int64_t)w->a->kernel[0] * w->a->kernel[1];
    int64_t big_plane = w->big_size[0] * w->big_size[1];
    int64_t small_plane = w->small_size[0] * w->small_size[1];

    for (int64_t n = 0; n < w->n; n++)
        for (int64_t o = 0; o < w->groups * w->small_channels; o++)
            for (int64_t i = 0; i < w->big_channels; i++) {
                int64_t c = o / w->small_channels * w->big_channels + i;
                double *b = big + (n * w->groups * w->big_channels + c) * big_plane;
                double *v = small + (n * w->groups * w->small_channels + o) * small_plane;
                double *t = weight + (o * w->big_channels + i) * taps;

                for (int k = 0; k < taps; k++)
                    walk_tap(w, kind, b, v, t + k, k / w->a->kernel[1], k % w->a->kernel[1]);
            }
}

/* y = bias, per channel. */
static void fill_bias(double *y, const double *bias, const struct shape *shape)
{
    int64_t plane = shape->dim[2] * shape->dim[3];

    for (int64_t i = 0; i < shape->dim[0] * shape->dim[1]; i++)
        for (int64_t j = 0; j < plane; j++)
            y[i * plane + j] = bias ? bias[i % shape->dim[1]] : 0;
}

static void conv2d_reference(const struct reference_call *call)
{
    const struct node *node = call->node;
    const struct shape *y = &node->outputs[0]->shape;
    struct walk w = walk_of(node->attributes, &node->inputs[0]->shape, y);

    fill_bias(call->outputs[0], node->input_count > 2 ? call->inputs[2] : NULL, y);
    walk(&w, WALK_FORWARD, call->inputs[0], call->inputs[1], call->outputs[0]);
}

static double conv_flops(const struct shape *small, const struct shape *weight)
{
    return 2.0 * (double)shape_count(small) *
           (double)(weight->dim[1] * weight->dim[2] * weight->dim[3]);
}

static double conv2d_flops(const struct node *node)
{
    return conv_flops(&node->outputs[0]->shape, &node->inputs[1]->shape);
}

const struct op op_conv2d = {
    .name = "conv2d", .version = 1, .attributes_size = sizeof(struct conv_attributes),
    .attributes = conv_table, .shape = conv2d_shape, .gradient = conv2d_gradient,
    .reference = conv2d_reference, .flops = conv2d_flops,
};

/* --- gradients ------------------------------------------------------------------------------- */

static void input_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct conv_attributes *a = attributes;
    const struct value *dy = node->inputs[0], *weight = node->inputs[1];

    if (!check_weighted(graph, node, a, 2) ||
        !check_sides(graph, node, a, weight->shape.dim[1] * a->groups, &dy->shape) ||
        !check_rows(graph, node))
        return;
    graph_node_output(graph, node,
                      SHAPE(dy->shape.dim[0], weight->shape.dim[1] * a->groups, a->input_size[0],
                            a->input_size[1]),
                      DTYPE_F32);
}

static void input_grad_reference(const struct reference_call *call)
{
    const struct node *node = call->node;
    const struct shape *dx = &node->outputs[0]->shape;
    struct walk w = walk_of(node->attributes, dx, &node->inputs[0]->shape);

    memset(call->outputs[0], 0, (size_t)shape_count(dx) * sizeof(double));
    walk(&w, WALK_INPUT_GRAD, call->outputs[0], call->inputs[1], call->inputs[0]);
}

static double input_grad_flops(const struct node *node)
{
    return conv_flops(&node->inputs[0]->shape, &node->inputs[1]->shape);
}

const struct op op_conv2d_input_grad = {
    .name = "conv2d_input_grad", .version = 1, .attributes_size = sizeof(struct conv_attributes),
    .attributes = conv_table, .shape = input_grad_shape, .reference = input_grad_reference,
    .flops = input_grad_flops,
};

static void weight_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct conv_attributes *a = attributes;
    const struct value *x = node->inputs[0], *dy = node->inputs[1];

    if (!op_has_inputs(graph, node, 2, 2) || !op_has_rank(graph, node, 0, "the input", 4) ||
        !op_has_rank(graph, node, 1, "the gradient", 4) || !settle(graph, node->op->name, a))
        return;
    for (int i = 0; i < 2; i++)
        a->input_size[i] = (int)x->shape.dim[2 + i];
    if (!check_sides(graph, node, a, x->shape.dim[1], &dy->shape))
        return;
    if (x->shape.dim[0] != dy->shape.dim[0]) {
        graph_fail(graph, "conv2d_weight_grad: %d images, but gradients of %d",
                   (int)x->shape.dim[0], (int)dy->shape.dim[0]);
        return;
    }
    graph_node_output(graph, node,
                      SHAPE(dy->shape.dim[1], x->shape.dim[1] / a->groups, a->kernel[0],
                            a->kernel[1]),
                      DTYPE_F32);
    if (a->has_bias)
        graph_node_output(graph, node, SHAPE(dy->shape.dim[1]), DTYPE_F32);
}

static void weight_grad_reference(const struct reference_call *call)
{
    const struct node *node = call->node;
    const struct conv_attributes *a = node->attributes;
    const struct shape *dy = &node->inputs[1]->shape;
    struct walk w = walk_of(a, &node->inputs[0]->shape, dy);
    int64_t plane = dy->dim[2] * dy->dim[3];

    memset(call->outputs[0], 0, (size_t)shape_count(&node->outputs[0]->shape) * sizeof(double));
    walk(&w, WALK_WEIGHT_GRAD, call->inputs[0], call->outputs[0], call->inputs[1]);
    if (!a->has_bias)
        return;
    memset(call->outputs[1], 0, (size_t)dy->dim[1] * sizeof(double));
    for (int64_t i = 0; i < dy->dim[0] * dy->dim[1]; i++)
        for (int64_t j = 0; j < plane; j++)
            call->outputs[1][i % dy->dim[1]] += call->inputs[1][i * plane + j];
}

static double weight_grad_flops(const struct node *node)
{
    return conv_flops(&node->inputs[1]->shape, &node->outputs[0]->shape);
}

const struct op op_conv2d_weight_grad = {
    .name = "conv2d_weight_grad", .version = 1, .attributes_size = sizeof(struct conv_attributes),
    .attributes = conv_table, .shape = weight_grad_shape, .reference = weight_grad_reference,
    .flops = weight_grad_flops,
};

/* --- transposed ------------------------------------------------------------------------------- */

static void transpose_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct conv_attributes *a = attributes;
    const struct value *x = node->inputs[0], *weight = node->inputs[1];

    if (!check_weighted(graph, node, a, 2))
        return;
    a->has_bias = false;
    for (int i = 0; i < 2; i++)
        if (!a->input_size[i])
            a->input_size[i] = (int)(x->shape.dim[2 + i] - 1) * a->stride[i] - 2 * a->pad[i] +
                               a->dilation[i] * (a->kernel[i] - 1) + 1;
    if (!check_sides(graph, node, a, weight->shape.dim[1] * a->groups, &x->shape) ||
        !check_rows(graph, node))
        return;
    graph_node_output(graph, node,
                      SHAPE(x->shape.dim[0], weight->shape.dim[1] * a->groups, a->input_size[0],
                            a->input_size[1]),
                      DTYPE_F32);
}

/* The roles of x and y are swapped against conv2d, so its gradients are conv2d's kernels. */
static void transpose_gradient(struct gradient *gradient, const struct node *node)
{
    struct graph *graph = gradient->graph;
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct conv_attributes a = *(const struct conv_attributes *)node->attributes;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_conv2d, node->name, &a, dy, node->inputs[1]));
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(graph, &op_conv2d_weight_grad, node->name, &a, dy,
                                 node->inputs[0]));
}

static void transpose_reference(const struct reference_call *call)
{
    const struct node *node = call->node;
    const struct shape *y = &node->outputs[0]->shape;
    struct walk w = walk_of(node->attributes, y, &node->inputs[0]->shape);

    fill_bias(call->outputs[0], NULL, y);
    walk(&w, WALK_INPUT_GRAD, call->outputs[0], call->inputs[1], call->inputs[0]);
}

const struct op op_conv_transpose2d = {
    .name = "conv_transpose2d", .version = 1, .attributes_size = sizeof(struct conv_attributes),
    .attributes = conv_table, .shape = transpose_shape, .gradient = transpose_gradient,
    .reference = transpose_reference, .flops = input_grad_flops,
};
