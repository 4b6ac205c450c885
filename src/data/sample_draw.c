/* sample_draw.c - paint one image of the drawn dataset. */
#include "base/rng.h"
#include "data/sample.h"
#include "data/sample_shapes.h"
#include "data/streams.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CLUTTER_LIMIT 6

struct color {
    float r, g, b; /* 0 to 1 */
};

enum texture { TEXTURE_PLAIN, TEXTURE_STRIPES, TEXTURE_CHECKER, TEXTURE_DOTS, TEXTURE_COUNT };

/* A surface: two colours in a pattern. */
struct paint {
    struct color colors[2];
    enum texture texture;
    double period, cos_angle, sin_angle;
    double shade; /* of the lighting gradient, either way */
};

/* A bar or a blob that belongs to no class. */
struct clutter {
    struct sample_point from, to;
    double radius;
    struct color color;
    bool in_front;
};

struct picture {
    int size;
    struct paint ground, body;
    double light_x, light_y; /* direction the light comes from */
    double shadow_x, shadow_y, shadow_softness, shadow_strength;
    double bevel;   /* width in pixels of the lit rim */
    double outline; /* width in pixels; 0: none */
    double noise;   /* deviation, 0 to 1 */
    double cloud, cloud_period;
    uint64_t cloud_key;
    struct clutter clutter[CLUTTER_LIMIT];
    int clutter_count;
};

static double luma(struct color c)
{
    return 0.299 * c.r + 0.587 * c.g + 0.114 * c.b;
}

static struct color mix_colors(struct color a, struct color b, double share)
{
    float t = (float)share;

    return (struct color){ a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b) };
}

static float hue_channel(double hue, double sixth, double saturation, double value)
{
    double away = fabs(fmod(hue * 6 - sixth + 9, 6) - 3);
    double share = fmin(1, fmax(0, 2 - away));

    return (float)(value * (1 - saturation + saturation * share));
}

static struct color color_of(double hue, double saturation, double value)
{
    return (struct color){ hue_channel(hue, 0, saturation, value),
                           hue_channel(hue, 2, saturation, value),
                           hue_channel(hue, 4, saturation, value) };
}

/* Something that stands out from `other`. */
static struct color contrasting_color(struct color other, struct rng *rng)
{
    for (;;) {
        struct color c =
            color_of(rng_uniform(rng), rng_between(rng, 0.25, 0.95), rng_between(rng, 0.25, 1));

        if (fabs(luma(c) - luma(other)) > 0.22)
            return c;
    }
}

static void choose_paint(struct paint *paint, struct color main_color, double depth, int size,
                         struct rng *rng)
{
    double angle = rng_between(rng, 0, M_PI);
    struct color towards =
        rng_below(rng, 2) ? (struct color){ 1, 1, 1 } : (struct color){ 0, 0, 0 };

    paint->colors[0] = main_color;
    paint->colors[1] = mix_colors(main_color, towards, depth);
    paint->texture = (enum texture)rng_below(rng, TEXTURE_COUNT);
    paint->period = size * rng_between(rng, 0.06, 0.16);
    paint->cos_angle = cos(angle);
    paint->sin_angle = sin(angle);
    paint->shade = rng_between(rng, 0.05, 0.3);
}

static void add_clutter(struct picture *picture, struct color ground, struct rng *rng)
{
    int size = picture->size;

    picture->clutter_count = 2 + (int)rng_below(rng, CLUTTER_LIMIT - 2);
    for (int i = 0; i < picture->clutter_count; i++) {
        struct clutter *piece = &picture->clutter[i];
        double angle = rng_between(rng, 0, 2 * M_PI), length = size * rng_between(rng, 0, 0.25);

        piece->from.x = rng_between(rng, 0, size);
        piece->from.y = rng_between(rng, 0, size);
        piece->to.x = piece->from.x + length * cos(angle);
        piece->to.y = piece->from.y + length * sin(angle);
        piece->radius = size * rng_between(rng, 0.008, 0.035);
        piece->in_front = i == 0 && rng_below(rng, 4) == 0;
        if (piece->in_front)
            piece->radius = size * 0.01;
        piece->color =
            mix_colors(ground, color_of(rng_uniform(rng), rng_uniform(rng), rng_uniform(rng)),
                       rng_between(rng, 0.3, 0.9));
    }
}

