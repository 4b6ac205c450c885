/* detect_test.c - the rows of bind_detect.c, bind_object_losses.c and the bias of bind_channels.c
 * against the reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define SEEDS 6
#define BINS 16

/* A detector's sizes, drawn; every second image may be padding or empty. */
struct sizes {
    int images, size, classes, most, points, point_size, prototypes;
    int64_t anchors;
    struct anchor_grids grids;
};

static struct sizes pick_sizes(uint64_t seed)
{
    struct rng rng = rng_for(seed, 3, 0);
    struct sizes s = { .images = test_pick(&rng, 1, 3), .size = 32 * test_pick(&rng, 1, 4),
                       .classes = test_pick(&rng, 1, 9), .most = test_pick(&rng, 1, 300),
                       .points = test_pick(&rng, 1, 17), .point_size = test_pick(&rng, 2, 3),
                       .prototypes = test_pick(&rng, 1, 32) };

    s.grids = (struct anchor_grids){ .image = { s.size, s.size }, .stride = { 8, 16, 32 } };
    s.anchors = anchor_count(&s.grids);
    return s;
}

static struct value *floats(struct graph *graph, const char *name, struct shape shape)
{
    return graph_input(graph, name, shape, DTYPE_F32);
}

static struct value *integers(struct graph *graph, const char *name, struct shape shape)
{
    return graph_input(graph, name, shape, DTYPE_I32);
}

/* --- numbers by the input's name -------------------------------------------------------------- */

static void draw_boxes(struct rng *rng, double *data, int64_t count)
{
    for (int64_t i = 0; i + 4 <= count; i += 4)
        for (int axis = 0; axis < 2; axis++) {
            data[i + axis] = rng_between(rng, 0, 90);
            data[i + axis + 2] = data[i + axis] + rng_between(rng, 2, 60);
        }
}

static void draw(struct rng *rng, const struct node *node, int input, double *data, int64_t count)
{
    static const struct {
        const char *name;
        int low, high;
    } ranges[] = {
        { "classes", 0, 0 }, { "counts", -1, 1 }, { "masks", 0, 5 }, { "index", -3, 0 }
    };
    const char *name = node->inputs[input]->name;

    if (!strcmp(name, "boxes") || !strcmp(name, "predicted"))
        draw_boxes(rng, data, count);
    for (int64_t i = 0; !strcmp(name, "key_points") && i < count; i++)
        data[i] = i % 3 == 2 ? test_pick(rng, 0, 2) : rng_between(rng, 0, 90);
    for (int64_t i = 0; !strcmp(name, "score") && i < count; i++)
        data[i] = rng_between(rng, 0, 1);
    for (int64_t i = 0; !strcmp(name, "totals") && i < count; i++)
        data[i] = 3 + (double)i;
    for (size_t k = 0; k < sizeof(ranges) / sizeof(*ranges); k++)
        for (int64_t i = 0; !strcmp(name, ranges[k].name) && i < count; i++)
            data[i] = fmax(test_pick(rng, ranges[k].low, ranges[k].high), -1);
}

static void check_one(const struct node *node, const struct kernel *const *rows, uint64_t seed)
{
    check_kernels(&(struct kernel_check){ .node = node, .rows = rows, .draw = draw, .seed = seed,
                                          .tolerance = 5e-5 });
}

/* --- decoding --------------------------------------------------------------------------------- */

TEST(decoding_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sizes s = pick_sizes(seed);
        struct box_decode_attributes boxes = { .grids = s.grids, .centred = seed % 2 };
        struct point_decode_attributes points = { .grids = s.grids, .points = s.points,
                                                  .size = s.point_size };
        struct graph graph;

        graph_init(&graph);
        check_one(TEST_NODE(&graph, &op_box_decode, &boxes,
                            floats(&graph, "x", SHAPE(s.images, 4 * BINS, s.anchors)),
                            floats(&graph, "projection", SHAPE(1, BINS, 1, 1))),
                  detect_kernels, seed);
        check_one(TEST_NODE(&graph, &op_point_decode, &points,
                            floats(&graph, "raw",
                                   SHAPE(s.images, s.points * s.point_size, s.anchors))),
                  detect_kernels, seed);
        graph_release(&graph);
    }
}

/* --- assignment ------------------------------------------------------------------------------- */

/* Boxes and logits that are exact in float, so that both sides see the same ties. */
static void draw_exact(struct rng *rng, const struct node *node, int input, double *data,
                       int64_t count)
{
    draw(rng, node, input, data, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = !strcmp(node->inputs[input]->name, "counts")
                      ? test_pick(rng, -1, (int)node->inputs[2]->shape.dim[1])
                      : round(data[i] * 8) / 8;
}

TEST(assignment_equals_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sizes s = pick_sizes(seed);
        struct assign_attributes attributes = { .grids = s.grids };
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_assign, &attributes,
                              floats(&graph, "predicted", SHAPE(s.images, 4, s.anchors)),
                              floats(&graph, "logits", SHAPE(s.images, s.classes, s.anchors)),
                              floats(&graph, "boxes", SHAPE(s.images, s.most, 4)),
                              integers(&graph, "classes", SHAPE(s.images, s.most)),
                              integers(&graph, "counts", SHAPE(s.images))),
            .rows = detect_kernels, .draw = draw_exact, .seed = seed, .tolerance = 1e-6 });
        graph_release(&graph);
    }
}

