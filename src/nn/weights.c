/* weights.c - see weights.h. */

#include "nn/weights.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_kind(struct weights *weights, const struct graph *graph, enum value_kind kind)
{
    for (int i = 0; i < graph->value_count; i++) {
        const struct value *value = graph->values[i];
        struct weight *weight = &weights->items[weights->count];

        if (value->kind != kind)
            continue;
        *weight = (struct weight){
            .name = arena_strdup(&weights->arena, value->name),
            .segment = kind == VALUE_PARAMETER ? SEGMENT_PARAMETERS : SEGMENT_STATES,
            .shape = value->shape, .layout = -1, .init = value->init,
            .decay = value->decay, .frozen = value->frozen };
        map_set(&weights->_by_name, weight->name, weight);
        weights->count++;
    }
}

void weights_init(struct weights *weights, struct device *device, const struct graph *graph)
{
    *weights = (struct weights){ .device = device };
    weights->items = ARENA_ARRAY(&weights->arena, struct weight, graph->value_count + 1);
    add_kind(weights, graph, VALUE_PARAMETER);
    add_kind(weights, graph, VALUE_STATE);
}

void weights_release(struct weights *weights)
{
    map_release(&weights->_by_name);
    arena_release(&weights->arena);
    *weights = (struct weights){ 0 };
}

struct weight *weights_find(const struct weights *weights, const char *name)
{
    return map_find(&weights->_by_name, name);
}

void weights_lay_out(struct weights *weights)
{
    if (weights->laid_out)
        return;
    for (int i = 0; i < weights->count; i++) {
        struct weight *weight = &weights->items[i];

        if (weight->layout < 0)
            weight->layout = LAYOUT_PLAIN;
        weight->bytes = slab_round(weights->device->layout_bytes(weights->device, weight->layout,
                                                                 &weight->shape, DTYPE_F32));
        weight->offset = weights->segment_bytes[weight->segment];
        weights->segment_bytes[weight->segment] += weight->bytes;
    }
    weights->laid_out = true;
}

int weights_memory_init(struct weights_memory *memory, const struct weights *weights,
                        bool with_states, struct error *err)
{
    *memory = (struct weights_memory){ 0 };
    for (int i = 0; i < SEGMENT_COUNT; i++) {
        if (i == SEGMENT_STATES && !with_states)
            continue;
        if (slab_init(&memory->segments[i], weights->segment_bytes[i], err)) {
            weights_memory_release(memory);
            return -1;
        }
    }
    return 0;
}

void weights_memory_release(struct weights_memory *memory)
{
    for (int i = 0; i < SEGMENT_COUNT; i++)
        slab_release(&memory->segments[i]);
}

/* Reorder between a weight's layout and row-major. */
static int convert(const struct weights *weights, const struct weight *weight, void *stored,
                   void *plain, bool store, struct error *err)
{
    struct device *device = weights->device;
    struct arena arena = ARENA_INIT;
    struct step step = { 0 };
    struct run_state run = { 0 };
    int result = -1;

    if (device->reorder(device, &arena, &weight->shape, DTYPE_F32,
                        store ? LAYOUT_PLAIN : weight->layout,
                        store ? weight->layout : LAYOUT_PLAIN, &step, err))
        goto done;
    step.args[0] = store ? plain : stored;
    step.args[1] = store ? stored : plain;
    step.arg_count = 2;
    if (step.bound)
        step.bound(&step);
    result = device->run(device, &step, 1, &run, NULL, err);
done:
    if (step.release)
        step.release(&step);
    arena_release(&arena);
    return result;
}

