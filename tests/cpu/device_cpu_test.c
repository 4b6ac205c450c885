/* device_cpu_test.c - layouts, reorders, the executor and the fallback of the processor's device.
 */

#include "cpu/device_cpu.h"

#include "base/error.h"
#include "cpu/device_cpu_internal.h"
#include "device_support.h"
#include "kernel_support.h"
#include "nn/ops.h"
#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Copy plain -> layout -> plain; the other side must be what went in. */
static void check_round_trip(struct shape shape, int layout)
{
    struct device *device = test_device();
    struct arena arena = ARENA_INIT;
    int64_t count = shape_count(&shape);
    float *buffers[3];
    struct step steps[2] = { { .name = "there" }, { .name = "back" } };
    struct run_state run = { 0 };
    struct error err;

    for (int i = 0; i < 3; i++) {
        size_t bytes =
            device->layout_bytes(device, i == 1 ? layout : LAYOUT_PLAIN, &shape, DTYPE_F32);

        CHECK(bytes % 64 == 0);
        buffers[i] = aligned_alloc(64, bytes);
        memset(buffers[i], 0xff, bytes);
    }
    for (int64_t i = 0; i < count; i++)
        buffers[0][i] = (float)(i + 1);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(device->reorder(device, &arena, &shape, DTYPE_F32, i ? layout : LAYOUT_PLAIN,
                                 i ? LAYOUT_PLAIN : layout, &steps[i], &err), err);
        steps[i].args[0] = buffers[i];
        steps[i].args[1] = buffers[i + 1];
        if (steps[i].bound)
            steps[i].bound(&steps[i]);
    }
    CHECK_OK(device->run(device, steps, 2, &run, NULL, &err), err);
    CHECK(!memcmp(buffers[0], buffers[2], (size_t)count * sizeof(float)));
    for (int i = 0; i < 2; i++)
        if (steps[i].release)
            steps[i].release(&steps[i]);
    for (int i = 0; i < 3; i++)
        free(buffers[i]);
    arena_release(&arena);
}

TEST(reorders_come_back_to_what_they_were)
{
    check_round_trip(SHAPE(2, 5, 3, 7), LAYOUT_BLOCKED);
    check_round_trip(SHAPE(1, 33, 4, 1), LAYOUT_BLOCKED);
    check_round_trip(SHAPE(3, 4), LAYOUT_PLAIN);
}

TEST(weights_padded_to_whole_blocks_come_back)
{
    struct device *device = test_device();
    struct onednn *onednn = &device_cpu_of(device)->onednn;
    struct shape dense = SHAPE(16, 32, 3, 3), depthwise = SHAPE(32, 1, 1, 3, 3);
    const struct memory_desc *columns = memory_desc_strided(onednn, &dense,
                                                            (int64_t[]){ 1, 16, 1536, 512 });

    check_round_trip(SHAPE(11, 20, 3, 3), layout_of_desc(device, columns, &dense));
    check_round_trip(SHAPE(16, 32, 3, 3), layout_of_desc(device, columns, &dense));
    check_round_trip(SHAPE(19, 1, 3, 3),
                     LAYOUT_FIRST_PRIVATE +
                         memory_desc_id(memory_desc_plain(onednn, &depthwise, DTYPE_F32)));
}

