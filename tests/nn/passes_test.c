/* passes_test.c - a pass leaves the meaning of a graph unchanged: losses, gradients and running
 * statistics of random networks stay what they were, in double precision. */

#include "nn/passes.h"

#include "base/rng.h"
#include "nn/ops.h"
#include "nn/planned_support.h"
#include "test.h"

#include <stdlib.h>

#define GRAPH_COUNT 150
#define FIRST_SEED 1000

/* Only rounding may differ; batch norms of few numbers enlarge it. */
#define TOLERANCE 1e-8

/* --- what the random graphs hold -------------------------------------------------------------- */

static int count_nodes(const struct graph *graph, const struct op *op)
{
    int count = 0;

    for (int i = 0; i < graph->node_count; i++)
        count += graph->nodes[i]->op == op;
    return count;
}

static int count_recomputed(const struct graph *graph)
{
    int count = 0;

    for (int i = 0; i < graph->node_count; i++)
        count += graph->nodes[i]->is_recompute;
    return count;
}

/* Without this the other tests might pass because there is nothing to do. */
TEST(random_graphs_use_every_layer_and_every_pass)
{
    static const struct op *const wanted[] = {
        &op_conv2d, &op_linear, &op_matmul, &op_activation, &op_batch_stats, &op_batch_apply,
        &op_depthwise_norm, &op_layer_norm, &op_group_norm, &op_max_pool, &op_avg_pool,
        &op_global_avg_pool, &op_upsample, &op_add, &op_mul, &op_scale_channels, &op_scale_last,
        &op_add_samples, &op_scale_samples, &op_dropout, &op_drop_path_mask, &op_concat, &op_slice,
        &op_reshape, &op_transpose, &op_to_tokens, &op_from_tokens, &op_prepend_token, &op_softmax,
        &op_attention,
    };
    struct device *device = device_reference_open(true);
    int found[sizeof(wanted) / sizeof(wanted[0])] = { 0 }, recomputed = 0, removed = 0, nodes = 0;

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct planned_options options = { .build = random_graph_build, .seed = seed,
                                           .passes = PASSES_ALL & ~PASSES_REMOVE_DEAD };
        struct planned planned;
        int before;

        planned_init(&planned, device, &options);
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            found[i] += count_nodes(&planned.graph, wanted[i]);
        recomputed += count_recomputed(&planned.graph);
        before = planned.graph.node_count;
        nodes += before;
        pass_remove_dead(&planned.graph);
        removed += before - planned.graph.node_count;
        planned_release(&planned);
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (found[i] < 5)
            test_fail(__FILE__, __LINE__, "there are only %d of %s", found[i], wanted[i]->name);
    CHECK(nodes > 30 * GRAPH_COUNT);
    CHECK(recomputed > GRAPH_COUNT / 3);
    CHECK(removed > GRAPH_COUNT);
    device_close(device);
}

/* --- with a pass and without ------------------------------------------------------------------ */

static void compare_with(unsigned passes, unsigned base, bool evaluation, const char *what)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct planned_options options = { .build = random_graph_build, .seed = seed,
                                           .passes = base, .evaluation = evaluation };
        struct planned without, with;

        planned_init(&without, device, &options);
        planned_run(&without, RUN_PLAIN);
        options.passes |= passes;
        planned_init(&with, device, &options);
        planned_run(&with, RUN_POISONED);
        planned_compare(&with, &without, TOLERANCE, what);
        planned_release(&with);
        planned_release(&without);
    }
    device_close(device);
}

TEST(fusing_batch_apply_changes_nothing)
{
    compare_with(PASSES_FUSE_APPLY, 0, false, "fuse_batch_apply");
}

TEST(fusing_batch_apply_changes_nothing_in_evaluation)
{
    compare_with(PASSES_FUSE_APPLY, 0, true, "fuse_batch_apply in evaluation");
}

/* Without activations in batch_apply nothing but the statistics would be fused. */
TEST(fusing_depthwise_changes_nothing)
{
    compare_with(PASSES_FUSE_DEPTHWISE, 0, false, "fuse_depthwise alone");
    compare_with(PASSES_FUSE_DEPTHWISE, PASSES_FUSE_APPLY, false, "fuse_depthwise");
}

TEST(recomputing_changes_nothing)
{
    compare_with(PASSES_RECOMPUTE, 0, false, "recompute alone");
    compare_with(PASSES_RECOMPUTE, PASSES_FUSE_APPLY | PASSES_FUSE_DEPTHWISE, false, "recompute");
}

TEST(removing_dead_nodes_changes_nothing)
{
    compare_with(PASSES_REMOVE_DEAD, 0, false, "remove_dead alone");
    compare_with(PASSES_REMOVE_DEAD, 0, true, "remove_dead in evaluation");
    compare_with(PASSES_REMOVE_DEAD, PASSES_ALL & ~PASSES_REMOVE_DEAD, false, "remove_dead");
}

/* --- lowering: against batch norms as this file understands them ------------------------------ */

/* Every value of a graph that has not been lowered, in training. */
struct interpreter {
    const struct planned *planned; /* in evaluation; lends weights and inputs */
    double **of;                   /* by value id */
};