static int copy(const struct weights *weights, const struct weights_memory *memory,
                const struct weight *weight, float *plain, bool store, struct error *err)
{
    int64_t count = shape_count(&weight->shape);
    char *stored = memory->segments[weight->segment].base + weight->offset;
    double *wide;
    int result;

    BUG_IF(!weights->laid_out);
    if (!weights->device->values_are_double) {
        if (weight->layout != LAYOUT_PLAIN)
            return convert(weights, weight, stored, plain, store, err);
        if (store)
            memcpy(stored, plain, (size_t)count * sizeof(float));
        else
            memcpy(plain, stored, (size_t)count * sizeof(float));
        return 0;
    }
    wide = malloc((size_t)count * sizeof(double));
    BUG_IF(!wide);
    for (int64_t i = 0; store && i < count; i++)
        wide[i] = plain[i];
    result = convert(weights, weight, stored, wide, store, err);
    for (int64_t i = 0; !store && i < count; i++)
        plain[i] = (float)wide[i];
    free(wide);
    return result;
}

int weights_read(const struct weights *weights, const struct weights_memory *memory,
                 const struct weight *weight, float *plain, struct error *err)
{
    return copy(weights, memory, weight, plain, false, err);
}

int weights_write(const struct weights *weights, struct weights_memory *memory,
                  const struct weight *weight, const float *plain, struct error *err)
{
    return copy(weights, memory, weight, (float *)plain, true, err);
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static double truncated_normal(struct rng *rng, double limit)
{
    double x;

    do
        x = rng_normal(rng);
    while (fabs(x) > limit);
    return x;
}

/* Elements are drawn in pieces, each from a sequence of its own, so that threads can share them. */
#define PIECE 4096

static void draw_piece(const struct weight *weight, uint64_t seed, int64_t piece, float *plain)
{
    struct rng rng = rng_for(seed, hash_name(weight->name), (uint64_t)piece);
    int64_t count = shape_count(&weight->shape), end = (piece + 1) * PIECE;
    double fan_in = weight->shape.rank ? (double)count / (double)weight->shape.dim[0] : 1;
    double a = weight->init.a;

    /* Cutting at two deviations shrinks the deviation to 0.8796 of the original; LeCun's is
     * scaled up so that the variance really is 1 / fan_in. */
    double lecun = sqrt(1 / fan_in) / 0.87962566103423978;

    for (int64_t i = piece * PIECE; i < end && i < count; i++)
        switch (weight->init.kind) {
        case INIT_CONSTANT:
            plain[i] = (float)a;
            break;
        case INIT_NORMAL:
            plain[i] = (float)(a * rng_normal(&rng));
            break;
        case INIT_TRUNCATED_NORMAL:
            plain[i] = (float)(a * truncated_normal(&rng, 2 / a));
            break;
        case INIT_LECUN_NORMAL:
            plain[i] = (float)(lecun * truncated_normal(&rng, 2));
            break;
        case INIT_UNIFORM:
            plain[i] = (float)rng_between(&rng, -a, a);
            break;
        case INIT_COUNT:
            plain[i] = (float)(a * (double)i);
            break;
        }
}

struct drawing {
    const struct weight *weight;
    uint64_t seed;
    float *plain;
};

static void draw(const struct step *step, int64_t begin, int64_t end)
{
    const struct drawing *drawing = step->context;

    for (int64_t piece = begin; piece < end; piece++)
        draw_piece(drawing->weight, drawing->seed, piece, drawing->plain);
}

void weight_start_values(const struct weight *weight, uint64_t seed, float *plain)
{
    for (int64_t piece = 0; piece * PIECE < shape_count(&weight->shape); piece++)
        draw_piece(weight, seed, piece, plain);
}

int weights_start(const struct weights *weights, struct weights_memory *memory, uint64_t seed,
                  struct error *err)
{
    struct run_state run = { 0 };

    for (int i = 0; i < weights->count; i++) {
        const struct weight *weight = &weights->items[i];
        int64_t count = shape_count(&weight->shape);
        float *plain = malloc((size_t)count * sizeof(float));
        struct drawing drawing = { weight, seed, plain };
        struct step step = { .kernel = "start", .name = weight->name, .context = &drawing,
                             .phases = { { draw, (count + PIECE - 1) / PIECE } },
                             .phase_count = 1 };
        int result;

        BUG_IF(!plain);
        result = weights->device->run(weights->device, &step, 1, &run, NULL, err) ||
                 weights_write(weights, memory, weight, plain, err);
        free(plain);
        if (result)
            return -1;
    }
    return 0;
}
