/* detector_golden_test.c - detectors against the numbers of the running program, on weights filled
 * by formula (tests/golden/README.md). */

#include "cpu/device_cpu.h"
#include "detector_support.h"
#include "nn/golden_numbers_support.h"
#include "base/str.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define BOXES_PER_IMAGE 3

struct golden {
    json_t *root;
    struct device *device;
    struct detector detector;
    int batch, size;
    uint32_t seed;
    bool exact;
    double global_l2;
};

/* --- formulas --------------------------------------------------------------------------------- */

static double uniform(uint32_t i, uint32_t t, uint32_t s)
{
    uint32_t h = i * 2654435761u + (t + 1) * 0x9E3779B9u + s * 0x85EBCA6Bu;

    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    h ^= h >> 16;
    return (h >> 8) / 8388608.0 - 1.0;
}

/* "model.23.cv2.1.2.bias": the last layers of the heads start elsewhere. */
static double bias_centre(const char *name)
{
    const char *at = strstr(name, "model.23.cv");

    if (!at || strlen(at) != strlen("model.23.cv2.1.2.bias") || !str_ends_with(name, ".2.bias"))
        return 0;
    return at[11] == '2' ? 1 : at[11] == '3' ? -4 : 0;
}

static double parameter_value(const struct weight *weight, uint32_t t, int64_t i, uint32_t seed)
{
    double u = uniform((uint32_t)i, t, seed), count = (double)shape_count(&weight->shape);

    if (str_ends_with(weight->name, "bias"))
        return bias_centre(weight->name) + 0.1 * u;
    return weight->shape.rank < 2 ? 1 + 0.1 * u
                                  : u * sqrt(6.0 / (count / (double)weight->shape.dim[0]));
}

static void fill_weights(struct golden *g)
{
    const json_t *params = json_object_get(g->root, "params");
    struct error err;

    for (size_t t = 0; t < json_array_size(params); t++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(params, t), "name"));
        const struct weight *weight = weights_find(&g->detector.weights, name);
        int64_t count;
        float *values;

        if (!weight)
            test_fail(__FILE__, __LINE__, "there is no parameter '%s'", name);
        count = shape_count(&weight->shape);
        values = malloc((size_t)count * sizeof(float));
        for (int64_t i = 0; i < count; i++)
            values[i] = (float)parameter_value(weight, (uint32_t)t, i, g->seed);
        CHECK_OK(weights_write(&g->detector.weights, &g->detector.live, weight, values, &err),
                 err);
        free(values);
    }
}

static void fill_image(struct golden *g)
{
    int size = g->size, coarse = (size + 7) / 8;
    float *image = malloc((size_t)(g->batch * 3 * size * size) * sizeof(float)), *at = image;
    struct error err;

    for (int plane = 0; plane < g->batch * 3; plane++)
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++) {
                uint32_t big = (uint32_t)((plane * coarse + y / 8) * coarse + x / 8);
                uint32_t fine = (uint32_t)((plane * size + y) * size + x);

                *at++ = (float)(0.5 + 0.5 * (0.75 * uniform(big, 900001, g->seed) +
                                             0.25 * uniform(fine, 900002, g->seed)));
            }
    CHECK_OK(plan_write(g->detector.plan, g->detector.image, image, &err), err);
    free(image);
}

static double number_at(const json_t *array, size_t index)
{
    return json_number_value(json_array_get(array, index));
}

/* The box as the file has it, centre and size as shares, and in pixels as the peer rounds it. */
static void box_in_pixels(const json_t *shares, int size, float box[4])
{
    for (size_t i = 0; i < 2; i++) {
        float centre = (float)number_at(shares, i) * (float)size;
        float half = (float)number_at(shares, 2 + i) * (float)size / 2;

        box[i] = centre - half;
        box[2 + i] = centre + half;
    }
}

