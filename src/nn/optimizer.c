/* optimizer.c - see optimizer.h.
 *
 * The segment is cut into chunks of fixed size that never straddle a change of decay or a frozen
 * weight.  Chunks are independent, so threads share them; sums go chunk by chunk into an array
 * that is added up in order, so the number of threads does not change the result. */

#include "nn/optimizer.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_FLOATS 65536

struct chunk {
    size_t offset; /* bytes in the segment */
    int64_t count; /* floats */
    bool decay, bias;
};

struct optimizer {
    const struct weights *weights;
    struct optimizer_options options;
    struct chunk *chunks; /* of the parameters that are trained */
    int chunk_count;
    double *partial; /* by chunk */
    struct weights_memory moments[OPTIMIZER_MAX_MOMENTS];
    int moment_count;
    int64_t updates;
};

/* What one sweep works on. */
struct sweep {
    const struct optimizer *optimizer;
    const struct flat_kernels *flat;
    char *target, *moments[OPTIMIZER_MAX_MOMENTS];
    const char *source;
    struct flat_update update;
    float bias_learning_rate;
    float weight;
    size_t bytes; /* of whole segments */
};

static void add_chunks(struct optimizer *optimizer, size_t offset, size_t bytes, bool decay,
                       bool bias)
{
    for (size_t done = 0; done < bytes; done += CHUNK_FLOATS * sizeof(float)) {
        size_t left = (bytes - done) / sizeof(float);

        optimizer->chunks[optimizer->chunk_count++] =
            (struct chunk){ offset + done, (int64_t)(left < CHUNK_FLOATS ? left : CHUNK_FLOATS),
                            decay, bias };
    }
}

static bool is_bias(const struct optimizer *optimizer, const struct weight *weight)
{
    return optimizer->options.separate_biases && str_ends_with(weight->name, ".bias");
}

static void cut(struct optimizer *optimizer)
{
    const struct weights *weights = optimizer->weights;
    int most = weights->count +
               (int)(weights->segment_bytes[SEGMENT_PARAMETERS] / (CHUNK_FLOATS * sizeof(float)));

    optimizer->chunks = calloc((size_t)most + 1, sizeof(*optimizer->chunks));
    optimizer->partial = calloc((size_t)most + 1, sizeof(*optimizer->partial));
    BUG_IF(!optimizer->chunks || !optimizer->partial);
    for (int i = 0; i < weights->count;) {
        const struct weight *first = &weights->items[i];
        bool bias = is_bias(optimizer, first);
        size_t bytes = 0;

        for (;
             i < weights->count && weights->items[i].segment == first->segment &&
             weights->items[i].decay == first->decay && weights->items[i].frozen == first->frozen &&
             is_bias(optimizer, &weights->items[i]) == bias;
             i++)
            bytes += weights->items[i].bytes;
        if (first->segment == SEGMENT_PARAMETERS && !first->frozen)
            add_chunks(optimizer, first->offset, bytes, first->decay, bias);
    }
}

void optimizer_options_init(struct optimizer_options *options, enum optimizer_kind kind)
{
    *options = (struct optimizer_options){ .kind = kind,
                                           .beta1 = 0.9,
                                           .beta2 = kind == OPTIMIZER_RMSPROP ? 0.99 : 0.999,
                                           .eps = 1e-8 };
}

/* As the sweeps see them, in single precision: a beta of 1 divides nothing by nothing. */
static int check_options(const struct optimizer_options *o, struct error *err)
{
    bool is_adam = o->kind == OPTIMIZER_ADAM || o->kind == OPTIMIZER_ADAMW;

    if (is_adam && !(o->beta1 >= 0 && (float)o->beta1 < 1 && o->beta2 >= 0 && (float)o->beta2 < 1))
        return FAIL(err, INVALID, "the betas of adam must be at least 0 and below 1, not %g and %g",
                    o->beta1, o->beta2);
    if (o->kind != OPTIMIZER_SGD && !((float)o->eps > 0))
        return FAIL(err, INVALID, "the epsilon of an optimizer must be above 0, not %g", o->eps);
    return 0;
}

