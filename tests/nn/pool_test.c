/* pool_test.c - pooling and upsampling. */

#include "base/rng.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

struct pool_case {
    const struct op *op;
    struct shape x;
    struct pool_attributes pool;
};

static void build_pool(struct graph *graph, const void *context)
{
    const struct pool_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, c->op, "pool", &c->pool, x));
}

static int between(struct rng *rng, int low, int high)
{
    return low + (int)rng_below(rng, (uint32_t)(high - low + 1));
}

static struct pool_case draw_case(const struct op *op, uint64_t seed)
{
    struct rng rng = rng_for(seed, 11, 0);
    struct pool_case c = { .op = op, .x = SHAPE(between(&rng, 1, 3), between(&rng, 1, 5), 1, 1) };

    for (int i = 0; i < 2; i++) {
        c.pool.kernel[i] = between(&rng, 1, 5);
        c.pool.stride[i] = between(&rng, 0, 4); /* 0: the kernel */
        c.pool.pad[i] = between(&rng, 0, c.pool.kernel[i] / 2);
        c.x.dim[2 + i] = between(&rng, c.pool.kernel[i], 11);
    }
    return c;
}

/* --- max and mean ----------------------------------------------------------------------------- */

TEST(max_pool_padding_never_wins)
{
    const struct pool_case c = { &op_max_pool, SHAPE(1, 1, 3, 3),
                                 { .kernel = { 3, 3 }, .stride = { 2, 2 }, .pad = { 1, 1 } } };
    const double expected[] = { -1, -2, -4, -5 }, index[] = { 4, 3, 1, 0 };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_pool(&graph, &c);
    CHECK(graph.output_count && shape_equal(&graph.outputs[0]->shape, &SHAPE(1, 1, 2, 2)));
    CHECK(graph.nodes[0]->outputs[1]->dtype == DTYPE_I32);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"),
                (const double[]){ -1, -2, -3, -4, -5, -6, -7, -8, -9 });
    numbers_run(&numbers, NULL);
    for (int i = 0; i < 4; i++) {
        CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[i], expected[i], 0);
        CHECK_NEAR(numbers_of(&numbers, graph.nodes[0]->outputs[1])[i], index[i], 0);
    }
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(max_pool_ties_go_to_the_first_and_nan_is_kept)
{
    const struct pool_case c = { &op_max_pool, SHAPE(1, 1, 1, 6), { .kernel = { 1, 3 } } };
    struct graph graph;
    struct numbers numbers;
    const double *y, *index;

    graph_init(&graph);
    build_pool(&graph, &c);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"), (const double[]){ 0, 7, 7, 1, NAN, 9 });
    numbers_run(&numbers, NULL);
    y = numbers_of(&numbers, graph.outputs[0]);
    index = numbers_of(&numbers, graph.nodes[0]->outputs[1]);
    CHECK(y[0] == 7 && index[0] == 1);
    CHECK(isnan(y[1]) && index[1] == 1);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(avg_pool_counts_padding)
{
    const struct pool_case c = { &op_avg_pool, SHAPE(1, 1, 2, 3),
                                 { .kernel = { 2, 2 }, .stride = { 1, 3 }, .pad = { 1, 1 } } };
    const double expected[] = { 1, 3, 5, 9, 4, 6 };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_pool(&graph, &c);
    CHECK(graph.output_count && shape_equal(&graph.outputs[0]->shape, &SHAPE(1, 1, 3, 2)));
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"), (const double[]){ 4, 8, 12, 16, 20, 24 });
    numbers_run(&numbers, NULL);
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[i], expected[i], 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(pools_agree_with_a_scan_of_all_pixels)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct pool_case c = draw_case(seed % 2 ? &op_max_pool : &op_avg_pool, seed);
        struct graph graph;
        struct numbers numbers;
        const struct pool_attributes *pool;
        const struct shape *y;
        const double *x;

        graph_init(&graph);
        build_pool(&graph, &c);
        CHECK(graph.output_count);
        pool = graph.nodes[0]->attributes;
        y = &graph.outputs[0]->shape;
        numbers_init(&numbers, &graph);
        numbers_draw(&numbers, seed);
        numbers_run(&numbers, NULL);
        x = numbers_of(&numbers, graph_find(&graph, "x"));
        for (int64_t e = 0; e < shape_count(y); e++) {
            int64_t plane = e / (y->dim[2] * y->dim[3]), i = e / y->dim[3] % y->dim[2];
            int64_t j = e % y->dim[3];
            double sum = 0, largest = -INFINITY;

            for (int64_t p = 0; p < c.x.dim[2] * c.x.dim[3]; p++) {
                int64_t ky = p / c.x.dim[3] - i * pool->stride[0] + pool->pad[0];
                int64_t kx = p % c.x.dim[3] - j * pool->stride[1] + pool->pad[1];

                if (ky < 0 || kx < 0 || ky >= pool->kernel[0] || kx >= pool->kernel[1])
                    continue;
                sum += x[plane * c.x.dim[2] * c.x.dim[3] + p];
                largest = fmax(largest, x[plane * c.x.dim[2] * c.x.dim[3] + p]);
            }
            CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[e],
                       seed % 2 ? largest : sum / (pool->kernel[0] * pool->kernel[1]), 1e-13);
        }
        numbers_release(&numbers);
        graph_release(&graph);
    }
}

