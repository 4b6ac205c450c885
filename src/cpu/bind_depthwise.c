/* bind_depthwise.c - rows for depthwise convolution, alone and with the batch norms around it;
 * kernels/vector_depthwise.c, vector_depthwise_grad.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

/* Scratch is cut into packed weights, moments and partial sums of weights, in this order. */
struct parts {
    int64_t packed, moments, weights; /* floats */
};

struct depthwise_step {
    struct depthwise_work work;
    struct batch_norm_work norm; /* for the phases that finish a batch norm's sums */
    struct parts parts;
};

/* What a kind of step needs besides packed weights. */
enum needs { NEEDS_MOMENTS = 1, NEEDS_WEIGHTS = 2 };

/* --- common ---------------------------------------------------------------------------------- */

/* Square kernels of 3, 5 or 7, stride 1 or 2, one channel per group. */
static bool is_ours(const struct conv_attributes *conv, int64_t channels_in, int64_t channels_out)
{
    int kernel = conv->kernel[0];

    return conv->groups == channels_in && channels_in == channels_out && channels_in > 1 &&
           conv->kernel[1] == kernel && (kernel == 3 || kernel == 5 || kernel == 7) &&
           conv->stride[0] == conv->stride[1] && conv->stride[0] <= 2 && conv->dilation[0] == 1 &&
           conv->dilation[1] == 1 && conv->pad[0] < kernel && conv->pad[1] < kernel;
}

static struct parts parts_of(const struct conv_attributes *conv, const struct shape *shape,
                             int lanes, unsigned needs)
{
    int64_t taps = (int64_t)conv->kernel[0] * conv->kernel[1];
    int64_t blocks = (shape->dim[1] + lanes - 1) / lanes, planes = shape->dim[0] * blocks;

    return (struct parts){ .packed = (blocks * taps * lanes + 15) / 16 * 16,
                           .moments = needs & NEEDS_MOMENTS ? planes * 2 * lanes : 0,
                           .weights = needs & NEEDS_WEIGHTS ? planes * (taps + 1) * lanes : 0 };
}

static bool offer_depthwise(struct device *device, const struct node *node,
                            const struct conv_attributes *conv, const struct shape *in,
                            const struct shape *out, unsigned needs, struct offer *offer)
{
    struct parts parts;

    if (!is_ours(conv, in->dim[1], out->dim[1]))
        return false;
    parts = parts_of(conv, in, device->block, needs);
    offer_blocked(node, offer, 2);
    offer->scratch_bytes = (size_t)(parts.packed + parts.moments + parts.weights) * sizeof(float);
    return true;
}

static struct depthwise_step *bind_depthwise(struct device *device, struct arena *arena,
                                             struct step *step, bind_fn *bind,
                                             const struct conv_attributes *conv,
                                             const struct shape *in, const struct shape *out,
                                             unsigned needs)
{
    struct depthwise_step *d = bind_step(arena, step, sizeof(*d), bind);

    d->parts = parts_of(conv, in, device->block, needs);
    d->work = (struct depthwise_work){ .images = in->dim[0], .channels = in->dim[1],
                                       .blocks = (in->dim[1] + device->block - 1) / device->block,
                                       .height = in->dim[2], .width = in->dim[3],
                                       .out_height = out->dim[2], .out_width = out->dim[3],
                                       .kernel = conv->kernel[0], .stride = conv->stride[0],
                                       .pad = { conv->pad[0], conv->pad[1] } };
    return d;
}

static void bind_scratch(const struct step *step, struct depthwise_step *d)
{
    float *scratch = step->scratch;

    d->work.packed = scratch;
    d->work.moments = d->parts.moments ? scratch + d->parts.packed : NULL;
    d->work.weight_partial = d->parts.weights ? scratch + d->parts.packed + d->parts.moments : NULL;
}

static int64_t plane_count(const struct depthwise_step *d)
{
    return d->work.images * d->work.blocks;
}

/* --- conv2d ---------------------------------------------------------------------------------- */

static bool offer_conv(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    (void)arena;
    (void)wish;
    return offer_depthwise(device, node, node->attributes, &node->inputs[0]->shape,
                           &node->outputs[0]->shape, 0, offer);
}

static void bind_conv(const struct step *step, void *data)
{
    struct depthwise_step *d = data;

    bind_scratch(step, d);
    d->work.x = step_input(step, 0);
    d->work.weight = step_input(step, 1);
    d->work.bias = step->node->input_count > 2 ? step_input(step, 2) : NULL;
    d->work.y = step_output(step, 0);
}

