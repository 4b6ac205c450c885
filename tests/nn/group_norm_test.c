/* group_norm_test.c - normalisation over groups of channels. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

struct group_case {
    struct shape x;
    struct group_norm_attributes norm;
};

static void build_norm(struct graph *graph, const void *context)
{
    const struct group_case *c = context;
    struct shape vector = SHAPE(c->x.dim[1]);
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_NORMAL, 2 });
    struct value *gamma = graph_parameter(graph, "gamma", vector, (struct init){ 0 });
    struct value *beta = graph_parameter(graph, "beta", vector, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_group_norm, "norm", &c->norm, x, gamma, beta));
}

/* From one group for all channels to one for each. */
static struct group_case pick_case(uint64_t seed)
{
    struct rng rng = rng_for(seed, 22, 0);
    int groups = pick_between(&rng, 1, 4), per_group = pick_between(&rng, 1, 3);

    return (struct group_case){ SHAPE(pick_between(&rng, 1, 3), groups * per_group,
                                      pick_between(&rng, 1, 4), pick_between(&rng, 2, 5)),
                                { .groups = groups, .eps = 0.01 } };
}

/* Every element by a scan over all elements of its image: those of its group make the sums. */
TEST(group_norm_equals_its_definition)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct group_case c = pick_case(seed);
        int64_t plane = c.x.dim[2] * c.x.dim[3], image = c.x.dim[1] * plane;
        int64_t per_group = c.x.dim[1] / c.norm.groups;
        struct built built;
        const double *x;

        built_init(&built, build_norm, &c, seed);
        numbers_run(&built.numbers, NULL);
        x = built_find(&built, "x");
        for (int64_t i = 0; i < shape_count(&c.x); i++) {
            int64_t n = i / image, channel = i / plane % c.x.dim[1], group = channel / per_group;
            double count = 0, sum = 0, squares = 0, mean, deviation, expected;

            for (int64_t j = n * image; j < (n + 1) * image; j++) {
                if (j / plane % c.x.dim[1] / per_group != group)
                    continue;
                count++;
                sum += x[j];
                squares += x[j] * x[j];
            }
            mean = sum / count;
            deviation = sqrt(squares / count - mean * mean + 0.01);
            expected = (x[i] - mean) / deviation * built_find(&built, "gamma")[channel] +
                       built_find(&built, "beta")[channel];
            check_numbers(seed, "y", built_output(&built, 0) + i, &expected, 1, 1e-11);
            CHECK_NEAR(numbers_of(&built.numbers, built.graph.nodes[0]->outputs[1])
                           [n * c.norm.groups + group], mean, 1e-12);
            CHECK_NEAR(numbers_of(&built.numbers, built.graph.nodes[0]->outputs[2])
                           [n * c.norm.groups + group], 1 / deviation, 1e-10);
        }
        built_release(&built);
    }
}

TEST(group_norm_gradients_match_differences)
{
    for (uint64_t seed = 30; seed < 50; seed++) {
        struct group_case c = pick_case(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_norm,
                                                  .context = &c });
    }
}

/* --- refusals -------------------------------------------------------------------------------- */

static void build_wrong_vector(struct graph *graph, const void *context)
{
    const struct group_norm_attributes norm = { .groups = 2 };

    GRAPH_APPLY(graph, &op_group_norm, "norm", &norm,
                graph_input(graph, "x", SHAPE(1, 4, 2, 2), DTYPE_F32),
                graph_input(graph, "gamma", *(const struct shape *)context, DTYPE_F32),
                graph_input(graph, "beta", SHAPE(4), DTYPE_F32));
}

static void build_wrong_mean(struct graph *graph, const void *context)
{
    const struct group_norm_attributes norm = { .groups = 2 };
    struct value *x = graph_input(graph, "x", SHAPE(3, 4, 2, 2), DTYPE_F32);

    GRAPH_APPLY(graph, &op_group_norm_grad, "norm", &norm, x,
                graph_input(graph, "gamma", SHAPE(4), DTYPE_F32),
                graph_input(graph, "mean", *(const struct shape *)context, DTYPE_F32),
                graph_input(graph, "istd", SHAPE(3, 2), DTYPE_F32), x);
}

TEST(group_norm_refuses_what_does_not_fit)
{
    const struct group_case odd = { SHAPE(1, 6, 2, 2), { .groups = 4 } };
    const struct group_case none = { SHAPE(1, 6, 2, 2), { .groups = 0 } };
    const struct group_case flat = { SHAPE(2, 6), { .groups = 2 } };

    check_build_fails(build_norm, &odd,
                      "group_norm: 6 channels cannot be split into 4 groups");
    check_build_fails(build_norm, &none, "into 0 groups");
    check_build_fails(build_norm, &flat, "group_norm: the input has the shape (2, 6)");
    check_build_fails(build_wrong_vector, &SHAPE(3),
                      "group_norm: the weight has the shape (3), but needs (4)");
    check_build_fails(build_wrong_mean, &SHAPE(3, 4),
                      "group_norm_grad: the mean has the shape (3, 4), but needs (3, 2)");
}
