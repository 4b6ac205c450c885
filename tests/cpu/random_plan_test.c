/* random_plan_test.c - whole random networks on the processor: what layouts, reorders, in-place
 * steps and shared memory make of them is what the exact device computes, no step reads what it
 * may not, and the same run gives the same bits. */

#include "base/error.h"
#include "cpu/device_cpu.h"
#include "nn/planned_support.h"
#include "test.h"

#define FIRST_SEED 20000

/* Float against double, through norms of as few as 12 numbers. */
#define TOLERANCE 2e-3

static struct planned_options options_of(uint64_t seed)
{
    /* Every combination of passes, but mostly all of them. */
    return (struct planned_options){ .build = random_graph_build, .seed = seed,
                                     .passes = seed % 3 ? PASSES_ALL : (unsigned)(seed / 3 % 16),
                                     .no_in_place = seed % 7 == 0, .no_reuse = seed % 11 == 0 };
}

static struct device *open_device(int threads)
{
    struct error err;
    struct device *device = device_cpu_open(&(struct device_cpu_options){ threads }, &err);

    if (!device)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return device;
}

static void run_from_start(struct planned *planned, enum planned_way way,
                           struct planned_bits *bits)
{
    planned_restart(planned);
    planned_run(planned, way);
    planned_bits_take(bits, planned);
}

/* Twice in the usual way and once with all dead memory poisoned before each step. */
static void check_bits(struct planned *planned)
{
    struct planned_bits first, second, poisoned;

    run_from_start(planned, RUN_PLAIN, &first);
    run_from_start(planned, RUN_PLAIN, &second);
    planned_bits_check(&second, &first, planned, "a second run");
    run_from_start(planned, RUN_POISONED, &poisoned);
    planned_bits_check(&poisoned, &first, planned, "with dead memory poisoned");
    planned_bits_release(&first);
    planned_bits_release(&second);
    planned_bits_release(&poisoned);
}

static void check_threads(const struct planned_options *options, const struct planned *expected,
                          int threads)
{
    struct device *device = open_device(threads);
    struct planned planned;

    planned_init(&planned, device, options);
    planned_run(&planned, RUN_PLAIN);
    planned_compare(&planned, expected, TOLERANCE, threads == 1 ? "one thread" : "two threads");
    check_bits(&planned);
    planned_check_padding(&planned);
    planned_release(&planned);
    device_close(device);
}

static void check_networks(int count, bool evaluation)
{
    struct device *exact = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + (uint64_t)count; seed++) {
        struct planned_options options = options_of(seed);
        struct planned expected;

        options.evaluation = evaluation;
        planned_init(&expected, exact, &options);
        planned_run(&expected, RUN_PLAIN);
        check_threads(&options, &expected, 2);
        check_threads(&options, &expected, 1);
        planned_release(&expected);
    }
    device_close(exact);
}

TEST(random_networks_train_as_on_the_exact_device)
{
    check_networks(12, false);
}

TEST(random_networks_evaluate_as_on_the_exact_device)
{
    check_networks(6, true);
}

TEST_SLOW(many_random_networks_train_as_on_the_exact_device)
{
    check_networks(400, false);
}

TEST_SLOW(many_random_networks_evaluate_as_on_the_exact_device)
{
    check_networks(200, true);
}
