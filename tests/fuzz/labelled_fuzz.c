/* labelled_fuzz.c - any bytes as the label file of a small data set: the first byte chooses the
 * format.  What opens is loaded as a scene and changed at random.  modules: data formats base */

#include "base/error.h"
#include "base/file.h"
#include "data/dataset.h"
#include "data/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static char folder[64], path[128];

/* The smallest image that there is: 4 x 3 pixels. */
static void write_image(const char *name)
{
    static uint8_t bmp[54 + 3 * 12] = { 'B', 'M', sizeof(bmp), [10] = 54, [14] = 40, [18] = 4,
                                        [22] = 3, [26] = 1, [28] = 24 };
    struct error err;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    BUG_IF(file_replace(path, bmp, sizeof(bmp), &err));
}

static void write_label(const char *name, const void *data, size_t size_bytes)
{
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    BUG_IF(!file || fwrite(data, 1, size_bytes, file) != size_bytes);
    fclose(file);
}

static void remove_folder(void)
{
    char command[100];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    BUG_IF(system(command) != 0);
}

static void make_folder(void)
{
    atexit(remove_folder);
    snprintf(folder, sizeof(folder), "/dev/shm/labelled_fuzz.%d", (int)getpid());
    for (int i = 0; i < 4; i++) {
        struct error err;

        snprintf(path, sizeof(path), "%s/%s", folder,
                 (const char *[]){ "images", "labels", "annotations", "Annotations" }[i]);
        BUG_IF(file_make_folders(path, &err));
    }
    write_image("images/a.bmp");
    write_image("images/b.bmp");
}

static void change(const struct dataset *dataset)
{
    struct scene_settings settings;
    struct scene scene = SCENE_INIT;
    struct error err;

    scene_settings_init(&settings);
    settings.degrees = 90;
    settings.perspective = 0.001;
    for (int i = 0; i < dataset->item_count; i++) {
        struct rng rng = rng_for(1, 2, (uint64_t)i);
        struct scene_map map = scene_warp(&settings, 4, 3, 8, &rng);

        scene_clear(&scene);
        if (!scene_resize(&scene, 4, 3, &err) &&
            !scene_add_annotations(&scene, dataset, i, 1, 1, 0, 0, &err)) {
            scene_fill(&scene, 9);
            scene_mirror(&scene);
            scene_map_objects(&scene, &map, 8, 8, false, &err);
        }
    }
    scene_release(&scene);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const struct {
        const char *format, *file;
    } kinds[] = { { "yolo", "labels/a.txt" },
                  { "yolo", "data.yaml" },
                  { "coco", "annotations/instances_train.json" },
                  { "dice", "annotations.json" },
                  { "voc", "Annotations/a.xml" },
                  { "dice", "labels/a.json" } };
    static const char label_map[] = "{\"class_summary\":{\"classes\":[{\"name\":\"a\"}]}}";
    struct dataset_options options = { .task = DATASET_TASK_BY_CONTENT, .is_lenient = true };
    struct dataset dataset;
    struct error err;
    int kind;

    if (size_bytes == 0)
        return 0;
    if (!*folder)
        make_folder();
    kind = data[0] % (int)(sizeof(kinds) / sizeof(*kinds));
    options.format = kinds[kind].format;
    write_label(kinds[kind].file, data + 1, size_bytes - 1);
    if (kind == 5)
        write_label("label_map.json", label_map, sizeof(label_map) - 1);
    if (!dataset_open(&dataset, folder, &options, &err)) {
        change(&dataset);
        dataset_close(&dataset);
    }
    snprintf(path, sizeof(path), "%s/%s", folder, kinds[kind].file);
    unlink(path);
    snprintf(path, sizeof(path), "%s/label_map.json", folder);
    unlink(path);
    return 0;
}
