/* random_test.c - dropout and stochastic depth. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "nn/random_mask.h"
#include "test.h"

#include <stdlib.h>

/* --- the mask -------------------------------------------------------------------------------- */

#define MASK_COUNT 40000

/* 1 where the element is kept. */
static void draw_mask(bool *mask, const struct run_state *run, int key, int64_t sample, double rate)
{
    uint64_t stream = mask_stream(run, key, sample);

    for (int i = 0; i < MASK_COUNT; i++)
        mask[i] = mask_keeps(run, stream, i, rate);
}

/* The share of elements that two masks, one shifted, both keep. */
static double both_kept(const bool *a, const bool *b, int shift)
{
    int count = 0;

    for (int i = 0; i + shift < MASK_COUNT; i++)
        count += a[i] && b[i + shift];
    return (double)count / (MASK_COUNT - shift);
}

/* Five standard deviations of the share of `probability` in that many draws. */
static double share_tolerance(double probability)
{
    return 5 * sqrt(probability * (1 - probability) / MASK_COUNT);
}

TEST(masks_keep_the_share_that_the_rate_says)
{
    static const double rates[] = { 0, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999 };
    bool *mask = malloc(MASK_COUNT * sizeof(bool));

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        for (int sample = 0; sample < 3; sample++) {
            const struct run_state run = { .seed = 11, .step = 5, .training = true };

            draw_mask(mask, &run, 3, sample, rates[i]);
            CHECK_NEAR(both_kept(mask, mask, 0), 1 - rates[i], share_tolerance(rates[i]));
        }
    free(mask);
}

TEST(masks_of_other_places_are_independent)
{
    static const struct {
        struct run_state run;
        int key;
        int64_t sample;
    } places[] = {
        { { .seed = 1 }, 1, 0 },
        { { .seed = 2 }, 1, 0 },
        { { .seed = 1, .step = 1 }, 1, 0 },
        { { .seed = 1 }, 2, 0 },
        { { .seed = 1 }, 1, 1 },
        { { .seed = 1, .first_sample = 2 }, 1, 0 },
    };
    const double rate = 0.4, together = (1 - rate) * (1 - rate);
    int count = (int)(sizeof(places) / sizeof(places[0]));
    bool *masks = malloc((size_t)count * MASK_COUNT * sizeof(bool));

    for (int i = 0; i < count; i++)
        draw_mask(masks + i * MASK_COUNT, &places[i].run, places[i].key, places[i].sample, rate);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            CHECK_NEAR(both_kept(masks + i * MASK_COUNT, masks + j * MASK_COUNT, 0), together,
                       share_tolerance(together));
    for (int shift = 1; shift < 9; shift++)
        CHECK_NEAR(both_kept(masks, masks, shift), together, share_tolerance(together));
    free(masks);
}

/* An element is dropped at its rate over the steps, too. */
TEST(masks_change_from_step_to_step)
{
    const double rate = 0.25;
    int kept = 0;

    for (int64_t step = 0; step < MASK_COUNT; step++) {
        const struct run_state run = { .seed = 3, .step = step, .training = true };

        kept += mask_keeps(&run, mask_stream(&run, 9, 4), 17, rate);
    }
    CHECK_NEAR((double)kept / MASK_COUNT, 1 - rate, share_tolerance(rate));
}

/* --- dropout --------------------------------------------------------------------------------- */

struct dropout_case {
    struct shape x;
    double rate;
    int key;
};

static void build_dropout(struct graph *graph, const void *context)
{
    const struct dropout_case *c = context;
    struct random_attributes attributes = { .rate = c->rate, .key = c->key };
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_CONSTANT, 2 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_dropout, "drop", &attributes, x));
}

TEST(dropout_zeroes_or_scales_by_its_mask)
{
    const struct dropout_case c = { SHAPE(4, 5, 7), 0.3, 6 };
    const struct run_state run = { .seed = 8, .step = 2, .first_sample = 16, .training = true };
    int dropped = 0;
    struct built built;

    built_init(&built, build_dropout, &c, 1);
    numbers_run(&built.numbers, &run);
    for (int i = 0; i < 4 * 35; i++) {
        bool kept = mask_keeps(&run, mask_stream(&run, 6, i / 35), i % 35, 0.3);
        double expected = kept ? built_find(&built, "x")[i] / 0.7 : 0;

        CHECK_NEAR(built_output(&built, 0)[i], expected, 1e-14);
        dropped += !kept;
    }
    CHECK(dropped > 20 && dropped < 70);
    built_release(&built);
}

TEST(dropout_is_the_identity_in_evaluation)
{
    const struct dropout_case c = { SHAPE(3, 11), 0.9, 0 };
    const struct run_state run = { .seed = 8, .training = false };
    struct built built;

    built_init(&built, build_dropout, &c, 1);
    numbers_run(&built.numbers, &run);
    check_numbers(1, "y", built_output(&built, 0), built_find(&built, "x"), 33, 0);
    built_release(&built);
}

/* One batch of six, and the same samples in two batches of three. */
TEST(dropout_does_not_depend_on_the_batch)
{
    const struct dropout_case six = { SHAPE(6, 20), 0.5, 1 }, three = { SHAPE(3, 20), 0.5, 1 };
    struct built whole, part;

    built_init(&whole, build_dropout, &six, 1);
    built_init(&part, build_dropout, &three, 1);
    numbers_run(&whole.numbers, &(struct run_state){ .seed = 4, .step = 9, .training = true });
    for (int half = 0; half < 2; half++) {
        numbers_set(&part.numbers, graph_find(&part.graph, "x"),
                    built_find(&whole, "x") + half * 60);
        numbers_run(&part.numbers, &(struct run_state){ .seed = 4, .step = 9, .training = true,
                                                        .first_sample = half * 3 });
        check_numbers(4, "y", built_output(&part, 0), built_output(&whole, 0) + half * 60, 60, 0);
    }
    built_release(&whole);
    built_release(&part);
}