int optimizer_new(struct optimizer **out, const struct weights *weights,
                  const struct optimizer_options *options, struct error *err)
{
    struct optimizer *optimizer;

    if (check_options(options, err))
        return -1;
    optimizer = calloc(1, sizeof(*optimizer));
    BUG_IF(!optimizer || !weights->laid_out || weights->device->values_are_double);
    optimizer->weights = weights;
    optimizer->options = *options;
    optimizer->moment_count = options->kind == OPTIMIZER_SGD ? 1 : 2;
    cut(optimizer);
    for (int i = 0; i < optimizer->moment_count; i++)
        if (weights_memory_init(&optimizer->moments[i], weights, false, err)) {
            optimizer_free(optimizer);
            return -1;
        }
    *out = optimizer;
    return 0;
}

void optimizer_free(struct optimizer *optimizer)
{
    if (!optimizer)
        return;
    for (int i = 0; i < optimizer->moment_count; i++)
        weights_memory_release(&optimizer->moments[i]);
    free(optimizer->chunks);
    free(optimizer->partial);
    free(optimizer);
}

/* --- sweeps -------------------------------------------------------------------------------- */

static void run_sweep(const struct optimizer *optimizer, struct sweep *sweep, int64_t count,
                      void (*run)(const struct step *, int64_t, int64_t))
{
    struct device *device = optimizer->weights->device;
    struct step step = { .kernel = "optimizer",
                         .name = "",
                         .context = sweep,
                         .phases = { { run, count } },
                         .phase_count = 1 };
    struct run_state state = { 0 };
    struct error err;

    sweep->optimizer = optimizer;
    sweep->flat = device->flat;
    /* Phases cannot fail; only calls into libraries can. */
    BUG_IF(device->run(device, &step, 1, &state, NULL, &err));
}

static void sum_squares(const struct step *step, int64_t begin, int64_t end)
{
    const struct sweep *sweep = step->context;

    for (int64_t i = begin; i < end; i++) {
        const struct chunk *chunk = &sweep->optimizer->chunks[i];

        sweep->optimizer->partial[i] =
            sweep->flat->sum_squares((const float *)(sweep->source + chunk->offset), chunk->count);
    }
}

double optimizer_gradient_norm(struct optimizer *optimizer, const struct weights_memory *gradients)
{
    struct sweep sweep = { .source = gradients->segments[SEGMENT_PARAMETERS].base };
    double sum = 0;

    run_sweep(optimizer, &sweep, optimizer->chunk_count, sum_squares);
    for (int i = 0; i < optimizer->chunk_count; i++)
        sum += optimizer->partial[i];
    return sqrt(sum);
}

static void accumulate(const struct step *step, int64_t begin, int64_t end)
{
    const struct sweep *sweep = step->context;

    for (int64_t i = begin; i < end; i++) {
        const struct chunk *chunk = &sweep->optimizer->chunks[i];

        sweep->flat->add((float *)(sweep->target + chunk->offset),
                         (const float *)(sweep->source + chunk->offset), chunk->count);
    }
}

void optimizer_accumulate(struct optimizer *optimizer, struct weights_memory *sum,
                          const struct weights_memory *gradients)
{
    struct sweep sweep = { .target = sum->segments[SEGMENT_PARAMETERS].base,
                           .source = gradients->segments[SEGMENT_PARAMETERS].base };

    run_sweep(optimizer, &sweep, optimizer->chunk_count, accumulate);
}

static void update(const struct step *step, int64_t begin, int64_t end)
{
    const struct sweep *sweep = step->context;

    for (int64_t i = begin; i < end; i++) {
        const struct chunk *chunk = &sweep->optimizer->chunks[i];
        float *w = (float *)(sweep->target + chunk->offset);
        const float *g = (const float *)(sweep->source + chunk->offset);
        float *m = (float *)(sweep->moments[0] + chunk->offset);
        float *v = sweep->moments[1] ? (float *)(sweep->moments[1] + chunk->offset) : NULL;
        struct flat_update u = sweep->update;

        if (!chunk->decay)
            u.weight_decay = 0;
        if (chunk->bias)
            u.learning_rate = sweep->bias_learning_rate;
        switch (sweep->optimizer->options.kind) {
        case OPTIMIZER_SGD:
            sweep->flat->sgd(w, g, m, chunk->count, &u);
            break;
        case OPTIMIZER_ADAM:
            sweep->flat->adam(w, g, m, v, chunk->count, &u);
            break;
        case OPTIMIZER_ADAMW:
            sweep->flat->adamw(w, g, m, v, chunk->count, &u);
            break;
        case OPTIMIZER_RMSPROP:
            sweep->flat->rmsprop(w, g, m, v, chunk->count, &u);
            break;
        }
    }
}

