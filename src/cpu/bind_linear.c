/* bind_linear.c - linear layers by oneDNN's inner product, on plain rows.
 *
 * For many rows, weights stay plain: oneDNN's general matrix product then reaches 90 to 100 % of
 * the multiply-add peak in all three directions, while its own choice of layout leads to gradient
 * kernels of 60 to 80 % (measured on ViT-tiny's shapes).  For few rows, such as a classifier's, its
 * own choice is up to ten times as fast as plain weights. */

#include "base/error.h"
#include "cpu/device_cpu_internal.h"
#include "nn/ops.h"

#define MANY_ROWS 256

struct linear_request {
    enum onednn_direction direction;
    struct operands operands;
};

static int64_t last_of(const struct shape *shape)
{
    return shape->dim[shape->rank - 1];
}

static struct linear_request make_request(struct device *device, enum onednn_direction direction,
                                          const struct shape *x, const struct shape *y,
                                          bool has_bias)
{
    struct onednn *onednn = &device_cpu_of(device)->onednn;
    int64_t in = last_of(x), out = last_of(y), rows = shape_count(x) / in;
    struct linear_request r = { .direction = direction };

    r.operands.of[OPERAND_X] = memory_desc_plain(onednn, &SHAPE(rows, in), DTYPE_F32);
    r.operands.of[OPERAND_Y] = memory_desc_plain(onednn, &SHAPE(rows, out), DTYPE_F32);
    r.operands.of[OPERAND_WEIGHT] = rows >= MANY_ROWS
                                        ? memory_desc_plain(onednn, &SHAPE(out, in), DTYPE_F32)
                                        : memory_desc_any(onednn, &SHAPE(out, in));
    if (has_bias)
        r.operands.of[OPERAND_BIAS] = memory_desc_plain(onednn, &SHAPE(out), DTYPE_F32);
    return r;
}

static int choose(struct device *device, const struct linear_request *r, struct kernel_desc *kernel,
                  struct error *err)
{
    return onednn_choose_linear(&device_cpu_of(device)->onednn, r->direction, &r->operands, kernel,
                                err);
}

/* --- offers ----------------------------------------------------------------------------------- */

/* The product is the work of a good kernel either way. */
static double request_seconds(struct device *device, const struct linear_request *r,
                              const struct kernel_desc *kernel)
{
    const struct shape *weight = memory_desc_shape(r->operands.of[OPERAND_WEIGHT]);
    double flops = 2.0 * (double)shape_count(weight) *
                   (double)memory_desc_shape(r->operands.of[OPERAND_X])->dim[0];
    enum kernel_class class = kernel_class_of(kernel->name);

    return kernel_seconds(device, class == KERNEL_SLOW ? KERNEL_SLOW : KERNEL_FAST, flops);
}

/* wish: the layout that the weight has, -1: free. */
static bool offer_linear(struct device *device, struct arena *arena, int wish,
                         struct linear_request *r, int *weight_layout, struct offer *offer)
{
    struct linear_request wished = *r;
    struct kernel_desc kernel;
    struct error ignored;
    bool chosen = false;

    if (wish >= 0 && wish != LAYOUT_BLOCKED) {
        const struct shape *shape = memory_desc_shape(r->operands.of[OPERAND_WEIGHT]);

        wished.operands.of[OPERAND_WEIGHT] = layout_desc(device, wish, shape, DTYPE_F32);
        chosen = shape_equal(memory_desc_shape(wished.operands.of[OPERAND_WEIGHT]), shape) &&
                 !choose(device, &wished, &kernel, &ignored);
        if (chosen && kernel_class_of(kernel.name) == KERNEL_SLOW) {
            kernel_desc_release(&kernel);
            chosen = false;
        }
        if (chosen)
            *r = wished;
    }
    if (!chosen && choose(device, r, &kernel, &ignored))
        return false;
    *weight_layout = layout_of_desc(device, kernel.operands.of[OPERAND_WEIGHT],
                                    memory_desc_shape(kernel.operands.of[OPERAND_WEIGHT]));
    offer->scratch_bytes = kernel.scratch_bytes;
    offer->cost = request_seconds(device, r, &kernel);
    offer->choice = arena_copy(arena, r, sizeof(*r));
    kernel_desc_release(&kernel);
    return true;
}

static bool offer_forward(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    bool has_bias = node->input_count > 2 && node->inputs[2];
    struct linear_request r = make_request(device, ONEDNN_FORWARD, &node->inputs[0]->shape,
                                           &node->outputs[0]->shape, has_bias);

    return offer_linear(device, arena, wish[1], &r, &offer->inputs[1], offer);
}

static bool offer_input_grad(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    struct linear_request r = make_request(device, ONEDNN_INPUT_GRAD, &node->outputs[0]->shape,
                                           &node->inputs[0]->shape, false);

    return offer_linear(device, arena, wish[1], &r, &offer->inputs[1], offer);
}

static bool offer_weight_grad(struct device *device, struct arena *arena, const struct node *node,
                              const int *wish, struct offer *offer)
{
    struct linear_request r = make_request(device, ONEDNN_WEIGHT_GRAD, &node->inputs[0]->shape,
                                           &node->inputs[1]->shape, node->output_count > 1);

    (void)wish;
    return offer_linear(device, arena, -1, &r, &offer->outputs[0], offer);
}

/* --- steps ------------------------------------------------------------------------------------ */

static int create_linear(struct device *device, struct arena *arena, const struct offer *offer,
                         struct step *step, struct error *err)
{
    const struct node *node = step->node;
    const struct linear_request *r = offer->choice;
    bool has_bias = r->operands.of[OPERAND_BIAS];
    int out = node->input_count;
    const int args[][OPERAND_COUNT] = { /* x, weight, bias, y */
                                        [ONEDNN_FORWARD] = { 0, 1, has_bias ? 2 : -1, out },
                                        [ONEDNN_INPUT_GRAD] = { out, 1, -1, 0 },
                                        [ONEDNN_WEIGHT_GRAD] = { 0, out, has_bias ? out + 1 : -1,
                                                                 1 } };
    struct kernel_desc kernel;

    if (choose(device, r, &kernel, err))
        return -1;
    BUG_IF(kernel.scratch_bytes > offer->scratch_bytes);
    step->kernel = arena_strdup(arena, kernel.name);
    return primitive_step(device, arena, &kernel, args[r->direction], step, err);
}

static const struct kernel linear = { "dnnl:linear", &op_linear, offer_forward, create_linear };
static const struct kernel linear_input_grad = { "dnnl:linear_input_grad", &op_linear_input_grad,
                                                 offer_input_grad, create_linear };
static const struct kernel linear_weight_grad = { "dnnl:linear_weight_grad",
                                                  &op_linear_weight_grad, offer_weight_grad,
                                                  create_linear };

const struct kernel *const linear_kernels[] = { &linear, &linear_input_grad, &linear_weight_grad,
                                                NULL };
