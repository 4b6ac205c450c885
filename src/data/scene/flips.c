/* flips.c - fliplr and flipud: mirror the image and its objects. */
#include "data/scene.h"
#include <string.h>

static void exchange(uint8_t *a, uint8_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t swap = a[i];

        a[i] = b[i];
        b[i] = swap;
    }
}

void scene_upside_down(struct scene *scene)
{
    size_t stride = 3 * (size_t)scene->width;
    float height = (float)scene->height;

    for (int y = 0; y < scene->height / 2; y++)
        exchange(scene->pixels + (size_t)y * stride,
                 scene->pixels + (size_t)(scene->height - 1 - y) * stride, stride);
    for (int i = 0; i < scene->object_count; i++) {
        struct annotation_box *box = &scene->objects[i].box;
        float top = box->top;

        box->top = height - box->bottom;
        box->bottom = height - top;
    }
    for (int i = 0; i < scene->point_count; i++)
        scene->points[i].y = height - scene->points[i].y;
    for (int i = 0; i < scene->keypoint_total; i++)
        if (scene->keypoints[i].visibility != KEYPOINT_ABSENT)
            scene->keypoints[i].y = height - scene->keypoints[i].y;
}

/* Left eyes become right ones. */
static void exchange_keypoints(struct scene *scene)
{
    for (int first = 0; scene->flip_index && first < scene->keypoint_total;
         first += scene->keypoint_count)
        for (int k = 0; k < scene->keypoint_count; k++) {
            struct annotation_keypoint *a = &scene->keypoints[first + k];
            struct annotation_keypoint *b = &scene->keypoints[first + scene->flip_index[k]];
            struct annotation_keypoint swap = *a;

            if (scene->flip_index[k] > k) {
                *a = *b;
                *b = swap;
            }
        }
}

void scene_mirror(struct scene *scene)
{
    float width = (float)scene->width;

    for (int y = 0; y < scene->height; y++) {
        uint8_t *row = scene->pixels + 3 * (size_t)scene->width * (size_t)y;

        for (int x = 0; x < scene->width / 2; x++)
            exchange(row + 3 * x, row + 3 * (scene->width - 1 - x), 3);
    }
    for (int i = 0; i < scene->object_count; i++) {
        struct annotation_box *box = &scene->objects[i].box;
        float left = box->left;

        box->left = width - box->right;
        box->right = width - left;
    }
    for (int i = 0; i < scene->point_count; i++)
        scene->points[i].x = width - scene->points[i].x;
    for (int i = 0; i < scene->keypoint_total; i++)
        if (scene->keypoints[i].visibility != KEYPOINT_ABSENT)
            scene->keypoints[i].x = width - scene->keypoints[i].x;
    exchange_keypoints(scene);
}

static void apply_fliplr(struct scene *scene, const struct scene_settings *settings,
                         struct rng *rng)
{
    bool wanted = rng_uniform(rng) < settings->fliplr;

    if (wanted && (scene->keypoint_count == 0 || scene->flip_index))
        scene_mirror(scene);
}

static void apply_flipud(struct scene *scene, const struct scene_settings *settings,
                         struct rng *rng)
{
    if (rng_uniform(rng) < settings->flipud)
        scene_upside_down(scene);
}

const struct scene_change scene_fliplr = { "fliplr", SCENE_FINISH, NULL, apply_fliplr };
const struct scene_change scene_flipud = { "flipud", SCENE_FINISH, NULL, apply_flipud };
