/* rows_test.c - kernels/vector_elementwise.c, vector_channels.c and vector_rows.c against the
 * reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

#define SEEDS 8

static struct value *values_of(struct graph *graph, struct shape shape)
{
    return graph_input(graph, "value", shape, DTYPE_F32);
}

static struct shape pick_image(struct rng *rng)
{
    return SHAPE(test_pick(rng, 1, 3), test_pick(rng, 1, 33), test_pick(rng, 1, 9),
                 test_pick(rng, 1, 19));
}

static struct shape pick_tokens(struct rng *rng)
{
    return SHAPE(test_pick(rng, 1, 3), test_pick(rng, 1, 40), test_pick(rng, 1, 70));
}

/* --- elementwise ----------------------------------------------------------------------------- */

TEST(add_and_mul_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 1, 0);
        struct shape shape = seed % 2 ? pick_image(&rng) : SHAPE(test_pick(&rng, 1, 9000));
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, seed % 4 < 2 ? &op_add : &op_mul, NULL,
                              values_of(&graph, shape), values_of(&graph, shape)),
            .rows = elementwise_kernels, .seed = seed, .any_layout = true });
        graph_release(&graph);
    }
}

TEST(activations_equal_the_reference)
{
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_TANH; kind++) {
        struct activation_attributes attributes = { .kind = kind };
        struct rng rng = rng_for((uint64_t)kind, 2, 0);
        struct shape shape = pick_image(&rng);
        struct graph graph;

        if (kind == ACTIVATION_NONE)
            continue;
        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_activation, &attributes, values_of(&graph, shape)),
            .rows = elementwise_kernels, .seed = 3, .tolerance = 1e-6, .any_layout = true });
        graph_release(&graph);
        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_activation_grad, &attributes, values_of(&graph, shape),
                              values_of(&graph, shape)),
            .rows = elementwise_kernels, .seed = 4, .tolerance = 2e-6, .any_layout = true });
        graph_release(&graph);
    }
}

TEST(activation_grads_from_output_equal_the_reference)
{
    static const int kinds[] = { ACTIVATION_RELU, ACTIVATION_SIGMOID, ACTIVATION_HARD_SIGMOID,
                                 ACTIVATION_TANH };

    for (int i = 0; i < 4; i++) {
        struct activation_attributes attributes = { .kind = kinds[i], .from_output = true };
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_activation_grad, &attributes,
                              values_of(&graph, SHAPE(3, 37)), values_of(&graph, SHAPE(3, 37))),
            .rows = elementwise_kernels, .seed = 5, .tolerance = 1e-6 });
        graph_release(&graph);
    }
}

static void wide(struct rng *rng, const struct node *node, int input, double *data, int64_t count)
{
    (void)node;
    (void)input;
    for (int64_t i = 0; i < count; i++)
        data[i] = (float)rng_between(rng, -20, 20);
}

TEST(activations_are_right_far_from_zero)
{
    for (int kind = ACTIVATION_RELU; kind <= ACTIVATION_TANH; kind++) {
        struct activation_attributes attributes = { .kind = kind };
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_activation, &attributes, values_of(&graph, SHAPE(4000))),
            .rows = elementwise_kernels, .seed = 6, .tolerance = 5e-7, .draw = wide });
        graph_release(&graph);
    }
}

TEST(sample_ops_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 3, 0);
        struct shape x = pick_image(&rng), tokens = pick_tokens(&rng);
        struct shape one = SHAPE(1, tokens.dim[1], tokens.dim[2]);
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_scale_samples, NULL, values_of(&graph, x),
                              values_of(&graph, SHAPE(x.dim[0]))),
            .rows = elementwise_kernels, .seed = seed, .any_layout = true });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_add_samples, NULL, values_of(&graph, tokens),
                              values_of(&graph, one)),
            .rows = elementwise_kernels, .seed = seed });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_sum_samples, NULL, values_of(&graph, tokens),
                              values_of(&graph, one)),
            .rows = elementwise_kernels, .seed = seed });
        graph_release(&graph);
    }
}

/* --- channels -------------------------------------------------------------------------------- */

