/* scene_map.c - objects and pixels through a projective map. */
#include "base/error.h"
#include "data/scene.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MIN 2.0f
#define BOX_SHARE_MIN 0.1f
#define OUTLINE_SHARE_MIN 0.01f /* what is left of an outline is known exactly */
#define ASPECT_MAX 100.0f

void scene_map_join(struct scene_map *map, const struct scene_map *after)
{
    struct scene_map out;

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            out.m[3 * i + j] = 0;
            for (int k = 0; k < 3; k++)
                out.m[3 * i + j] += after->m[3 * i + k] * map->m[3 * k + j];
        }
    *map = out;
}

void scene_map_point(const struct scene_map *map, double *x, double *y)
{
    const double *m = map->m;
    double w = m[6] * *x + m[7] * *y + m[8];
    double u = m[0] * *x + m[1] * *y + m[2], v = m[3] * *x + m[4] * *y + m[5];

    if (fabs(w) < 1e-9)
        w = 1e-9;
    *x = u / w;
    *y = v / w;
}

static struct scene_map invert(const struct scene_map *map)
{
    const double *m = map->m;
    double a = m[4] * m[8] - m[5] * m[7], b = m[5] * m[6] - m[3] * m[8];
    double c = m[3] * m[7] - m[4] * m[6], det = m[0] * a + m[1] * b + m[2] * c;
    double f = fabs(det) > 1e-12 ? 1 / det : 0;

    return (struct scene_map){ { a * f, (m[2] * m[7] - m[1] * m[8]) * f,
                                 (m[1] * m[5] - m[2] * m[4]) * f, b * f,
                                 (m[0] * m[8] - m[2] * m[6]) * f, (m[2] * m[3] - m[0] * m[5]) * f,
                                 c * f, (m[1] * m[6] - m[0] * m[7]) * f,
                                 (m[0] * m[4] - m[1] * m[3]) * f } };
}

/* ---- outlines ---------------------------------------------------------------------------- */

/* Cut away what is on the wrong side of one border (Sutherland and Hodgman 1974): axis 0 is x, 1 is
 * y; sign 1 keeps what is above the limit.  Returns the new count; out holds twice as many. */
static int clip_side(const struct annotation_point *in, int count, int axis, float sign,
                     float limit, struct annotation_point *out)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        struct annotation_point a = in[i], b = in[i + 1 < count ? i + 1 : 0];
        float at_a = sign * ((axis ? a.y : a.x) - limit);
        float at_b = sign * ((axis ? b.y : b.x) - limit);

        if (at_a >= 0)
            out[kept++] = a;
        if ((at_a >= 0) != (at_b >= 0)) {
            float t = at_a / (at_a - at_b);
            struct annotation_point cut = { a.x + t * (b.x - a.x), a.y + t * (b.y - a.y) };

            *(axis ? &cut.y : &cut.x) = limit;
            out[kept++] = cut;
        }
    }
    return kept;
}

/* An outline after mapping: into `fresh`, clipped; 0 points when nothing is left. */
struct clipper {
    struct annotation_point *buffers[2];
    int capacity;
    float width, height;
};

static int clip_ring(struct clipper *clipper, int count)
{
    struct annotation_point **b = clipper->buffers;

    count = clip_side(b[0], count, 0, 1, 0, b[1]);
    count = clip_side(b[1], count, 0, -1, clipper->width, b[0]);
    count = clip_side(b[0], count, 1, 1, 0, b[1]);
    count = clip_side(b[1], count, 1, -1, clipper->height, b[0]);
    return count < 3 ? 0 : count;
}

static int grow_clipper(struct clipper *clipper, int count, struct error *err)
{
    int needed = 16 * (count + 1);

    if (needed <= clipper->capacity)
        return 0;
    for (int i = 0; i < 2; i++) {
        struct annotation_point *larger =
            realloc(clipper->buffers[i], sizeof(*larger) * (size_t)needed);

        if (!larger)
            return FAIL(err, NO_MEMORY, "no memory to clip an outline");
        clipper->buffers[i] = larger;
    }
    clipper->capacity = needed;
    return 0;
}

