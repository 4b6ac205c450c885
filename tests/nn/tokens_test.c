/* tokens_test.c - between images and sequences of tokens. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

/* --- images to tokens and back --------------------------------------------------------------- */

struct size {
    int height, width;
};

static void build_to_tokens(struct graph *graph, const void *context)
{
    struct value *x = graph_parameter(graph, "x", *(const struct shape *)context,
                                      (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_to_tokens, "tokens", NULL, x));
}

static void build_round_trip(struct graph *graph, const void *context)
{
    const struct shape *shape = context;
    struct reshape_attributes back = { .rank = 4, .dim = { 0, 0, (int)shape->dim[2],
                                                           (int)shape->dim[3] } };

    build_to_tokens(graph, context);
    graph_add_output(graph, GRAPH_APPLY(graph, &op_from_tokens, "image", &back, graph->outputs[0]));
}

static struct shape pick_image(uint64_t seed)
{
    struct rng rng = rng_for(seed, 31, 0);

    return SHAPE(pick_between(&rng, 1, 3), pick_between(&rng, 1, 5), pick_between(&rng, 1, 4),
                 pick_between(&rng, 1, 4));
}

TEST(to_tokens_makes_a_token_of_every_pixel)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct shape x = pick_image(seed);
        int64_t count = x.dim[2] * x.dim[3];
        struct built built;

        built_init(&built, build_round_trip, &x, seed);
        numbers_run(&built.numbers, NULL);
        CHECK(shape_equal(&built.graph.outputs[0]->shape, &SHAPE(x.dim[0], count, x.dim[1])));
        CHECK(shape_equal(&built.graph.outputs[1]->shape, &x));
        for (int64_t n = 0; n < x.dim[0]; n++)
            for (int64_t c = 0; c < x.dim[1]; c++)
                for (int64_t t = 0; t < count; t++)
                    check_numbers(seed, "a token",
                                  built_output(&built, 0) + (n * count + t) * x.dim[1] + c,
                                  built_find(&built, "x") + (n * x.dim[1] + c) * count + t, 1, 0);
        check_numbers(seed, "the image", built_output(&built, 1), built_find(&built, "x"),
                      shape_count(&x), 0);
        built_release(&built);
    }
}

TEST(token_gradients_match_differences)
{
    for (uint64_t seed = 20; seed < 26; seed++) {
        struct shape x = pick_image(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_round_trip,
                                                  .context = &x });
    }
}

static void build_from_tokens(struct graph *graph, const void *context)
{
    const struct size *size = context;
    struct reshape_attributes to = { .rank = 4, .dim = { 0, 0, size->height, size->width } };

    GRAPH_APPLY(graph, &op_from_tokens, "image", &to,
                graph_input(graph, "x", SHAPE(2, 6, 5), DTYPE_F32));
}

TEST(token_moves_refuse_what_does_not_fit)
{
    check_build_fails(build_to_tokens, &SHAPE(2, 3, 4),
                      "to_tokens: the input has the shape (2, 3, 4), but needs 4 dimensions");
    check_build_fails(build_from_tokens, &(const struct size){ 2, 4 },
                      "from_tokens: 6 tokens are not 2 x 4 pixels");
    check_build_fails(build_from_tokens, &(const struct size){ -2, -3 }, "are not -2 x -3 pixels");
}

/* --- a token in front ------------------------------------------------------------------------ */

struct prepend_case {
    struct shape x, token;
};

static void build_prepend(struct graph *graph, const void *context)
{
    const struct prepend_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });
    struct value *token = graph_parameter(graph, "token", c->token, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_prepend_token, "prepend", NULL, x, token));
}

TEST(prepend_token_puts_the_same_token_before_every_sequence)
{
    const struct prepend_case c = { SHAPE(2, 2, 2), SHAPE(1, 1, 2) };
    struct built built;

    built_init(&built, build_prepend, &c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "x"),
                (const double[]){ 1, 2, 3, 4, 5, 6, 7, 8 });
    numbers_set(&built.numbers, graph_find(&built.graph, "token"), (const double[]){ -1, -2 });
    numbers_run(&built.numbers, NULL);
    CHECK(shape_equal(&built.graph.outputs[0]->shape, &SHAPE(2, 3, 2)));
    check_numbers(1, "y", built_output(&built, 0),
                  (const double[]){ -1, -2, 1, 2, 3, 4, -1, -2, 5, 6, 7, 8 }, 12, 0);
    built_release(&built);
}

TEST(prepend_token_gradients_match_differences)
{
    const struct prepend_case one = { SHAPE(3, 1, 4), SHAPE(1, 1, 4) };
    const struct prepend_case flat = { SHAPE(2, 3, 5), SHAPE(5) };

    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_prepend,
                                              .context = &one });
    check_gradients(&(struct gradient_check){ .seed = 2, .build = build_prepend,
                                              .context = &flat });
}

static void build_prepend_grad(struct graph *graph, const void *context)
{
    const struct prepend_case *c = context;

    graph_node(graph, &op_prepend_token_grad, "prepend",
               (struct value *[]){ graph_input(graph, "dy", c->x, DTYPE_F32),
                                   graph_input(graph, "token", c->token, DTYPE_F32) },
               2, NULL);
}

TEST(prepend_token_refuses_what_does_not_fit)
{
    const struct prepend_case size = { SHAPE(2, 3, 5), SHAPE(4) };
    const struct prepend_case flat = { SHAPE(6, 5), SHAPE(5) };
    const struct prepend_case alone = { SHAPE(2, 1, 5), SHAPE(5) };

    check_build_fails(build_prepend, &size,
                      "prepend_token: a token of 4 features and 3 tokens of 5");
    check_build_fails(build_prepend, &flat, "prepend_token: the input has the shape (6, 5)");
    check_build_fails(build_prepend_grad, &alone,
                      "prepend_token_grad: a token of 5 features and 1 tokens of 5");
}