/* A rectangle in the mask, later ones over earlier ones. */
static void paint(int32_t *mask, int side, const json_t *shares, int value)
{
    double cx = number_at(shares, 0), cy = number_at(shares, 1), w = number_at(shares, 2);
    double h = number_at(shares, 3);
    int top = (int)((cy - h / 2) * side), left = (int)((cx - w / 2) * side);
    int high = (int)(h * side) > 1 ? (int)(h * side) : 1;
    int wide = (int)(w * side) > 1 ? (int)(w * side) : 1;

    top = top > 0 ? top : 0;
    left = left > 0 ? left : 0;
    for (int y = top; y < top + high && y < side; y++)
        for (int x = left; x < left + wide && x < side; x++)
            mask[y * side + x] = value;
}

static void fill_key_points(struct golden *g, const json_t *points)
{
    const struct value *value = g->detector.targets.key_points;
    float *values = malloc((size_t)shape_count(&value->shape) * sizeof(float));
    int most = (int)value->shape.dim[1];
    struct error err;

    for (int64_t i = 0; i < shape_count(&value->shape); i++)
        values[i] = NAN; /* nobody may look past the counts */
    for (int j = 0; j < g->batch * BOXES_PER_IMAGE; j++)
        for (size_t k = 0; k < 17; k++)
            for (size_t c = 0; c < 3; c++) {
                double v = number_at(json_array_get(json_array_get(points, (size_t)j), k), c);
                size_t object = (size_t)(j / BOXES_PER_IMAGE * most + j % BOXES_PER_IMAGE);

                values[(object * 17 + k) * 3 + c] = (float)v * (c < 2 ? (float)g->size : 1);
            }
    CHECK_OK(plan_write(g->detector.plan, value, values, &err), err);
    free(values);
}

static void fill_targets(struct golden *g)
{
    const json_t *targets = json_object_get(g->root, "targets");
    const json_t *shares = json_object_get(targets, "bboxes");
    const struct detector_targets *t = &g->detector.targets;
    int most = (int)t->boxes->shape.dim[1], side = g->size / DETECTOR_MASK_STRIDE;
    float *boxes = malloc((size_t)(g->batch * most * 4) * sizeof(float));
    struct error err;

    for (int i = 0; i < g->batch * most * 4; i++)
        boxes[i] = NAN;
    if (t->masks)
        memset(detector_integers(&g->detector, t->masks), 0,
               (size_t)shape_count(&t->masks->shape) * sizeof(int32_t));
    for (int j = 0; j < g->batch * BOXES_PER_IMAGE; j++) {
        int image = j / BOXES_PER_IMAGE, k = j % BOXES_PER_IMAGE;
        const json_t *box = json_array_get(shares, (size_t)j);
        const json_t *category = json_array_get(json_object_get(targets, "cls"), (size_t)j);

        box_in_pixels(box, g->size, boxes + (image * most + k) * 4);
        detector_integers(&g->detector, t->classes)[image * most + k] =
            (int32_t)number_at(category, 0);
        detector_integers(&g->detector, t->counts)[image] = BOXES_PER_IMAGE;
        if (t->masks)
            paint(detector_integers(&g->detector, t->masks) + image * side * side, side, box,
                  k + 1);
    }
    CHECK_OK(plan_write(g->detector.plan, t->boxes, boxes, &err), err);
    if (t->key_points)
        fill_key_points(g, json_object_get(targets, "keypoints"));
    free(boxes);
}

/* --- checks ----------------------------------------------------------------------------------- */

static double allowed_difference(const struct golden *g, const json_t *row)
{
    double l2 = numbers_at(row, "l2"), own = 3 * numbers_at(row, "f32_rel_l2");

    if (g->exact)
        return 2e-6 * l2 + 1e-9 * g->global_l2;
    return (own > 1e-3 ? own : 1e-3) * l2 + 1e-6 * g->global_l2;
}