static bool is_worth_it(const struct annotation_box *whole, const struct annotation_box *left,
                        float share_min)
{
    float width = annotation_box_width(left), height = annotation_box_height(left);
    float before = annotation_box_width(whole) * annotation_box_height(whole);

    if (!(width > SIDE_MIN && height > SIDE_MIN))
        return false;
    if (fmaxf(width / height, height / width) >= ASPECT_MAX)
        return false;
    return before > 0 && width * height > share_min * before;
}

static struct annotation_box map_box(const struct scene_map *map, const struct annotation_box *box)
{
    struct annotation_point corners[4] = { { box->left, box->top },
                                           { box->right, box->top },
                                           { box->right, box->bottom },
                                           { box->left, box->bottom } };

    for (int i = 0; i < 4; i++) {
        double x = (double)corners[i].x, y = (double)corners[i].y;

        scene_map_point(map, &x, &y);
        corners[i] = (struct annotation_point){ (float)x, (float)y };
    }
    return annotation_box_around(corners, 4);
}

static void map_keypoints(struct scene *scene, const struct scene_object *object,
                          const struct scene_map *map, int width, int height)
{
    for (int i = 0; object->first_keypoint >= 0 && i < scene->keypoint_count; i++) {
        struct annotation_keypoint *point = &scene->keypoints[object->first_keypoint + i];
        double x = (double)point->x, y = (double)point->y;

        if (point->visibility == KEYPOINT_ABSENT)
            continue;
        scene_map_point(map, &x, &y);
        point->x = (float)x;
        point->y = (float)y;
        if (!(x >= 0 && y >= 0 && x <= width && y <= height))
            *point = (struct annotation_keypoint){ 0 };
    }
}

/* The map of a ring, clipped, to the end of the points; `whole` grows around all of it. */
static int map_ring(struct scene *scene, struct clipper *clipper, int ring,
                    const struct scene_map *map, struct annotation_box *whole, bool is_first,
                    struct error *err)
{
    struct annotation_ring *r = &scene->rings[ring];
    struct annotation_box around;
    int count = r->point_count, room;

    if (grow_clipper(clipper, count, err))
        return -1;
    for (int i = 0; i < count; i++) {
        const struct annotation_point *point = &scene->points[r->first_point + i];
        double x = (double)point->x, y = (double)point->y;

        scene_map_point(map, &x, &y);
        clipper->buffers[0][i] = (struct annotation_point){ (float)x, (float)y };
    }
    around = annotation_box_around(clipper->buffers[0], count);
    *whole = is_first ? around : annotation_box_join(*whole, around);
    count = clip_ring(clipper, count);
    room = scene->_point_capacity - scene->point_count;
    if (count > room) {
        int64_t capacity = 2 * ((int64_t)scene->point_count + count);
        struct annotation_point *larger =
            realloc(scene->points, sizeof(*larger) * (size_t)capacity);

        if (!larger || capacity > INT32_MAX)
            return FAIL(err, NO_MEMORY, "no memory for outlines");
        scene->points = larger;
        scene->_point_capacity = (int)capacity;
    }
    memcpy(scene->points + scene->point_count, clipper->buffers[0],
           sizeof(struct annotation_point) * (size_t)count);
    *r = (struct annotation_ring){ scene->point_count, count };
    scene->point_count += count;
    return 0;
}

/* Map an object; *is_kept says whether it is still worth it. */
static int map_object(struct scene *scene, struct clipper *clipper, struct scene_object *object,
                      const struct scene_map *map, bool judge, bool *is_kept, struct error *err)
{
    struct annotation_box whole = map_box(map, &object->box), left = { 0 };
    float share_min = object->ring_count ? OUTLINE_SHARE_MIN : BOX_SHARE_MIN;
    int kept = 0;

    for (int i = 0; i < object->ring_count; i++) {
        struct annotation_ring *ring = &scene->rings[object->first_ring + i];

        if (map_ring(scene, clipper, object->first_ring + i, map, &whole, i == 0, err))
            return -1;
        if (ring->point_count == 0)
            continue;
        if (kept == 0)
            left = annotation_box_around(scene->points + ring->first_point, ring->point_count);
        else
            left = annotation_box_join(
                left, annotation_box_around(scene->points + ring->first_point, ring->point_count));
        scene->rings[object->first_ring + kept++] = *ring;
    }
    if (object->ring_count == 0)
        left = annotation_box_clip(whole, clipper->width, clipper->height);
    object->ring_count = kept;
    object->box = left;
    map_keypoints(scene, object, map, (int)clipper->width, (int)clipper->height);
    *is_kept = judge ? is_worth_it(&whole, &left, share_min)
                     : left.right > left.left && left.bottom > left.top;
    return 0;
}