static int create_conv(struct device *device, struct arena *arena, const struct offer *offer,
                       struct step *step, struct error *err)
{
    const struct node *node = step->node;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct depthwise_step *d = bind_depthwise(device, arena, step, bind_conv, node->attributes,
                                              &node->inputs[0]->shape, &node->outputs[0]->shape, 0);

    (void)offer;
    (void)err;
    bind_phase(step, kernels->depthwise_pack, &d->work, d->work.blocks);
    bind_phase(step, kernels->depthwise_forward, &d->work, plane_count(d));
    return 0;
}

static const struct kernel depthwise = { "v:depthwise", &op_conv2d, offer_conv, create_conv };

/* --- conv2d_input_grad ----------------------------------------------------------------------- */

static bool offer_input_grad(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    (void)arena;
    (void)wish;
    return offer_depthwise(device, node, node->attributes, &node->outputs[0]->shape,
                           &node->inputs[0]->shape, 0, offer);
}

static void bind_input_grad(const struct step *step, void *data)
{
    struct depthwise_step *d = data;

    bind_scratch(step, d);
    d->work.dy = step_input(step, 0);
    d->work.weight = step_input(step, 1);
    d->work.dx = step_output(step, 0);
}

static int create_input_grad(struct device *device, struct arena *arena, const struct offer *offer,
                             struct step *step, struct error *err)
{
    const struct node *node = step->node;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct depthwise_step *d = bind_depthwise(device, arena, step, bind_input_grad,
                                              node->attributes, &node->outputs[0]->shape,
                                              &node->inputs[0]->shape, 0);

    (void)offer;
    (void)err;
    bind_phase(step, kernels->depthwise_pack, &d->work, d->work.blocks);
    bind_phase(step, kernels->depthwise_backward, &d->work, plane_count(d));
    return 0;
}

static const struct kernel depthwise_input_grad = { "v:depthwise_input_grad",
                                                    &op_conv2d_input_grad, offer_input_grad,
                                                    create_input_grad };

/* --- conv2d_weight_grad ---------------------------------------------------------------------- */

static bool offer_weight_grad(struct device *device, struct arena *arena, const struct node *node,
                              const int *wish, struct offer *offer)
{
    (void)arena;
    (void)wish;
    if (!offer_depthwise(device, node, node->attributes, &node->inputs[0]->shape,
                         &node->inputs[1]->shape, NEEDS_WEIGHTS, offer))
        return false;
    offer->outputs[0] = LAYOUT_PLAIN;
    return true;
}

static void bind_weight_grad(const struct step *step, void *data)
{
    struct depthwise_step *d = data;

    bind_scratch(step, d);
    d->work.x = step_input(step, 0);
    d->work.dy = step_input(step, 1);
    d->work.dweight = step_output(step, 0);
    d->work.dbias = step->node->output_count > 1 ? step_output(step, 1) : NULL;
}

static int create_weight_grad(struct device *device, struct arena *arena,
                              const struct offer *offer, struct step *step, struct error *err)
{
    const struct node *node = step->node;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct depthwise_step *d = bind_depthwise(device, arena, step, bind_weight_grad,
                                              node->attributes, &node->inputs[0]->shape,
                                              &node->inputs[1]->shape, NEEDS_WEIGHTS);

    (void)offer;
    (void)err;
    bind_phase(step, kernels->depthwise_backward, &d->work, plane_count(d));
    bind_phase(step, kernels->depthwise_weight_finish, &d->work, d->work.blocks);
    return 0;
}

static const struct kernel depthwise_weight_grad = { "v:depthwise_weight_grad",
                                                     &op_conv2d_weight_grad, offer_weight_grad,
                                                     create_weight_grad };

/* --- depthwise_norm -------------------------------------------------------------------------- */

enum { NORM_X, NORM_MEAN, NORM_ISTD, NORM_GAMMA, NORM_BETA, NORM_WEIGHT, NORM_SIXTH, NORM_SEVENTH };

static bool offer_norm(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    const struct depthwise_norm_attributes *attributes = node->attributes;

    (void)arena;
    (void)wish;
    return offer_depthwise(device, node, &attributes->conv, &node->inputs[NORM_X]->shape,
                           &node->outputs[0]->shape, NEEDS_MOMENTS, offer);
}

static void bind_before(const struct step *step, struct depthwise_work *work)
{
    work->normalize = true;
    work->x = step_input(step, NORM_X);
    work->mean = step_input(step, NORM_MEAN);
    work->istd = step_input(step, NORM_ISTD);
    work->gamma = step_input(step, NORM_GAMMA);
    work->beta = step_input(step, NORM_BETA);
    work->weight = step_input(step, NORM_WEIGHT);
}

