/* shape_ops_test.c - concatenate, cut, reshape, transpose. */

#include "nn/ops.h"
#include "nn/ops_support.h"
#include "test.h"

/* The position of an element along every dimension, and back. */
static void position_of(const struct shape *shape, int64_t element, int64_t *at)
{
    for (int i = shape->rank - 1; i >= 0; i--) {
        at[i] = element % shape->dim[i];
        element /= shape->dim[i];
    }
}

static int64_t element_at(const struct shape *shape, const int64_t *at)
{
    int64_t element = 0;

    for (int i = 0; i < shape->rank; i++)
        element = element * shape->dim[i] + at[i];
    return element;
}

static struct shape pick_shape(struct rng *rng)
{
    struct shape shape = { .rank = pick_between(rng, 1, 5) };

    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = pick_between(rng, 1, 4);
    return shape;
}

/* --- concat ---------------------------------------------------------------------------------- */

struct concat_case {
    int count;
    struct shape x[3];
    struct concat_attributes concat;
};

static void build_concat(struct graph *graph, const void *context)
{
    const struct concat_case *c = context;
    struct value *x[3] = { 0 };

    for (int i = 0; i < c->count; i++)
        x[i] = graph_parameter(graph, arena_printf(&graph->arena, "x%d", i), c->x[i],
                               (struct init){ 0 });
    graph_add_output(graph, graph_apply(graph, &op_concat, "concat", x, c->count, &c->concat));
}

static struct concat_case pick_concat(uint64_t seed)
{
    struct rng rng = rng_for(seed, 28, 0);
    struct concat_case c = { .count = pick_between(&rng, 1, 3) };

    c.x[0] = c.x[1] = c.x[2] = pick_shape(&rng);
    c.concat.axis = pick_between(&rng, 0, c.x[0].rank - 1);
    for (int i = 1; i < c.count; i++)
        c.x[i].dim[c.concat.axis] = pick_between(&rng, 1, 4);
    return c;
}

TEST(concat_puts_inputs_one_after_the_other)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct concat_case c = pick_concat(seed);
        int64_t at[SHAPE_MAX_RANK], total = 0, *along = &at[c.concat.axis];
        struct built built;

        built_init(&built, build_concat, &c, seed);
        numbers_run(&built.numbers, NULL);
        for (int i = 0; i < c.count; i++)
            total += c.x[i].dim[c.concat.axis];
        CHECK(built.graph.outputs[0]->shape.dim[c.concat.axis] == total);
        for (int64_t e = 0; e < shape_count(&built.graph.outputs[0]->shape); e++) {
            char name[] = "x0";

            position_of(&built.graph.outputs[0]->shape, e, at);
            for (; *along >= c.x[name[1] - '0'].dim[c.concat.axis]; name[1]++)
                *along -= c.x[name[1] - '0'].dim[c.concat.axis];
            check_numbers(seed, "y", built_output(&built, 0) + e,
                          built_find(&built, name) + element_at(&c.x[name[1] - '0'], at), 1, 0);
        }
        built_release(&built);
    }
}

TEST(concat_gradients_match_differences)
{
    for (uint64_t seed = 50; seed < 65; seed++) {
        struct concat_case c = pick_concat(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_concat,
                                                  .context = &c });
    }
}

TEST(concat_refuses_what_does_not_fit)
{
    const struct concat_case axis = { 1, { SHAPE(2, 3) }, { 2 } };
    const struct concat_case other = { 2, { SHAPE(2, 3), SHAPE(2, 4) }, { 0 } };
    const struct concat_case rank = { 2, { SHAPE(2, 3), SHAPE(2) }, { 1 } };
    const struct concat_case none = { 0, { SHAPE(1) }, { 0 } };

    check_build_fails(build_concat, &axis, "concat: (2, 3) has no axis 2");
    check_build_fails(build_concat, &other,
                      "concat: (2, 3) and (2, 4) differ elsewhere than in axis 0");
    check_build_fails(build_concat, &rank, "concat: (2, 3) and (2) differ elsewhere");
    check_build_fails(build_concat, &none, "concat: takes 1 to 12 inputs, not 0");
}

/* --- slice ----------------------------------------------------------------------------------- */

struct slice_case {
    const struct op *op;
    struct shape x;
    struct slice_attributes slice;
};

static void build_slice(struct graph *graph, const void *context)
{
    const struct slice_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, c->op, "slice", &c->slice, x));
}

static struct slice_case pick_slice(uint64_t seed)
{
    struct rng rng = rng_for(seed, 29, 0);
    struct slice_case c = { .op = &op_slice, .x = pick_shape(&rng) };

