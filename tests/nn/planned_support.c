/* planned_support.c - see planned_support.h. */

#include "nn/planned_support.h"

#include "base/rng.h"
#include "nn/gradient.h"
#include "nn/passes.h"
#include "test.h"

#include <stdlib.h>

#define CHECK_SEED(planned, call, err)                                                      \
    do {                                                                                    \
        if (call)                                                                           \
            test_fail(__FILE__, __LINE__, "seed %llu: %s: %s",                              \
                      (unsigned long long)(planned)->options.seed, #call, (err).text);      \
    } while (0)

/* --- compiling -------------------------------------------------------------------------------- */

/* The order of train/network.c. */
static void compile(struct planned *p)
{
    const struct planned_options *o = &p->options;
    struct error err;

    o->build(&p->graph, o->seed, &p->net);
    CHECK_SEED(p, graph_finish(&p->graph, &err), err);
    CHECK_SEED(p, graph_check(&p->graph, &err), err);
    p->forward_output_count = p->graph.output_count;
    if (!o->no_lowering)
        pass_lower_batch_norm(&p->graph, !o->evaluation);
    if (o->passes & PASSES_FUSE_APPLY)
        pass_fuse_batch_apply(&p->graph);
    if (o->passes & PASSES_FUSE_DEPTHWISE && !o->evaluation)
        pass_fuse_depthwise(&p->graph);
    if (!o->evaluation) {
        CHECK_SEED(p, gradient_build(&p->graph, p->net.loss, &p->gradient_of, &err), err);
        for (int i = 0; i < p->graph.value_count; i++)
            if (p->graph.values[i]->kind == VALUE_PARAMETER)
                graph_add_output(&p->graph, p->gradient_of[i]);
        if (o->passes & PASSES_RECOMPUTE)
            pass_recompute(&p->graph, true);
    }
    if (o->passes & PASSES_REMOVE_DEAD)
        pass_remove_dead(&p->graph);
    CHECK_SEED(p, graph_finish(&p->graph, &err), err);
    CHECK_SEED(p, graph_check(&p->graph, &err), err);
}

void planned_init(struct planned *planned, struct device *device,
                  const struct planned_options *options)
{
    struct plan_options plan_options = { .no_reuse = options->no_reuse,
                                         .no_in_place = options->no_in_place };
    struct error err;

    *planned = (struct planned){ .options = *options, .device = device };
    planned->run = (struct run_state){ .seed = options->seed, .step = 3, .first_sample = 5,
                                       .training = !options->evaluation };
    compile(planned);
    plan_options.gradient_of = planned->gradient_of;
    weights_init(&planned->weights, device, &planned->graph);
    CHECK_SEED(planned, plan_new(&planned->plan, &planned->graph, device, &planned->weights,
                                 &plan_options, &err), err);
    weights_lay_out(&planned->weights);
    CHECK_SEED(planned, weights_memory_init(&planned->live, &planned->weights, true, &err), err);
    CHECK_SEED(planned, weights_memory_init(&planned->gradients, &planned->weights, false, &err),
               err);
    CHECK_SEED(planned, slab_init(&planned->slab, plan_slab_bytes(planned->plan), &err), err);
    CHECK_SEED(planned, plan_verify(planned->plan, &err), err);
    plan_bind(planned->plan, planned->slab.base, &planned->live, &planned->gradients);
    planned_restart(planned);
}

void planned_release(struct planned *planned)
{
    plan_free(planned->plan);
    slab_release(&planned->slab);
    weights_memory_release(&planned->live);
    weights_memory_release(&planned->gradients);
    weights_release(&planned->weights);
    graph_release(&planned->graph);
    *planned = (struct planned){ 0 };
}

/* --- filling ---------------------------------------------------------------------------------- */

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* Keeps variances about 1 through weights; deviations and gains stay away from 0. */
static void draw_weight(const struct weight *weight, uint64_t seed, float *plain)
{
    struct rng rng = rng_for(seed, hash_name(weight->name), 0);
    int64_t count = shape_count(&weight->shape);
    double fan_in = (double)count / (double)weight->shape.dim[0];
    bool is_start_one = weight->init.kind == INIT_CONSTANT && weight->init.a != 0;

    for (int64_t i = 0; i < count; i++)
        plain[i] = (float)(weight->shape.rank > 1 ? rng_between(&rng, -1, 1) * sqrt(3 / fan_in)
                           : is_start_one         ? rng_between(&rng, 0.5, 1.5)
                                                  : rng_between(&rng, -0.5, 0.5));
}

static void write_weight(struct planned *p, struct weights_memory *memory,
                         const struct weight *weight, const float *plain)
{
    struct error err;

    CHECK_SEED(p, weights_write(&p->weights, memory, weight, plain, &err), err);
}

void planned_restart(struct planned *planned)
{
    for (int i = 0; i < planned->weights.count; i++) {
        const struct weight *weight = &planned->weights.items[i];
        int64_t count = shape_count(&weight->shape);
        float *plain = malloc((size_t)count * sizeof(float));

        draw_weight(weight, planned->options.seed, plain);
        write_weight(planned, &planned->live, weight, plain);
        for (int64_t k = 0; k < count; k++)
            plain[k] = NAN;
        if (weight->segment == SEGMENT_PARAMETERS)
            write_weight(planned, &planned->gradients, weight, plain);
        free(plain);
    }
}

static void write_image(struct planned *p)
{
    int64_t count = shape_count(&p->net.image->shape);
    struct rng rng = rng_for(p->options.seed, 11, 0);
    float *plain = malloc((size_t)count * sizeof(float));
    struct error err;

    for (int64_t i = 0; i < count; i++)
        plain[i] = (float)rng_normal(&rng);
    CHECK_SEED(p, plan_write(p->plan, p->net.image, plain, &err), err);
    free(plain);
}

/* One class for some samples, a mixture for the others. */
static void write_target(struct planned *p)
{
    int64_t samples = p->net.target->shape.dim[0], classes = p->net.target->shape.dim[1];
    struct rng rng = rng_for(p->options.seed, 12, 0);
    float *plain = calloc((size_t)(samples * classes), sizeof(float));
    struct error err;

    for (int64_t n = 0; n < samples; n++) {
        float share = rng_below(&rng, 2) ? 1 : 0.75F;

        plain[n * classes + rng_below(&rng, (uint32_t)classes)] += share;
        plain[n * classes + rng_below(&rng, (uint32_t)classes)] += 1 - share;
    }
    CHECK_SEED(p, plan_write(p->plan, p->net.target, plain, &err), err);
    free(plain);
}

void planned_run(struct planned *planned, enum planned_way way)
{
    struct error err;

    memset(planned->slab.base, 0xff, plan_slab_bytes(planned->plan));
    write_image(planned);
    write_target(planned);
    if (way == RUN_POISONED)
        CHECK_SEED(planned, plan_run_poisoned(planned->plan, &planned->run, &err), err);
    else
        CHECK_SEED(planned, plan_run(planned->plan, &planned->run, &err), err);
}

/* --- reading ---------------------------------------------------------------------------------- */

static double *widened(float *plain, int64_t count)
{
    double *wide = malloc((size_t)count * sizeof(double));

    for (int64_t i = 0; i < count; i++)
        wide[i] = plain[i];
    free(plain);
    return wide;
}

static double *copied(const void *from, int64_t count)
{
    return memcpy(malloc((size_t)count * sizeof(double)), from, (size_t)count * sizeof(double));
}

double *planned_output(const struct planned *planned, int index)
{
    const struct value *value = planned->graph.outputs[index];
    int64_t count = shape_count(&value->shape);
    struct error err;
    float *plain;

    if (planned->device->values_are_double)
        return copied(plan_value(planned->plan, value).data, count);
    plain = malloc((size_t)count * sizeof(float));
    CHECK_SEED(planned, plan_read(planned->plan, value, plain, &err), err);
    return widened(plain, count);
}

double planned_loss(const struct planned *planned)
{
    double *loss = planned_output(planned, 0), value = *loss;

    free(loss);
    return value;
}

static double *read_weight(const struct planned *p, const struct weights_memory *memory,
                           const struct weight *weight)
{
    int64_t count = shape_count(&weight->shape);
    struct error err;
    float *plain;

    if (p->device->values_are_double)
        return copied(memory->segments[weight->segment].base + weight->offset, count);
    plain = malloc((size_t)count * sizeof(float));
    CHECK_SEED(p, weights_read(&p->weights, memory, weight, plain, &err), err);
    return widened(plain, count);
}

double *planned_weight(const struct planned *planned, const struct weight *weight)
{
    return read_weight(planned, &planned->live, weight);
}

double *planned_gradient(const struct planned *planned, const struct weight *weight)
{
    return read_weight(planned, &planned->gradients, weight);
}

bool planned_has_gradient(const struct planned *planned, const struct weight *weight)
{
    const struct value *value = graph_find(&planned->graph, weight->name);

    return weight->segment == SEGMENT_PARAMETERS && planned->gradient_of &&
           planned->gradient_of[value->id];
}

/* --- comparing -------------------------------------------------------------------------------- */

struct comparison {
    const struct planned *got, *expected;
    double tolerance;
    const char *what;
};

static double largest(const double *x, int64_t count)
{
    double most = 0;

    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Takes both arrays. */
static void compare(const struct comparison *c, const char *name, double *got, double *expected,
                    int64_t count, double scale)
{
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= c->tolerance * scale))
            test_fail(__FILE__, __LINE__, "seed %llu: %s: %s at %lld is %.12g, not %.12g",
                      (unsigned long long)c->expected->options.seed, c->what, name, (long long)i,
                      got[i], expected[i]);
    free(got);
    free(expected);
}

