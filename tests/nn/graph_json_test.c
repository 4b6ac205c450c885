/* graph_json_test.c - graphs survive being written and read; damaged texts are refused, with what
 * is wrong in the message. */

#include "nn/graph_json.h"

#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"
#include "nn/layers.h"
#include "nn/passes.h"
#include "nn/planned_support.h"
#include "test.h"

#include <stdlib.h>

#define GRAPH_COUNT 100
#define FIRST_SEED 30000
#define TEST_ELEMENTS 1000000

static void write_graph(const struct graph *graph, struct str *text)
{
    struct json_writer w;

    str_clear(text);
    json_begin(&w, text);
    graph_write_json(graph, &w);
}

static void fail_seed(uint64_t seed, const char *what)
{
    test_fail(__FILE__, __LINE__, "seed %llu: %s", (unsigned long long)seed, what);
}

/* --- the same graph --------------------------------------------------------------------------- */

struct pair {
    uint64_t seed;
    const struct graph *written, *read;
    const struct value **twin; /* by id in the written graph */
};

static void need(const struct pair *pair, bool condition, const char *what)
{
    if (!condition)
        fail_seed(pair->seed, what);
}

static bool equal_attribute(const struct attribute *a, const char *x, const char *y)
{
    x += a->offset;
    y += a->offset;
    if (a->type == ATTRIBUTE_REAL)
        return *(const double *)x == *(const double *)y;
    if (a->type == ATTRIBUTE_BOOL)
        return *(const bool *)x == *(const bool *)y;
    return !memcmp(x, y, (size_t)a->count * sizeof(int));
}

static void compare_nodes(const struct pair *pair, const struct node *a, const struct node *b)
{
    need(pair, a->op == b->op && !strcmp(a->name, b->name), "a node has another op or name");
    need(pair, a->input_count == b->input_count && a->output_count == b->output_count,
         "a node has other inputs or outputs");
    for (const struct attribute *t = a->op->attributes; t && t->name; t++)
        need(pair, equal_attribute(t, a->attributes, b->attributes), t->name);
    for (int i = 0; i < a->input_count; i++)
        need(pair, b->inputs[i] == (a->inputs[i] ? pair->twin[a->inputs[i]->id] : NULL),
             "a node reads something else");
    for (int i = 0; i < a->output_count; i++) {
        need(pair, shape_equal(&a->outputs[i]->shape, &b->outputs[i]->shape) &&
                       a->outputs[i]->dtype == b->outputs[i]->dtype, "a value has another shape");
        pair->twin[a->outputs[i]->id] = b->outputs[i];
    }
}

static void compare_graphs(uint64_t seed, const struct graph *written, const struct graph *read)
{
    struct pair pair = { seed, written, read,
                         calloc((size_t)written->value_count, sizeof(*pair.twin)) };

    for (int i = 0; i < written->value_count; i++) {
        const struct value *a = written->values[i], *b = a->name ? graph_find(read, a->name) : NULL;

        if (a->kind == VALUE_COMPUTED)
            continue;
        need(&pair, b && a->kind == b->kind && shape_equal(&a->shape, &b->shape), a->name);
        pair.twin[i] = b;
    }
    need(&pair, written->value_count == read->value_count &&
                    written->node_count == read->node_count &&
                    written->output_count == read->output_count, "the counts differ");
    for (int i = 0; i < written->node_count; i++)
        compare_nodes(&pair, written->nodes[i], read->nodes[i]);
    for (int i = 0; i < written->output_count; i++)
        need(&pair, read->outputs[i] == pair.twin[written->outputs[i]->id], "an output differs");
    free(pair.twin);
}

TEST(graphs_are_read_as_they_were_written)
{
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct graph written, read;
        struct str text = STR_INIT;
        struct error err;
        struct net net;

        graph_init(&written);
        random_network_build(&written, seed, &net);
        write_graph(&written, &text);
        CHECK_OK(graph_read_json(&read, text.text, text.length, 0, &err), err);
        CHECK_OK(graph_check(&read, &err), err);
        compare_graphs(seed, &written, &read);
        graph_release(&read);
        graph_release(&written);
        str_release(&text);
    }
}

/* --- it computes the same --------------------------------------------------------------------- */