static void choose_picture(struct picture *picture, int size, struct rng *rng)
{
    struct color ground =
        color_of(rng_uniform(rng), rng_between(rng, 0.05, 0.6), rng_between(rng, 0.2, 0.95));
    double light = rng_between(rng, 0, 2 * M_PI);
    double reach = size * rng_between(rng, 0.02, 0.06);

    memset(picture, 0, sizeof(*picture));
    picture->size = size;
    choose_paint(&picture->ground, ground, rng_between(rng, 0.03, 0.1), size, rng);
    choose_paint(&picture->body, contrasting_color(ground, rng), rng_between(rng, 0.05, 0.2), size,
                 rng);
    picture->light_x = cos(light);
    picture->light_y = sin(light);
    picture->shadow_x = -reach * picture->light_x;
    picture->shadow_y = -reach * picture->light_y;
    picture->shadow_softness = size * rng_between(rng, 0.02, 0.08);
    picture->shadow_strength = rng_between(rng, 0, 0.5);
    picture->bevel = size * rng_between(rng, 0.01, 0.05);
    picture->outline = rng_below(rng, 3) == 0 ? size * rng_between(rng, 0.012, 0.025) : 0;
    picture->noise = rng_between(rng, 0.008, 0.05);
    picture->cloud = rng_between(rng, 0.02, 0.1);
    picture->cloud_period = size * rng_between(rng, 0.12, 0.5);
    picture->cloud_key = rng_next(rng);
    add_clutter(picture, ground, rng);
}

/* How large a shape may be, in image sides, and how far it may be turned, in radians. */
struct placing {
    double radius_min, radius_max, turn;
};

static struct sample_point place(struct sample_point p, const double map[6])
{
    return (struct sample_point){ map[0] * p.x + map[1] * p.y + map[2],
                                  map[3] * p.x + map[4] * p.y + map[5] };
}

static void measure_box(struct sample_scene *scene)
{
    const struct sample_loop *outer = &scene->loops[0];
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

    for (int i = 0; i < outer->count; i++) {
        left = fmin(left, outer->points[i].x);
        right = fmax(right, outer->points[i].x);
        top = fmin(top, outer->points[i].y);
        bottom = fmax(bottom, outer->points[i].y);
    }
    scene->x = left;
    scene->y = top;
    scene->width = right - left;
    scene->height = bottom - top;
}

/* Turn, stretch and move the unit shape to where it lies in the image, wholly inside. */
static void place_shape(struct sample_scene *scene, int size, const struct placing *placing,
                        struct rng *rng)
{
    static const struct sample_point axes[SAMPLE_KEYPOINT_COUNT] = {
        { 0, 0 }, { 0, -1 }, { 1, 0 }, { 0, 1 }, { -1, 0 }
    };
    double radius = size * rng_between(rng, placing->radius_min, placing->radius_max);
    double angle = rng_between(rng, -placing->turn, placing->turn);
    double stretch = rng_between(rng, 0.85, 1.18);
    double wide = radius * fmin(1, stretch), high = radius * fmin(1, 1 / stretch);
    double map[6] = {
        wide * cos(angle), -high * sin(angle), rng_between(rng, radius, size - radius),
        wide * sin(angle), high * cos(angle),  rng_between(rng, radius, size - radius)
    };

    for (int l = 0; l < scene->loop_count; l++)
        for (int i = 0; i < scene->loops[l].count; i++)
            scene->loops[l].points[i] = place(scene->loops[l].points[i], map);
    for (int i = 0; i < SAMPLE_KEYPOINT_COUNT; i++)
        scene->keypoints[i] = place(axes[i], map);
    measure_box(scene);
}

/* sample_distance() as far as `reach`; beyond it the box tells, which is much cheaper. */
static double distance_within(const struct sample_scene *scene, double x, double y, double reach)
{
    double beside = fmax(scene->x - x, x - scene->x - scene->width);
    double above = fmax(scene->y - y, y - scene->y - scene->height);

    return fmax(beside, above) >= reach ? reach : sample_distance(scene, x, y);
}

/* 0 or 1 with a soft edge about a pixel wide: which of the two colours is at this place. */
static double texture_share(const struct paint *paint, double x, double y)
{
    double u = (x * paint->cos_angle + y * paint->sin_angle) / paint->period;
    double v = (y * paint->cos_angle - x * paint->sin_angle) / paint->period;
    double sharpness = paint->period / 3, wave;

    switch (paint->texture) {
    case TEXTURE_STRIPES:
        wave = sin(2 * M_PI * u);
        break;
    case TEXTURE_CHECKER:
        wave = sin(M_PI * u) * sin(M_PI * v) * 2;
        break;
    case TEXTURE_DOTS:
        wave = (cos(2 * M_PI * u) + cos(2 * M_PI * v)) / 2 - 0.4;
        break;
    default:
        return 0;
    }
    return fmin(1, fmax(0, 0.5 + wave * sharpness));
}

static double lattice(uint64_t key, int x, int y)
{
    return rng_hash(key, (uint64_t)(int64_t)y, (uint64_t)(int64_t)x) * 0x1p-32;
}

