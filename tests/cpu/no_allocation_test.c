/* no_allocation_test.c - once it runs, a training step takes no memory from the heap, in any
 * thread.
 *
 * The C library's names are defined here, in front of whatever defines them next: a sanitizer or
 * the C library itself, to which they pass on.  So libraries' calls are counted too, and those of
 * C++, which end in malloc().  oneDNN makes small tables of arguments whenever a primitive is
 * executed; steps run one after the other, so these can be told from all others: they must not
 * become more. */

#include "base/error.h"
#include "cpu/device_cpu.h"
#include "nn/layers.h"
#include "nn/optimizer.h"
#include "nn/planned_support.h"
#include "test.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* These run before a sanitizer is ready. */
#define UNSANITIZED __attribute__((no_sanitize("address", "undefined", "thread")))

static atomic_bool counting, in_onednn;
static atomic_int own_count, onednn_count;

UNSANITIZED static void note(void)
{
    if (counting)
        atomic_fetch_add(in_onednn ? &onednn_count : &own_count, 1);
}

/* dlsym() itself may want memory before there is any other: it gets this, which is never freed. */
static char early[16384] __attribute__((aligned(16)));
static size_t early_used;
static bool resolving;

UNSANITIZED static void *take_early(size_t size)
{
    size_t at = early_used;

    early_used += (size + 15) / 16 * 16;
    return early_used <= sizeof(early) ? early + at : NULL;
}

UNSANITIZED static void *next_of(void **slot, const char *name)
{
    if (!*slot) {
        resolving = true;
        *slot = dlsym(RTLD_NEXT, name);
        resolving = false;
    }
    return *slot;
}

#define NEXT(name, type)                                                                   \
    static void *slot;                                                                     \
    type *next = resolving ? NULL : (type *)(uintptr_t)next_of(&slot, name)

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef void *aligned_alloc_fn(size_t, size_t);
typedef int posix_memalign_fn(void **, size_t, size_t);

UNSANITIZED void *malloc(size_t size)
{
    NEXT("malloc", malloc_fn);
    note();
    return next ? next(size) : take_early(size);
}

UNSANITIZED void *calloc(size_t items, size_t size)
{
    NEXT("calloc", calloc_fn);
    note();
    return next ? next(items, size) : take_early(items * size);
}

UNSANITIZED void *realloc(void *memory, size_t size)
{
    NEXT("realloc", realloc_fn);
    note();
    return next ? next(memory, size) : take_early(size);
}

UNSANITIZED void *aligned_alloc(size_t alignment, size_t size)
{
    NEXT("aligned_alloc", aligned_alloc_fn);
    note();
    return next ? next(alignment, size) : NULL;
}

UNSANITIZED int posix_memalign(void **memory, size_t alignment, size_t size)
{
    NEXT("posix_memalign", posix_memalign_fn);
    note();
    return next ? next(memory, alignment, size) : ENOMEM;
}

dnnl_status_t dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream,
                                     int argument_count, const dnnl_exec_arg_t *arguments)
{
    static void *slot;
    dnnl_status_t (*next)(const_dnnl_primitive_t, dnnl_stream_t, int, const dnnl_exec_arg_t *) =
        (typeof(next))(uintptr_t)next_of(&slot, "dnnl_primitive_execute");
    dnnl_status_t status;

    in_onednn = true;
    status = next(primitive, stream, argument_count, arguments);
    in_onednn = false;
    return status;
}

/* --- a network with one of each --------------------------------------------------------------- */

static void build_everything(struct graph *g, uint64_t seed, struct net *net)
{
    struct value *image = graph_input(g, "image", SHAPE(2, 3, 20, 20), DTYPE_F32), *x, *y, *s;

    (void)seed;
    x = nn_activation(g, nn_batchnorm(g, "bn1", nn_conv(g, "stem", image, .out = 16, .kernel = 3)),
                      ACTIVATION_RELU);
    x = nn_maxpool(g, x, .kernel = 3, .stride = 2, .pad = 1);
    y = nn_conv(g, "expand", x, .out = 32);
    y = nn_activation(g, nn_batchnorm(g, "bn2", y), ACTIVATION_SILU);
    y = nn_conv(g, "depthwise", y, .out = 32, .kernel = 3, .groups = DEPTHWISE);
    y = nn_activation(g, nn_batchnorm(g, "bn3", y), ACTIVATION_SILU);
    s = nn_linear(g, "reduce", nn_global_avgpool(g, y), .out = 8, .as_conv = true);
    s = nn_linear(g, "widen", nn_activation(g, s, ACTIVATION_SILU), .out = 32, .as_conv = true);
    y = nn_scale_channels(g, y, nn_activation(g, s, ACTIVATION_SIGMOID));
    y = nn_batchnorm(g, "bn4", nn_conv(g, "project", y, .out = 16));
    x = nn_add(g, nn_drop_path(g, y, 0.1), x);
    x = nn_conv(g, "plain", nn_concat(g, 1, (struct value *[]){ x, y }, 2), .out = 24, .kernel = 3,
                .bias = true, .groups = 2);
    x = nn_to_tokens(g, nn_avgpool(g, x, .kernel = 2));
    y = nn_linear(g, "qkv", nn_layernorm(g, "norm", x, 0), .out = 72);
    x = nn_add(g, x, nn_linear(g, "proj", nn_attention(g, y, 3), .out = 24));
    y = nn_activation(g, nn_linear(g, "fc1", nn_layernorm(g, "norm2", x, 0), .out = 48),
                      ACTIVATION_GELU);
    x = nn_add(g, x, nn_layer_scale(g, "gamma", nn_linear(g, "fc2", y, .out = 24), 0.1));
    x = nn_dropout(g, nn_global_avgpool(g, nn_from_tokens(g, x, 5, 5)), 0.2);
    net_finish(g, image, nn_linear(g, "head", x, .out = 10), net);
}