static void build_two(struct graph *graph, const void *context)
{
    const struct dropout_case *c = context;
    struct random_attributes attributes = { .rate = c->rate };
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_CONSTANT, 2 });

    for (int i = 0; i < 2; i++)
        graph_add_output(graph, GRAPH_APPLY(graph, &op_dropout, "drop", &attributes, x));
}

TEST(dropout_nodes_have_keys_of_their_own)
{
    const struct dropout_case c = { SHAPE(1, 200), 0.5, 0 };
    struct built built;
    int different = 0;

    built_init(&built, build_two, &c, 1);
    for (int i = 0; i < 2; i++) {
        const struct random_attributes *attributes = built.graph.nodes[i]->attributes;

        CHECK(attributes->key == built.graph.nodes[i]->id + 1);
    }
    numbers_run(&built.numbers, NULL);
    for (int i = 0; i < 200; i++)
        different += built_output(&built, 0)[i] != built_output(&built, 1)[i];
    CHECK(different > 60 && different < 140);
    built_release(&built);
}

/* Only right if the gradient draws the forward node's mask, though its own id is another. */
TEST(dropout_gradients_match_differences)
{
    const struct dropout_case c = { SHAPE(3, 2, 9), 0.4, 0 }, flat = { SHAPE(20), 0.4, 0 };

    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_dropout, .context = &c,
                                              .elements = 54 });
    check_gradients(&(struct gradient_check){ .seed = 2, .build = build_dropout,
                                              .context = &flat });
    check_gradients(&(struct gradient_check){ .seed = 3, .build = build_two, .context = &c,
                                              .elements = 54 });
}

/* --- stochastic depth ------------------------------------------------------------------------ */

static void build_drop_path(struct graph *graph, const void *context)
{
    const struct dropout_case *c = context;
    struct random_attributes attributes = { .rate = c->rate, .key = c->key,
                                            .count = (int)c->x.dim[0] };
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ INIT_CONSTANT, 2 });
    struct value *mask = graph_apply(graph, &op_drop_path_mask, "path", NULL, 0, &attributes);

    graph_add_output(graph, GRAPH_APPLY(graph, &op_scale_samples, "path", NULL, x, mask));
}

TEST(drop_path_takes_or_leaves_whole_samples)
{
    const struct dropout_case c = { SHAPE(2000, 3), 0.2, 5 };
    struct built built;
    int dropped = 0;

    built_init(&built, build_drop_path, &c, 1);
    numbers_run(&built.numbers, NULL);
    for (int n = 0; n < 2000; n++) {
        const double *x = built_find(&built, "x") + 3 * n, *y = built_output(&built, 0) + 3 * n;
        double factor = y[0] == 0 ? 0 : 1.25;

        for (int i = 0; i < 3; i++)
            CHECK_NEAR(y[i], x[i] * factor, 1e-14);
        dropped += factor == 0;
    }
    CHECK_NEAR(dropped, 400, 5 * sqrt(2000 * 0.2 * 0.8));
    built_release(&built);
}

TEST(drop_path_does_not_depend_on_the_batch)
{
    const struct dropout_case all = { SHAPE(64, 1), 0.5, 2 }, one = { SHAPE(1, 1), 0.5, 2 };
    struct built whole, part;

    built_init(&whole, build_drop_path, &all, 1);
    built_init(&part, build_drop_path, &one, 1);
    numbers_run(&whole.numbers, &(struct run_state){ .seed = 4, .training = true });
    for (int n = 0; n < 64; n++) {
        built_find(&part, "x")[0] = built_find(&whole, "x")[n];
        numbers_run(&part.numbers, &(struct run_state){ .seed = 4, .first_sample = n,
                                                        .training = true });
        CHECK_NEAR(built_output(&part, 0)[0], built_output(&whole, 0)[n], 0);
    }
    built_release(&whole);
    built_release(&part);
}

TEST(drop_path_is_the_identity_in_evaluation)
{
    const struct dropout_case c = { SHAPE(9, 2), 0.9, 0 };
    struct built built;

    built_init(&built, build_drop_path, &c, 1);
    numbers_run(&built.numbers, &(struct run_state){ .seed = 4 });
    check_numbers(1, "y", built_output(&built, 0), built_find(&built, "x"), 18, 0);
    built_release(&built);
}

TEST(drop_path_gradients_match_differences)
{
    const struct dropout_case c = { SHAPE(12, 2), 0.5, 0 };

    check_gradients(&(struct gradient_check){ .seed = 1, .build = build_drop_path, .context = &c });
}

/* --- refusals -------------------------------------------------------------------------------- */

TEST(random_ops_refuse_impossible_rates)
{
    const struct dropout_case one = { SHAPE(2, 2), 1, 0 }, negative = { SHAPE(2, 2), -0.1, 0 };
    const struct dropout_case nan = { SHAPE(2, 2), NAN, 0 }, scalar = { SHAPE_SCALAR, 0.5, 0 };

    check_build_fails(build_dropout, &one, "dropout: the rate must lie in [0, 1), not 1");
    check_build_fails(build_dropout, &negative, "not -0.1");
    check_build_fails(build_dropout, &nan, "dropout: the rate must lie in [0, 1)");
    check_build_fails(build_dropout, &scalar, "dropout: the input is a single number");
    check_build_fails(build_drop_path, &one, "drop_path_mask: the rate must lie in [0, 1), not 1");
    check_build_fails(build_drop_path, &scalar, "drop_path_mask: the output would have the shape");
}
