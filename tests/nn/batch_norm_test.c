/* batch_norm_test.c - batch normalisation and the pieces that plans make of it. */

#include "nn/gradient.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

enum residual { NO_RESIDUAL, RESIDUAL_BEFORE, RESIDUAL_AFTER };

struct norm_case {
    struct shape x;
    int activation;
    enum residual residual;
    bool evaluation;       /* running statistics, which do not depend on x */
    bool residual_is_x;
    struct batch_norm_attributes norm;
};

static struct value *vector(struct graph *graph, const char *name, int64_t count)
{
    return graph_parameter(graph, name, SHAPE(count), (struct init){ INIT_CONSTANT, 0.8 });
}

/* Statistics and batch_apply, as lowering puts them together. */
static void build_chain(struct graph *graph, const void *context)
{
    const struct norm_case *c = context;
    struct batch_apply_attributes apply = { .activation = c->activation,
                                            .residual_after = c->residual == RESIDUAL_AFTER,
                                            .fixed_stats = c->evaluation };
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_NORMAL, 1.5 });
    struct value *mean = graph_state(graph, "running_mean", SHAPE(c->x.dim[1]), 0.5);
    struct value *variance = graph_state(graph, "running_var", SHAPE(c->x.dim[1]), 1);
    struct value *gamma = vector(graph, "gamma", c->x.dim[1]);
    struct value *beta = graph_parameter(graph, "beta", SHAPE(c->x.dim[1]), (struct init){ 0 });
    struct value *residual = NULL;
    struct node *stats =
        c->evaluation ? graph_node(graph, &op_batch_running, "norm",
                                   (struct value *[]){ mean, variance }, 2, &c->norm)
                      : graph_node(graph, &op_batch_stats, "norm",
                                   (struct value *[]){ x, mean, variance }, 3, &c->norm);

    if (c->residual)
        residual = c->residual_is_x ? x : graph_parameter(graph, "residual", c->x,
                                                          (struct init){ 0 });
    if (stats)
        graph_add_output(graph, GRAPH_APPLY(graph, &op_batch_apply, "norm", &apply, x,
                                            stats->outputs[0], stats->outputs[1], gamma, beta,
                                            residual));
}

static struct shape pick_shape(struct rng *rng)
{
    struct shape x = SHAPE(pick_between(rng, 2, 4), pick_between(rng, 1, 4));

    if (rng_below(rng, 4)) {
        x.rank = 4;
        x.dim[2] = pick_between(rng, 1, 3);
        x.dim[3] = pick_between(rng, 1, 4);
    }
    return x;
}

/* --- batch_norm, batch_stats, batch_running -------------------------------------------------- */

static void build_norm(struct graph *graph, const void *context)
{
    const struct batch_norm_attributes norm = { .eps = 0.25 };
    const struct shape *x = context;

    graph_add_output(graph, GRAPH_APPLY(graph, &op_batch_norm, "norm", &norm,
                                        graph_parameter(graph, "x", *x, (struct init){ 0 }),
                                        vector(graph, "gamma", 2), vector(graph, "beta", 2),
                                        graph_state(graph, "mean", SHAPE(2), 0),
                                        graph_state(graph, "variance", SHAPE(2), 1)));
}

TEST(batch_norm_normalises_by_running_statistics)
{
    const struct shape shape = SHAPE(2, 2, 1, 2);
    const double expected[] = { 11, 13, 1, -1, 17, 9, 0, 3 };
    struct built built;

    built_init(&built, build_norm, &shape, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "x"),
                (const double[]){ 1, 2, 3, 5, 4, 0, 4, 1 });
    numbers_set(&built.numbers, graph_find(&built.graph, "gamma"), (const double[]){ 1, -0.5 });
    numbers_set(&built.numbers, graph_find(&built.graph, "beta"), (const double[]){ 9, 4 });
    numbers_set(&built.numbers, graph_find(&built.graph, "mean"), (const double[]){ 0, 0 });
    numbers_set(&built.numbers, graph_find(&built.graph, "variance"), (const double[]){ 0, 0 });
    numbers_run(&built.numbers, NULL); /* a deviation of sqrt(0.25) */
    check_numbers(1, "y", built_output(&built, 0), expected, 8, 1e-14);
    CHECK(!op_batch_norm.gradient);
    built_release(&built);
}