static void train_step(struct planned *p, struct optimizer *optimizer)
{
    struct error err;
    double norm;

    p->run.step++;
    CHECK_OK(plan_run(p->plan, &p->run, &err), err);
    norm = optimizer_gradient_norm(optimizer, &p->gradients);
    optimizer_step(optimizer, &p->live, &p->gradients, 1e-3, norm > 1 ? 1 / norm : 1);
}

#define FIRST_STEADY_STEP 2
#define STEP_COUNT 6

static void check_steps(struct planned *p, struct optimizer *optimizer)
{
    struct weights_memory average;
    struct error err;
    int onednn_before = 0;

    CHECK_OK(weights_memory_init(&average, &p->weights, true, &err), err);
    planned_run(p, RUN_PLAIN); /* which feeds it */
    own_count = 0;
    for (int i = 0; i < STEP_COUNT; i++) {
        onednn_count = 0;
        counting = i >= FIRST_STEADY_STEP;
        train_step(p, optimizer);
        optimizer_average(optimizer, &average, &p->live, 0.999);
        counting = false;
        if (i > FIRST_STEADY_STEP && onednn_count > onednn_before)
            test_fail(__FILE__, __LINE__, "oneDNN allocated %d times, %d in the step before",
                      onednn_count, onednn_before);
        onednn_before = onednn_count;
    }
    if (own_count)
        test_fail(__FILE__, __LINE__, "the steps allocated %d times", own_count);
    weights_memory_release(&average);
}

static struct device *open_device(int threads)
{
    struct error err;
    struct device *device = device_cpu_open(&(struct device_cpu_options){ threads }, &err);

    if (!device)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return device;
}

static bool has_kernel(const struct planned *p, const char *text)
{
    for (int i = 0; i < plan_step_count(p->plan); i++)
        if (strstr(plan_step(p->plan, i)->kernel, text))
            return true;
    return false;
}

TEST(training_steps_take_no_memory_from_the_third_on)
{
    static const enum optimizer_kind kinds[] = { OPTIMIZER_SGD, OPTIMIZER_ADAMW,
                                                 OPTIMIZER_RMSPROP };
    struct device *device = open_device(2);
    struct error err;

    for (int i = 0; i < 3; i++) {
        struct planned_options options = { .build = build_everything, .seed = 1,
                                           .passes = i ? PASSES_ALL : PASSES_REMOVE_DEAD };
        struct planned p;
        struct optimizer_options update;
        struct optimizer *optimizer;

        optimizer_options_init(&update, kinds[i]);
        update.momentum = 0.9;
        update.weight_decay = 0.01;
        planned_init(&p, device, &options);
        CHECK(has_kernel(&p, "brg") || has_kernel(&p, "jit")); /* oneDNN's */
        CHECK(has_kernel(&p, "v:attention"));
        CHECK_OK(optimizer_new(&optimizer, &p.weights, &update, &err), err);
        check_steps(&p, optimizer);
        optimizer_free(optimizer);
        planned_release(&p);
    }
    device_close(device);
}

/* The counter itself works, in other threads and in libraries. */
TEST(allocations_of_all_threads_are_counted)
{
    char *text = NULL;
    int printed;

    own_count = 0;
    counting = true;
#pragma omp parallel num_threads(2)
    {
        void *volatile memory = malloc(10);

        free(memory);
    }
    counting = false;
    CHECK(own_count >= 2);
    own_count = 0;
    counting = true;
    printed = asprintf(&text, "%d", 1234); /* the C library's own call */
    free(aligned_alloc(64, 64));
    counting = false;
    free(text);
    CHECK(printed == 4 && own_count >= 2);
}
