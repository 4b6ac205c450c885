/* bind_conv.c - convolutions by oneDNN.
 *
 * Images are blocked, and oneDNN is told of whole blocks of channels: the lanes past the last
 * channel are zeros in images, weights and biases, so the result is the same, and its kernels for
 * whole blocks are the good ones.  Exceptions are the first layer, which reads up to three channels
 * as the loader writes them, and groups that blocks would cut, which run on plain images.
 *
 * Weights lie as the first kernel that uses them likes best.  Where a gradient's kernel wants
 * another layout the plan reorders: a few MB, next to the gigabytes of the images. */

#include "base/error.h"
#include "cpu/conv_rules.h"
#include "cpu/device_cpu_internal.h"
#include "nn/ops.h"

#include <string.h>

#define IMAGE_CHANNELS 3 /* the most that oneDNN's kernels for a first layer take */

/* Where an op has its operands: input i is i, output i is ~i. */
#define OUTPUT(index) (~(index))
#define ABSENT (-100)

struct conv_op {
    const struct op *op;
    enum onednn_direction direction;
    int args[OPERAND_COUNT];
};

static const struct conv_op conv_ops[] = {
    { &op_conv2d, ONEDNN_FORWARD, { 0, 1, 2, OUTPUT(0) } },
    { &op_conv2d_input_grad, ONEDNN_INPUT_GRAD, { OUTPUT(0), 1, ABSENT, 0 } },
    { &op_conv2d_weight_grad, ONEDNN_WEIGHT_GRAD, { 0, OUTPUT(0), OUTPUT(1), 1 } },
    { &op_conv_transpose2d, ONEDNN_INPUT_GRAD, { OUTPUT(0), 1, ABSENT, 0 } },
};

static const struct conv_op *conv_op_of(const struct node *node)
{
    for (size_t i = 0; i < sizeof(conv_ops) / sizeof(*conv_ops); i++)
        if (conv_ops[i].op == node->op)
            return &conv_ops[i];
    BUG_IF("not a convolution");
    return NULL;
}

static const struct value *operand_value(const struct conv_op *conv, const struct node *node,
                                         enum operand operand)
{
    int arg = conv->args[operand];

    if (arg == ABSENT)
        return NULL;
    if (arg < 0)
        return ~arg < node->output_count ? node->outputs[~arg] : NULL;
    return arg < node->input_count ? node->inputs[arg] : NULL;
}

/* --- what is asked of oneDNN ------------------------------------------------------------------ */

struct conv_request {
    enum onednn_direction direction;
    enum conv_algorithm algorithm;
    struct conv_geometry geometry;
    struct operands operands;
    int x_layout, y_layout;
    double flops; /* on whole blocks */
};

static int64_t round_up(int64_t count, int64_t block)
{
    return (count + block - 1) / block * block;
}

/* Can groups be made of whole blocks of lanes?  Depthwise is: a lane per group. */
static bool fits_blocks(const struct conv_attributes *a, const struct shape *x,
                        const struct shape *y, int64_t block)
{
    if (a->groups == 1 || (x->dim[1] == a->groups && y->dim[1] == a->groups))
        return true;
    return x->dim[1] / a->groups % block == 0 && y->dim[1] / a->groups % block == 0;
}

/* (O, I, h, w) or with groups (G, O/G, I/G, h, w). */
static struct shape weight_shape(const struct conv_attributes *a, int64_t groups, int64_t in,
                                 int64_t out)
{
    if (groups == 1)
        return SHAPE(out, in, a->kernel[0], a->kernel[1]);
    return SHAPE(groups, out / groups, in / groups, a->kernel[0], a->kernel[1]);
}

static enum conv_algorithm algorithm_of(const struct conv_op *conv, const struct node *node)
{
    const struct conv_attributes *a = node->attributes;
    const struct shape *x = &operand_value(conv, node, OPERAND_X)->shape;
    const struct shape *y = &operand_value(conv, node, OPERAND_Y)->shape;
    struct conv_case rule = { .direction = conv->direction, .isa = onednn_isa(),
                              .images = x->dim[0], .in = x->dim[1], .out = y->dim[1],
                              .groups = a->groups, .out_size = { y->dim[2], y->dim[3] } };

    for (int i = 0; i < 2; i++) {
        rule.kernel[i] = a->kernel[i];
        rule.stride[i] = a->stride[i];
        rule.dilation[i] = a->dilation[i];
    }
    return conv_rules_algorithm(&rule);
}