static void bind_norm(const struct step *step, void *data)
{
    struct depthwise_step *d = data;

    bind_scratch(step, d);
    bind_before(step, &d->work);
    d->work.y = step_output(step, 0);
    d->norm.partial = d->work.moments;
    d->norm.mean = step_output(step, 1);
    d->norm.istd = step_output(step, 2);
    d->norm.running_mean = step_input(step, NORM_SIXTH);
    d->norm.running_variance = step_input(step, NORM_SEVENTH);
}

static int create_norm(struct device *device, struct arena *arena, const struct offer *offer,
                       struct step *step, struct error *err)
{
    const struct depthwise_norm_attributes *attributes = step->node->attributes;
    const struct shape *in = &step->node->inputs[NORM_X]->shape;
    const struct shape *out = &step->node->outputs[0]->shape;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct depthwise_step *d = bind_depthwise(device, arena, step, bind_norm, &attributes->conv,
                                              in, out, NEEDS_MOMENTS);

    (void)offer;
    (void)err;
    d->work.activation = attributes->activation;
    d->norm.size = blocked_of(out, device->block);
    d->norm.size.segments = 1;
    d->norm.eps = attributes->eps;
    d->norm.momentum = attributes->momentum;
    bind_phase(step, kernels->depthwise_pack, &d->work, d->work.blocks);
    bind_phase(step, kernels->depthwise_forward, &d->work, plane_count(d));
    bind_phase(step, kernels->batch_stats_finish, &d->norm, d->work.blocks);
    return 0;
}

static const struct kernel depthwise_norm = { "v:depthwise_norm", &op_depthwise_norm, offer_norm,
                                              create_norm };

/* --- depthwise_norm_grad --------------------------------------------------------------------- */

static bool offer_norm_grad(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    const struct depthwise_norm_attributes *attributes = node->attributes;

    (void)arena;
    (void)wish;
    if (!offer_depthwise(device, node, &attributes->conv, &node->inputs[NORM_X]->shape,
                         &node->inputs[NORM_SIXTH]->shape, NEEDS_MOMENTS | NEEDS_WEIGHTS, offer))
        return false;
    offer->outputs[3] = LAYOUT_PLAIN; /* dweight */
    return true;
}

static void bind_norm_grad(const struct step *step, void *data)
{
    struct depthwise_step *d = data;

    bind_scratch(step, d);
    bind_before(step, &d->work);
    d->work.dy = step_input(step, NORM_SIXTH);
    d->work.dx = step_output(step, 0);
    d->work.dweight = step_output(step, 3);
    d->norm.partial = d->work.moments;
    d->norm.dgamma = step_output(step, 1);
    d->norm.dbeta = step_output(step, 2);
}

static int create_norm_grad(struct device *device, struct arena *arena, const struct offer *offer,
                            struct step *step, struct error *err)
{
    const struct depthwise_norm_attributes *attributes = step->node->attributes;
    const struct shape *in = &step->node->inputs[NORM_X]->shape;
    const struct cpu_kernels *kernels = bind_kernels(device);
    struct depthwise_step *d = bind_depthwise(device, arena, step, bind_norm_grad,
                                              &attributes->conv, in,
                                              &step->node->inputs[NORM_SIXTH]->shape,
                                              NEEDS_MOMENTS | NEEDS_WEIGHTS);

    (void)offer;
    (void)err;
    d->work.activation = attributes->activation;
    d->norm.size = blocked_of(in, device->block);
    d->norm.size.segments = 1;
    d->work.stream = worth_streaming(blocked_floats(&d->norm.size, device->block));
    bind_phase(step, kernels->depthwise_pack, &d->work, d->work.blocks);
    bind_phase(step, kernels->depthwise_backward, &d->work, plane_count(d));
    bind_phase(step, kernels->batch_grad_finish, &d->norm, d->work.blocks);
    bind_phase(step, kernels->depthwise_weight_finish, &d->work, d->work.blocks);
    return 0;
}

static const struct kernel depthwise_norm_grad = { "v:depthwise_norm_grad",
                                                   &op_depthwise_norm_grad, offer_norm_grad,
                                                   create_norm_grad };

const struct kernel *const depthwise_kernels[] = { &depthwise, &depthwise_input_grad,
                                                   &depthwise_weight_grad, &depthwise_norm,
                                                   &depthwise_norm_grad, NULL };
