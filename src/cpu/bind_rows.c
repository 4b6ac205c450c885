/* bind_rows.c - rows for ops on the last dimension of plain values; kernels/vector_rows.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

static int64_t items_of(int64_t rows)
{
    return (rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM;
}

static int64_t columns_of(const struct node *node)
{
    const struct shape *shape = &node->inputs[0]->shape;

    return shape->rank ? shape->dim[shape->rank - 1] : 1;
}

static int64_t rows_of(const struct node *node)
{
    return shape_count(&node->inputs[0]->shape) / columns_of(node);
}

/* Sums over rows that a kernel makes: their partial sums are its scratch. */
static int64_t sum_count(const struct node *node)
{
    return node->op == &op_layer_norm_grad ? 2 : node->op == &op_scale_last_scale_grad ? 1 : 0;
}

/* Output 0 may stand where the last full-sized input does: dy, or x if that is all. */
static bool offer_rows(struct device *device, struct arena *arena, const struct node *node,
                       const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    offer->scratch_bytes = (size_t)(items_of(rows_of(node)) * sum_count(node) * columns_of(node)) *
                           sizeof(float);
    return true;
}

static bool offer_over_first(struct device *device, struct arena *arena, const struct node *node,
                             const int *wish, struct offer *offer)
{
    offer_rows(device, arena, node, wish, offer);
    offer_in_place(offer, 0, 0);
    return true;
}

static bool offer_over_dy(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    offer_rows(device, arena, node, wish, offer);
    offer_in_place(offer, 0, node->input_count - 1);
    return true;
}

static void setup_rows(struct step *step, struct rows_work *work, range_fn *range)
{
    work->rows = rows_of(step->node);
    work->columns = columns_of(step->node);
    work->x = step_input(step, 0);
    work->partial = step->scratch;
    work->sum_count = sum_count(step->node);
    bind_phase(step, range, work, items_of(work->rows));
}

static void setup_finish(struct step *step, struct rows_work *work, const struct setup *setup)
{
    bind_phase(step, setup->kernels->columns_finish, work,
               (work->columns + setup->kernels->lanes - 1) / setup->kernels->lanes);
}

static void setup_layer_norm(struct step *step, void *data, const struct setup *setup)
{
    const struct layer_norm_attributes *attributes = step->node->attributes;
    struct rows_work *work = data;

    work->eps = attributes->eps;
    work->gamma = step_input(step, 1);
    work->beta = step_input(step, 2);
    work->y = step_output(step, 0);
    work->mean = step_output(step, 1);
    work->istd = step_output(step, 2);
    setup_rows(step, work, setup->kernels->layer_norm);
}

static void setup_layer_norm_grad(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->gamma = step_input(step, 1);
    work->mean = step_input(step, 2);
    work->istd = step_input(step, 3);
    work->dy = step_input(step, 4);
    work->dx = step_output(step, 0);
    work->sums[0] = step_output(step, 1);
    work->sums[1] = step_output(step, 2);
    setup_rows(step, work, setup->kernels->layer_norm_grad);
    setup_finish(step, work, setup);
}

static void setup_scale_last(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->gamma = step_input(step, 1);
    work->y = step_output(step, 0);
    setup_rows(step, work, setup->kernels->rows_scale);
}

static void setup_scale_last_grad(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->dy = step_input(step, 1);
    work->sums[0] = step_output(step, 0);
    setup_rows(step, work, setup->kernels->rows_scale_grad);
    setup_finish(step, work, setup);
}

static void setup_softmax(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->y = step_output(step, 0);
    setup_rows(step, work, setup->kernels->softmax);
}

static void setup_softmax_grad(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->dy = step_input(step, 1);
    work->dx = step_output(step, 0);
    setup_rows(step, work, setup->kernels->softmax_grad);
}

static void setup_cross_entropy(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->target = step_input(step, 1);
    work->loss = step_output(step, 0);
    work->per_row = step_output(step, 1);
    work->y = step_output(step, 2);
    setup_rows(step, work, setup->kernels->cross_entropy);
    bind_phase(step, setup->kernels->cross_entropy_finish, work, 1);
}

static void setup_cross_entropy_grad(struct step *step, void *data, const struct setup *setup)
{
    struct rows_work *work = data;

    work->target = step_input(step, 1);
    work->dx = step_output(step, 0);
    setup_rows(step, work, setup->kernels->cross_entropy_grad);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(layer_norm, offer_over_first, struct rows_work, setup_layer_norm),
    SIMPLE_ROW(layer_norm_grad, offer_over_dy, struct rows_work, setup_layer_norm_grad),
    SIMPLE_ROW(scale_last, offer_over_first, struct rows_work, setup_scale_last),
    SIMPLE_ROW(scale_last_scale_grad, offer_rows, struct rows_work, setup_scale_last_grad),
    SIMPLE_ROW(softmax, offer_over_first, struct rows_work, setup_softmax),
    SIMPLE_ROW(softmax_grad, offer_over_dy, struct rows_work, setup_softmax_grad),
    SIMPLE_ROW(softmax_cross_entropy, offer_rows, struct rows_work, setup_cross_entropy),
    SIMPLE_ROW(softmax_cross_entropy_grad, offer_over_first, struct rows_work,
               setup_cross_entropy_grad),
};
/* clang-format on */

const struct kernel *const row_kernels[] = {
    &rows[0].kernel, &rows[1].kernel, &rows[2].kernel, &rows[3].kernel, &rows[4].kernel,
    &rows[5].kernel, &rows[6].kernel, &rows[7].kernel, NULL,
};