/* What a stored graph leaves out: how parameters start, and which are frozen. */
static void take_over(struct graph *read, const struct graph *written)
{
    for (int i = 0; i < written->value_count; i++) {
        struct value *value =
            written->values[i]->name ? graph_find(read, written->values[i]->name) : NULL;

        if (value) {
            value->init = written->values[i]->init;
            value->frozen = written->values[i]->frozen;
        }
    }
}

static void build_from_text(struct graph *g, uint64_t seed, struct net *net)
{
    struct str text = STR_INIT;
    struct graph written;
    struct value *logits, *more;
    struct error err;

    graph_init(&written);
    random_network_build(&written, seed, net);
    write_graph(&written, &text);
    CHECK_OK(graph_read_json(g, text.text, text.length, 0, &err), err);
    take_over(g, &written);
    logits = g->outputs[0];
    more = g->output_count > 1 ? g->outputs[1] : NULL;
    g->output_count = 0;
    net_finish(g, graph_find(g, "image"), logits, net);
    graph_add_output(g, more);
    graph_release(&written);
    str_release(&text);
}

TEST(graphs_that_were_read_compute_the_same)
{
    struct device *device = device_reference_open(true);

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + 30; seed++) {
        struct planned_options options = { .build = random_graph_build, .seed = seed };
        struct planned written, read;

        planned_init(&written, device, &options);
        planned_run(&written, RUN_PLAIN);
        options.build = build_from_text;
        planned_init(&read, device, &options);
        planned_run(&read, RUN_PLAIN);
        planned_compare(&read, &written, 1e-12, "read from text");
        planned_release(&read);
        planned_release(&written);
    }
    device_close(device);
}

TEST(graphs_are_read_for_another_batch)
{
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + GRAPH_COUNT; seed++) {
        struct graph written, read;
        struct str text = STR_INIT;
        struct error err;
        struct net net;

        graph_init(&written);
        random_network_build(&written, seed, &net);
        write_graph(&written, &text);
        CHECK_OK(graph_read_json(&read, text.text, text.length, 5, &err), err);
        CHECK_OK(graph_check(&read, &err), err);
        CHECK(graph_find(&read, "image")->shape.dim[0] == 5);
        CHECK(read.outputs[0]->shape.dim[0] == 5);
        graph_release(&read);
        graph_release(&written);
        str_release(&text);
    }
}

/* --- damage ----------------------------------------------------------------------------------- */

static void build_small(struct graph *g)
{
    struct value *x = graph_input(g, "image", SHAPE(2, 3, 8, 8), DTYPE_F32);

    x = nn_conv(g, "conv", x, .out = 6, .kernel = 3);
    x = nn_maxpool(g, nn_activation(g, nn_batchnorm(g, "bn", x), ACTIVATION_RELU), .kernel = 2);
    x = nn_linear(g, "fc", nn_reshape(g, x, SHAPE(2, -1)), .out = 3);
    graph_add_output(g, x);
}

static json_t *value_at(json_t *root, int index)
{
    return json_array_get(json_object_get(root, "values"), (size_t)index);
}

static json_t *node_at(json_t *root, int index)
{
    return json_array_get(json_object_get(root, "nodes"), (size_t)index);
}

static json_t *attributes_at(json_t *root, int index)
{
    return json_object_get(node_at(root, index), "attributes");
}

/* clang-format off */
#define DAMAGE(name) static void name(json_t *root)