static void check_gradient(const struct golden *g, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const struct weight *weight = weights_find(&g->detector.weights, name);
    const json_t *strided = json_object_get(row, "strided"), *dots = json_object_get(row, "dots");
    int64_t stride = (int64_t)numbers_at(row, "stride"), count = shape_count(&weight->shape);
    double l2 = numbers_at(row, "l2"), allowed = allowed_difference(g, row), squares = 0, away = 0;
    float *values = detector_gradient(&g->detector, weight);

    for (int64_t i = 0; i < count; i++)
        squares += (double)values[i] * values[i];
    if (!(fabs(sqrt(squares) - l2) <= allowed))
        test_fail(__FILE__, __LINE__, "%s: gradient norm %.9g, not %.9g", name, sqrt(squares), l2);
    for (size_t k = 0; k < json_array_size(strided); k++)
        away += pow(values[(int64_t)k * stride] - number_at(strided, k), 2);
    if (!(sqrt(away) <= allowed))
        test_fail(__FILE__, __LINE__, "%s: gradient values differ by %.3g of %.3g", name,
                  sqrt(away), l2);
    for (size_t k = 0; k < json_array_size(dots); k++) {
        double dot = 0;

        for (int64_t i = 0; i < count; i++)
            dot += values[i] * uniform((uint32_t)i, 910001 + (uint32_t)k, g->seed);
        if (!(fabs(dot - number_at(dots, k)) <= 2 * allowed))
            test_fail(__FILE__, __LINE__, "%s: dot product %zu of the gradient is %.9g, not %.9g",
                      name, k, dot, number_at(dots, k));
    }
    free(values);
}

static void check_norm(const struct golden *g, const json_t *row)
{
    static const char *const keys[2] = { "mean", "var" };

    for (int i = 0; i < 2; i++) {
        struct str name = STR_INIT;
        double l2 = numbers_at(json_object_get(row, keys[i]), "l2"), squares = 0;
        const struct weight *weight;
        float *values;
        struct error err;

        str_printf(&name, "%s.running_%s", json_string_value(json_object_get(row, "name")),
                   keys[i]);
        weight = weights_find(&g->detector.weights, name.text);
        CHECK(weight);
        values = malloc((size_t)shape_count(&weight->shape) * sizeof(float));
        CHECK_OK(weights_read(&g->detector.weights, &g->detector.live, weight, values, &err), err);
        for (int64_t k = 0; k < shape_count(&weight->shape); k++)
            squares += (double)values[k] * values[k];
        if (!(fabs(sqrt(squares) - l2) <= 1e-4 * l2 + 1e-7))
            test_fail(__FILE__, __LINE__, "%s: %.9g, not %.9g", name.text, sqrt(squares), l2);
        free(values);
        str_release(&name);
    }
}

/* `found` begins as the file's output does, and has its length as a vector. */
static void check_output(const json_t *wanted, const float *found, int64_t count, double tolerance)
{
    const json_t *first = json_object_get(wanted, "first");
    double l2 = numbers_at(wanted, "l2"), squares = 0;

    for (size_t i = 0; i < json_array_size(first); i++)
        CHECK_NEAR(found[i], number_at(first, i), tolerance * (1 + fabs(number_at(first, i))));
    for (int64_t i = 0; i < count; i++)
        squares += (double)found[i] * found[i];
    CHECK_NEAR(sqrt(squares), l2, tolerance * l2);
}

/* The peer gives one map per grid, distribution and classes together. */
static void check_maps(const struct golden *g, const json_t *outputs, double tolerance)
{
    const struct detector_head *head = &g->detector.head;
    int64_t anchors = detector_anchors(g->size), from = 0, parts[2];
    float *values[2] = { detector_read(&g->detector, head->distribution),
                         detector_read(&g->detector, head->logits) };

    parts[0] = head->distribution->shape.dim[1];
    parts[1] = head->logits->shape.dim[1];
    for (size_t level = 0; level < ANCHOR_LEVELS; level++) {
        int64_t side = g->size / (8 << level), cells = side * side, count = 0;
        float *map = malloc((size_t)(g->batch * (parts[0] + parts[1]) * cells) * sizeof(float));

        for (int b = 0; b < g->batch; b++)
            for (int which = 0; which < 2; which++)
                for (int64_t c = 0; c < parts[which]; c++, count += cells)
                    memcpy(map + count, values[which] + (b * parts[which] + c) * anchors + from,
                           (size_t)cells * sizeof(float));
        check_output(json_array_get(outputs, level), map, count, tolerance);
        free(map);
        from += cells;
    }
    free(values[0]);
    free(values[1]);
}