TEST(channel_ops_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 4, 0);
        struct shape x = pick_image(&rng), s = SHAPE(x.dim[0], x.dim[1]);
        struct pool_attributes pool = { .input_size = { (int)x.dim[2], (int)x.dim[3] } };
        struct graph graph;
        struct node *nodes[4];

        graph_init(&graph);
        nodes[0] = TEST_NODE(&graph, &op_scale_channels, NULL, values_of(&graph, x),
                             values_of(&graph, s));
        nodes[1] = TEST_NODE(&graph, &op_scale_channels_scale_grad, NULL, values_of(&graph, x),
                             values_of(&graph, x));
        nodes[2] = TEST_NODE(&graph, &op_global_avg_pool, &pool, values_of(&graph, x));
        nodes[3] = TEST_NODE(&graph, &op_global_avg_pool_grad, &pool, values_of(&graph, s));
        for (int i = 0; i < 4; i++)
            check_kernels(&(struct kernel_check){ .node = nodes[i], .rows = channel_kernels,
                                                  .seed = seed });
        graph_release(&graph);
    }
}

/* --- rows ------------------------------------------------------------------------------------ */

static void positive_istd(struct rng *rng, const struct node *node, int input, double *data,
                          int64_t count)
{
    for (int64_t i = 0; node->op == &op_layer_norm_grad && input == 3 && i < count; i++)
        data[i] = rng_between(rng, 0.3, 2);
}

TEST(layer_norm_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct layer_norm_attributes attributes = { .eps = 1e-6 };
        struct rng rng = rng_for(seed, 5, 0);
        struct shape x = pick_tokens(&rng), rows = SHAPE(x.dim[0], x.dim[1]);
        struct graph graph;

        x.dim[2] += 2; /* one feature has no variance */
        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_layer_norm, &attributes, values_of(&graph, x),
                              values_of(&graph, SHAPE(x.dim[2])),
                              values_of(&graph, SHAPE(x.dim[2]))),
            .rows = row_kernels, .seed = seed, .tolerance = 1e-4 });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_layer_norm_grad, &attributes, values_of(&graph, x),
                              values_of(&graph, SHAPE(x.dim[2])), values_of(&graph, rows),
                              values_of(&graph, rows), values_of(&graph, x)),
            .rows = row_kernels, .seed = seed, .draw = positive_istd, .tolerance = 1e-4 });
        graph_release(&graph);
    }
}

TEST(scale_last_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 6, 0);
        struct shape x = pick_tokens(&rng);
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_scale_last, NULL, values_of(&graph, x),
                              values_of(&graph, SHAPE(x.dim[2]))),
            .rows = row_kernels, .seed = seed });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_scale_last_scale_grad, NULL, values_of(&graph, x),
                              values_of(&graph, x)),
            .rows = row_kernels, .seed = seed });
        graph_release(&graph);
    }
}

TEST(softmax_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 7, 0);
        struct shape x = pick_tokens(&rng);
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_softmax, NULL, values_of(&graph, x)),
            .rows = row_kernels, .seed = seed, .tolerance = 1e-6,
            .draw = seed % 2 ? wide : NULL });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_softmax_grad, NULL, values_of(&graph, x),
                              values_of(&graph, x)),
            .rows = row_kernels, .seed = seed });
        graph_release(&graph);
    }
}

/* Targets: mostly one-hot, the last row empty. */
static void draw_targets(struct rng *rng, const struct node *node, int input, double *data,
                         int64_t count)
{
    int64_t rows = node->inputs[0]->shape.dim[0], classes = count / rows;

    if (input != 1)
        return;
    memset(data, 0, (size_t)count * sizeof(double));
    for (int64_t row = 0; row < rows - (rows > 1); row++)
        data[row * classes + rng_below(rng, (uint32_t)classes)] = 1;
}

TEST(softmax_cross_entropy_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 8, 0);
        struct shape x = SHAPE(test_pick(&rng, 1, 40), test_pick(&rng, 1, 100));
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_softmax_cross_entropy, NULL, values_of(&graph, x),
                              values_of(&graph, x)),
            .rows = row_kernels, .seed = seed, .draw = draw_targets });
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_softmax_cross_entropy_grad, NULL, values_of(&graph, x),
                              values_of(&graph, x)),
            .rows = row_kernels, .seed = seed, .draw = draw_targets });
        graph_release(&graph);
    }
}
