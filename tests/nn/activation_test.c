/* activation_test.c - functions of one element and their derivatives. */

#include "nn/gradient.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

#define KIND_COUNT (ACTIVATION_TANH + 1)

/* --- scalars --------------------------------------------------------------------------------- */

TEST(activations_have_the_known_values)
{
    static const struct {
        int kind;
        double x, value;
    } rows[] = {
        { ACTIVATION_NONE, -1.5, -1.5 },
        { ACTIVATION_RELU, -1, 0 },
        { ACTIVATION_RELU, 2, 2 },
        { ACTIVATION_RELU6, -0.1, 0 },
        { ACTIVATION_RELU6, 5.5, 5.5 },
        { ACTIVATION_RELU6, 7, 6 },
        { ACTIVATION_SILU, 1, 0.7310585786300049 },
        { ACTIVATION_SILU, -2, -0.2384058440442351 },
        { ACTIVATION_GELU, 1, 0.8413447460685429 },
        { ACTIVATION_GELU, -1, -0.1586552539314571 },
        { ACTIVATION_HARD_SWISH, -4, 0 },
        { ACTIVATION_HARD_SWISH, 1, 2.0 / 3 },
        { ACTIVATION_HARD_SWISH, 4, 4 },
        { ACTIVATION_HARD_SIGMOID, -4, 0 },
        { ACTIVATION_HARD_SIGMOID, 1, 2.0 / 3 },
        { ACTIVATION_HARD_SIGMOID, 4, 1 },
        { ACTIVATION_SIGMOID, 0, 0.5 },
        { ACTIVATION_SIGMOID, 1, 0.7310585786300049 },
        { ACTIVATION_TANH, 1, 0.7615941559557649 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_NEAR(activation_value(rows[i].kind, rows[i].x), rows[i].value, 1e-15);
}

TEST(activations_survive_large_numbers)
{
    CHECK_NEAR(activation_value(ACTIVATION_SIGMOID, -1e4), 0, 0);
    CHECK_NEAR(activation_value(ACTIVATION_SIGMOID, 1e4), 1, 0);
    CHECK_NEAR(activation_value(ACTIVATION_SILU, -1e4), 0, 0);
    CHECK_NEAR(activation_value(ACTIVATION_GELU, -1e4), 0, 0);
    CHECK_NEAR(activation_value(ACTIVATION_GELU, 1e4), 1e4, 0);
    CHECK_NEAR(activation_value(ACTIVATION_TANH, 1e4), 1, 0);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        CHECK(isfinite(activation_derivative(kind, -1e4)));
        CHECK(isfinite(activation_derivative(kind, 1e4)));
    }
}

TEST(activations_keep_nan)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        CHECK(isnan(activation_value(kind, NAN)));
}

TEST(activation_derivatives_match_differences)
{
    const double step = 1e-6;

    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (int i = -80; i < 80; i++) {
            double x = i * 0.1 + 0.05; /* never at a kink: those are whole numbers */
            double above = activation_value(kind, x + step),
                   below = activation_value(kind, x - step);

            if (fabs(activation_derivative(kind, x) - (above - below) / (2 * step)) > 1e-8)
                test_fail(__FILE__, __LINE__, "kind %d: the derivative at %g is %.10g", kind, x,
                          activation_derivative(kind, x));
        }
}

TEST(activation_derivatives_at_kinks_are_as_documented)
{
    CHECK_NEAR(activation_derivative(ACTIVATION_RELU, 0), 0, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_RELU6, 0), 0, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_RELU6, 6), 0, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_HARD_SWISH, -3), 0, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_HARD_SWISH, 3), 1, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_HARD_SIGMOID, -3), 0, 0);
    CHECK_NEAR(activation_derivative(ACTIVATION_HARD_SIGMOID, 3), 0, 0);
}

/* --- the op ---------------------------------------------------------------------------------- */

static void build_activation(struct graph *graph, const void *context)
{
    struct activation_attributes attributes = { .kind = *(const int *)context };
    struct value *x = graph_parameter(graph, "x", SHAPE(3, 17), (struct init){ INIT_UNIFORM, 7 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_activation, "act", &attributes, x));
}

TEST(activation_applies_its_function_to_every_element)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct built built;

        built_init(&built, build_activation, &kind, (uint64_t)kind);
        numbers_run(&built.numbers, NULL);
        CHECK(shape_equal(&built.graph.outputs[0]->shape, &SHAPE(3, 17)));
        for (int i = 0; i < 3 * 17; i++)
            CHECK_NEAR(built_output(&built, 0)[i],
                       activation_value(kind, built_find(&built, "x")[i]), 0);
        built_release(&built);
    }
}

TEST(activation_gradients_match_differences)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        check_gradients(&(struct gradient_check){ .seed = 20 + (uint64_t)kind, .context = &kind,
                                                  .build = build_activation, .elements = 51 });
}

/* From x or from y must be the same wherever both are possible, kinks included. */
static void build_both_grads(struct graph *graph, const void *context)
{
    struct activation_attributes attributes = { .kind = *(const int *)context };
    struct value *x = graph_parameter(graph, "x", SHAPE(9), (struct init){ 0 });
    struct value *dy = graph_parameter(graph, "dy", SHAPE(9), (struct init){ 0 });
    struct value *y = GRAPH_APPLY(graph, &op_activation, "act", &attributes, x);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_activation_grad, "x", &attributes, x, dy));
    attributes.from_output = true;
    graph_add_output(graph, GRAPH_APPLY(graph, &op_activation_grad, "y", &attributes, y, dy));
}

TEST(activation_grad_from_output_equals_from_input)
{
    static const int kinds[] = { ACTIVATION_RELU, ACTIVATION_HARD_SIGMOID, ACTIVATION_SIGMOID,
                                 ACTIVATION_TANH };

    for (int i = 0; i < 4; i++) {
        struct built built;

        built_init(&built, build_both_grads, &kinds[i], 1);
        numbers_set(&built.numbers, graph_find(&built.graph, "x"),
                    (const double[]){ -4, -3, -2, -0.5, 0, 0.5, 2, 3, 4 });
        numbers_run(&built.numbers, NULL);
        check_numbers(1, "the gradient", built_output(&built, 1), built_output(&built, 0), 9,
                      1e-15);
        CHECK(built_output(&built, 0)[5] != 0);
        built_release(&built);
    }
}

/* --- refusals -------------------------------------------------------------------------------- */

TEST(activation_refuses_unknown_kinds)
{
    check_build_fails(build_activation, &(const int){ KIND_COUNT },
                      "activation: there is no activation of kind 9");
    check_build_fails(build_activation, &(const int){ -1 }, "of kind -1");
}

TEST(activation_grad_refuses_outputs_that_do_not_tell)
{
    check_build_fails(build_both_grads, &(const int){ ACTIVATION_SILU },
                      "activation_grad: the output of kind 3 does not tell its derivative");
}

static void build_wrong_gradient(struct graph *graph, const void *context)
{
    const struct activation_attributes attributes = { .kind = ACTIVATION_RELU };
    struct value *x = graph_input(graph, "x", SHAPE(2, 3), DTYPE_F32);
    struct value *dy = context ? graph_input(graph, "dy", SHAPE(3, 2), DTYPE_F32) : NULL;

    GRAPH_APPLY(graph, &op_activation_grad, "act", &attributes, x, dy);
}

TEST(activation_grad_refuses_another_shape)
{
    check_build_fails(build_wrong_gradient, "there",
                      "activation_grad: the gradient has the shape (3, 2), but needs (2, 3)");
    check_build_fails(build_wrong_gradient, NULL, "activation_grad: input 1 is missing");
}