TEST(global_avg_pool_is_the_mean_of_a_plane)
{
    const struct pool_case c = { &op_global_avg_pool, SHAPE(1, 2, 1, 3), { { 0 } } };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_pool(&graph, &c);
    CHECK(graph.output_count && shape_equal(&graph.outputs[0]->shape, &SHAPE(1, 2)));
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"), (const double[]){ 1, 2, 6, -1, 0, 7 });
    numbers_run(&numbers, NULL);
    CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[0], 3, 1e-15);
    CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[1], 2, 1e-15);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(pool_gradients_match_differences)
{
    static const struct op *const ops[] = { &op_max_pool, &op_avg_pool, &op_global_avg_pool };

    for (uint64_t seed = 100; seed < 130; seed++) {
        struct pool_case c = draw_case(ops[seed % 3], seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_pool,
                                                  .context = &c });
    }
}

TEST(pools_refuse_what_does_not_fit)
{
    const struct pool_case wide = { &op_max_pool, SHAPE(1, 1, 8, 8),
                                    { .kernel = { 3, 3 }, .pad = { 2, 2 } } };
    const struct pool_case large = { &op_avg_pool, SHAPE(1, 1, 2, 8), { .kernel = { 3, 3 } } };
    const struct pool_case none = { &op_max_pool, SHAPE(1, 1, 2, 8), { .kernel = { 0, 0 } } };
    const struct pool_case flat = { &op_global_avg_pool, SHAPE(1, 1, 8), { { 0 } } };

    check_build_fails(build_pool, &wide, "max_pool: a padding of 2 is more than half");
    check_build_fails(build_pool, &large, "avg_pool: a kernel of 3 x 3 does not fit into 2 x 8");
    check_build_fails(build_pool, &none, "max_pool: a kernel of 0");
    check_build_fails(build_pool, &flat, "global_avg_pool: the input has the shape (1, 1, 8)");
}

/* --- upsampling ------------------------------------------------------------------------------- */

struct upsample_case {
    struct shape x;
    struct upsample_attributes upsample;
};

static void build_upsample(struct graph *graph, const void *context)
{
    const struct upsample_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_upsample, "up", &c->upsample, x));
}

TEST(upsample_repeats_pixels)
{
    const struct upsample_case c = { SHAPE(1, 2, 2, 1), { 2 } };
    const double expected[] = { 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4 };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_upsample(&graph, &c);
    CHECK(graph.output_count && shape_equal(&graph.outputs[0]->shape, &SHAPE(1, 2, 4, 2)));
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"), (const double[]){ 1, 2, 3, 4 });
    numbers_run(&numbers, NULL);
    for (int i = 0; i < 16; i++)
        CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[i], expected[i], 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(upsample_gradients_match_differences)
{
    const struct upsample_case twice = { SHAPE(2, 3, 3, 5), { 2 } };
    const struct upsample_case thrice = { SHAPE(1, 1, 2, 1), { 3 } };

    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_upsample,
                                              .context = &twice });
    check_gradients(&(struct gradient_check){ .seed = 2, .build = build_upsample,
                                              .context = &thrice });
}

TEST(upsample_refuses_a_factor_of_zero)
{
    const struct upsample_case c = { SHAPE(1, 1, 2, 1), { 0 } };

    check_build_fails(build_upsample, &c, "upsample: a factor of 0");
}