static double gradient_scale(const struct planned *p)
{
    double most = 0;

    for (int i = 0; i < p->weights.count; i++)
        if (planned_has_gradient(p, &p->weights.items[i])) {
            double *gradient = planned_gradient(p, &p->weights.items[i]);

            most = fmax(most, largest(gradient, shape_count(&p->weights.items[i].shape)));
            free(gradient);
        }
    return most;
}

static void compare_weights(const struct comparison *c)
{
    double scale = gradient_scale(c->expected);
    char name[200];

    CHECK(c->got->weights.count == c->expected->weights.count);
    for (int i = 0; i < c->expected->weights.count; i++) {
        const struct weight *there = &c->expected->weights.items[i];
        const struct weight *here = weights_find(&c->got->weights, there->name);
        int64_t count = shape_count(&there->shape);

        CHECK(here && shape_equal(&here->shape, &there->shape));
        CHECK(planned_has_gradient(c->got, here) == planned_has_gradient(c->expected, there));
        if (planned_has_gradient(c->expected, there)) {
            snprintf(name, sizeof(name), "the gradient of '%s'", there->name);
            compare(c, name, planned_gradient(c->got, here), planned_gradient(c->expected, there),
                    count, scale);
        }
        if (there->segment == SEGMENT_STATES) {
            double *state = planned_weight(c->expected, there);

            compare(c, there->name, planned_weight(c->got, here), state, count,
                    1 + largest(state, count));
        }
    }
}

