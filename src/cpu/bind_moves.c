/* bind_moves.c - rows for moving elements and random masks; kernels/vector_moves.c. */

#include "cpu/bind.h"
#include "nn/ops.h"

/* --- one axis: concat, slice, slice_grad ----------------------------------------------------- */

/* Floats of a value below one index of the dimensions before `axis`.  In a blocked value the
 * channels are whole blocks, of which only the last in the value may be padded. */
static int64_t row_floats(const struct shape *shape, int axis, int layout, int lanes)
{
    int64_t count = 1;

    for (int i = axis; i < shape->rank; i++)
        count *= i == 1 && layout == LAYOUT_BLOCKED ? (shape->dim[i] + lanes - 1) / lanes * lanes
                                                    : shape->dim[i];
    return count;
}

static int64_t rows_before(const struct shape *shape, int axis)
{
    int64_t count = 1;

    for (int i = 0; i < axis; i++)
        count *= shape->dim[i];
    return count;
}

/* Blocked when the images lie so now and are cut along channels between blocks. */
static void offer_axis(const struct node *node, const int *wish, bool whole_blocks,
                       struct offer *offer)
{
    offer_plain(node, offer);
    if (!whole_blocks || wish[0] != LAYOUT_BLOCKED)
        return;
    for (int i = 0; i < node->input_count; i++)
        offer->inputs[i] = LAYOUT_BLOCKED;
    offer->outputs[0] = LAYOUT_BLOCKED;
}

static bool offer_concat(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    const struct concat_attributes *attributes = node->attributes;
    bool whole = attributes->axis == 1 && is_image(node->inputs[0]);

    (void)arena;
    for (int i = 0; whole && i + 1 < node->input_count; i++)
        whole = node->inputs[i]->shape.dim[1] % device->block == 0;
    offer_axis(node, wish, whole, offer);
    return true;
}

static bool offer_slice(struct device *device, struct arena *arena, const struct node *node,
                        const int *wish, struct offer *offer)
{
    const struct slice_attributes *attributes = node->attributes;
    bool whole = attributes->axis == 1 && is_image(node->inputs[0]) &&
                 attributes->begin % device->block == 0 &&
                 (attributes->end % device->block == 0 || attributes->end == attributes->size);

    (void)arena;
    offer_axis(node, wish, whole, offer);
    return true;
}

static void setup_pieces(struct step *step, struct copy_work *work, const struct setup *setup)
{
    bind_phase(step, setup->kernels->copy_pieces, work, work->outer * work->piece_count);
}

static void setup_concat(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    int axis = ((const struct concat_attributes *)node->attributes)->axis;
    int layout = setup->offer.outputs[0], lanes = setup->device->block;
    struct copy_work *work = data;
    float *to = step_output(step, 0);

    work->outer = rows_before(&node->outputs[0]->shape, axis);
    work->piece_count = node->input_count;
    for (int i = 0; i < node->input_count; i++) {
        int64_t count = row_floats(&node->inputs[i]->shape, axis, layout, lanes);

        work->pieces[i] = (struct copy_piece){
            step_input(step, i), to, count,
            row_floats(&node->outputs[0]->shape, axis, layout, lanes), count
        };
        to += to ? count : 0;
    }
    setup_pieces(step, work, setup);
}

/* Where the slice begins and how long it is, in a row of the whole. */
static void slice_of(const struct step *step, const struct setup *setup, const struct shape *whole,
                     const struct shape *part, int64_t *begin, int64_t *count)
{
    const struct slice_attributes *a = step->node->attributes;
    struct shape before = *whole;
    int layout = setup->offer.outputs[0], lanes = setup->device->block;

    before.dim[a->axis] = a->begin;
    *begin = row_floats(&before, a->axis, layout, lanes);
    *count = row_floats(part, a->axis, layout, lanes);
}

static void setup_slice(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    int axis = ((const struct slice_attributes *)node->attributes)->axis;
    const struct shape *whole = &node->inputs[0]->shape, *part = &node->outputs[0]->shape;
    const float *x = step_input(step, 0);
    struct copy_work *work = data;
    int64_t begin, count;

    slice_of(step, setup, whole, part, &begin, &count);
    work->outer = rows_before(whole, axis);
    work->piece_count = 1;
    work->pieces[0] = (struct copy_piece){
        x ? x + begin : NULL, step_output(step, 0),
        row_floats(whole, axis, setup->offer.inputs[0], setup->device->block), count, count
    };
    setup_pieces(step, work, setup);
}

