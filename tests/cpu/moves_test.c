/* moves_test.c - kernels/vector_pool.c and vector_moves.c against the reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

#define SEEDS 8

static struct value *values_of(struct graph *graph, struct shape shape)
{
    return graph_input(graph, "value", shape, DTYPE_F32);
}

static struct shape pick_image(struct rng *rng, int least)
{
    return SHAPE(test_pick(rng, 1, 3), test_pick(rng, 1, 33), test_pick(rng, least, 11),
                 test_pick(rng, least, 19));
}

static void check_one(const struct node *node, const struct kernel *const *rows, uint64_t seed,
                      draw_fn *draw)
{
    check_kernels(&(struct kernel_check){ .node = node, .rows = rows, .seed = seed, .draw = draw,
                                          .training = seed % 2, .any_layout = true });
}

/* --- windows --------------------------------------------------------------------------------- */

/* Whole numbers below 9: many are equal. */
static void draw_whole(struct rng *rng, const struct node *node, int input, double *data,
                       int64_t count)
{
    (void)node;
    (void)input;
    for (int64_t i = 0; i < count; i++)
        data[i] = rng_below(rng, 9);
}

/* A tap of window `at` along one axis that lies in the image. */
static int64_t pick_tap(struct rng *rng, const struct pool_attributes *pool, int axis, int64_t at)
{
    for (;;) {
        int64_t tap = rng_below(rng, (uint32_t)pool->kernel[axis]);
        int64_t pixel = at * pool->stride[axis] - pool->pad[axis] + tap;

        if (pixel >= 0 && pixel < pool->input_size[axis])
            return tap;
    }
}

static void draw_index(struct rng *rng, const struct node *node, int input, double *data,
                       int64_t count)
{
    const struct pool_attributes *pool = node->attributes;
    const struct shape *y = &node->inputs[0]->shape;

    for (int64_t i = 0; input == 0 && i < count; i++)
        data[i] = (double)(pick_tap(rng, pool, 0, i / y->dim[3] % y->dim[2]) * pool->kernel[1] +
                           pick_tap(rng, pool, 1, i % y->dim[3]));
}

TEST(pools_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 1, 0);
        int kernel = test_pick(&rng, 2, 5), stride = test_pick(&rng, 1, 2);
        struct shape x = pick_image(&rng, kernel), y;
        struct pool_attributes pool = { .kernel = { kernel, kernel }, .stride = { stride, stride },
                                        .pad = { kernel / 2, kernel / 2 },
                                        .input_size = { (int)x.dim[2], (int)x.dim[3] } };
        struct graph graph;
        struct node *node;

        graph_init(&graph);
        node = TEST_NODE(&graph, &op_max_pool, &pool, values_of(&graph, x));
        y = node->outputs[0]->shape;
        check_one(node, pool_kernels, seed, NULL);
        check_one(TEST_NODE(&graph, &op_max_pool_grad, &pool,
                            graph_input(&graph, "index", y, DTYPE_I32), values_of(&graph, y)),
                  pool_kernels, seed, draw_index);
        check_one(TEST_NODE(&graph, &op_avg_pool, &pool, values_of(&graph, x)), pool_kernels, seed,
                  NULL);
        check_one(TEST_NODE(&graph, &op_avg_pool_grad, &pool, values_of(&graph, y)), pool_kernels,
                  seed, NULL);
        graph_release(&graph);
    }
}

TEST(max_pool_takes_the_first_of_equals)
{
    struct pool_attributes pool = { .kernel = { 3, 3 }, .stride = { 1, 1 }, .pad = { 1, 1 } };
    struct graph graph;

    graph_init(&graph);
    check_one(TEST_NODE(&graph, &op_max_pool, &pool, values_of(&graph, SHAPE(1, 5, 4, 4))),
              pool_kernels, 1, draw_whole);
    graph_release(&graph);
}

TEST(upsample_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct upsample_attributes up = { .factor = 1 + (int)seed % 3 };
        struct rng rng = rng_for(seed, 2, 0);
        struct shape x = pick_image(&rng, 1), y = x;
        struct graph graph;

        y.dim[2] *= up.factor;
        y.dim[3] *= up.factor;
        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_upsample, &up, values_of(&graph, x)), pool_kernels, seed,
                  NULL);
        check_one(TEST_NODE(&graph, &op_upsample_grad, &up, values_of(&graph, y)), pool_kernels,
                  seed, NULL);
        graph_release(&graph);
    }
}

/* --- one axis -------------------------------------------------------------------------------- */