void optimizer_step_at(struct optimizer *optimizer, struct weights_memory *weights,
                       const struct weights_memory *gradients, const struct optimizer_pace *pace)
{
    const struct optimizer_options *o = &optimizer->options;
    double t = (double)++optimizer->updates;
    struct sweep sweep = { .target = weights->segments[SEGMENT_PARAMETERS].base,
                           .source = gradients->segments[SEGMENT_PARAMETERS].base,
                           .bias_learning_rate = (float)pace->bias_learning_rate,
                           .update = { .learning_rate = (float)pace->learning_rate,
                                       .weight_decay = (float)o->weight_decay,
                                       .gradient_scale = (float)pace->gradient_scale,
                                       .momentum = (float)pace->momentum,
                                       .beta1 = (float)o->beta1,
                                       .beta2 = (float)o->beta2,
                                       .eps = (float)o->eps,
                                       .correction1 = (float)(1 - pow(o->beta1, t)),
                                       .correction2 = (float)(1 - pow(o->beta2, t)),
                                       .nesterov = !o->plain_momentum } };

    for (int i = 0; i < optimizer->moment_count; i++)
        sweep.moments[i] = optimizer->moments[i].segments[SEGMENT_PARAMETERS].base;
    run_sweep(optimizer, &sweep, optimizer->chunk_count, update);
}

void optimizer_step(struct optimizer *optimizer, struct weights_memory *weights,
                    const struct weights_memory *gradients, double learning_rate,
                    double gradient_scale)
{
    struct optimizer_pace pace = { learning_rate, learning_rate, optimizer->options.momentum,
                                   gradient_scale };

    optimizer_step_at(optimizer, weights, gradients, &pace);
}

static void lerp(const struct step *step, int64_t begin, int64_t end)
{
    const struct sweep *sweep = step->context;

    for (int64_t i = begin; i < end; i++) {
        size_t offset = (size_t)i * CHUNK_FLOATS * sizeof(float);
        size_t left = (sweep->bytes - offset) / sizeof(float);

        sweep->flat->lerp((float *)(sweep->target + offset),
                          (const float *)(sweep->source + offset),
                          (int64_t)(left < CHUNK_FLOATS ? left : CHUNK_FLOATS), sweep->weight);
    }
}

void optimizer_average(struct optimizer *optimizer, struct weights_memory *average,
                       const struct weights_memory *weights, double decay)
{
    for (int i = 0; i < SEGMENT_COUNT; i++) {
        size_t bytes = optimizer->weights->segment_bytes[i];
        struct sweep sweep = { .target = average->segments[i].base,
                               .source = weights->segments[i].base,
                               .weight = (float)(1 - decay),
                               .bytes = bytes };
        size_t chunk = CHUNK_FLOATS * sizeof(float);

        if (bytes)
            run_sweep(optimizer, &sweep, (int64_t)((bytes + chunk - 1) / chunk), lerp);
    }
}

double average_decay_for(double decay, int64_t updates_before)
{
    double warm = (1 + (double)updates_before) / (10 + (double)updates_before);

    return decay < warm ? decay : warm;
}

/* --- state --------------------------------------------------------------------------------- */

int optimizer_moment_count(const struct optimizer *optimizer)
{
    return optimizer->moment_count;
}

struct weights_memory *optimizer_moment(struct optimizer *optimizer, int index)
{
    return &optimizer->moments[index];
}

int64_t optimizer_updates(const struct optimizer *optimizer)
{
    return optimizer->updates;
}

void optimizer_set_updates(struct optimizer *optimizer, int64_t updates)
{
    optimizer->updates = updates;
}
