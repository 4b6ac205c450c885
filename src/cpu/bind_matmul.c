/* bind_matmul.c - batched matrix products by oneDNN, on plain values. */

#include "base/error.h"
#include "cpu/device_cpu_internal.h"
#include "nn/ops.h"

struct matmul_request {
    struct operands operands;
    float scale;
};

/* (batch, rows, columns) of the last two dimensions; transposed: of the matrix that lies there
 * with columns first. */
static const struct memory_desc *matrix(struct device *device, const struct shape *shape,
                                        bool transposed)
{
    int64_t rows = shape->dim[shape->rank - 2], columns = shape->dim[shape->rank - 1];
    int64_t batch = shape_count(shape) / (rows * columns);
    int64_t strides[] = { rows * columns, transposed ? 1 : columns, transposed ? columns : 1 };
    struct shape matrices = transposed ? SHAPE(batch, columns, rows) : SHAPE(batch, rows, columns);

    return memory_desc_strided(&device_cpu_of(device)->onednn, &matrices, strides);
}

static bool offer_matmul(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    const struct matmul_attributes *a = node->attributes;
    const struct shape *x = &node->inputs[0]->shape, *y = &node->outputs[0]->shape;
    struct matmul_request r = { .scale = a->scale ? (float)a->scale : 1 };
    double depth = (double)x->dim[x->rank - (a->transpose_a ? 2 : 1)];
    struct kernel_desc kernel;
    struct error ignored;

    (void)wish;
    r.operands.of[OPERAND_X] = matrix(device, x, a->transpose_a);
    r.operands.of[OPERAND_WEIGHT] = matrix(device, &node->inputs[1]->shape, a->transpose_b);
    r.operands.of[OPERAND_Y] = matrix(device, y, false);
    if (onednn_choose_matmul(&device_cpu_of(device)->onednn, &r.operands, r.scale, &kernel,
                             &ignored))
        return false;
    offer->scratch_bytes = kernel.scratch_bytes;
    offer->cost = kernel_seconds(device, kernel_class_of(kernel.name),
                                 2 * depth * (double)shape_count(y));
    offer->choice = arena_copy(arena, &r, sizeof(r));
    kernel_desc_release(&kernel);
    return true;
}

static int create_matmul(struct device *device, struct arena *arena, const struct offer *offer,
                         struct step *step, struct error *err)
{
    static const int args[OPERAND_COUNT] = { [OPERAND_X] = 0, [OPERAND_WEIGHT] = 1,
                                             [OPERAND_BIAS] = -1, [OPERAND_Y] = 2 };
    const struct matmul_request *r = offer->choice;
    struct kernel_desc kernel;

    if (onednn_choose_matmul(&device_cpu_of(device)->onednn, &r->operands, r->scale, &kernel, err))
        return -1;
    BUG_IF(kernel.scratch_bytes > offer->scratch_bytes);
    step->kernel = arena_strdup(arena, kernel.name);
    return primitive_step(device, arena, &kernel, args, step, err);
}

static const struct kernel matmul = { "dnnl:matmul", &op_matmul, offer_matmul, create_matmul };

const struct kernel *const matmul_kernels[] = { &matmul, NULL };