    c.slice.axis = pick_between(&rng, 0, c.x.rank - 1);
    c.slice.begin = pick_between(&rng, 0, (int)c.x.dim[c.slice.axis] - 1);
    c.slice.end = pick_between(&rng, c.slice.begin + 1, (int)c.x.dim[c.slice.axis]);
    return c;
}

TEST(slice_takes_a_range_along_one_axis)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct slice_case c = pick_slice(seed);
        struct shape y = c.x;
        int64_t at[SHAPE_MAX_RANK];
        struct built built;

        built_init(&built, build_slice, &c, seed);
        numbers_run(&built.numbers, NULL);
        y.dim[c.slice.axis] = c.slice.end - c.slice.begin;
        CHECK(shape_equal(&built.graph.outputs[0]->shape, &y));
        for (int64_t e = 0; e < shape_count(&y); e++) {
            position_of(&y, e, at);
            at[c.slice.axis] += c.slice.begin;
            check_numbers(seed, "y", built_output(&built, 0) + e,
                          built_find(&built, "x") + element_at(&c.x, at), 1, 0);
        }
        built_release(&built);
    }
}

TEST(slice_gradients_match_differences)
{
    for (uint64_t seed = 50; seed < 65; seed++) {
        struct slice_case c = pick_slice(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_slice,
                                                  .context = &c });
    }
}

TEST(slice_refuses_what_does_not_fit)
{
    const struct shape x = SHAPE(2, 5);
    struct slice_case c = { &op_slice, x, { .axis = 1, .begin = 3, .end = 6 } };

    check_build_fails(build_slice, &c, "slice: [3, 6) is no part of the 5 along axis 1");
    c.slice.end = 3;
    check_build_fails(build_slice, &c, "slice: [3, 3) is no part");
    c.slice.begin = -1;
    check_build_fails(build_slice, &c, "slice: [-1, 3) is no part");
    c.slice.axis = -1;
    check_build_fails(build_slice, &c, "slice: (2, 5) has no axis -1");
    c = (struct slice_case){ &op_slice_grad, x, { .axis = 1, .begin = 4, .end = 9, .size = 8 } };
    check_build_fails(build_slice, &c, "slice_grad: 5 elements are not [4, 9) of 8");
    c.slice.begin = 5;
    c.slice.size = 9;
    check_build_fails(build_slice, &c, "slice_grad: 5 elements are not [5, 9) of 9");
}

/* Overlapping slices of one value: their gradients meet in it. */
static void build_slices(struct graph *graph, const void *context)
{
    static const int parts[4][2] = { { 0, 3 }, { 3, 7 }, { 2, 5 }, { 0, 7 } };
    struct value *x = graph_parameter(graph, "x", SHAPE(2, 7, 3), (struct init){ INIT_UNIFORM, 1 });

    (void)context;
    for (int i = 0; i < 4; i++) {
        struct slice_attributes slice = { .axis = 1, .begin = parts[i][0], .end = parts[i][1] };

        graph_add_output(graph, GRAPH_APPLY(graph, &op_slice, "", &slice, x));
    }
}

TEST(gradients_of_several_slices_meet)
{
    check_gradients(&(struct gradient_check){ .seed = 70, .build = build_slices });
}

TEST(slice_add_refuses_other_parts)
{
    struct slice_attributes slice = { .axis = 1, .begin = 1, .end = 3 };
    struct graph graph;
    struct error err;

    graph_init(&graph);
    GRAPH_APPLY(&graph, &op_slice_add, "", &slice,
                graph_input(&graph, "x", SHAPE(2, 5), DTYPE_F32),
                graph_input(&graph, "part", SHAPE(2, 3), DTYPE_F32));
    CHECK(graph_finish(&graph, &err));
    CHECK_TEXT(err.text, "slice_add: the part has the shape (2, 3), but needs (2, 2)");
    graph_release(&graph);
}

/* --- reshape --------------------------------------------------------------------------------- */

struct reshape_case {
    struct shape x;
    struct reshape_attributes reshape;
};

static void build_reshape(struct graph *graph, const void *context)
{
    const struct reshape_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_reshape, "reshape", &c->reshape, x));
}

