/* models_test.c - names, shapes and counts of timm's parameters; what a model refuses. */

#include "base/file.h"
#include "base/str.h"
#include "models/detector.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_LIMIT_BYTES ((size_t)1 << 20)

static void build(struct graph *graph, const struct model *model, int batch, int size, int classes)
{
    struct model_options options = { .batch = batch, .image_size = size, .classes = classes };
    struct value *image, *logits;
    struct detector_head head;
    struct error err;

    if (model->task == TASK_CLASSIFY) {
        CHECK_OK(model_build(graph, model, &options, &image, &logits, &err), err);
        CHECK(shape_equal(&logits->shape, &SHAPE(batch, classes)));
    } else {
        CHECK_OK(detector_build(graph, model, &options, &image, &head, &err), err);
        CHECK(shape_equal(&head.logits->shape, &SHAPE(batch, classes, detector_anchors(size))));
    }
}

/* With which the stored names were made. */
static int usual_classes(const struct model *model)
{
    static const int classes[] = { 1000, 80, 80, 1 };

    return classes[model->task];
}

/* "64x3x7x7" */
static void shape_line(const struct value *value, struct str *text)
{
    str_printf(text, "%s ", value->name);
    for (int i = 0; i < value->shape.rank; i++)
        str_printf(text, "%s%lld", i ? "x" : "", (long long)value->shape.dim[i]);
    str_add_char(text, '\n');
}

static void check_names(const struct model *model)
{
    struct str wanted = STR_INIT, path = STR_INIT;
    struct error err;
    struct graph graph;
    int64_t parameters = 0;
    int lines = 0, values = 0;

    str_printf(&path, "%s/golden/names/%s.txt", TEST_SOURCE_DIR, model->name);
    CHECK_OK(file_read(path.text, NAMES_LIMIT_BYTES, &wanted, &err), err);
    build(&graph, model, 1, model->image_size, usual_classes(model));
    for (int i = 0; i < graph.value_count; i++) {
        const struct value *value = graph.values[i];
        struct str line = STR_INIT;

        if (value->kind != VALUE_PARAMETER && value->kind != VALUE_STATE)
            continue;
        values++;
        parameters += value->kind == VALUE_PARAMETER ? shape_count(&value->shape) : 0;
        str_add_char(&line, '\n');
        shape_line(value, &line);
        if (!strstr(wanted.text, line.text))
            test_fail(__FILE__, __LINE__, "%s: the peer has no '%s'", model->name, line.text + 1);
        str_release(&line);
    }
    for (const char *at = strchr(wanted.text, '\n'); at && at[1]; at = strchr(at + 1, '\n'))
        lines++;
    CHECK(values == lines);
    CHECK(parameters == strtoll(wanted.text + strlen("parameters "), NULL, 10));
    CHECK(parameters == model->parameters);
    graph_release(&graph);
    str_release(&wanted);
    str_release(&path);
}

TEST(parameters_have_the_peers_names_and_shapes)
{
    const struct model *const *models;
    int count;

    models = model_all(&count);
    CHECK(count >= 16);
    for (int i = 0; i < count; i++)
        check_names(models[i]);
}

TEST(other_classes_sizes_and_batches_build)
{
    const struct model *const *models;
    int count;

    models = model_all(&count);
    for (int i = 0; i < count; i++) {
        const struct model *m = models[i];
        int sizes[] = { m->smallest_size, m->image_size, m->image_size + m->size_multiple };

        for (int j = 0; j < 3; j++) {
            struct graph graph;

            build(&graph, m, j + 1, sizes[j], 2 + 5 * j);
            graph_release(&graph);
        }
    }
}

TEST(sizes_and_classes_that_do_not_fit_are_refused)
{
    const struct model *const *models;
    struct value *image, *logits;
    struct graph graph;
    struct error err;
    int count;

    models = model_all(&count);
    for (int i = 0; i < count; i++) {
        const struct model *m = models[i];
        struct model_options small = { .batch = 1, .image_size = m->smallest_size - 1,
                                       .classes = 10 };
        struct model_options none = { .batch = 1, .image_size = m->image_size };
        struct detector_head head;

        if (m->task != TASK_CLASSIFY) {
            CHECK(detector_build(&graph, m, &small, &image, &head, &err) &&
                  err.kind == ERR_INVALID && strstr(err.text, m->name));
            graph_release(&graph);
            CHECK(detector_build(&graph, m, &none, &image, &head, &err) &&
                  err.kind == ERR_INVALID && strstr(err.text, m->name));
            graph_release(&graph);
            continue;
        }
        CHECK(model_build(&graph, m, &small, &image, &logits, &err) && err.kind == ERR_INVALID);
        CHECK(strstr(err.text, m->name));
        graph_release(&graph);
        CHECK(model_build(&graph, m, &none, &image, &logits, &err) && err.kind == ERR_INVALID);
        graph_release(&graph);
    }
}

TEST(names_with_and_without_a_width_are_the_same_model)
{
    static const char *const short_names[] = { "mobilenetv2", "mobilenetv3_small",
                                               "mobilenetv3_large" };

    for (int i = 0; i < 3; i++) {
        struct str name = STR_INIT;

        str_printf(&name, "%s_100", short_names[i]);
        CHECK(model_find(name.text) && model_find(name.text) == model_find(short_names[i]));
        str_release(&name);
    }
    CHECK(!model_find("resnet19"));
    CHECK(!model_find(""));
}

TEST(each_model_knows_its_head_and_stem)
{
    const struct model *const *models;
    int count;

    models = model_all(&count);
    for (int i = 0; i < count; i++) {
        struct graph graph;
        int heads = 0;

        build(&graph, models[i], 1, models[i]->image_size, 10);
        for (int j = 0; j < graph.value_count; j++)
            if (graph.values[j]->kind == VALUE_PARAMETER)
                heads += model_is_head(models[i], graph.values[j]->name);
        CHECK(heads >= 2); /* a weight and a bias */
        CHECK(graph_find(&graph, models[i]->stem)->shape.dim[1] == 3);
        graph_release(&graph);
    }
}
