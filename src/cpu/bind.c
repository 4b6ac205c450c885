/* bind.c - see bind.h. */

#include "cpu/bind.h"

#include "base/error.h"

#define BYTES_PER_SECOND 1.5e10 /* of memory, for estimates */
#define STEP_SECONDS 2e-6       /* what starting a step costs */
#define SEGMENT_PIXELS 2048
#define STREAM_FLOATS (8 << 20) /* 32 MiB: as large as last-level caches are */

struct binding {
    range_fn *ranges[STEP_MAX_PHASES];
    void *works[STEP_MAX_PHASES];
    bind_fn *bind;
    void *work;
};

/* --- offers ---------------------------------------------------------------------------------- */

const struct cpu_kernels *bind_kernels(const struct device *device)
{
    return ((const struct vector_device *)device)->kernels;
}

bool is_image(const struct value *value)
{
    return value && value->shape.rank == 4;
}

static double value_seconds(const struct value *value)
{
    return value ? (double)shape_count(&value->shape) * 4 / BYTES_PER_SECOND : 0;
}

void offer_plain(const struct node *node, struct offer *offer)
{
    offer->cost = STEP_SECONDS;
    for (int i = 0; i < node->input_count; i++)
        offer->cost += value_seconds(node->inputs[i]);
    for (int i = 0; i < node->output_count; i++)
        offer->cost += value_seconds(node->outputs[i]);
}

void offer_blocked(const struct node *node, struct offer *offer, double passes)
{
    double largest = 0;

    for (int i = 0; i < node->input_count; i++) {
        const struct value *value = node->inputs[i];

        if (!is_image(value) || value->kind == VALUE_PARAMETER)
            continue;
        offer->inputs[i] = LAYOUT_BLOCKED;
        largest = value_seconds(value) > largest ? value_seconds(value) : largest;
    }
    for (int i = 0; i < node->output_count; i++) {
        if (!is_image(node->outputs[i]))
            continue;
        offer->outputs[i] = LAYOUT_BLOCKED;
        if (value_seconds(node->outputs[i]) > largest)
            largest = value_seconds(node->outputs[i]);
    }
    offer->cost = STEP_SECONDS + passes * largest;
}

void offer_alike(const struct node *node, const int *wish, struct offer *offer)
{
    int layout = wish[0] < 0 ? LAYOUT_PLAIN : wish[0];

    for (int i = 1; i < node->input_count; i++)
        if (wish[i] == LAYOUT_BLOCKED)
            layout = LAYOUT_BLOCKED;
    offer_plain(node, offer);
    for (int i = 0; i < node->input_count; i++)
        offer->inputs[i] = layout;
    for (int i = 0; i < node->output_count; i++)
        offer->outputs[i] = layout;
}

void offer_in_place(struct offer *offer, int output, int input)
{
    offer->in_place[output] = input + 1;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void run_phase(const struct step *step, int phase, int64_t begin, int64_t end)
{
    const struct binding *binding = step->context;

    binding->ranges[phase](binding->works[phase], begin, end);
}

#define PHASE(index)                                                                     \
    static void run_phase_##index(const struct step *step, int64_t begin, int64_t end)   \
    {                                                                                    \
        run_phase(step, index, begin, end);                                              \
    }
PHASE(0)
PHASE(1)
PHASE(2)
PHASE(3)

static void bound(struct step *step)
{
    const struct binding *binding = step->context;

    binding->bind(step, binding->work);
}

void *bind_step(struct arena *arena, struct step *step, size_t work_size, bind_fn *bind)
{
    struct binding *binding = ARENA_NEW(arena, struct binding);

    binding->bind = bind;
    binding->work = arena_alloc(arena, work_size);
    step->context = binding;
    step->bound = bound;
    step->phase_count = 0;
    return binding->work;
}

void bind_phase(struct step *step, range_fn *range, void *work, int64_t count)
{
    static void (*const run[STEP_MAX_PHASES])(const struct step *, int64_t, int64_t) = {
        run_phase_0, run_phase_1, run_phase_2, run_phase_3
    };
    struct binding *binding = step->context;
    int phase = step->phase_count++;

    BUG_IF(phase >= STEP_MAX_PHASES);
    binding->ranges[phase] = range;
    binding->works[phase] = work;
    step->phases[phase] = (struct phase){ run[phase], count };
}

struct simple_work {
    const struct simple_row *row;
    struct setup setup;
    _Alignas(16) char work[]; /* the row's own */
};

static void setup_simple(struct step *step)
{
    struct binding *binding = step->context;
    struct simple_work *simple = binding->work;

    step->phase_count = 0;
    simple->row->setup(step, simple->work, &simple->setup);
}

int create_simple(struct device *device, struct arena *arena, const struct offer *offer,
                  struct step *step, struct error *err)
{
    const struct simple_row *row = (const struct simple_row *)offer->kernel;
    struct simple_work *simple = bind_step(arena, step, sizeof(*simple) + row->work_size, NULL);

    (void)err;
    simple->row = row;
    simple->setup = (struct setup){ device, bind_kernels(device), *offer };
    step->bound = setup_simple;
    setup_simple(step);
    return 0;
}

/* --- sizes ----------------------------------------------------------------------------------- */

struct blocked blocked_of(const struct shape *shape, int lanes)
{
    struct blocked size = { .images = shape->dim[0], .channels = shape->dim[1], .pixels = 1 };

    for (int i = 2; i < shape->rank; i++)
        size.pixels *= shape->dim[i];
    size.blocks = (size.channels + lanes - 1) / lanes;
    size.segments = (size.pixels + SEGMENT_PIXELS - 1) / SEGMENT_PIXELS;
    return size;
}

int64_t blocked_pieces(const struct blocked *size)
{
    return size->images * size->blocks * size->segments;
}

int64_t blocked_floats(const struct blocked *size, int lanes)
{
    return size->images * size->blocks * size->pixels * lanes;
}

bool worth_streaming(int64_t floats)
{
    return floats >= STREAM_FLOATS;
}

int64_t step_floats(const struct device *device, const struct value *value, int layout)
{
    int64_t count = shape_count(&value->shape);

    if (layout == LAYOUT_PLAIN)
        return count;
    return (int64_t)(device->layout_bytes((struct device *)device, layout, &value->shape,
                                          value->dtype) / sizeof(float));
}