static void check_value(const struct golden *g, const json_t *wanted, const struct value *value,
                        double tolerance)
{
    float *values = detector_read(&g->detector, value);

    check_output(wanted, values, shape_count(&value->shape), tolerance);
    free(values);
}

static void check_outputs(const struct golden *g, const json_t *outputs, size_t first,
                          double tolerance)
{
    const struct detector_head *head = &g->detector.head;

    if (head->points)
        check_value(g, json_array_get(outputs, first), head->points, tolerance);
    if (head->coefficients) {
        check_value(g, json_array_get(outputs, first), head->coefficients, tolerance);
        check_value(g, json_array_get(outputs, first + 1), head->prototypes, tolerance);
    }
}

/* --- whole models ----------------------------------------------------------------------------- */

static void open_golden(struct golden *g, const char *name, bool exact)
{
    struct device_cpu_options cpu = { .threads = 2 };
    struct detector_options options = { .model = name, .most_boxes = 5 };
    struct error err;

    *g = (struct golden){ .root = numbers_open(name), .exact = exact };
    g->batch = (int)numbers_at(g->root, "batch");
    g->size = (int)numbers_at(g->root, "size");
    g->seed = (uint32_t)numbers_at(g->root, "seed");
    g->global_l2 = numbers_at(g->root, "grad_global_l2");
    g->device = exact ? device_reference_open(true) : device_cpu_open(&cpu, &err);
    CHECK(g->device);
    options.shape = (struct model_options){ .batch = g->batch, .image_size = g->size,
                                            .classes = (int)numbers_at(g->root, "classes") };
    detector_open(&g->detector, g->device, &options);
    fill_weights(g);
    fill_image(g);
    fill_targets(g);
}

static void close_golden(struct golden *g)
{
    detector_close(&g->detector);
    device_close(g->device);
    json_decref(g->root);
}