TEST(padding_of_blocked_images_is_zero)
{
    struct device *device = test_device();
    struct shape shape = SHAPE(1, 3, 2, 2);
    size_t bytes = device->layout_bytes(device, LAYOUT_BLOCKED, &shape, DTYPE_F32);
    float *blocked = aligned_alloc(64, bytes), plain[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct step step = { .name = "there", .args = { plain, blocked } };
    struct arena arena = ARENA_INIT;
    struct run_state run = { 0 };
    struct error err;
    float sum = 0;

    memset(blocked, 0xff, bytes);
    CHECK(bytes == (size_t)device->block * 4 * sizeof(float));
    CHECK_OK(device->reorder(device, &arena, &shape, DTYPE_F32, LAYOUT_PLAIN, LAYOUT_BLOCKED,
                             &step, &err), err);
    step.bound(&step);
    CHECK_OK(device->run(device, &step, 1, &run, NULL, &err), err);
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        sum += blocked[i];
    CHECK(sum == 12);
    step.release(&step);
    free(blocked);
    arena_release(&arena);
}

/* --- the executor ---------------------------------------------------------------------------- */

#define ITEMS 1000

struct counter {
    atomic_int seen[ITEMS];
    atomic_int finished; /* items of the first phase */
    atomic_int too_early;
    float smallest; /* a product below the smallest normal number */
};

static void count_items(const struct step *step, int64_t begin, int64_t end)
{
    struct counter *counter = step->context;

    for (int64_t i = begin; i < end; i++) {
        atomic_fetch_add(&counter->seen[i], 1);
        atomic_fetch_add(&counter->finished, 1);
    }
}

static void check_finished(const struct step *step, int64_t begin, int64_t end)
{
    struct counter *counter = step->context;
    volatile float small = 1e-30f;

    if (atomic_load(&counter->finished) % ITEMS)
        atomic_fetch_add(&counter->too_early, (int)(end - begin));
    if (begin == 0)
        counter->smallest = small * small;
    small *= 1e-10f; /* 1e-40 has no normal form */
    if (small > 0)
        counter->smallest = 1;
}

TEST(phases_see_every_item_once_and_wait_for_each_other)
{
    static struct counter counter;
    struct device *device = test_device();
    struct step step = { .name = "count", .context = &counter, .phase_count = 2,
                         .phases = { { count_items, ITEMS }, { check_finished, 2 } } };
    struct step steps[3] = { step, step, step };
    struct run_state run = { .seed = 7 };
    double seconds[3] = { 0 };
    volatile float normal = 1e-30f;
    struct error err;

    CHECK_OK(device->run(device, steps, 3, &run, NULL, &err), err);
    for (int i = 0; i < ITEMS; i++)
        CHECK(counter.seen[i] == 3);
    CHECK(counter.too_early == 0);
    CHECK(counter.smallest == 0);
    CHECK(steps[2].run == &run);
    CHECK_OK(device->run(device, steps, 3, &run, seconds, &err), err);
    CHECK(seconds[0] > 0 && seconds[2] > 0);
    CHECK(normal * 1e-10f > 0); /* outside of runs denormals live */
}

static int fail_call(const struct step *step)
{
    (void)step;
    return 3;
}

TEST(a_step_that_fails_ends_the_run_with_its_name)
{
    struct device *device = test_device();
    struct step step = { .name = "layer1", .kernel = "bad", .call = fail_call };
    struct run_state run = { 0 };
    struct error err;

    CHECK(device->run(device, &step, 1, &run, NULL, &err) == -1);
    CHECK(strstr(err.text, "layer1"));
}

/* --- the rest --------------------------------------------------------------------------------- */

TEST(the_reference_takes_every_op_and_costs_more_than_others)
{
    const struct kernel *rows[] = { &cpu_reference_kernel, NULL };
    struct matmul_attributes attributes = { 0 };
    int wish[NODE_MAX_INPUTS] = { 0 };
    struct arena arena = ARENA_INIT;
    struct offer slow = { 0 }, fast = { 0 };
    struct kernel named = cpu_reference_kernel;
    struct graph graph;
    struct node *node;

    graph_init(&graph);
    node = TEST_NODE(&graph, &op_matmul, &attributes,
                     graph_input(&graph, "a", SHAPE(2, 3, 4), DTYPE_F32),
                     graph_input(&graph, "b", SHAPE(2, 4, 5), DTYPE_F32));
    CHECK(rows[0]->offer(test_device(), &arena, node, wish, &slow));
    CHECK(matmul_kernels[0]->offer(test_device(), &arena, node, wish, &fast));
    CHECK(slow.cost > 100 * fast.cost);
    named.op = node->op;
    rows[0] = &named;
    check_device(&(struct device_check){ .node = node, .rows = rows, .tolerance = 1e-6 });
    graph_release(&graph);
    arena_release(&arena);
}

TEST(the_identity_names_what_choices_depend_on)
{
    struct device *device = test_device();

    CHECK(strstr(device->identity, "2 threads"));
    CHECK(strstr(device->identity, "oneDNN "));
    CHECK(device->block == 8 || device->block == 16);
}

TEST(a_silly_number_of_threads_is_refused)
{
    struct error err;

    CHECK(!device_cpu_open(&(struct device_cpu_options){ .threads = -3 }, &err));
    CHECK(strstr(err.text, "-3"));
}