static void setup_slice_grad(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    int axis = ((const struct slice_attributes *)node->attributes)->axis;
    const struct shape *whole = &node->outputs[0]->shape, *part = &node->inputs[0]->shape;
    float *dx = step_output(step, 0);
    struct copy_work *work = data;
    int64_t begin, count, row;

    slice_of(step, setup, whole, part, &begin, &count);
    row = row_floats(whole, axis, setup->offer.outputs[0], setup->device->block);
    work->outer = rows_before(whole, axis);
    work->piece_count = 3;
    work->pieces[0] = (struct copy_piece){ NULL, dx, 0, row, begin };
    work->pieces[1] = (struct copy_piece){ step_input(step, 0), dx ? dx + begin : NULL, count, row,
                                           count };
    work->pieces[2] = (struct copy_piece){ NULL, dx ? dx + begin + count : NULL, 0, row,
                                           row - begin - count };
    setup_pieces(step, work, setup);
}

static bool offer_slice_add(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    if (!offer_slice(device, arena, node, wish, offer))
        return false;
    offer_in_place(offer, 0, 0);
    return true;
}

struct slice_add_work {
    struct copy_work copy; /* what lies outside of the slice */
    struct add_rows_work add;
};

static void setup_slice_add(struct step *step, void *data, const struct setup *setup)
{
    const struct node *node = step->node;
    int axis = ((const struct slice_attributes *)node->attributes)->axis;
    const struct shape *whole = &node->outputs[0]->shape, *part = &node->inputs[1]->shape;
    const float *x = step_input(step, 0);
    float *y = step_output(step, 0);
    struct slice_add_work *work = data;
    int64_t begin, count, row, end;

    slice_of(step, setup, whole, part, &begin, &count);
    row = row_floats(whole, axis, setup->offer.outputs[0], setup->device->block);
    end = begin + count;
    work->copy.outer = rows_before(whole, axis);
    work->copy.piece_count = 2;
    work->copy.pieces[0] = (struct copy_piece){ x, y, row, row, begin };
    work->copy.pieces[1] = (struct copy_piece){ x ? x + end : NULL, y ? y + end : NULL, row, row,
                                                row - end };
    work->add = (struct add_rows_work){ .rows = work->copy.outer, .count = count, .step = row,
                                        .chunks = (count + ELEMENTWISE_CHUNK - 1) /
                                                  ELEMENTWISE_CHUNK,
                                        .x = x ? x + begin : NULL, .part = step_input(step, 1),
                                        .y = y ? y + begin : NULL };
    setup_pieces(step, &work->copy, setup);
    bind_phase(step, setup->kernels->add_rows, &work->add, work->add.rows * work->add.chunks);
}

/* --- reshape, transpose ---------------------------------------------------------------------- */

static bool offer_all_plain(struct device *device, struct arena *arena, const struct node *node,
                            const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_plain(node, offer);
    return true;
}

static void setup_reshape(struct step *step, void *data, const struct setup *setup)
{
    struct copy_work *work = data;
    int64_t count = shape_count(&step->node->inputs[0]->shape);

    work->outer = 1;
    work->piece_count = 1;
    work->pieces[0] = (struct copy_piece){ step_input(step, 0), step_output(step, 0), 0, 0, count };
    setup_pieces(step, work, setup);
}