static void check_model(const char *name, bool exact)
{
    struct golden g;
    const json_t *items, *params, *norms, *outputs;
    double loss;

    open_golden(&g, name, exact);
    items = json_object_get(g.root, "loss_items");
    params = json_object_get(g.root, "params");
    norms = json_object_get(g.root, "norms");
    outputs = json_object_get(g.root, "outputs");
    detector_run(&g.detector);
    loss = numbers_at(g.root, "loss");
    CHECK((size_t)g.detector.loss.part_count == json_array_size(items));
    for (int i = 0; i < g.detector.loss.part_count; i++)
        CHECK_NEAR(detector_part_value(&g.detector, i), number_at(items, (size_t)i),
                   (exact ? 5e-7 : 1e-4) * (1 + number_at(items, (size_t)i)));
    CHECK_NEAR(detector_loss_value(&g.detector), loss, (exact ? 2e-7 : 1e-4) * loss);
    check_maps(&g, outputs, exact ? 1e-6 : 1e-3);
    check_outputs(&g, outputs, ANCHOR_LEVELS, exact ? 1e-6 : 1e-3);
    for (size_t t = 0; t < json_array_size(params); t++)
        check_gradient(&g, json_array_get(params, t));
    for (size_t i = 0; i < json_array_size(norms); i++)
        check_norm(&g, json_array_get(norms, i));
    close_golden(&g);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void copy_weights(const struct detector *from, struct detector *to)
{
    struct error err;

    for (int i = 0; i < to->weights.count; i++) {
        const struct weight *weight = &to->weights.items[i];
        const struct weight *source = weights_find(&from->weights, weight->name);
        float *values = malloc((size_t)shape_count(&weight->shape) * sizeof(float));

        CHECK(values && source);
        CHECK_OK(weights_read(&from->weights, &from->live, source, values, &err), err);
        CHECK_OK(weights_write(&to->weights, &to->live, weight, values, &err), err);
        free(values);
    }
}

static void check_answer(const struct detector *d, const json_t *wanted, const struct value *value,
                         double tolerance)
{
    const json_t *strided = json_object_get(wanted, "strided");
    int64_t stride = (int64_t)numbers_at(wanted, "stride"), count = shape_count(&value->shape);
    float *found = detector_read(d, value);
    double squares = 0;

    for (size_t i = 0; i < json_array_size(strided); i++)
        CHECK_NEAR(found[(int64_t)i * stride], number_at(strided, i),
                   tolerance * (1 + fabs(number_at(strided, i))));
    for (int64_t i = 0; i < count; i++)
        squares += (double)found[i] * found[i];
    CHECK_NEAR(sqrt(squares), numbers_at(wanted, "l2"), tolerance * sqrt(squares));
    free(found);
}

/* With the running statistics that one pass of training left. */
static void check_answers(const char *name, bool exact)
{
    struct str file = STR_INIT;
    struct golden g;
    struct detector answering;
    struct detector_options options;
    json_t *wanted;
    const json_t *outputs;
    float *image;
    struct error err;

    str_printf(&file, "answers/%s", name);
    wanted = numbers_open(file.text);
    outputs = json_object_get(wanted, "outputs");
    open_golden(&g, name, exact);
    detector_run(&g.detector);
    fill_image(&g); /* its memory may have been used again */
    image = detector_read(&g.detector, g.detector.image);
    options = g.detector.options;
    options.evaluation = true;
    detector_open(&answering, g.device, &options);
    copy_weights(&g.detector, &answering);
    CHECK_OK(plan_write(answering.plan, answering.image, image, &err), err);
    memset(detector_integers(&answering, answering.targets.counts), 0,
           sizeof(int32_t) * (size_t)g.batch);
    detector_run(&answering);
    check_answer(&answering, json_array_get(outputs, 0), answering.predictions.columns,
                 exact ? 1e-6 : 1e-3);
    CHECK((json_array_size(outputs) > 1) == (answering.predictions.prototypes != NULL));
    if (answering.predictions.prototypes)
        check_answer(&answering, json_array_get(outputs, 1), answering.predictions.prototypes,
                     exact ? 1e-6 : 1e-3);
    free(image);
    detector_close(&answering);
    close_golden(&g);
    json_decref(wanted);
    str_release(&file);
}

/* clang-format off */
TEST(answers_of_yolo11n) { check_answers("yolo11n", false); }
TEST_SLOW(answers_of_yolo11n_seg) { check_answers("yolo11n-seg", false); }
TEST(answers_of_yolo11n_pose) { check_answers("yolo11n-pose", false); }
TEST_SLOW(exact_answers_of_yolo11n) { check_answers("yolo11n", true); }
TEST_SLOW(exact_answers_of_yolo11n_seg) { check_answers("yolo11n-seg", true); }
TEST_SLOW(exact_answers_of_yolo11n_pose) { check_answers("yolo11n-pose", true); }
TEST_SLOW(golden_yolo11n) { check_model("yolo11n", false); }
TEST(golden_yolo11n_seg) { check_model("yolo11n-seg", false); }
TEST(golden_yolo11n_pose) { check_model("yolo11n-pose", false); }
TEST_SLOW(golden_yolo11s) { check_model("yolo11s", false); }
TEST_SLOW(golden_yolo11s_seg) { check_model("yolo11s-seg", false); }
TEST_SLOW(golden_yolo11s_pose) { check_model("yolo11s-pose", false); }
TEST_SLOW(golden_exact_yolo11n) { check_model("yolo11n", true); }
TEST_SLOW(golden_exact_yolo11n_seg) { check_model("yolo11n-seg", true); }
TEST_SLOW(golden_exact_yolo11n_pose) { check_model("yolo11n-pose", true); }