/* Smooth noise in 0..1: random values on a lattice, eased between. */
static double smooth_noise(uint64_t key, double x, double y)
{
    int left = (int)floor(x), top = (int)floor(y);
    double u = x - left, v = y - top;
    double above, below;

    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    above = lattice(key, left, top) * (1 - u) + lattice(key, left + 1, top) * u;
    below = lattice(key, left, top + 1) * (1 - u) + lattice(key, left + 1, top + 1) * u;
    return above * (1 - v) + below * v;
}

static struct color light_up(struct color c, double amount)
{
    struct color towards = amount > 0 ? (struct color){ 1, 1, 1 } : (struct color){ 0, 0, 0 };

    return mix_colors(c, towards, fmin(1, fabs(amount)));
}

static struct color paint_at(const struct picture *picture, const struct paint *paint, double x,
                             double y)
{
    double half = picture->size / 2.0;
    double lit = ((x - half) * picture->light_x + (y - half) * picture->light_y) / half;

    return light_up(mix_colors(paint->colors[0], paint->colors[1], texture_share(paint, x, y)),
                    lit * paint->shade);
}

static struct color add_clutter_at(const struct picture *picture, struct color color, double x,
                                   double y, bool in_front)
{
    for (int i = 0; i < picture->clutter_count; i++) {
        const struct clutter *piece = &picture->clutter[i];
        double ex = piece->to.x - piece->from.x, ey = piece->to.y - piece->from.y;
        double px = x - piece->from.x, py = y - piece->from.y;
        double t = fmin(1, fmax(0, (px * ex + py * ey) / (ex * ex + ey * ey + 1e-9)));
        double dx = px - t * ex, dy = py - t * ey;
        double distance = sqrt(dx * dx + dy * dy) - piece->radius;

        if (piece->in_front == in_front)
            color = mix_colors(color, piece->color, fmin(1, fmax(0, 0.5 - distance)));
    }
    return color;
}

/* The body's colour: its rim is lit on one side and dark on the other. */
static struct color body_at(const struct picture *picture, const struct sample_scene *scene,
                            double x, double y, double distance)
{
    struct color color = paint_at(picture, &picture->body, x, y);
    double rim = 1 + distance / picture->bevel;

    if (rim > 0) {
        double slope =
            distance - sample_distance(scene, x - picture->light_x, y - picture->light_y);

        color = light_up(color, 0.35 * rim * slope);
    }
    if (picture->outline > 0)
        color = mix_colors(color, (struct color){ 0.08f, 0.08f, 0.1f },
                           fmin(1, fmax(0, picture->outline + distance + 0.5)) * 0.8);
    return color;
}

/* What lies behind the body: ground, clouds, clutter, the body's shadow. */
static struct color ground_at(const struct picture *picture, const struct sample_scene *scene,
                              double x, double y)
{
    struct color color = paint_at(picture, &picture->ground, x, y);
    double cloud =
        smooth_noise(picture->cloud_key, x / picture->cloud_period, y / picture->cloud_period);
    double shadow = distance_within(scene, x - picture->shadow_x, y - picture->shadow_y,
                                    picture->shadow_softness);

    color = light_up(color, 2 * picture->cloud * (cloud - 0.5));
    color = add_clutter_at(picture, color, x, y, false);
    shadow = fmin(1, fmax(0, 0.5 - shadow / (2 * picture->shadow_softness)));
    return light_up(color, -picture->shadow_strength * shadow);
}

static struct color color_at(const struct picture *picture, const struct sample_scene *scene,
                             double x, double y)
{
    double distance = distance_within(scene, x, y, 1);
    double cover = fmin(1, fmax(0, 0.5 - distance));
    struct color color = { 0 };

    if (cover < 1)
        color = ground_at(picture, scene, x, y);
    if (cover > 0)
        color = mix_colors(color, body_at(picture, scene, x, y, distance), cover);
    return add_clutter_at(picture, color, x, y, true);
}

static uint8_t to_byte(double value)
{
    return (uint8_t)(255 * fmin(1, fmax(0, value)) + 0.5);
}

static void paint_picture(const struct picture *picture, const struct sample_scene *scene,
                          struct rng *rng, uint8_t *pixels)
{
    for (int y = 0; y < picture->size; y++)
        for (int x = 0; x < picture->size; x++, pixels += 3) {
            struct color color = color_at(picture, scene, x + 0.5, y + 0.5);
            double grain = picture->noise * rng_normal(rng);

            pixels[0] = to_byte((double)color.r + grain);
            pixels[1] = to_byte((double)color.g + grain);
            pixels[2] = to_byte((double)color.b + grain);
        }
}