DAMAGE(other_format) { json_object_set_new(root, "format", json_integer(2)); }
DAMAGE(a_loss)
{
    json_object_set_new(node_at(root, 0), "op", json_string("softmax_cross_entropy"));
}
DAMAGE(no_format) { json_object_del(root, "format"); }
DAMAGE(no_nodes) { json_object_del(root, "nodes"); }
DAMAGE(no_values) { json_object_del(root, "values"); }
DAMAGE(no_outputs) { json_object_del(root, "outputs"); }
DAMAGE(value_without_name) { json_object_del(value_at(root, 1), "name"); }
DAMAGE(value_without_kind) { json_object_del(value_at(root, 1), "kind"); }
DAMAGE(value_without_shape) { json_object_del(value_at(root, 1), "shape"); }
DAMAGE(unknown_kind) { json_object_set_new(value_at(root, 1), "kind", json_string("x")); }
DAMAGE(node_without_op) { json_object_del(node_at(root, 0), "op"); }
DAMAGE(unknown_op) { json_object_set_new(node_at(root, 0), "op", json_string("warp")); }
DAMAGE(newer_op) { json_object_set_new(node_at(root, 0), "version", json_integer(2)); }
DAMAGE(op_without_version) { json_object_del(node_at(root, 0), "version"); }
DAMAGE(node_without_name) { json_object_del(node_at(root, 0), "name"); }
DAMAGE(node_without_inputs) { json_object_del(node_at(root, 0), "inputs"); }
DAMAGE(node_without_outputs) { json_object_del(node_at(root, 0), "outputs"); }
DAMAGE(no_attributes) { json_object_del(node_at(root, 0), "attributes"); }
DAMAGE(no_stride) { json_object_del(attributes_at(root, 0), "stride"); }

DAMAGE(stride_is_text)
{
    json_object_set_new(attributes_at(root, 0), "stride", json_string("two"));
}

DAMAGE(stride_is_longer)
{
    json_array_append_new(json_object_get(attributes_at(root, 0), "stride"), json_integer(1));
}

DAMAGE(groups_are_a_fraction)
{
    json_object_set_new(attributes_at(root, 0), "groups", json_real(1.5));
}

DAMAGE(twice_the_same_name)
{
    json_object_set(value_at(root, 2), "name", json_object_get(value_at(root, 1), "name"));
}

static json_t *shape_at(json_t *root, int index)
{
    return json_object_get(value_at(root, index), "shape");
}

DAMAGE(empty_dimension) { json_array_set_new(shape_at(root, 1), 0, json_integer(0)); }
DAMAGE(vast_dimension) { json_array_set_new(shape_at(root, 1), 0, json_integer(1LL << 40)); }
DAMAGE(wrong_weight) { json_array_set_new(shape_at(root, 1), 1, json_integer(4)); }
DAMAGE(wrong_gamma) { json_array_set_new(shape_at(root, 2), 0, json_integer(7)); }

DAMAGE(seven_dimensions)
{
    for (int i = 0; i < 3; i++)
        json_array_append_new(shape_at(root, 1), json_integer(1));
}

static json_t *inputs_at(json_t *root, int index)
{
    return json_object_get(node_at(root, index), "inputs");
}

static json_t *outputs_at(json_t *root, int index)
{
    return json_object_get(node_at(root, index), "outputs");
}

DAMAGE(reads_itself) { json_array_set(inputs_at(root, 2), 0,
                                            json_array_get(outputs_at(root, 2), 0)); }
DAMAGE(reads_what_comes_later) { json_array_set(inputs_at(root, 1), 0,
                                                      json_array_get(outputs_at(root, 3), 0)); }
DAMAGE(reads_what_is_not_there) { json_array_set_new(inputs_at(root, 1), 0,
                                                           json_string("picture")); }
DAMAGE(reads_a_negative_number) { json_array_set_new(inputs_at(root, 1), 0,
                                                           json_integer(-3)); }
DAMAGE(reads_too_much)
{
    while (json_array_size(inputs_at(root, 0)) < 13)
        json_array_append(inputs_at(root, 0), json_array_get(inputs_at(root, 0), 0));
}

DAMAGE(reads_nothing) { json_array_set_new(inputs_at(root, 0), 0, json_null()); }
DAMAGE(makes_too_little) { json_array_remove(outputs_at(root, 3), 1); }
DAMAGE(makes_again) { json_array_set(outputs_at(root, 1), 0,
                                           json_array_get(outputs_at(root, 0), 0)); }
DAMAGE(makes_a_vast_number) { json_array_set_new(outputs_at(root, 1), 0,
                                                       json_integer(1LL << 40)); }

DAMAGE(nodes_in_another_order)
{
    json_t *nodes = json_object_get(root, "nodes"), *first = json_incref(json_array_get(nodes, 0));

    json_array_remove(nodes, 0);
    json_array_append_new(nodes, first);
}

DAMAGE(outputs_that_are_not_there)
{
    json_array_set_new(json_object_get(root, "outputs"), 0, json_integer(77777));
}