static void setup_transpose(struct step *step, void *data, const struct setup *setup)
{
    const struct transpose_attributes *a = step->node->attributes;
    const struct shape *x = &step->node->inputs[0]->shape, *y = &step->node->outputs[0]->shape;
    struct transpose_work *work = data;

    work->rank = y->rank;
    work->x = step_input(step, 0);
    work->y = step_output(step, 0);
    for (int i = 0; i < y->rank; i++) {
        work->dim[i] = y->dim[i];
        work->step[i] = 1;
        for (int k = a->order[i] + 1; k < x->rank; k++)
            work->step[i] *= x->dim[k];
    }
    bind_phase(step, setup->kernels->transpose, work, shape_count(y) / y->dim[y->rank - 1]);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static bool offer_tokens(struct device *device, struct arena *arena, const struct node *node,
                         const int *wish, struct offer *offer)
{
    (void)device;
    (void)arena;
    (void)wish;
    offer_blocked(node, offer, 2);
    return true;
}

static void setup_tokens(struct step *step, void *data, const struct setup *setup)
{
    bool to_tokens = step->node->op == &op_to_tokens;
    const struct value *image = to_tokens ? step->node->inputs[0] : step->node->outputs[0];
    struct blocked size = blocked_of(&image->shape, setup->device->block);
    struct tokens_work *work = data;

    *work = (struct tokens_work){ size.images, size.channels, size.blocks, size.pixels,
                                  step_input(step, 0), step_output(step, 0) };
    bind_phase(step, to_tokens ? setup->kernels->tokens_from_image
                               : setup->kernels->image_from_tokens, work, size.images);
}

static void setup_prepend(struct step *step, void *data, const struct setup *setup)
{
    const struct shape *x = &step->node->inputs[0]->shape;
    int64_t token = x->dim[2], rest = x->dim[1] * token;
    float *y = step_output(step, 0);
    struct copy_work *work = data;

    work->outer = x->dim[0];
    work->piece_count = 2;
    work->pieces[0] = (struct copy_piece){ step_input(step, 1), y, 0, token + rest, token };
    work->pieces[1] = (struct copy_piece){ step_input(step, 0), y ? y + token : NULL, rest,
                                           token + rest, rest };
    setup_pieces(step, work, setup);
}

struct prepend_grad_work {
    struct copy_work copy;
    struct first_rows_work sum;
};

static void setup_prepend_grad(struct step *step, void *data, const struct setup *setup)
{
    const struct shape *dy = &step->node->inputs[0]->shape;
    int64_t token = dy->dim[2], rest = (dy->dim[1] - 1) * token;
    const float *from = step_input(step, 0);
    struct prepend_grad_work *work = data;

    work->copy.outer = dy->dim[0];
    work->copy.piece_count = 1;
    work->copy.pieces[0] = (struct copy_piece){ from ? from + token : NULL, step_output(step, 0),
                                                token + rest, rest, rest };
    work->sum = (struct first_rows_work){ dy->dim[0], token + rest, token, from,
                                          step_output(step, 1) };
    setup_pieces(step, &work->copy, setup);
    bind_phase(step, setup->kernels->first_rows_sum, &work->sum,
               (token + ELEMENTWISE_CHUNK - 1) / ELEMENTWISE_CHUNK);
}

/* --- random ---------------------------------------------------------------------------------- */

static bool offer_dropout(struct device *device, struct arena *arena, const struct node *node,
                          const int *wish, struct offer *offer)
{
    offer_all_plain(device, arena, node, wish, offer);
    offer_in_place(offer, 0, 0);
    return true;
}

static void setup_random(struct step *step, struct random_work *work, const struct shape *shape,
                         range_fn *range)
{
    const struct random_attributes *a = step->node->attributes;

    work->run = &step->run;
    work->samples = shape->dim[0];
    work->per = shape_count(shape) / shape->dim[0];
    work->rate = a->rate;
    work->key = a->key;
    work->y = step_output(step, 0);
    bind_phase(step, range, work, work->samples);
}

static void setup_dropout(struct step *step, void *data, const struct setup *setup)
{
    struct random_work *work = data;

    work->x = step_input(step, 0);
    setup_random(step, work, &step->node->inputs[0]->shape, setup->kernels->dropout);
}

static void setup_mask(struct step *step, void *data, const struct setup *setup)
{
    setup_random(step, data, &step->node->outputs[0]->shape, setup->kernels->drop_path_mask);
}

/* clang-format off */
static const struct simple_row rows[] = {
    SIMPLE_ROW(concat, offer_concat, struct copy_work, setup_concat),
    SIMPLE_ROW(slice, offer_slice, struct copy_work, setup_slice),
    SIMPLE_ROW(slice_grad, offer_slice, struct copy_work, setup_slice_grad),
    SIMPLE_ROW(reshape, offer_all_plain, struct copy_work, setup_reshape),
    SIMPLE_ROW(transpose, offer_all_plain, struct transpose_work, setup_transpose),
    SIMPLE_ROW(to_tokens, offer_tokens, struct tokens_work, setup_tokens),
    SIMPLE_ROW(from_tokens, offer_tokens, struct tokens_work, setup_tokens),
    SIMPLE_ROW(prepend_token, offer_all_plain, struct copy_work, setup_prepend),
    SIMPLE_ROW(prepend_token_grad, offer_all_plain, struct prepend_grad_work, setup_prepend_grad),
    SIMPLE_ROW(dropout, offer_dropout, struct random_work, setup_dropout),
    SIMPLE_ROW(drop_path_mask, offer_all_plain, struct random_work, setup_mask),
    SIMPLE_ROW(slice_add, offer_slice_add, struct slice_add_work, setup_slice_add),
};
/* clang-format on */

const struct kernel *const move_kernels[] = {
    &rows[0].kernel, &rows[1].kernel, &rows[2].kernel, &rows[3].kernel, &rows[4].kernel,
    &rows[5].kernel, &rows[6].kernel, &rows[7].kernel, &rows[8].kernel, &rows[9].kernel,
    &rows[10].kernel, &rows[11].kernel, NULL,
};