TEST(reshape_keeps_the_elements_in_order)
{
    static const struct {
        struct reshape_attributes to;
        struct shape y;
    } rows[] = {
        { { 2, { 4, 6 } }, { 2, { 4, 6 } } },
        { { 2, { -1, 6 } }, { 2, { 4, 6 } } },
        { { 3, { 3, -1, 8 } }, { 3, { 3, 1, 8 } } },
        { { 1, { -1 } }, { 1, { 24 } } },
        { { 6, { 1, 2, 1, 3, 1, 4 } }, { 6, { 1, 2, 1, 3, 1, 4 } } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct reshape_case c = { SHAPE(2, 3, 4), rows[i].to };
        struct built built;

        built_init(&built, build_reshape, &c, i);
        numbers_run(&built.numbers, NULL);
        CHECK(shape_equal(&built.graph.outputs[0]->shape, &rows[i].y));
        check_numbers(i, "y", built_output(&built, 0), built_find(&built, "x"), 24, 0);
        built_release(&built);
        check_gradients(&(struct gradient_check){ .seed = i, .build = build_reshape,
                                                  .context = &c });
    }
}

TEST(reshape_makes_scalars_of_single_elements)
{
    const struct reshape_case c = { SHAPE(1, 1), { .rank = 0 } };
    struct built built;

    built_init(&built, build_reshape, &c, 1);
    CHECK(built.graph.outputs[0]->shape.rank == 0);
    built_release(&built);
}

TEST(reshape_refuses_what_does_not_fit)
{
    static const struct {
        struct reshape_attributes to;
        const char *text;
    } rows[] = {
        { { 2, { 4, 5 } }, "reshape: (2, 3, 4) cannot become (4, 5)" },
        { { 2, { -1, 5 } }, "reshape: (2, 3, 4) cannot become (-1, 5)" },
        { { 2, { -1, -1 } }, "cannot become (-1, -1)" },
        { { 3, { -1, -1, -1 } }, "cannot become (-1, -1, -1)" },
        { { 2, { 0, -1 } }, "cannot become (0, -1)" },
        { { 2, { -4, -6 } }, "cannot become (-4, -6)" },
        { { 6, { 2147483647, 2147483647, 2147483647, 2147483647, 2147483647, 24 } },
          "cannot become" },
        { { 7, { 24 } }, "reshape: to 7 dimensions" },
        { { -1, { 24 } }, "reshape: to -1 dimensions" },
        { { 0, { 0 } }, "reshape: (2, 3, 4) cannot become" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_build_fails(build_reshape,
                          &(const struct reshape_case){ SHAPE(2, 3, 4), rows[i].to }, rows[i].text);
}

/* --- transpose ------------------------------------------------------------------------------- */

struct transpose_case {
    struct shape x;
    struct transpose_attributes transpose;
};

static void build_transpose(struct graph *graph, const void *context)
{
    const struct transpose_case *c = context;
    struct value *x = graph_parameter(graph, "x", c->x, (struct init){ 0 });

    graph_add_output(graph, GRAPH_APPLY(graph, &op_transpose, "transpose", &c->transpose, x));
}

static struct transpose_case pick_transpose(uint64_t seed)
{
    struct rng rng = rng_for(seed, 30, 0);
    struct transpose_case c = { .x = pick_shape(&rng) };

    for (int i = 0; i < c.x.rank; i++)
        c.transpose.order[i] = i;
    rng_shuffle(&rng, c.transpose.order, c.x.rank);
    return c;
}

TEST(transpose_moves_every_element_to_its_place)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct transpose_case c = pick_transpose(seed);
        int64_t at[SHAPE_MAX_RANK], moved[SHAPE_MAX_RANK];
        struct built built;
        const struct shape *y;

        built_init(&built, build_transpose, &c, seed);
        numbers_run(&built.numbers, NULL);
        y = &built.graph.outputs[0]->shape;
        for (int i = 0; i < c.x.rank; i++)
            CHECK(y->dim[i] == c.x.dim[c.transpose.order[i]]);
        for (int64_t e = 0; e < shape_count(&c.x); e++) {
            position_of(&c.x, e, at);
            for (int i = 0; i < c.x.rank; i++)
                moved[i] = at[c.transpose.order[i]];
            check_numbers(seed, "y", built_output(&built, 0) + element_at(y, moved),
                          built_find(&built, "x") + e, 1, 0);
        }
        built_release(&built);
    }
}

TEST(transpose_gradients_match_differences)
{
    for (uint64_t seed = 100; seed < 120; seed++) {
        struct transpose_case c = pick_transpose(seed);

        check_gradients(&(struct gradient_check){ .seed = seed, .build = build_transpose,
                                                  .context = &c });
    }
}

TEST(transpose_refuses_other_than_permutations)
{
    const struct transpose_case twice = { SHAPE(2, 3), { { 1, 1 } } };
    const struct transpose_case far = { SHAPE(2, 3), { { 0, 2 } } };
    const struct transpose_case negative = { SHAPE(2, 3), { { -1, 0 } } };

    check_build_fails(build_transpose, &twice, "transpose: the order has 1 in place 1 and is no");
    check_build_fails(build_transpose, &far, "transpose: the order has 2 in place 1 and is no");
    check_build_fails(build_transpose, &negative, "transpose: the order has -1 in place 0");
}