void planned_compare(const struct planned *got, const struct planned *expected, double tolerance,
                     const char *what)
{
    struct comparison c = { got, expected, tolerance, what };

    CHECK(got->forward_output_count == expected->forward_output_count);
    for (int i = 0; i < expected->forward_output_count; i++) {
        int64_t count = shape_count(&expected->graph.outputs[i]->shape);
        double *output = planned_output(expected, i);
        char name[32];

        snprintf(name, sizeof(name), "output %d", i);
        compare(&c, name, planned_output(got, i), output, count, 1 + largest(output, count));
    }
    compare_weights(&c);
}

/* --- bits ------------------------------------------------------------------------------------- */

static void append(struct planned_bits *bits, const void *bytes, size_t count)
{
    bits->bytes = realloc(bits->bytes, bits->count + count + 1);
    memcpy(bits->bytes + bits->count, bytes, count);
    bits->count += count;
}

void planned_bits_take(struct planned_bits *bits, const struct planned *planned)
{
    const size_t *bytes = planned->weights.segment_bytes;

    *bits = (struct planned_bits){ 0 };
    for (int i = 0; i < planned->forward_output_count; i++) {
        struct plan_slot slot = plan_value(planned->plan, planned->graph.outputs[i]);
        const struct shape *shape = &planned->graph.outputs[i]->shape;

        /* What lies behind a plain value is nobody's; the lanes of others are zeros. */
        append(bits, slot.data,
               slot.layout == LAYOUT_PLAIN ? (size_t)shape_count(shape) * sizeof(float)
                                           : slot.bytes);
    }
    if (bytes[SEGMENT_PARAMETERS])
        append(bits, planned->gradients.segments[SEGMENT_PARAMETERS].base,
               bytes[SEGMENT_PARAMETERS]);
    if (bytes[SEGMENT_STATES])
        append(bits, planned->live.segments[SEGMENT_STATES].base, bytes[SEGMENT_STATES]);
}

void planned_bits_release(struct planned_bits *bits)
{
    free(bits->bytes);
    *bits = (struct planned_bits){ 0 };
}

void planned_bits_check(const struct planned_bits *got, const struct planned_bits *expected,
                        const struct planned *planned, const char *what)
{
    CHECK(got->count == expected->count);
    for (size_t i = 0; i < got->count; i++)
        if (got->bytes[i] != expected->bytes[i])
            test_fail(__FILE__, __LINE__, "seed %llu: %s: byte %zu of %zu differs",
                      (unsigned long long)planned->options.seed, what, i, got->count);
}

/* Reading an array and packing it again leaves zeros in all padding. */
static void check_padding(const struct planned *p, const struct weights_memory *memory,
                          enum segment segment)
{
    struct weights_memory again;
    struct error err;

    CHECK_SEED(p, weights_memory_init(&again, &p->weights, true, &err), err);
    for (int i = 0; i < p->weights.count; i++) {
        const struct weight *weight = &p->weights.items[i];
        float *plain = malloc((size_t)shape_count(&weight->shape) * sizeof(float));

        if (weight->segment == segment) {
            CHECK_SEED(p, weights_read(&p->weights, memory, weight, plain, &err), err);
            CHECK_SEED(p, weights_write(&p->weights, &again, weight, plain, &err), err);
            if (memcmp(again.segments[segment].base + weight->offset,
                       memory->segments[segment].base + weight->offset, weight->bytes))
                test_fail(__FILE__, __LINE__, "seed %llu: the padding of '%s' is not zero",
                          (unsigned long long)p->options.seed, weight->name);
        }
        free(plain);
    }
    weights_memory_release(&again);
}

void planned_check_padding(const struct planned *planned)
{
    check_padding(planned, &planned->gradients, SEGMENT_PARAMETERS);
    check_padding(planned, &planned->live, SEGMENT_STATES);
}
