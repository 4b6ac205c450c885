/* layer_norm_test.c - normalisation over the last dimension. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

struct layer_case {
    struct shape x;
    struct layer_norm_attributes norm;
};

static void build_norm(struct graph *graph, const void *context)
{
    const struct layer_case *c = context;
    int64_t features = c->x.dim[c->x.rank - 1];
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_NORMAL, 2 });
    struct value *gamma = graph_parameter(graph, "gamma", SHAPE(features), (struct init){ 0 });
    struct value *beta = graph_parameter(graph, "beta", SHAPE(features), (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_layer_norm, "norm", &c->norm, x, gamma, beta));
}

static struct layer_case pick_case(uint64_t seed)
{
    struct rng rng = rng_for(seed, 21, 0);
    struct layer_case c = { SHAPE(pick_between(&rng, 1, 4), pick_between(&rng, 1, 9)), { 0.01 } };

    if (seed % 2)
        c.x = SHAPE(pick_between(&rng, 1, 3), pick_between(&rng, 1, 4), pick_between(&rng, 2, 9));
    return c;
}

/* By the mean of squares, where the kernel goes through the deviations. */
TEST(layer_norm_equals_its_definition)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct layer_case c = pick_case(seed);
        int64_t features = c.x.dim[c.x.rank - 1], rows = shape_count(&c.x) / features;
        struct built built;
        const struct node *node;

        built_init(&built, build_norm, &c, seed);
        numbers_run(&built.numbers, NULL);
        node = built.graph.nodes[0];
        CHECK(shape_equal(&node->outputs[0]->shape, &c.x));
        CHECK(node->outputs[1]->shape.rank == c.x.rank - 1);
        CHECK(shape_count(&node->outputs[2]->shape) == rows);
        for (int64_t r = 0; r < rows; r++) {
            const double *x = built_find(&built, "x") + r * features;
            double sum = 0, squares = 0, mean, deviation;

            for (int64_t i = 0; i < features; i++) {
                sum += x[i];
                squares += x[i] * x[i];
            }
            mean = sum / (double)features;
            deviation = sqrt(squares / (double)features - mean * mean + 0.01);
            CHECK_NEAR(numbers_of(&built.numbers, node->outputs[1])[r], mean, 1e-12);
            CHECK_NEAR(numbers_of(&built.numbers, node->outputs[2])[r], 1 / deviation, 1e-10);
            for (int64_t i = 0; i < features; i++)
                CHECK_NEAR(built_output(&built, 0)[r * features + i],
                           (x[i] - mean) / deviation * built_find(&built, "gamma")[i] +
                               built_find(&built, "beta")[i],
                           1e-11);
        }
        built_release(&built);
    }
}

TEST(layer_norm_does_not_cancel_beside_a_large_mean)
{
    const struct layer_case c = { SHAPE(1, 2), { 1e-12 } };
    struct built built;

    built_init(&built, build_norm, &c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "x"),
                (const double[]){ 1e9 - 1, 1e9 + 1 });
    numbers_set(&built.numbers, graph_find(&built.graph, "gamma"), (const double[]){ 1, 1 });
    numbers_set(&built.numbers, graph_find(&built.graph, "beta"), (const double[]){ 0, 10 });
    numbers_run(&built.numbers, NULL);
    CHECK_NEAR(built_output(&built, 0)[0], -1, 1e-11);
    CHECK_NEAR(built_output(&built, 0)[1], 11, 1e-11);
    built_release(&built);
}

TEST(layer_norm_gradients_match_differences)
{
    for (uint64_t seed = 30; seed < 50; seed++) {
        struct layer_case c = pick_case(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_norm,
                                                  .context = &c });
    }
}

/* --- refusals -------------------------------------------------------------------------------- */

struct shapes {
    struct shape x, gamma, beta;
};

static void build_shapes(struct graph *graph, const void *context)
{
    const struct shapes *s = context;

    GRAPH_APPLY(graph, &op_layer_norm, "norm", NULL, graph_input(graph, "x", s->x, DTYPE_F32),
                graph_input(graph, "gamma", s->gamma, DTYPE_F32),
                graph_input(graph, "beta", s->beta, DTYPE_F32));
}

static void build_grad(struct graph *graph, const void *context)
{
    const struct shape *rows = context;
    struct value *x = graph_input(graph, "x", SHAPE(2, 3, 4), DTYPE_F32);

    GRAPH_APPLY(graph, &op_layer_norm_grad, "norm", NULL, x,
                graph_input(graph, "gamma", SHAPE(4), DTYPE_F32),
                graph_input(graph, "mean", *rows, DTYPE_F32),
                graph_input(graph, "istd", SHAPE(2, 3), DTYPE_F32), x);
}

TEST(layer_norm_refuses_what_does_not_fit)
{
    check_build_fails(build_shapes, &(const struct shapes){ SHAPE(4), SHAPE(4), SHAPE(4) },
                      "layer_norm: the input has the shape (4), but needs rows of features");
    check_build_fails(build_shapes, &(const struct shapes){ SHAPE(2, 4), SHAPE(2), SHAPE(4) },
                      "layer_norm: the weight has the shape (2), but needs (4)");
    check_build_fails(build_shapes, &(const struct shapes){ SHAPE(2, 4), SHAPE(4), SHAPE(4, 1) },
                      "layer_norm: the bias has the shape (4, 1), but needs (4)");
    check_build_fails(build_grad, &SHAPE(3, 2),
                      "layer_norm_grad: the mean has the shape (3, 2), but needs (2, 3)");
}