/* Which row of sample_shapes a class is: the rows in use, sorted by name. */
static const struct sample_shape *shape_of(int class_count, int class_id)
{
    for (int i = 0; i < class_count; i++) {
        int before = 0;

        for (int j = 0; j < class_count; j++)
            before += strcmp(sample_shapes[j].name, sample_shapes[i].name) < 0;
        if (before == class_id)
            return &sample_shapes[i];
    }
    return &sample_shapes[0];
}

const char *sample_class_name(int class_count, int class_id)
{
    return shape_of(class_count, class_id)->name;
}

void sample_draw(const struct sample_options *options, enum dataset_split split, int class_id,
                 int index, uint8_t *pixels, struct sample_scene *scene)
{
    const struct sample_shape *shape = shape_of(options->class_count, class_id);
    /* Keyed by the shape and not by its id, which moves as classes join. */
    uint64_t key = (uint64_t)(shape - sample_shapes) * DATASET_SPLIT_COUNT + (uint64_t)split;
    struct rng rng = rng_for(options->seed, stream_of(STREAM_SAMPLE, (int)key), (uint64_t)index);
    const struct placing alone = { 0.26, 0.42, M_PI };
    struct picture picture;

    memset(scene, 0, sizeof(*scene));
    scene->class_id = class_id;
    shape->outline(scene);
    place_shape(scene, options->image_size, &alone, &rng);
    choose_picture(&picture, options->image_size, &rng);
    paint_picture(&picture, scene, &rng, pixels);
}

/* ---- several shapes on an image ---------------------------------------------------------- */

/* The other shapes, over what is painted. */
static void add_bodies(const struct picture *pictures, const struct sample_scene *scenes,
                       int count, uint8_t *pixels)
{
    int size = pictures[0].size;

    for (int k = 1; k < count; k++)
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++) {
                uint8_t *p = pixels + 3 * ((size_t)y * (size_t)size + (size_t)x);
                double distance = distance_within(&scenes[k], x + 0.5, y + 0.5, 1);
                double cover = fmin(1, fmax(0, 0.5 - distance));
                struct color under = { (float)p[0] / 255, (float)p[1] / 255, (float)p[2] / 255 };

                if (cover <= 0)
                    continue;
                under = mix_colors(
                    under, body_at(&pictures[k], &scenes[k], x + 0.5, y + 0.5, distance), cover);
                p[0] = to_byte((double)under.r);
                p[1] = to_byte((double)under.g);
                p[2] = to_byte((double)under.b);
            }
}

/* Does the newest shape hide a considerable part of another? */
static bool is_crowded(const struct sample_scene *scenes, int count)
{
    const struct sample_scene *b = &scenes[count - 1];

    for (int i = 0; i + 1 < count; i++) {
        const struct sample_scene *a = &scenes[i];
        double width = fmin(a->x + a->width, b->x + b->width) - fmax(a->x, b->x);
        double height = fmin(a->y + a->height, b->y + b->height) - fmax(a->y, b->y);

        if (width > 0 && height > 0 &&
            width * height > 0.15 * fmin(a->width * a->height, b->width * b->height))
            return true;
    }
    return false;
}

int sample_draw_objects(const struct sample_options *options, enum dataset_split split, int index,
                        uint8_t *pixels, struct sample_scene scenes[SAMPLE_OBJECT_LIMIT])
{
    int key = SAMPLE_CLASS_LIMIT * DATASET_SPLIT_COUNT + (int)split, count = 0, tries = 0;
    struct rng rng = rng_for(options->seed, stream_of(STREAM_SAMPLE, key), (uint64_t)index);
    const struct placing placing = { 0.1, 0.24,
                                     options->task == DATASET_TASK_POSE ? M_PI / 6 : M_PI };
    int wanted = 1 + (int)rng_below(&rng, SAMPLE_OBJECT_LIMIT);
    struct picture pictures[SAMPLE_OBJECT_LIMIT];

    for (; count < wanted && tries < 40; tries++) {
        struct sample_scene *scene = &scenes[count];

        memset(scene, 0, sizeof(*scene));
        scene->class_id = (int)rng_below(&rng, (uint32_t)options->class_count);
        shape_of(options->class_count, scene->class_id)->outline(scene);
        place_shape(scene, options->image_size, &placing, &rng);
        choose_picture(&pictures[count], options->image_size, &rng);
        count += !is_crowded(scenes, count + 1);
    }
    for (int k = 0; k < count; k++) /* shapes stand out from the one ground there is */
        choose_paint(&pictures[k].body, contrasting_color(pictures[0].ground.colors[0], &rng),
                     rng_between(&rng, 0.05, 0.2), options->image_size, &rng);
    paint_picture(&pictures[0], &scenes[0], &rng, pixels);
    add_bodies(pictures, scenes, count, pixels);
    return count;
}
