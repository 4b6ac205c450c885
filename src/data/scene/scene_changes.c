/* scene_changes.c - the table of changes, the settings, the map of a warp. */
#include "base/error.h"
#include "data/dataset.h"
#include "data/scene.h"
#include <stddef.h>

extern const struct scene_change scene_perspective, scene_degrees, scene_scale, scene_shear,
    scene_translate, scene_hsv, scene_flipud, scene_fliplr;

const struct scene_change *const scene_changes[] = {
    &scene_perspective, &scene_degrees, &scene_scale,  &scene_shear,
    &scene_translate,   &scene_hsv,     &scene_flipud, &scene_fliplr,
};
const int scene_change_count = (int)(sizeof(scene_changes) / sizeof(*scene_changes));

/* clang-format off */
static const struct scene_setting {
    const char *name;
    size_t offset;
    double usual, most;
} scene_setting_rows[] = {
#define ROW(name, usual, most) { #name, offsetof(struct scene_settings, name), usual, most }
    ROW(mosaic,      1,     1),
    ROW(mixup,       0,     1),
    ROW(copy_paste,  0,     1),
    ROW(degrees,     0,     180),
    ROW(translate,   0.1,   1),
    ROW(scale,       0.5,   2),
    ROW(shear,       0,     45),
    ROW(perspective, 0,     0.001),
    ROW(hsv_h,       0.015, 1),
    ROW(hsv_s,       0.7,   1),
    ROW(hsv_v,       0.4,   1),
    ROW(flipud,      0,     1),
    ROW(fliplr,      0.5,   1),
#undef ROW
};
/* clang-format on */
#define ROW_COUNT (int)(sizeof(scene_setting_rows) / sizeof(*scene_setting_rows))

static double *value_of(struct scene_settings *settings, const struct scene_setting *row)
{
    return (double *)((char *)settings + row->offset);
}

void scene_settings_init(struct scene_settings *settings)
{
    *settings = (struct scene_settings){ .close_mosaic = 10 };
    for (int i = 0; i < ROW_COUNT; i++)
        *value_of(settings, &scene_setting_rows[i]) = scene_setting_rows[i].usual;
}

int scene_settings_check(const struct scene_settings *settings, struct error *err)
{
    struct scene_settings copy = *settings;

    for (int i = 0; i < ROW_COUNT; i++) {
        const struct scene_setting *row = &scene_setting_rows[i];
        double value = *value_of(&copy, row);

        if (!(value >= 0 && value <= row->most))
            return FAIL(err, INVALID, "%s is %g, not within 0 and %g", row->name, value,
                        row->most);
    }
    if (settings->close_mosaic < 0 || settings->epochs < 0)
        return FAIL(err, INVALID, "close_mosaic and epochs must not be negative");
    return 0;
}

struct scene_settings scene_settings_of_epoch(const struct scene_settings *settings, int epoch)
{
    struct scene_settings out = *settings;

    /* A run that is shorter than its end would never see any of it. */
    if (settings->epochs && settings->close_mosaic < settings->epochs &&
        epoch >= settings->epochs - settings->close_mosaic)
        out.mosaic = out.mixup = out.copy_paste = 0;
    return out;
}

struct scene_map scene_warp(const struct scene_settings *settings, int canvas_width,
                            int canvas_height, int side, struct rng *rng)
{
    struct scene_map map = SCENE_MAP_SAME, step = SCENE_MAP_SAME;

    map.m[2] = -canvas_width / 2.0;
    map.m[5] = -canvas_height / 2.0;
    for (int i = 0; i < scene_change_count; i++)
        if (scene_changes[i]->stage == SCENE_WARP)
            scene_changes[i]->bend(&map, settings, side, rng);
    step.m[2] = step.m[5] = side / 2.0;
    scene_map_join(&map, &step);
    return map;
}

int scene_most_objects(const struct dataset *dataset, int split,
                       const struct scene_settings *settings)
{
    const struct annotations *all = &dataset->annotations;
    int64_t most = 1;

    for (int i = 0; i < dataset->item_count; i++)
        if ((int)dataset->items[i].split == split) {
            int here = annotations_most_per_image(all, &i, 1);

            most = here > most ? here : most;
        }
    if (settings) {
        most *= settings->mosaic > 0 ? 4 : 1;
        most *= settings->copy_paste > 0 && dataset->task == DATASET_TASK_SEGMENTATION ? 2 : 1;
        most *= settings->mixup > 0 ? 2 : 1;
    }
    return most < 65535 ? (int)most : 65535;
}
