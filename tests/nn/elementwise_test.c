/* elementwise_test.c - sums and products, of equal shapes and broadcast. */

#include "nn/gradient.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

struct pair_case {
    const struct op *op;
    struct shape a, b;
};

static void build_pair(struct graph *graph, const void *context)
{
    const struct pair_case *c = context;
    struct value *a = graph_parameter(graph, "a", c->a, (struct init){ 0 });
    struct value *b = graph_parameter(graph, "b", c->b, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, c->op, "pair", NULL, a, b));
}

static void check_pair(const struct pair_case *c, const double *a, const double *b,
                       const struct shape *shape, const double *expected)
{
    struct built built;

    built_init(&built, build_pair, c, 1);
    numbers_set(&built.numbers, graph_find(&built.graph, "a"), a);
    numbers_set(&built.numbers, graph_find(&built.graph, "b"), b);
    numbers_run(&built.numbers, NULL);
    CHECK(shape_equal(&built.graph.outputs[0]->shape, shape));
    check_numbers(0, c->op->name, built_output(&built, 0), expected, shape_count(shape), 1e-14);
    built_release(&built);
}

/* --- values ---------------------------------------------------------------------------------- */

TEST(add_and_mul_go_element_by_element)
{
    const struct shape shape = SHAPE(2, 2), scalar = SHAPE_SCALAR;
    const double a[] = { 1, 2, 3, -4 }, b[] = { 5, -6, 7, 8 };

    check_pair(&(const struct pair_case){ &op_add, shape, shape }, a, b, &shape,
               (const double[]){ 6, -4, 10, 4 });
    check_pair(&(const struct pair_case){ &op_mul, shape, shape }, a, b, &shape,
               (const double[]){ 5, -12, 21, -32 });
    check_pair(&(const struct pair_case){ &op_add, scalar, scalar }, a, b, &scalar,
               (const double[]){ 6 });
}

TEST(scales_go_to_their_dimension)
{
    const struct shape image = SHAPE(2, 2, 1, 2);
    const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    check_pair(&(const struct pair_case){ &op_scale_channels, image, SHAPE(2, 2) }, x,
               (const double[]){ 1, 10, 100, -1 }, &image,
               (const double[]){ 1, 2, 30, 40, 500, 600, -7, -8 });
    check_pair(&(const struct pair_case){ &op_scale_last, image, SHAPE(2) }, x,
               (const double[]){ 1, 10 }, &image, (const double[]){ 1, 20, 3, 40, 5, 60, 7, 80 });
    check_pair(&(const struct pair_case){ &op_scale_samples, image, SHAPE(2) }, x,
               (const double[]){ 1, 10 }, &image, (const double[]){ 1, 2, 3, 4, 50, 60, 70, 80 });
}

TEST(scale_grads_sum_over_what_shares_a_factor)
{
    const struct shape image = SHAPE(2, 2, 1, 2), vector = SHAPE(2), matrix = SHAPE(2, 2);
    const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 }, dy[] = { 1, 1, 2, -1, 0, 3, 1, 0.5 };

    check_pair(&(const struct pair_case){ &op_scale_channels_scale_grad, image, image }, x, dy,
               &matrix, (const double[]){ 3, 2, 18, 11 });
    check_pair(&(const struct pair_case){ &op_scale_last_scale_grad, image, image }, x, dy, &vector,
               (const double[]){ 14, 20 });
}

TEST(add_samples_adds_the_same_to_every_sample)
{
    const struct shape x = SHAPE(2, 3), with = SHAPE(1, 3), without = SHAPE(3);
    const double a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 10, 20, 30 };
    const double sum[] = { 11, 22, 33, 14, 25, 36 };

    check_pair(&(const struct pair_case){ &op_add_samples, x, with }, a, b, &x, sum);
    check_pair(&(const struct pair_case){ &op_add_samples, x, without }, a, b, &x, sum);
    check_pair(&(const struct pair_case){ &op_sum_samples, x, with }, a, b, &with,
               (const double[]){ 5, 7, 9 });
    check_pair(&(const struct pair_case){ &op_sum_samples, x, without }, a, b, &without,
               (const double[]){ 5, 7, 9 });
}

/* --- gradients ------------------------------------------------------------------------------- */

static struct shape pick_shape(struct rng *rng, int rank)
{
    struct shape shape = { .rank = rank };

    for (int i = 0; i < rank; i++)
        shape.dim[i] = pick_between(rng, 1, 4);
    return shape;
}

/* The second input of an op whose first is x. */
static struct shape second_shape(const struct op *op, const struct shape *x, bool with_one)
{
    struct shape b = *x;

    if (op == &op_scale_channels)
        return SHAPE(x->dim[0], x->dim[1]);
    if (op == &op_scale_last)
        return SHAPE(x->dim[x->rank - 1]);
    if (op == &op_add_samples && with_one) {
        b.dim[0] = 1;
    } else if (op == &op_add_samples) {
        b = (struct shape){ .rank = x->rank - 1 };
        for (int i = 0; i < b.rank; i++)
            b.dim[i] = x->dim[i + 1];
    }
    return b;
}