TEST(batch_stats_are_of_the_batch_and_move_the_running_ones)
{
    const struct norm_case c = { .x = SHAPE(2, 2, 1, 2), .norm = { .eps = 1, .momentum = 0.25 } };
    const double x[] = { 1, 3, 10, 10, 5, 7, 10, 10 }; /* channel 0: mean 4, squares 20 */
    const struct node *node;
    struct built built;

    built_init(&built, build_chain, &c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "x"), x);
    numbers_set(&built.numbers, graph_find(&built.graph, "running_mean"), (const double[]){ 8, 2 });
    numbers_set(&built.numbers, graph_find(&built.graph, "running_var"), (const double[]){ 2, 4 });
    numbers_run(&built.numbers, NULL);
    node = built.graph.nodes[0];
    check_numbers(1, "mean", numbers_of(&built.numbers, node->outputs[0]),
                  (const double[]){ 4, 10 }, 2, 1e-14);
    check_numbers(1, "istd", numbers_of(&built.numbers, node->outputs[1]),
                  (const double[]){ 1 / sqrt(6), 1 }, 2, 1e-14);
    check_numbers(1, "running mean", built_find(&built, "running_mean"), (const double[]){ 7, 4 },
                  2, 1e-14);
    check_numbers(1, "running variance", built_find(&built, "running_var"),
                  (const double[]){ 2 + (20.0 / 3 - 2) / 4, 3 }, 2, 1e-14);
    built_release(&built);
}

TEST(batch_stats_do_not_cancel_beside_a_large_mean)
{
    const struct norm_case c = { .x = SHAPE(2, 1), .norm = { .eps = 1e-12 } };
    struct built built;

    built_init(&built, build_chain, &c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "x"),
                (const double[]){ 1e9 - 2, 1e9 + 2 });
    numbers_run(&built.numbers, NULL);
    CHECK_NEAR(numbers_of(&built.numbers, built.graph.nodes[0]->outputs[1])[0], 0.5, 1e-11);
    built_release(&built);
}

TEST(batch_running_leaves_the_states_alone)
{
    const struct norm_case c = { .x = SHAPE(1, 2), .evaluation = true, .norm = { .eps = 1 } };
    struct built built;
    const struct node *node;

    built_init(&built, build_chain, &c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "running_mean"), (const double[]){ 8, 2 });
    numbers_set(&built.numbers, graph_find(&built.graph, "running_var"), (const double[]){ 3, 15 });
    numbers_run(&built.numbers, NULL);
    node = built.graph.nodes[0];
    check_numbers(1, "mean", numbers_of(&built.numbers, node->outputs[0]), (const double[]){ 8, 2 },
                  2, 0);
    check_numbers(1, "istd", numbers_of(&built.numbers, node->outputs[1]),
                  (const double[]){ 0.5, 0.25 }, 2, 1e-15);
    check_numbers(1, "running mean", built_find(&built, "running_mean"), (const double[]){ 8, 2 },
                  2, 0);
    check_numbers(1, "running variance", built_find(&built, "running_var"),
                  (const double[]){ 3, 15 }, 2, 0);
    built_release(&built);
}

/* --- batch_apply ----------------------------------------------------------------------------- */

/* Mean and variance of one channel, by a scan of everything. */
static void scan_channel(const struct shape *shape, const double *x, int64_t channel, double *mean,
                         double *variance)
{
    int64_t plane = shape_count(shape) / shape->dim[0] / shape->dim[1];
    double count = 0, sum = 0, squares = 0;

    for (int64_t i = 0; i < shape_count(shape); i++)
        if (i / plane % shape->dim[1] == channel) {
            count++;
            sum += x[i];
            squares += x[i] * x[i];
        }
    *mean = sum / count;
    *variance = squares / count - *mean * *mean;
}

