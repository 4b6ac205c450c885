/* bench_data.c - see bench_data.h. */

#include "command/bench_data.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

int bench_classes(const struct model *model)
{
    static const int classes[] = { 1000, 80, 80, 1 };

    return classes[model->task];
}

/* --- what a target is filled with, by the name of the input ----------------------------------- */

struct target {
    const struct network_options *options;
    const struct shape *shape;
    float *numbers;
    int32_t *integers; /* the same memory */
};

/* Box `k` of image `n`, in shares of the image: left, top, right, bottom. */
static void box_of(int64_t n, int64_t k, double box[4])
{
    struct rng rng = rng_for(1, (uint64_t)n + 1, (uint64_t)k);

    for (int i = 0; i < 2; i++) {
        double length = rng_between(&rng, 0.05, 0.45);

        box[i] = rng_between(&rng, 0, 1 - length);
        box[2 + i] = box[i] + length;
    }
}

static void fill_target(const struct target *t)
{
    int64_t classes = t->shape->dim[1];

    for (int64_t i = 0; i < shape_count(t->shape); i++)
        t->numbers[i] = i % classes == (i / classes * 37 + 11) % classes;
}

static void fill_boxes(const struct target *t)
{
    double box[4];

    for (int64_t i = 0; i < shape_count(t->shape) / 4; i++) {
        box_of(i / t->shape->dim[1], i % t->shape->dim[1], box);
        for (int j = 0; j < 4; j++)
            t->numbers[i * 4 + j] = (float)(box[j] * t->options->shape.image_size);
    }
}

static void fill_classes(const struct target *t)
{
    for (int64_t i = 0; i < shape_count(t->shape); i++)
        t->integers[i] = (int32_t)(i * 37 + 11) % t->options->shape.classes;
}

static void fill_counts(const struct target *t)
{
    for (int64_t i = 0; i < shape_count(t->shape); i++)
        t->integers[i] = t->options->training ? t->options->most_boxes : 0;
}

static void fill_masks(const struct target *t)
{
    int64_t height = t->shape->dim[1], width = t->shape->dim[2];
    double box[4];

    for (int64_t n = 0; n < t->shape->dim[0]; n++)
        for (int k = 0; k < t->options->most_boxes; k++) {
            box_of(n, k, box);
            for (int64_t y = (int64_t)(box[1] * (double)height); y < box[3] * (double)height; y++)
                for (int64_t x = (int64_t)(box[0] * (double)width); x < box[2] * (double)width; x++)
                    t->integers[(n * height + y) * width + x] = k + 1;
        }
}

static void fill_key_points(const struct target *t)
{
    struct rng rng = rng_for(1, 0, 1);

    for (int64_t i = 0; i < shape_count(t->shape) / 3; i++) {
        float *point = t->numbers + i * 3;
        double box[4];

        box_of(i / t->shape->dim[2] / t->shape->dim[1], i / t->shape->dim[2] % t->shape->dim[1],
               box);
        for (int j = 0; j < 2; j++)
            point[j] = (float)(rng_between(&rng, box[j], box[2 + j]) *
                               t->options->shape.image_size);
        point[2] = rng_below(&rng, 10) < 7 ? 2 : 0;
    }
}

static const struct filler {
    const char *name;
    void (*fill)(const struct target *target);
} fillers[] = {
    { "target", fill_target },   { "boxes", fill_boxes }, { "classes", fill_classes },
    { "counts", fill_counts },   { "masks", fill_masks }, { "key_points", fill_key_points },
};

/* --- all of them ------------------------------------------------------------------------------ */

static void *new_target(const struct network *network, const struct value *value)
{
    void *memory = calloc((size_t)shape_count(&value->shape) + 1, dtype_size(value->dtype));
    struct target target = { &network->options, &value->shape, memory, memory };

    BUG_IF(!memory);
    for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++)
        if (!strcmp(fillers[i].name, value->name))
            fillers[i].fill(&target);
    return memory;
}

void bench_data_init(struct bench_data *data, const struct network *network,
                     const struct network_ends *ends)
{
    int64_t count = shape_count(&ends->image->shape);
    struct rng rng = rng_for(1, 0, 0);
    bool is_detector = network->options.model->task != TASK_CLASSIFY;
    float *image = malloc((size_t)count * sizeof(*image));

    BUG_IF(!image);
    *data = (struct bench_data){ .image = image };
    for (int64_t i = 0; i < count; i++)
        image[i] = (float)rng_between(&rng, is_detector ? 0 : -1, 1);
    for (int i = 0; i < NETWORK_ENDS_MAX; i++)
        if (ends->targets[i])
            data->targets[i] = new_target(network, ends->targets[i]);
}

void bench_data_release(struct bench_data *data)
{
    free(data->image);
    for (int i = 0; i < NETWORK_ENDS_MAX; i++)
        free(data->targets[i]);
    *data = (struct bench_data){ 0 };
}

void bench_data_copy(const struct bench_data *data, const struct network_ends *ends,
                     struct plan *plan)
{
    network_copy_input(plan, ends->image, data->image);
    for (int i = 0; i < NETWORK_ENDS_MAX; i++)
        if (ends->targets[i])
            network_copy_input(plan, ends->targets[i], data->targets[i]);
}