TEST(elementwise_gradients_match_differences)
{
    static const struct op *const ops[] = { &op_add, &op_mul, &op_scale_channels, &op_scale_last,
                                            &op_add_samples };

    for (uint64_t seed = 0; seed < 40; seed++) {
        const struct op *op = ops[seed % 5];
        struct rng rng = rng_for(seed, 27, 0);
        struct shape x = pick_shape(&rng, op == &op_scale_channels ? 4 : pick_between(&rng, 2, 4));
        struct pair_case c = { op, x, second_shape(op, &x, seed / 5 % 2) };

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_pair,
                                                  .context = &c });
    }
}

/* Both inputs the same value, and a value that several nodes read: contributions add up. */
static void build_shared(struct graph *graph, const void *context)
{
    const struct op *op = context;
    struct value *x = graph_parameter(graph, "x", SHAPE(3, 2), (struct init){ 0 });
    struct value *y = GRAPH_APPLY(graph, op, "twice", NULL, x, x);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_mul, "again", NULL, y, x));
}

TEST(gradients_of_shared_inputs_add_up)
{
    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_shared,
                                              .context = &op_add });
    check_gradients(&(struct gradient_check){ .seed = 2, .build = build_shared,
                                              .context = &op_mul });
}

static void build_scaled_samples(struct graph *graph, const void *context)
{
    struct value *x = graph_parameter(graph, "x", *(const struct shape *)context,
                                      (struct init){ 0 });
    struct value *s = graph_input(graph, "s", SHAPE(x->shape.dim[0]), DTYPE_F32);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_scale_samples, "scale", NULL, x, s));
}

TEST(scale_samples_gradients_match_differences)
{
    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_scaled_samples,
                                              .context = &SHAPE(3, 2, 2) });
    check_gradients(&(struct gradient_check){ .seed = 2, .build = build_scaled_samples,
                                              .context = &SHAPE(4) });
}

/* --- refusals -------------------------------------------------------------------------------- */

TEST(elementwise_ops_refuse_what_does_not_fit)
{
    static const struct {
        struct pair_case pair;
        const char *text;
    } rows[] = {
        { { &op_add, { 2, { 2, 3 } }, { 2, { 3, 2 } } },
          "add: the shapes (2, 3) and (3, 2) differ" },
        { { &op_mul, { 1, { 6 } }, { 2, { 2, 3 } } }, "mul: the shapes (6) and (2, 3) differ" },
        { { &op_scale_channels, { 2, { 2, 3 } }, { 2, { 2, 3 } } },
          "scale_channels: the input has the shape (2, 3), but needs 4 dimensions" },
        { { &op_scale_channels, { 4, { 2, 3, 1, 1 } }, { 2, { 3, 2 } } },
          "scale_channels: the scale has the shape (3, 2), but needs (2, 3)" },
        { { &op_scale_channels_scale_grad, { 4, { 2, 3, 1, 1 } }, { 4, { 2, 3, 1, 2 } } },
          "scale_channels_scale_grad: the gradient has the shape (2, 3, 1, 2)" },
        { { &op_scale_last, { 2, { 2, 3 } }, { 1, { 2 } } },
          "scale_last: the scale has the shape (2), but needs (3)" },
        { { &op_scale_last_scale_grad, { 2, { 2, 3 } }, { 2, { 3, 2 } } },
          "scale_last_scale_grad: the gradient has the shape (3, 2)" },
        { { &op_add_samples, { 3, { 4, 2, 3 } }, { 2, { 3, 2 } } },
          "add_samples: (3, 2) is not the shape of one sample of (4, 2, 3)" },
        { { &op_sum_samples, { 3, { 4, 2, 3 } }, { 3, { 4, 2, 3 } } },
          "sum_samples: (4, 2, 3) is not the shape of one sample" },
        { { &op_scale_samples, { 2, { 2, 3 } }, { 1, { 3 } } },
          "scale_samples: the scale has the shape (3), but needs (2)" },
        { { &op_scale_samples, { 0, { 0 } }, { 1, { 1 } } }, "but needs samples" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_build_fails(build_pair, &rows[i].pair, rows[i].text);
}

static void build_learned_factors(struct graph *graph, const void *context)
{
    const struct pair_case c = { &op_scale_samples, SHAPE(2, 3), SHAPE(2) };
    struct value **gradients, *loss;
    struct error err;

    (void)context;
    build_pair(graph, &c);
    loss = GRAPH_APPLY(graph, &op_softmax_cross_entropy, "loss", NULL, graph->outputs[0],
                       graph_input(graph, "target", SHAPE(2, 3), DTYPE_F32));
    CHECK(gradient_build(graph, loss, &gradients, &err));
}

TEST(scale_samples_refuses_to_learn_its_factors)
{
    check_build_fails(build_learned_factors, NULL, "scale_samples: factors have no gradient");
}