static void check_definition(const struct norm_case *c, uint64_t seed)
{
    int64_t plane = shape_count(&c->x) / c->x.dim[0] / c->x.dim[1];
    struct built built;

    built_init(&built, build_chain, c, seed);
    numbers_run(&built.numbers, NULL);
    for (int64_t i = 0; i < shape_count(&c->x); i++) {
        int64_t channel = i / plane % c->x.dim[1];
        double residual = c->residual ? built_find(&built, "residual")[i] : 0, mean, variance, y;

        if (c->evaluation) {
            mean = built_find(&built, "running_mean")[channel];
            variance = built_find(&built, "running_var")[channel];
        } else {
            scan_channel(&c->x, built_find(&built, "x"), channel, &mean, &variance);
        }
        y = (built_find(&built, "x")[i] - mean) / sqrt(variance + c->norm.eps) *
                built_find(&built, "gamma")[channel] +
            built_find(&built, "beta")[channel];
        if (c->residual == RESIDUAL_BEFORE)
            y += residual;
        y = activation_value(c->activation, y);
        if (c->residual == RESIDUAL_AFTER)
            y += residual;
        check_numbers(seed, "y", built_output(&built, 0) + i, &y, 1, 1e-10);
    }
    built_release(&built);
}

TEST(batch_apply_equals_its_definition)
{
    for (uint64_t seed = 0; seed < 9 * 3 * 2; seed++) {
        struct rng rng = rng_for(seed, 23, 0);

        check_definition(&(struct norm_case){ .x = pick_shape(&rng), .activation = (int)(seed % 9),
                                              .residual = (enum residual)(seed / 9 % 3),
                                              .evaluation = seed >= 27, .norm = { .eps = 0.1 } },
                         seed);
    }
}

/* --- gradients ------------------------------------------------------------------------------- */

/* The whole chain, because the statistics' dependence on x is batch_apply's to count. */
TEST(batch_norm_gradients_match_differences)
{
    for (uint64_t seed = 100; seed < 100 + 9 * 3 * 2 * 2; seed++) {
        struct rng rng = rng_for(seed, 24, 0);
        struct norm_case c = { .x = pick_shape(&rng), .activation = (int)(seed % 9),
                               .residual = (enum residual)(seed / 9 % 3),
                               .evaluation = seed / 27 % 2, .residual_is_x = seed / 54 % 2,
                               .norm = { .eps = 0.1 } };

        if (c.residual == RESIDUAL_BEFORE && c.activation)
            c.activation = ACTIVATION_RELU;
        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_chain,
                                                  .context = &c });
    }
}

/* The two ways to dx: in one op, and from the sums that another op has taken. */
static void build_halves(struct graph *graph, const void *context)
{
    const struct batch_apply_attributes apply = { .activation = ACTIVATION_NONE };
    const struct shape *shape = context;
    struct value *x = graph_parameter(graph, "x", *shape, (struct init){ 0 });
    struct value *dy = graph_parameter(graph, "dy", *shape, (struct init){ 0 });
    struct value *mean = vector(graph, "mean", shape->dim[1]);
    struct value *istd = vector(graph, "istd", shape->dim[1]);
    struct value *gamma = vector(graph, "gamma", shape->dim[1]);
    struct value *beta = vector(graph, "beta", shape->dim[1]);
    struct node *grad = graph_node(graph, &op_batch_apply_grad, "whole",
                                   (struct value *[]){ x, mean, istd, gamma, beta, dy }, 6, &apply);

    CHECK(grad && grad->output_count == 3);
    graph_add_output(graph, grad->outputs[0]);
    graph_add_output(graph, GRAPH_APPLY(graph, &op_batch_apply_grad_input, "half", NULL, x, mean,
                                        istd, gamma, grad->outputs[1], grad->outputs[2], dy));
}

