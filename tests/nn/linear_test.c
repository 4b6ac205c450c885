/* linear_test.c - linear layers and matrix products. */

#include "base/rng.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

/* --- linear ---------------------------------------------------------------------------------- */

struct linear_case {
    struct shape x, weight;
    bool has_bias;
};

static void build_linear(struct graph *graph, const void *context)
{
    const struct linear_case *c = context;
    struct init init = { 0 };
    struct value *x = graph_parameter(graph, "x", c->x, init);
    struct value *weight = graph_parameter(graph, "weight", c->weight, init);
    struct value *bias =
        c->has_bias ? graph_parameter(graph, "bias", SHAPE(c->weight.dim[0]), init) : NULL;

    graph_add_output(graph, graph_apply(graph, &op_linear, "fc",
                                        (struct value *[]){ x, weight, bias }, c->has_bias ? 3 : 2,
                                        NULL));
}

TEST(linear_multiplies_each_row)
{
    const struct linear_case c = { SHAPE(2, 1, 3), SHAPE(2, 3), true };
    const double expected[] = { 1 + 4 + 9 + 10, -1 + 3 + 20, 4 + 10 + 18 + 10, -4 + 6 + 20 };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_linear(&graph, &c);
    CHECK(graph.output_count && shape_equal(&graph.outputs[0]->shape, &SHAPE(2, 1, 2)));
    CHECK_NEAR(graph_flops(&graph), 2 * 6 * 2, 0);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"), (const double[]){ 1, 2, 3, 4, 5, 6 });
    numbers_set(&numbers, graph_find(&graph, "weight"), (const double[]){ 1, 2, 3, -1, 0, 1 });
    numbers_set(&numbers, graph_find(&graph, "bias"), (const double[]){ 10, 20 });
    numbers_run(&numbers, NULL);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[i], expected[i], 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(linear_gradients_match_differences)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct rng rng = rng_for(seed, 8, 0);
        int in = 1 + (int)rng_below(&rng, 33), out = 1 + (int)rng_below(&rng, 33);
        int rows = 1 + (int)rng_below(&rng, 5);
        struct linear_case c = { SHAPE(rows, in), SHAPE(out, in), seed % 2 };

        if (seed % 3 == 1)
            c.x = SHAPE(rows, 3, in);
        if (seed % 3 == 2)
            c.weight = SHAPE(out, in, 1, 1); /* stored as a convolution */
        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_linear,
                                                  .context = &c });
    }
}

TEST(linear_refuses_other_features)
{
    const struct linear_case wide = { SHAPE(2, 5), SHAPE(3, 4), false };
    const struct linear_case flat = { SHAPE(2, 5), SHAPE(5), false };

    check_build_fails(build_linear, &wide,
                      "linear: the input has 5 features, but the weight is for 4");
    check_build_fails(build_linear, &flat, "linear: the weight has the shape (5)");
}

/* --- matmul ---------------------------------------------------------------------------------- */

struct matmul_case {
    struct shape a, b;
    struct matmul_attributes matmul;
};

static void build_matmul(struct graph *graph, const void *context)
{
    const struct matmul_case *c = context;
    struct init init = { 0 };
    struct value *a = graph_parameter(graph, "a", c->a, init);
    struct value *b = graph_parameter(graph, "b", c->b, init);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_matmul, "product", &c->matmul, a, b));
}

/* `count` matrices of rows x columns, stored transposed or not. */
static struct shape matrices(int count, int rows, int columns, bool transpose)
{
    return transpose ? SHAPE(count, columns, rows) : SHAPE(count, rows, columns);
}

static struct matmul_case draw_matmul(uint64_t seed)
{
    struct rng rng = rng_for(seed, 9, 0);
    int count = 1 + (int)rng_below(&rng, 3), m = 1 + (int)rng_below(&rng, 9);
    int k = 1 + (int)rng_below(&rng, 9), n = 1 + (int)rng_below(&rng, 9);
    struct matmul_case c = { .matmul = { .transpose_a = seed & 1, .transpose_b = seed & 2 } };

    c.matmul.scale = seed & 4 ? 0.25 : 0;
    c.a = matrices(count, m, k, c.matmul.transpose_a);
    c.b = matrices(count, k, n, c.matmul.transpose_b);
    return c;
}

static double element(const double *data, const struct shape *shape, bool transpose, int64_t matrix,
                      int64_t row, int64_t column)
{
    int64_t i = transpose ? column : row, j = transpose ? row : column;

    return data[(matrix * shape->dim[1] + i) * shape->dim[2] + j];
}

TEST(matmul_is_the_sum_of_products)
{
    for (uint64_t seed = 0; seed < 16; seed++) {
        struct matmul_case c = draw_matmul(seed);
        bool transpose_a = c.matmul.transpose_a, transpose_b = c.matmul.transpose_b;
        struct graph graph;
        struct numbers numbers;
        const struct shape *shape;
        const double *a, *b;

        graph_init(&graph);
        build_matmul(&graph, &c);
        CHECK(graph.output_count);
        shape = &graph.outputs[0]->shape;
        CHECK(shape->dim[1] == c.a.dim[transpose_a ? 2 : 1]);
        CHECK(shape->dim[2] == c.b.dim[transpose_b ? 1 : 2]);
        numbers_init(&numbers, &graph);
        numbers_draw(&numbers, seed);
        numbers_run(&numbers, NULL);
        a = numbers_of(&numbers, graph_find(&graph, "a"));
        b = numbers_of(&numbers, graph_find(&graph, "b"));
        for (int64_t e = 0; e < shape_count(shape); e++) {
            int64_t column = e % shape->dim[2], row = e / shape->dim[2] % shape->dim[1];
            int64_t matrix = e / shape->dim[2] / shape->dim[1];
            double sum = 0;

            for (int64_t k = 0; k < c.a.dim[transpose_a ? 1 : 2]; k++)
                sum += element(a, &c.a, transpose_a, matrix, row, k) *
                       element(b, &c.b, transpose_b, matrix, k, column);
            sum *= seed & 4 ? 0.25 : 1;
            CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[e], sum, 1e-13);
        }
        numbers_release(&numbers);
        graph_release(&graph);
    }
}

TEST(matmul_gradients_match_differences)
{
    for (uint64_t seed = 16; seed < 32; seed++) {
        struct matmul_case c = draw_matmul(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_matmul,
                                                  .context = &c });
    }
}

TEST(matmul_refuses_what_does_not_fit)
{
    const struct matmul_case inner = { SHAPE(2, 3, 4), SHAPE(2, 3, 4), { 0 } };
    const struct matmul_case leading = { SHAPE(2, 3, 4), SHAPE(3, 4, 3), { 0 } };

    check_build_fails(build_matmul, &inner,
                      "matmul: (2, 3, 4) and (2, 3, 4) cannot be multiplied");
    check_build_fails(build_matmul, &leading, "matmul: (2, 3, 4) and (3, 4, 3)");
}
