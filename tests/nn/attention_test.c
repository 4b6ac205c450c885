/* attention_test.c - softmax and attention. */

#include "base/rng.h"
#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

/* --- softmax ---------------------------------------------------------------------------------- */

static void build_softmax(struct graph *graph, const void *context)
{
    const struct shape *shape = context;
    struct value *x = graph_parameter(graph, "x", *shape, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_softmax, "softmax", NULL, x));
}

TEST(softmax_survives_large_numbers)
{
    const struct shape shape = SHAPE(2, 2);
    struct graph graph;
    struct numbers numbers;
    const double *y;

    graph_init(&graph);
    build_softmax(&graph, &shape);
    CHECK(graph.output_count);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "x"),
                (const double[]){ 1000, 1000 + log(3), -5000, -6000 });
    numbers_run(&numbers, NULL);
    y = numbers_of(&numbers, graph.outputs[0]);
    CHECK_NEAR(y[0], 0.25, 1e-12);
    CHECK_NEAR(y[1], 0.75, 1e-12);
    CHECK_NEAR(y[2], 1, 0);
    CHECK_NEAR(y[3], 0, 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(softmax_gradients_match_differences)
{
    const struct shape shapes[] = { SHAPE(3, 5), SHAPE(2, 3, 1, 4), SHAPE(7), SHAPE(4, 1) };

    for (int i = 0; i < 4; i++)
        check_gradients(&(struct gradient_check){ .seed = (uint64_t)i, .build = build_softmax,
                                                  .context = &shapes[i] });
}

/* --- attention -------------------------------------------------------------------------------- */

struct attention_case {
    int samples, tokens, heads, size;
};

static void build_attention(struct graph *graph, const void *context)
{
    const struct attention_case *c = context;
    struct attention_attributes attention = { .heads = c->heads };
    struct value *qkv = graph_parameter(graph, "qkv",
                                        SHAPE(c->samples, c->tokens, 3 * c->heads * c->size),
                                        (struct init){ INIT_UNIFORM, 2 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_attention, "attention", &attention, qkv));
}

static struct attention_case draw_case(uint64_t seed)
{
    struct rng rng = rng_for(seed, 12, 0);
    struct attention_case c;

    c.samples = 1 + (int)rng_below(&rng, 3);
    c.tokens = 1 + (int)rng_below(&rng, 7);
    c.heads = 1 + (int)rng_below(&rng, 3);
    c.size = 1 + (int)rng_below(&rng, 6);
    return c;
}

/* The textbook's form for one query: all scores, their softmax, the mean of the values. */
static void check_query(const struct attention_case *c, const double *qkv, int head, int query,
                        const double *out, double log_sum_exp)
{
    int width = c->heads * c->size;
    double weight[16], sum = 0;

    for (int j = 0; j < c->tokens; j++) {
        double score = 0;

        for (int k = 0; k < c->size; k++)
            score += qkv[query * 3 * width + head * c->size + k] *
                     qkv[j * 3 * width + width + head * c->size + k];
        weight[j] = exp(score / sqrt(c->size));
        sum += weight[j];
    }
    CHECK_NEAR(log_sum_exp, log(sum), 1e-12);
    for (int k = 0; k < c->size; k++) {
        double expected = 0;

        for (int j = 0; j < c->tokens; j++)
            expected += weight[j] / sum * qkv[j * 3 * width + 2 * width + head * c->size + k];
        CHECK_NEAR(out[query * width + head * c->size + k], expected, 1e-12);
    }
}

TEST(attention_is_the_softmax_weighted_mean_of_values)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct attention_case c = draw_case(seed);
        int width = c.heads * c.size;
        struct graph graph;
        struct numbers numbers;

        graph_init(&graph);
        build_attention(&graph, &c);
        CHECK(graph.output_count == 1);
        CHECK(shape_equal(&graph.outputs[0]->shape, &SHAPE(c.samples, c.tokens, width)));
        numbers_init(&numbers, &graph);
        numbers_draw(&numbers, seed);
        numbers_run(&numbers, NULL);
        for (int n = 0; n < c.samples; n++)
            for (int head = 0; head < c.heads; head++)
                for (int i = 0; i < c.tokens; i++)
                    check_query(&c,
                                numbers_of(&numbers, graph_find(&graph, "qkv")) +
                                    n * c.tokens * 3 * width,
                                head, i,
                                numbers_of(&numbers, graph.outputs[0]) + n * c.tokens * width,
                                numbers_of(&numbers, graph.nodes[0]->outputs[1])
                                    [(n * c.heads + head) * c.tokens + i]);
        numbers_release(&numbers);
        graph_release(&graph);
    }
}

TEST(attention_survives_large_scores)
{
    const struct attention_case c = { 1, 2, 1, 1 };
    struct graph graph;
    struct numbers numbers;

    graph_init(&graph);
    build_attention(&graph, &c);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "qkv"), (const double[]){ 100, 100, 3, -100, 90, 5 });
    numbers_run(&numbers, NULL);
    CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[0], 3, 1e-12);
    CHECK_NEAR(numbers_of(&numbers, graph.outputs[0])[1], 5, 1e-12);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(attention_gradients_match_differences)
{
    for (uint64_t seed = 40; seed < 56; seed++) {
        struct attention_case c = draw_case(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_attention,
                                                  .context = &c });
    }
}

static void build_odd_heads(struct graph *graph, const void *context)
{
    struct value *qkv = graph_input(graph, "qkv", SHAPE(1, 4, 24), DTYPE_F32);

    GRAPH_APPLY(graph, &op_attention, "attention", context, qkv);
}

TEST(attention_refuses_heads_that_do_not_divide)
{
    check_build_fails(build_odd_heads, &(const struct attention_attributes){ .heads = 3 },
                      "attention: 24 features are not queries, keys and values of 3 heads");
    check_build_fails(build_odd_heads, &(const struct attention_attributes){ .heads = 0 },
                      "of 0 heads");
}