/* --- losses ----------------------------------------------------------------------------------- */

TEST(losses_of_boxes_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sizes s = pick_sizes(seed);
        struct detect_loss_attributes a = { .grids = s.grids, .box = 7.5, .cls = 0.5, .dfl = 1.5 };
        struct graph graph;
        struct value *inputs[9];

        graph_init(&graph);
        inputs[0] = floats(&graph, "distribution", SHAPE(s.images, 4 * BINS, s.anchors));
        inputs[1] = floats(&graph, "logits", SHAPE(s.images, s.classes, s.anchors));
        inputs[2] = integers(&graph, "index", SHAPE(s.images, s.anchors));
        inputs[3] = floats(&graph, "score", SHAPE(s.images, s.anchors));
        inputs[4] = floats(&graph, "totals", SHAPE(2));
        inputs[5] = floats(&graph, "boxes", SHAPE(s.images, s.most, 4));
        inputs[6] = integers(&graph, "classes", SHAPE(s.images, s.most));
        inputs[7] = integers(&graph, "counts", SHAPE(s.images));
        inputs[8] = floats(&graph, "dloss", SHAPE_SCALAR);
        check_one(test_node(&graph, &op_detect_loss, inputs, 8, &a), detect_kernels, seed);
        check_one(test_node(&graph, &op_detect_loss_grad, inputs, 8 + (int)(seed % 2), &a),
                  detect_kernels, seed);
        graph_release(&graph);
    }
}

TEST(losses_of_masks_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sizes s = pick_sizes(seed);
        struct mask_loss_attributes a = { .image = { s.size, s.size }, .gain = 7.5 };
        struct graph graph;
        struct value *inputs[8];

        graph_init(&graph);
        inputs[0] = floats(&graph, "coefficients", SHAPE(s.images, s.prototypes, s.anchors));
        inputs[1] = floats(&graph, "prototypes",
                           SHAPE(s.images, s.prototypes, s.size / 4, s.size / 4));
        inputs[2] = integers(&graph, "masks", SHAPE(s.images, s.size / 4, s.size / 4));
        inputs[3] = integers(&graph, "index", SHAPE(s.images, s.anchors));
        inputs[4] = floats(&graph, "totals", SHAPE(2));
        inputs[5] = floats(&graph, "boxes", SHAPE(s.images, s.most, 4));
        inputs[6] = integers(&graph, "counts", SHAPE(s.images));
        inputs[7] = floats(&graph, "dloss", SHAPE_SCALAR);
        check_one(test_node(&graph, &op_mask_loss, inputs, 7, &a), object_loss_kernels, seed);
        check_one(test_node(&graph, &op_mask_loss_grad, inputs, 7 + (int)(seed % 2), &a),
                  object_loss_kernels, seed);
        graph_release(&graph);
    }
}

TEST(losses_of_key_points_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sizes s = pick_sizes(seed);
        struct point_loss_attributes a = { .grids = s.grids, .points = s.points,
                                           .size = s.point_size, .place = 12, .visible = 1 };
        struct graph graph;
        struct value *inputs[7];

        graph_init(&graph);
        inputs[0] = floats(&graph, "raw", SHAPE(s.images, s.points * s.point_size, s.anchors));
        inputs[1] = integers(&graph, "index", SHAPE(s.images, s.anchors));
        inputs[2] = floats(&graph, "totals", SHAPE(2));
        inputs[3] = floats(&graph, "boxes", SHAPE(s.images, s.most, 4));
        inputs[4] = floats(&graph, "key_points", SHAPE(s.images, s.most, s.points, 3));
        inputs[5] = integers(&graph, "counts", SHAPE(s.images));
        inputs[6] = floats(&graph, "dloss", SHAPE_SCALAR);
        check_one(test_node(&graph, &op_point_loss, inputs, 6, &a), object_loss_kernels, seed);
        check_one(test_node(&graph, &op_point_loss_grad, inputs, 6 + (int)(seed % 2), &a),
                  object_loss_kernels, seed);
        graph_release(&graph);
    }
}

TEST(sums_of_losses_equal_the_reference)
{
    struct graph graph;

    graph_init(&graph);
    check_one(TEST_NODE(&graph, &op_sum_losses, NULL, floats(&graph, "a", SHAPE_SCALAR),
                        floats(&graph, "b", SHAPE_SCALAR), floats(&graph, "c", SHAPE_SCALAR)),
              object_loss_kernels, 1);
    check_one(test_node(&graph, &op_sum_losses_grad, NULL, 0, NULL), object_loss_kernels, 2);
    graph_release(&graph);
}

/* --- bias ------------------------------------------------------------------------------------- */

TEST(biases_of_channels_equal_the_reference)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng = rng_for(seed, 5, 0);
        int channel_count = test_pick(&rng, 1, 40);
        struct graph graph;
        struct value *x;

        graph_init(&graph);
        x = test_image(&graph, test_pick(&rng, 1, 3), channel_count, test_pick(&rng, 1, 9),
                       test_pick(&rng, 1, 9));
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_add_channels, NULL, x,
                              test_vector(&graph, channel_count)),
            .rows = channel_kernels, .seed = seed });
        check_kernels(&(struct kernel_check){ .node = TEST_NODE(&graph, &op_sum_channels, NULL, x),
                                              .rows = channel_kernels, .seed = seed });
        graph_release(&graph);
    }
}