int scene_map_objects(struct scene *scene, const struct scene_map *map, int width, int height,
                      bool judge, struct error *err)
{
    struct clipper clipper = { .width = (float)width, .height = (float)height };
    int kept = 0, result = 0;

    for (int i = 0; i < scene->object_count && !result; i++) {
        bool is_kept = false;

        result = map_object(scene, &clipper, &scene->objects[i], map, judge, &is_kept, err);
        if (!result && is_kept)
            scene->objects[kept++] = scene->objects[i];
    }
    scene->object_count = kept;
    free(clipper.buffers[0]);
    free(clipper.buffers[1]);
    return result;
}

/* ---- pixels ------------------------------------------------------------------------------ */

/* The four pixels from p on, by how far between them the place lies, in 256ths. */
static inline void blend(const uint8_t *p, size_t stride, int fx, int fy, uint8_t out[3])
{
    int upper_left = (256 - fx) * (256 - fy), upper_right = fx * (256 - fy);
    int lower_left = (256 - fx) * fy, lower_right = fx * fy;

    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((upper_left * p[c] + upper_right * p[c + 3] +
                            lower_left * p[c + stride] + lower_right * p[c + stride + 3] +
                            (1 << 15)) >> 16);
}

/* One pixel between four; those outside have the fill's colour. */
static void sample(const struct scene *scene, double x, double y, uint8_t out[3])
{
    double floor_x = floor(x), floor_y = floor(y);
    int left = (int)floor_x, top = (int)floor_y;
    int fx = (int)((x - floor_x) * 256 + 0.5), fy = (int)((y - floor_y) * 256 + 0.5);
    uint8_t four[12];

    for (int k = 0; k < 4; k++) {
        int px = left + (k & 1), py = top + (k >> 1);

        if (px >= 0 && py >= 0 && px < scene->width && py < scene->height)
            memcpy(four + 3 * k,
                   scene->pixels + 3 * ((size_t)py * (size_t)scene->width + (size_t)px), 3);
        else
            memset(four + 3 * k, SCENE_FILL, 3);
    }
    blend(four, 6, fx, fy, out);
}

/* A row of the result; `m` leads back to the source. */
static void map_row(const struct scene *scene, const double m[9], bool is_affine, int y, int width,
                    uint8_t *out)
{
    size_t stride = 3 * (size_t)scene->width;
    double py = y + 0.5; /* the pixel's middle */

    for (int x = 0; x < width; x++, out += 3) {
        double px = x + 0.5, u = m[0] * px + m[1] * py + m[2], v = m[3] * px + m[4] * py + m[5];

        if (!is_affine) {
            double w = m[6] * px + m[7] * py + m[8];

            w = fabs(w) < 1e-9 ? 1e9 : 1 / w;
            u *= w;
            v *= w;
        }
        u -= 0.5;
        v -= 0.5;
        if (u >= 0 && v >= 0 && u < scene->width - 1 && v < scene->height - 1) {
            int left = (int)u, top = (int)v;

            blend(scene->pixels + stride * (size_t)top + 3 * (size_t)left, stride,
                  (int)((u - left) * 256 + 0.5), (int)((v - top) * 256 + 0.5), out);
        } else if (u > -1 && v > -1 && u < scene->width && v < scene->height) {
            sample(scene, u, v, out);
        } else {
            memset(out, SCENE_FILL, 3);
        }
    }
}

int scene_map_pixels(const struct scene *scene, const struct scene_map *map, int width, int height,
                     struct scene *out, struct error *err)
{
    struct scene_map back = invert(map);
    bool is_affine = map->m[6] == 0 && map->m[7] == 0 && map->m[8] == 1;

    if (scene_resize(out, width, height, err))
        return -1;
    for (int y = 0; y < height; y++)
        map_row(scene, back.m, is_affine, y, width, out->pixels + 3 * (size_t)y * (size_t)width);
    return 0;
}