TEST(batch_apply_grad_input_is_the_second_half)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct rng rng = rng_for(seed, 25, 0);
        struct shape shape = pick_shape(&rng);
        struct built built;

        built_init(&built, build_halves, &shape, seed);
        numbers_run(&built.numbers, NULL);
        check_numbers(seed, "dx", built_output(&built, 1), built_output(&built, 0),
                      shape_count(&shape), 1e-14);
        built_release(&built);
    }
}

/* --- refusals -------------------------------------------------------------------------------- */

struct shapes {
    struct shape x, vector, residual;
    int activation;
};

static void build_apply(struct graph *graph, const void *context)
{
    const struct shapes *s = context;
    const struct batch_apply_attributes apply = { .activation = s->activation };
    struct value *v = graph_input(graph, "vector", SHAPE(3), DTYPE_F32);

    GRAPH_APPLY(graph, &op_batch_apply, "norm", &apply, graph_input(graph, "x", s->x, DTYPE_F32),
                v, v, graph_input(graph, "gamma", s->vector, DTYPE_F32), v,
                graph_input(graph, "residual", s->residual, DTYPE_F32));
}

TEST(batch_norm_refuses_one_value_per_channel_in_training)
{
    const struct norm_case pixel = { .x = SHAPE(1, 3, 1, 1) }, row = { .x = SHAPE(1, 3) };
    const struct norm_case evaluation = { .x = SHAPE(1, 3, 1, 1), .evaluation = true };
    struct built built;

    check_build_fails(build_chain, &pixel, "batch norm needs more than one value per channel");
    check_build_fails(build_chain, &row, "batch norm needs more than one value per channel");
    built_init(&built, build_chain, &evaluation, 1);
    built_release(&built);
}

TEST(batch_norm_refuses_what_does_not_fit)
{
    const struct shape x = SHAPE(2, 3, 1, 1), v = SHAPE(3), wrong = SHAPE(2, 3, 1, 2);

    check_build_fails(build_norm, &x, "batch_norm: the weight has the shape (2), but needs (3)");
    check_build_fails(build_norm, &v, "batch_norm: the input has the shape (3), but needs samples");
    check_build_fails(build_apply, &(const struct shapes){ x, SHAPE(4), x, 0 },
                      "batch_apply: the weight has the shape (4), but needs (3)");
    check_build_fails(build_apply, &(const struct shapes){ x, v, wrong, 0 },
                      "batch_apply: the residual has the shape (2, 3, 1, 2)");
    check_build_fails(build_apply, &(const struct shapes){ x, v, x, 77 },
                      "batch_apply: there is no activation of kind 77");
    check_build_fails(build_chain,
                      &(const struct norm_case){ .x = x, .norm = { .momentum = 1.5 } },
                      "batch_stats: an epsilon of 1e-05 with a momentum of 1.5");
}

/* The output of silu does not tell its derivative, and batch_apply_grad gets nothing else. */
static void build_silu_behind_residual(struct graph *graph, const void *context)
{
    const struct norm_case c = { .x = SHAPE(2, 2, 2, 2), .activation = ACTIVATION_SILU,
                                 .residual = RESIDUAL_BEFORE };
    struct value **gradients, *y, *loss;
    struct error err;

    (void)context;
    build_chain(graph, &c);
    y = GRAPH_APPLY(graph, &op_reshape, "flat",
                    (&(struct reshape_attributes){ .rank = 2, .dim = { 2, 8 } }),
                    graph->outputs[0]);
    loss = GRAPH_APPLY(graph, &op_softmax_cross_entropy, "loss", NULL, y,
                       graph_input(graph, "target", SHAPE(2, 8), DTYPE_F32));
    CHECK(gradient_build(graph, loss, &gradients, &err));
}

TEST(batch_apply_refuses_the_gradient_of_other_activations_behind_a_residual)
{
    check_build_fails(build_silu_behind_residual, NULL, "is there for relu only");
}