/* blocked: false asks for row-major images. */
static bool make_request(struct device *device, const struct node *node, bool blocked,
                         struct conv_request *r)
{
    struct onednn *onednn = &device_cpu_of(device)->onednn;
    const struct conv_op *conv = conv_op_of(node);
    const struct conv_attributes *a = node->attributes;
    struct shape x = operand_value(conv, node, OPERAND_X)->shape;
    struct shape y = operand_value(conv, node, OPERAND_Y)->shape, weight;
    int64_t block = device->block, groups = a->groups;
    bool is_first = blocked && groups == 1 && x.dim[1] <= IMAGE_CHANNELS &&
                    conv->direction != ONEDNN_INPUT_GRAD;

    if (blocked && !fits_blocks(a, &x, &y, block))
        return false;
    *r = (struct conv_request){ .direction = conv->direction,
                                .algorithm = algorithm_of(conv, node),
                                .x_layout = blocked && !is_first ? LAYOUT_BLOCKED : LAYOUT_PLAIN,
                                .y_layout = blocked ? LAYOUT_BLOCKED : LAYOUT_PLAIN };
    if (blocked) {
        if (groups > 1 && x.dim[1] == groups)
            groups = round_up(groups, block);
        if (!is_first)
            x.dim[1] = round_up(x.dim[1], block);
        y.dim[1] = round_up(y.dim[1], block);
    }
    weight = weight_shape(a, groups, x.dim[1], y.dim[1]);
    for (int i = 0; i < 2; i++) {
        r->geometry.stride[i] = a->stride[i];
        r->geometry.dilation[i] = a->dilation[i];
        r->geometry.pad[i] = a->pad[i];
    }
    r->operands.of[OPERAND_X] = layout_desc(device, r->x_layout, &x, DTYPE_F32);
    r->operands.of[OPERAND_Y] = layout_desc(device, r->y_layout, &y, DTYPE_F32);
    r->operands.of[OPERAND_WEIGHT] = memory_desc_any(onednn, &weight);
    if (operand_value(conv, node, OPERAND_BIAS))
        r->operands.of[OPERAND_BIAS] = memory_desc_plain(onednn, &SHAPE(y.dim[1]), DTYPE_F32);
    r->flops = 2.0 * (double)shape_count(&weight) * (double)(y.dim[0] * y.dim[2] * y.dim[3]);
    return true;
}

/* The rule may name an algorithm that oneDNN does not have for these layouts. */
static int choose(struct device *device, struct conv_request *r, struct kernel_desc *kernel)
{
    struct onednn *onednn = &device_cpu_of(device)->onednn;
    struct error ignored;

    if (!onednn_choose_conv(onednn, r->direction, r->algorithm, &r->operands, &r->geometry, kernel,
                            &ignored))
        return 0;
    if (r->algorithm == CONV_DIRECT)
        return -1;
    r->algorithm = CONV_DIRECT;
    return onednn_choose_conv(onednn, r->direction, r->algorithm, &r->operands, &r->geometry,
                              kernel, &ignored);
}

/* --- offers ----------------------------------------------------------------------------------- */

/* Does the weight lie in a way that the kernel could take?  Then describe it. */
static const struct memory_desc *weight_as_wished(struct device *device, int wish,
                                                  const struct shape *shape,
                                                  const struct shape *value)
{
    const struct memory_desc *desc;

    if (wish == LAYOUT_PLAIN && shape_count(shape) == shape_count(value))
        return memory_desc_plain(&device_cpu_of(device)->onednn, shape, DTYPE_F32);
    if (wish < LAYOUT_FIRST_PRIVATE)
        return NULL;
    desc = layout_desc(device, wish, NULL, DTYPE_F32);
    return shape_equal(memory_desc_shape(desc), shape) ? desc : NULL;
}

/* Take the weight as it lies if that makes no slower kind of kernel; *kernel is replaced. */
static void try_wish(struct device *device, int wish, const struct shape *value,
                     struct conv_request *r, struct kernel_desc *kernel)
{
    struct conv_request wished = *r;
    struct kernel_desc other;
    const struct memory_desc *desc = weight_as_wished(
        device, wish, memory_desc_shape(r->operands.of[OPERAND_WEIGHT]), value);

