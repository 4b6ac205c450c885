/* cross_entropy_test.c - the classification loss. */

#include "nn/layers.h"
#include "nn/gradient.h"
#include "nn/ops_support.h"
#include "test.h"

struct loss_case {
    int samples, classes;
};

static void build_loss(struct graph *graph, const void *context)
{
    const struct loss_case *c = context;
    struct value *logits = graph_parameter(graph, "logits", SHAPE(c->samples, c->classes),
                                           (struct init){ INIT_UNIFORM, 3 });
    struct value *target =
        graph_input(graph, "target", SHAPE(c->samples, c->classes), DTYPE_F32);

    graph_add_output(graph, nn_softmax_cross_entropy(graph, logits, target, NULL, NULL));
}

/* Distributions, but for the last row, which is padding. */
static void make_targets(struct numbers *numbers, const void *context)
{
    const struct loss_case *c = context;
    double *target = numbers_of(numbers, graph_find(numbers->graph, "target"));

    for (int n = 0; n < c->samples; n++, target += c->classes) {
        double sum = 0;

        for (int i = 0; i < c->classes; i++)
            sum += fabs(target[i]);
        for (int i = 0; i < c->classes; i++)
            target[i] = n == c->samples - 1 ? 0 : fabs(target[i]) / sum;
    }
}

TEST(cross_entropy_of_known_probabilities)
{
    const struct loss_case c = { 4, 2 };
    struct graph graph;
    struct numbers numbers;
    struct value *const *outputs;
    const double *loss, *probability;

    graph_init(&graph);
    build_loss(&graph, &c);
    CHECK(graph.output_count && graph.outputs[0]->shape.rank == 0);
    numbers_init(&numbers, &graph);
    numbers_set(&numbers, graph_find(&graph, "logits"),
                (const double[]){ 0, log(3), 2000, 1000, 5, 5, 1, 1 });
    numbers_set(&numbers, graph_find(&graph, "target"),
                (const double[]){ 1, 0, 0, 1, 0.5, 0.5, 0, 0 });
    numbers_run(&numbers, NULL);
    outputs = graph.nodes[0]->outputs;
    loss = numbers_of(&numbers, outputs[1]);
    probability = numbers_of(&numbers, outputs[2]);
    CHECK_NEAR(loss[0], log(4), 1e-12);
    CHECK_NEAR(loss[1], 1000, 1e-12);
    CHECK_NEAR(loss[2], log(2), 1e-12);
    CHECK_NEAR(loss[3], 0, 0);
    CHECK_NEAR(numbers_of(&numbers, outputs[0])[0], (log(4) + 1000 + log(2)) / 4, 1e-12);
    CHECK_NEAR(probability[0], 0.25, 1e-12);
    CHECK_NEAR(probability[1], 0.75, 1e-12);
    CHECK_NEAR(probability[3], 0, 0);
    numbers_release(&numbers);
    graph_release(&graph);
}

TEST(cross_entropy_gradients_match_differences)
{
    const struct loss_case cases[] = { { 1, 1 }, { 2, 3 }, { 5, 17 }, { 3, 33 } };

    for (int i = 0; i < 4; i++)
        check_gradients(&(struct gradient_check){ .seed = (uint64_t)i, .build = build_loss,
                                                  .prepare = make_targets, .context = &cases[i] });
}

/* Rows of another sum than one, as a weighted class would give. */
TEST(cross_entropy_takes_any_weights)
{
    const struct loss_case c = { 4, 6 };

    check_gradients(&(struct gradient_check){ .seed = 9, .build = build_loss, .context = &c });
}

static void build_other_shapes(struct graph *graph, const void *context)
{
    struct value *logits = graph_input(graph, "logits", SHAPE(2, 3), DTYPE_F32);
    struct value *target = graph_input(graph, "target", *(const struct shape *)context, DTYPE_F32);

    nn_softmax_cross_entropy(graph, logits, target, NULL, NULL);
}

TEST(cross_entropy_refuses_other_shapes)
{
    const struct shape indices = SHAPE(2);

    check_build_fails(build_other_shapes, &indices,
                      "softmax_cross_entropy: the target has the shape (2), but needs (2, 3)");
}

TEST(cross_entropy_refuses_learned_targets)
{
    struct graph graph;
    struct value *logits, *target, *loss, **gradients;
    struct error err;

    graph_init(&graph);
    logits = graph_parameter(&graph, "logits", SHAPE(2, 3), (struct init){ 0 });
    target = graph_parameter(&graph, "target", SHAPE(2, 3), (struct init){ 0 });
    loss = nn_softmax_cross_entropy(&graph, logits, target, NULL, NULL);
    CHECK(loss && gradient_build(&graph, loss, &gradients, &err));
    CHECK_TEXT(err.text, "softmax_cross_entropy: targets have no gradient");
    graph_release(&graph);
}