TEST(concat_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
        struct rng rng = rng_for(seed, 3, 0);
        struct concat_attributes concat = { .axis = (int)seed % 4 };
        struct shape a = pick_image(&rng, 1), b, c;
        struct graph graph;

        if (seed > SEEDS) { /* along channels between blocks */
            concat.axis = 1;
            a.dim[1] = 16 * test_pick(&rng, 1, 2);
        }
        b = c = a;
        b.dim[concat.axis] = seed > SEEDS ? 32 : test_pick(&rng, 1, 20);
        c.dim[concat.axis] = test_pick(&rng, 1, 20);
        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_concat, &concat, values_of(&graph, a), values_of(&graph, b),
                            values_of(&graph, c)), move_kernels, seed, NULL);
        graph_release(&graph);
    }
}

TEST(slice_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
        struct rng rng = rng_for(seed, 4, 0);
        struct slice_attributes slice = { .axis = (int)seed % 4 };
        struct shape x = pick_image(&rng, 2), y = x;
        struct graph graph;

        if (seed > SEEDS) {
            slice.axis = 1;
            x.dim[1] = y.dim[1] = 32 + test_pick(&rng, 1, 32);
        }
        slice.size = (int)x.dim[slice.axis];
        slice.begin = seed > SEEDS ? 16 : slice.size / 3;
        slice.end = seed > SEEDS && seed % 2 ? 32 : slice.size;
        y.dim[slice.axis] = slice.end - slice.begin;
        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_slice, &slice, values_of(&graph, x)), move_kernels, seed,
                  NULL);
        check_one(TEST_NODE(&graph, &op_slice_grad, &slice, values_of(&graph, y)), move_kernels,
                  seed, NULL);
        check_one(TEST_NODE(&graph, &op_slice_add, &slice, values_of(&graph, x),
                            values_of(&graph, y)),
                  move_kernels, seed, NULL);
        graph_release(&graph);
    }
}

/* --- other moves ----------------------------------------------------------------------------- */

TEST(reshape_and_transpose_equal_the_reference)
{
    static const int orders[][4] = { { 0, 1, 2, 3 }, { 0, 2, 3, 1 }, { 3, 1, 0, 2 },
                                     { 1, 0, 2, 3 } };

    for (uint64_t seed = 0; seed < 4; seed++) {
        struct rng rng = rng_for(seed, 5, 0);
        struct shape x = pick_image(&rng, 1);
        struct reshape_attributes reshape = { .rank = 2, .dim = { (int)x.dim[0], -1 } };
        struct transpose_attributes transpose;
        struct graph graph;

        memcpy(transpose.order, orders[seed], sizeof(orders[seed]));
        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_reshape, &reshape, values_of(&graph, x)), move_kernels,
                  seed, NULL);
        check_one(TEST_NODE(&graph, &op_transpose, &transpose, values_of(&graph, x)), move_kernels,
                  seed, NULL);
        graph_release(&graph);
    }
}

TEST(token_moves_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 6, 0);
        struct shape x = pick_image(&rng, 1);
        struct shape tokens = SHAPE(x.dim[0], x.dim[2] * x.dim[3], x.dim[1]), more = tokens;
        struct reshape_attributes back = { .rank = 4, .dim = { (int)x.dim[0], (int)x.dim[1],
                                                               (int)x.dim[2], (int)x.dim[3] } };
        struct graph graph;

        more.dim[1]++;
        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_to_tokens, NULL, values_of(&graph, x)), move_kernels, seed,
                  NULL);
        check_one(TEST_NODE(&graph, &op_from_tokens, &back, values_of(&graph, tokens)),
                  move_kernels, seed, NULL);
        check_one(TEST_NODE(&graph, &op_prepend_token, NULL, values_of(&graph, tokens),
                            values_of(&graph, SHAPE(1, 1, x.dim[1]))), move_kernels, seed, NULL);
        check_one(TEST_NODE(&graph, &op_prepend_token_grad, NULL, values_of(&graph, more),
                            values_of(&graph, SHAPE(1, 1, x.dim[1]))), move_kernels, seed, NULL);
        graph_release(&graph);
    }
}

TEST(random_masks_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random_attributes random = { .rate = 0.3, .key = 7, .count = 23 };
        struct rng rng = rng_for(seed, 7, 0);
        struct shape x = SHAPE(test_pick(&rng, 1, 5), test_pick(&rng, 1, 99));
        struct graph graph;

        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_dropout, &random, values_of(&graph, x)), move_kernels, seed,
                  NULL);
        check_one(test_node(&graph, &op_drop_path_mask, NULL, 0, &random), move_kernels, seed,
                  NULL);
        graph_release(&graph);
    }
}