    if (!desc || desc == kernel->operands.of[OPERAND_WEIGHT])
        return;
    wished.operands.of[OPERAND_WEIGHT] = desc;
    if (choose(device, &wished, &other))
        return;
    if (kernel_class_of(other.name) <= kernel_class_of(kernel->name)) {
        kernel_desc_release(kernel);
        *kernel = other;
        *r = wished;
    } else {
        kernel_desc_release(&other);
    }
}

static double request_seconds(struct device *device, const struct conv_request *r,
                              const struct kernel_desc *kernel)
{
    const double bytes_per_second = 1.5e10;
    double bytes = (double)memory_desc_bytes(r->operands.of[OPERAND_X]) +
                   (double)memory_desc_bytes(r->operands.of[OPERAND_Y]);

    return kernel_seconds(device, kernel_class_of(kernel->name), r->flops) +
           bytes / bytes_per_second;
}

static void set_layout(const struct conv_op *conv, enum operand operand, int layout,
                       struct offer *offer)
{
    int arg = conv->args[operand];

    if (arg == ABSENT)
        return;
    if (arg < 0)
        offer->outputs[~arg] = layout;
    else
        offer->inputs[arg] = layout;
}

static bool offer_conv(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, bool blocked, struct offer *offer)
{
    const struct conv_op *conv = conv_op_of(node);
    int weight = conv->args[OPERAND_WEIGHT];
    const struct shape *value_shape = &operand_value(conv, node, OPERAND_WEIGHT)->shape;
    struct conv_request request;
    struct kernel_desc kernel;

    if (!make_request(device, node, blocked, &request) || choose(device, &request, &kernel))
        return false;
    if (weight >= 0)
        try_wish(device, wish[weight], value_shape, &request, &kernel);
    set_layout(conv, OPERAND_X, request.x_layout, offer);
    set_layout(conv, OPERAND_Y, request.y_layout, offer);
    set_layout(conv, OPERAND_WEIGHT,
               layout_of_desc(device, kernel.operands.of[OPERAND_WEIGHT], value_shape), offer);
    offer->scratch_bytes = kernel.scratch_bytes;
    offer->cost = request_seconds(device, &request, &kernel);
    offer->choice = arena_copy(arena, &request, sizeof(request));
    kernel_desc_release(&kernel);
    return true;
}

static bool offer_blocked_conv(struct device *device, struct arena *arena,
                               const struct node *node, const int *wish, struct offer *offer)
{
    return offer_conv(device, arena, node, wish, true, offer);
}

static bool offer_plain_conv(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    return offer_conv(device, arena, node, wish, false, offer);
}

/* --- steps ------------------------------------------------------------------------------------ */

static int create_conv(struct device *device, struct arena *arena, const struct offer *offer,
                       struct step *step, struct error *err)
{
    const struct conv_op *conv = conv_op_of(step->node);
    const struct conv_request *r = offer->choice;
    struct kernel_desc kernel;
    int args[OPERAND_COUNT];

    if (onednn_choose_conv(&device_cpu_of(device)->onednn, r->direction, r->algorithm, &r->operands,
                           &r->geometry, &kernel, err))
        return -1;
    BUG_IF(kernel.scratch_bytes > offer->scratch_bytes);
    for (int i = 0; i < OPERAND_COUNT; i++) {
        args[i] = conv->args[i];
        if (!operand_value(conv, step->node, (enum operand)i))
            args[i] = -1;
        else if (args[i] < 0)
            args[i] = step->node->input_count + ~args[i];
    }
    step->kernel = arena_strdup(arena, kernel.name);
    return primitive_step(device, arena, &kernel, args, step, err);
}

#define ROWS(name)                                                                              \
    static const struct kernel name##_blocked = { "dnnl:" #name, &op_##name,                    \
                                                  offer_blocked_conv, create_conv };            \
    static const struct kernel name##_plain = { "dnnl:" #name ":plain", &op_##name,             \
                                                offer_plain_conv, create_conv };
ROWS(conv2d)
ROWS(conv2d_input_grad)
ROWS(conv2d_weight_grad)
ROWS(conv_transpose2d)
#undef ROWS

const struct kernel *const conv_kernels[] = {
    &conv2d_blocked,
    &conv2d_plain,
    &conv2d_input_grad_blocked,
    &conv2d_input_grad_plain,
    &conv2d_weight_grad_blocked,
    &conv2d_weight_grad_plain,
    &conv_transpose2d_blocked,
    &conv_transpose2d_plain,
    NULL,
};