/* Normalise channel c by its own mean and variance and move the running ones, as PyTorch does. */
static void norm_channel(const struct node *node, int64_t c, double *const *in, double *out)
{
    const struct batch_norm_attributes *a = node->attributes;
    const int64_t *dim = node->inputs[0]->shape.dim;
    int64_t plane = dim[2] * dim[3], count = dim[0] * plane;
    double mean = 0, variance = 0;

    for (int64_t i = 0; i < count; i++)
        mean += in[0][(i / plane * dim[1] + c) * plane + i % plane] / (double)count;
    for (int64_t i = 0; i < count; i++) {
        double d = in[0][(i / plane * dim[1] + c) * plane + i % plane] - mean;

        variance += d * d / (double)count;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t at = (i / plane * dim[1] + c) * plane + i % plane;

        out[at] = (in[0][at] - mean) / sqrt(variance + a->eps) * in[1][c] + in[2][c];
    }
    in[3][c] += a->momentum * (mean - in[3][c]);
    in[4][c] += a->momentum * (variance * (double)count / (double)(count - 1) - in[4][c]);
}

static void interpret_node(struct interpreter *interpreter, const struct node *node)
{
    struct run_state run = interpreter->planned->run;
    double *in[NODE_MAX_INPUTS] = { 0 }, *out[NODE_MAX_OUTPUTS] = { 0 };

    run.training = true;
    for (int j = 0; j < node->input_count; j++)
        in[j] = node->inputs[j] ? interpreter->of[node->inputs[j]->id] : NULL;
    for (int j = 0; j < node->output_count; j++)
        out[j] = interpreter->of[node->outputs[j]->id];
    if (node->op == &op_batch_norm)
        for (int64_t c = 0; c < node->inputs[0]->shape.dim[1]; c++)
            norm_channel(node, c, in, out[0]);
    else
        node->op->reference(&(struct reference_call){ node, in, out, &run });
}

static void interpreter_init(struct interpreter *interpreter, const struct planned *planned)
{
    *interpreter = (struct interpreter){ planned, calloc((size_t)planned->graph.value_count,
                                                         sizeof(double *)) };
    for (int i = 0; i < planned->graph.value_count; i++) {
        const struct value *value = planned->graph.values[i];
        size_t bytes = (size_t)shape_count(&value->shape) * sizeof(double);
        const struct weight *weight =
            value->kind == VALUE_PARAMETER || value->kind == VALUE_STATE
                ? weights_find(&planned->weights, value->name)
                : NULL;

        interpreter->of[i] = weight ? planned_weight(planned, weight) : calloc(1, bytes);
        if (value->kind == VALUE_INPUT)
            memcpy(interpreter->of[i], plan_value(planned->plan, value).data, bytes);
    }
    for (int i = 0; i < planned->graph.node_count; i++)
        interpret_node(interpreter, planned->graph.nodes[i]);
}

static void interpreter_release(struct interpreter *interpreter)
{
    for (int i = 0; i < interpreter->planned->graph.value_count; i++)
        free(interpreter->of[i]);
    free(interpreter->of);
}

static void check_near(uint64_t seed, const char *what, double got, double expected)
{
    if (!(fabs(got - expected) <= TOLERANCE * (1 + fabs(expected))))
        test_fail(__FILE__, __LINE__, "seed %llu: %s is %.12g, not %.12g",
                  (unsigned long long)seed, what, got, expected);
}

/* Gradients are held against differences in gradient_test.c. */
TEST(lowered_batch_norms_train_as_defined)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct planned_options options = { .build = random_graph_build, .seed = seed };
        struct planned lowered, original;
        struct interpreter interpreter;

        planned_init(&lowered, device, &options);
        planned_run(&lowered, RUN_PLAIN);
        options.evaluation = options.no_lowering = options.no_reuse = true;
        planned_init(&original, device, &options);
        planned_run(&original, RUN_PLAIN);
        planned_restart(&original);
        interpreter_init(&interpreter, &original);
        check_near(seed, "the loss", planned_loss(&lowered),
                   interpreter.of[original.net.loss->id][0]);
        for (int i = 0; i < original.graph.value_count; i++) {
            const struct value *value = original.graph.values[i];
            double *state;

            if (value->kind != VALUE_STATE)
                continue;
            state = planned_weight(&lowered, weights_find(&lowered.weights, value->name));
            for (int64_t k = 0; k < shape_count(&value->shape); k++)
                check_near(seed, value->name, state[k], interpreter.of[i][k]);
            free(state);
        }
        interpreter_release(&interpreter);
        planned_release(&original);
        planned_release(&lowered);
    }
    device_close(device);
}

TEST(lowered_batch_norms_evaluate_as_defined)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct planned_options options = { .build = random_graph_build, .seed = seed,
                                           .evaluation = true, .no_lowering = true };
        struct planned original, lowered;

        planned_init(&original, device, &options);
        planned_run(&original, RUN_PLAIN);
        options.no_lowering = false;
        planned_init(&lowered, device, &options);
        planned_run(&lowered, RUN_PLAIN);
        planned_compare(&lowered, &original, TOLERANCE, "lower_batch_norm in evaluation");
        planned_release(&lowered);
        planned_release(&original);
    }
    device_close(device);
}