static const struct {
    void (*damage)(json_t *root);
    const char *text;
} damages[] = {
    { other_format, "its format is not known to this program" },
    { no_format, "its format is not known to this program" },
    { no_nodes, "an output does not exist" },
    { no_values, "a node reads a value that does not exist" },
    { no_outputs, "it has no output" },
    { value_without_name, "a value lacks name, kind or shape" },
    { value_without_kind, "a value lacks name, kind or shape" },
    { value_without_shape, "a value lacks name, kind or shape" },
    { unknown_kind, "value 'conv.weight' is of the unknown kind 'x'" },
    { node_without_op, "unknown op ''" },
    { unknown_op, "unknown op 'warp'" },
    { a_loss, "op 'softmax_cross_entropy' is of training, not of a network" },
    { newer_op, "op 'conv2d' has another version than this program's 1" },
    { op_without_version, "op 'conv2d' has another version than this program's 1" },
    { node_without_name, "a node lacks its name" },
    { node_without_inputs, "conv2d" },
    { node_without_outputs, "op 'conv2d' makes 1 values, not 0" },
    { no_attributes, "has the wrong type" },
    { no_stride, "attribute 'stride' has the wrong type" },
    { stride_is_text, "attribute 'stride' has the wrong type" },
    { stride_is_longer, "attribute 'stride' has the wrong type" },
    { groups_are_a_fraction, "attribute 'groups' has the wrong type" },
    { twice_the_same_name, "there are two parameters called 'conv.weight'" },
    { empty_dimension, "value 'conv.weight' has an impossible shape" },
    { vast_dimension, "value 'conv.weight' has an impossible shape" },
    { wrong_weight, "conv2d" },
    { wrong_gamma, "batch_norm" },
    { seven_dimensions, "a value lacks name, kind or shape" },
    { reads_itself, "a node reads a value that does not exist" },
    { reads_what_comes_later, "a node reads a value that does not exist" },
    { reads_what_is_not_there, "a node reads a value that does not exist" },
    { reads_a_negative_number, "a node reads a value that does not exist" },
    { reads_too_much, "too many inputs" },
    { reads_nothing, "conv2d" },
    { makes_too_little, "op 'max_pool' makes 2 values, not 1" },
    { makes_again, "a value is made twice or has an impossible id" },
    { makes_a_vast_number, "a value is made twice or has an impossible id" },
    { nodes_in_another_order, "a node reads a value that does not exist" },
    { outputs_that_are_not_there, "an output does not exist" },
};
/* clang-format on */

TEST(damaged_graphs_are_refused_with_the_reason)
{
    struct str text = STR_INIT;
    struct graph graph;

    graph_init(&graph);
    build_small(&graph);
    write_graph(&graph, &text);
    graph_release(&graph);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        json_t *root = json_loadb(text.text, text.length, 0, NULL);
        struct error err;
        char *damaged;

        CHECK(root);
        damages[i].damage(root);
        damaged = json_dumps(root, JSON_COMPACT);
        if (!graph_read_json(&graph, damaged, strlen(damaged), 0, &err))
            test_fail(__FILE__, __LINE__, "read, although: %s", damages[i].text);
        if (!strstr(err.text, damages[i].text))
            test_fail(__FILE__, __LINE__, "damage %zu: \"%s\" lacks \"%s\"", i, err.text,
                      damages[i].text);
        graph_release(&graph);
        free(damaged);
        json_decref(root);
    }
    str_release(&text);
}

/* Its size in bytes would not fit any number. */
TEST(a_graph_with_a_vast_value_is_refused)
{
    struct str text = STR_INIT;
    struct graph graph;
    struct error err;
    json_t *root;

    graph_init(&graph);
    graph_add_output(&graph, nn_upsample(&graph, graph_input(&graph, "image", SHAPE(1, 3, 256, 256),
                                                             DTYPE_F32), 2));
    write_graph(&graph, &text);
    graph_release(&graph);
    for (int bits = 22; bits <= 24; bits++) { /* 2^30, 2^31 and 2^32 rows */
        char *vast;

        root = json_loadb(text.text, text.length, 0, NULL);
        json_object_set_new(attributes_at(root, 0), "factor", json_integer(1 << bits));
        vast = json_dumps(root, JSON_COMPACT);
        CHECK(graph_read_json(&graph, vast, strlen(vast), 0, &err));
        CHECK(strstr(err.text, "would have the shape"));
        graph_release(&graph);
        free(vast);
        json_decref(root);
    }
    str_release(&text);
}

