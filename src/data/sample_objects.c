/* sample_objects.c - drawn boxes, outlines and key points in the YOLO layout. */
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/sample_internal.h"
#include "data/sample_shapes.h"

static const char *const keypoint_names[SAMPLE_KEYPOINT_COUNT] = { "centre", "top", "right",
                                                                   "bottom", "left" };

static void write_outline(const struct sample_scene *scene, double size, struct str *out)
{
    /* A hole is reached over a slit without width, and back. */
    for (int l = 0; l < scene->loop_count; l++) {
        const struct sample_loop *loop = &scene->loops[l];
        int count = loop->count + (scene->loop_count > 1);

        for (int i = 0; i < count; i++)
            str_printf(out, " %.6f %.6f", loop->points[i % loop->count].x / size,
                       loop->points[i % loop->count].y / size);
    }
}

/* A point is hidden where a later shape lies over it. */
static void write_keypoints(const struct sample_scene *scenes, int count, int index, double size,
                            struct str *out)
{
    for (int k = 0; k < SAMPLE_KEYPOINT_COUNT; k++) {
        const struct sample_point *point = &scenes[index].keypoints[k];
        int visibility = 2;

        for (int later = index + 1; later < count; later++)
            if (sample_distance(&scenes[later], point->x, point->y) < 0)
                visibility = 1;
        if (point->x < 0 || point->y < 0 || point->x > size || point->y > size)
            str_add(out, " 0 0 0");
        else
            str_printf(out, " %.6f %.6f %d", point->x / size, point->y / size, visibility);
    }
}

static void write_labels(const struct sample_options *options, const struct sample_scene *scenes,
                         int count, struct str *out)
{
    double size = options->image_size;

    for (int i = 0; i < count; i++) {
        const struct sample_scene *scene = &scenes[i];

        str_printf(out, "%d", scene->class_id);
        if (options->task == DATASET_TASK_SEGMENTATION)
            write_outline(scene, size, out);
        else
            str_printf(out, " %.6f %.6f %.6f %.6f", (scene->x + scene->width / 2) / size,
                       (scene->y + scene->height / 2) / size, scene->width / size,
                       scene->height / size);
        if (options->task == DATASET_TASK_POSE)
            write_keypoints(scenes, count, i, size, out);
        str_add_char(out, '\n');
    }
}

static int write_config(const char *folder, const struct sample_options *options,
                        struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    int result;

    str_add(&text, "path: .\ntrain: images/train\nval: images/val\n\nnames:\n");
    for (int i = 0; i < options->class_count; i++)
        str_printf(&text, "  %d: %s\n", i, sample_class_name(options->class_count, i));
    if (options->task == DATASET_TASK_POSE) {
        str_printf(&text, "\nkpt_shape: [%d, 3]\nflip_idx: [0, 1, 4, 3, 2]\nkpt_names:\n  0:\n",
                   SAMPLE_KEYPOINT_COUNT);
        for (int k = 0; k < SAMPLE_KEYPOINT_COUNT; k++)
            str_printf(&text, "    - %s\n", keypoint_names[k]);
        str_add(&text, "skeleton: [[0, 1], [0, 2], [0, 3], [0, 4]]\n");
    }
    result = sample_write_file(file_join(&arena, folder, "data.yaml"), text.text, text.length, err);
    str_release(&text);
    arena_release(&arena);
    return result;
}

static int write_split(const char *folder, const struct sample_options *options,
                       enum dataset_split split, struct sample_writer *writer, struct error *err)
{
    int count = split == DATASET_SPLIT_TRAIN ? options->train_count : options->val_count;
    int first = split == DATASET_SPLIT_TRAIN ? 1 : options->train_count + 1; /* no name twice */
    const char *name = dataset_split_name(split);
    struct arena arena = ARENA_INIT;
    char *images = arena_printf(&arena, "%s/images/%s", folder, name);
    char *labels = arena_printf(&arena, "%s/labels/%s", folder, name);
    struct str text = STR_INIT;
    int result = file_make_folders(images, err) || file_make_folders(labels, err);

    for (int i = 0; i < count && !result; i++) {
        struct sample_scene scenes[SAMPLE_OBJECT_LIMIT];
        int objects = sample_draw_objects(options, split, i, writer->pixels, scenes);

        str_clear(&text);
        write_labels(options, scenes, objects, &text);
        result = sample_write_image(writer, arena_printf(&arena, "%s/%012d.jpg", images, first + i),
                                    options->image_size, err) ||
                 sample_write_file(arena_printf(&arena, "%s/%012d.txt", labels, first + i),
                                   text.text, text.length, err);
    }
    str_release(&text);
    arena_release(&arena);
    return result ? -1 : 0;
}

int sample_write_objects(const char *folder, const struct sample_options *options,
                         struct sample_writer *writer, struct error *err)
{
    if (file_make_folders(folder, err) || write_config(folder, options, err) ||
        write_split(folder, options, DATASET_SPLIT_TRAIN, writer, err))
        return -1;
    return write_split(folder, options, DATASET_SPLIT_VAL, writer, err);
}