TEST(graphs_that_end_too_early_are_refused)
{
    struct str text = STR_INIT;
    struct graph graph;
    struct error err;

    graph_init(&graph);
    build_small(&graph);
    write_graph(&graph, &text);
    graph_release(&graph);
    for (size_t length = 0; length < text.length; length += 7) {
        CHECK(graph_read_json(&graph, text.text, length, 0, &err));
        CHECK(strstr(err.text, "stored graph"));
        graph_release(&graph);
    }
    str_release(&text);
}

/* --- wrong numbers ---------------------------------------------------------------------------- */

static bool starts_number(const struct str *text, size_t at)
{
    return at && text->text[at] >= '0' && text->text[at] <= '9' &&
           strchr("[:,", text->text[at - 1]);
}

/* One number of the text, drawn at random, becomes something else. */
static void replace_number(const struct str *text, struct rng *rng, struct str *damaged)
{
    static const char *const others[] = { "0", "-1", "1", "2", "3", "7", "13", "2147483647",
                                          "-2147483648", "4294967297", "9007199254740993",
                                          "1e300", "null", "true", "\"fc.weight\"", "[]" };
    const char *other = others[rng_below(rng, sizeof(others) / sizeof(others[0]))];
    int count = 0, chosen;

    for (size_t i = 0; i < text->length; i++)
        count += starts_number(text, i);
    chosen = (int)rng_below(rng, (uint32_t)count);
    for (size_t i = 0; i < text->length; i++) {
        if (!starts_number(text, i) || chosen--) {
            str_add_char(damaged, text->text[i]);
            continue;
        }
        str_add(damaged, other);
        i += strspn(text->text + i, "0123456789.e-+") - 1;
    }
}

/* What is accepted runs, unless it is too large for a test. */
static void run_damaged(struct graph *graph, struct device *device, uint64_t seed)
{
    struct weights weights;
    struct weights_memory memory = { 0 };
    struct run_state run = { .seed = seed };
    struct slab slab = { 0 };
    struct plan *plan = NULL;
    struct error err;
    int64_t elements = 0;

    for (int i = 0; i < graph->value_count; i++)
        elements += shape_count(&graph->values[i]->shape);
    if (elements > TEST_ELEMENTS)
        return;
    pass_lower_batch_norm(graph, false);
    pass_remove_dead(graph);
    weights_init(&weights, device, graph);
    if (!plan_new(&plan, graph, device, &weights, NULL, &err)) {
        weights_lay_out(&weights);
        CHECK_OK(weights_memory_init(&memory, &weights, true, &err), err);
        CHECK_OK(slab_init(&slab, plan_slab_bytes(plan), &err), err);
        plan_bind(plan, slab.base, &memory, NULL);
        (void)plan_run(plan, &run, &err); /* numbers of nonsense may be refused */
    }
    plan_free(plan);
    slab_release(&slab);
    weights_memory_release(&memory);
    weights_release(&weights);
}

/* Sanitizers look for what overflows. */
TEST(graphs_with_wrong_numbers_are_refused_or_sound)
{
    struct device *device = device_reference_open(true);
    int refused = 0, sound = 0;

    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + 600; seed++) {
        struct rng rng = rng_for(seed, 3, 0);
        struct str text = STR_INIT, damaged = STR_INIT;
        struct graph graph;
        struct net net;
        struct error err;

        graph_init(&graph);
        random_network_build(&graph, seed % 20, &net);
        write_graph(&graph, &text);
        graph_release(&graph);
        replace_number(&text, &rng, &damaged);
        if (graph_read_json(&graph, damaged.text, damaged.length, seed % 3 ? 0 : 4, &err)) {
            if (strlen(err.text) < 10)
                fail_seed(seed, "refused without a reason");
            refused++;
        } else {
            if (graph_check(&graph, &err))
                fail_seed(seed, err.text);
            run_damaged(&graph, device, seed);
            sound++;
        }
        graph_release(&graph);
        str_release(&text);
        str_release(&damaged);
    }
    device_close(device);
    CHECK(refused > 300 && sound > 30);
}
