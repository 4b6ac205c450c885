/* sample_shapes.c - see sample_shapes.h. */
#include "data/sample_shapes.h"
#include <math.h>
#include <stdbool.h>

static void add_point(struct sample_loop *loop, double x, double y)
{
    loop->points[loop->count++] = (struct sample_point){ x, y };
}

static struct sample_loop *add_loop(struct sample_scene *scene)
{
    struct sample_loop *loop = &scene->loops[scene->loop_count++];

    loop->count = 0;
    return loop;
}

/* `count` points around the centre, the first one on top; radii alternate between two. */
static void add_polygon(struct sample_scene *scene, int count, double outer, double inner)
{
    struct sample_loop *loop = add_loop(scene);

    for (int i = 0; i < count; i++) {
        double angle = 2 * M_PI * i / count, radius = i % 2 ? inner : outer;

        add_point(loop, radius * sin(angle), -radius * cos(angle));
    }
}

static void add_points(struct sample_scene *scene, const double (*points)[2], int count)
{
    struct sample_loop *loop = add_loop(scene);

    for (int i = 0; i < count; i++)
        add_point(loop, points[i][0], points[i][1]);
}

static void circle(struct sample_scene *scene)
{
    add_polygon(scene, 48, 0.95, 0.95);
}

static void square(struct sample_scene *scene)
{
    static const double points[][2] = {
        { -0.8, -0.8 }, { 0.8, -0.8 }, { 0.8, 0.8 }, { -0.8, 0.8 }
    };

    add_points(scene, points, 4);
}

static void triangle(struct sample_scene *scene)
{
    add_polygon(scene, 3, 1, 1);
}

static void star(struct sample_scene *scene)
{
    add_polygon(scene, 10, 1, 0.42);
}

static void cross(struct sample_scene *scene)
{
    static const double points[][2] = {
        { -0.32, -0.95 }, { 0.32, -0.95 }, { 0.32, -0.32 },  { 0.95, -0.32 },
        { 0.95, 0.32 },   { 0.32, 0.32 },  { 0.32, 0.95 },   { -0.32, 0.95 },
        { -0.32, 0.32 },  { -0.95, 0.32 }, { -0.95, -0.32 }, { -0.32, -0.32 },
    };

    add_points(scene, points, 12);
}

static void ring(struct sample_scene *scene)
{
    add_polygon(scene, 48, 0.95, 0.95);
    add_polygon(scene, 40, 0.52, 0.52);
}

/* The well-known curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t. */
static void heart(struct sample_scene *scene)
{
    struct sample_loop *loop = add_loop(scene);

    for (int i = 0; i < 48; i++) {
        double t = 2 * M_PI * i / 48, s = sin(t);
        double y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t);

        add_point(loop, s * s * s * 0.98, -(y + 2.5) / 16);
    }
}

static void arrow(struct sample_scene *scene)
{
    static const double points[][2] = { { 0, -1 },       { 0.75, -0.15 }, { 0.28, -0.15 },
                                        { 0.28, 0.95 },  { -0.28, 0.95 }, { -0.28, -0.15 },
                                        { -0.75, -0.15 } };

    add_points(scene, points, 7);
}

/* A disc without the part that a second disc covers. */
static void moon(struct sample_scene *scene)
{
    struct sample_loop *loop = add_loop(scene);
    double offset = 0.5, radius = 0.98, inner = 0.78;
    /* Where the circles meet, on each of them. */
    double meet_x = (radius * radius - inner * inner + offset * offset) / (2 * offset);
    double meet_y = sqrt(radius * radius - meet_x * meet_x);
    double begin = atan2(meet_y, meet_x), inner_begin = atan2(meet_y, meet_x - offset);

    for (int i = 0; i <= 32; i++) {
        double angle = begin + (2 * M_PI - 2 * begin) * i / 32;

        add_point(loop, radius * cos(angle), radius * sin(angle));
    }
    for (int i = 1; i < 24; i++) {
        double angle = -inner_begin - (2 * M_PI - 2 * inner_begin) * i / 24;

        add_point(loop, offset + inner * cos(angle), inner * sin(angle));
    }
}

static void hexagon(struct sample_scene *scene)
{
    add_polygon(scene, 6, 0.98, 0.98);
}

const struct sample_shape sample_shapes[SAMPLE_CLASS_LIMIT] = {
    { "circle", circle }, { "square", square },   { "triangle", triangle }, { "star", star },
    { "cross", cross },   { "ring", ring },       { "heart", heart },       { "arrow", arrow },
    { "moon", moon },     { "hexagon", hexagon },
};

static double squared_distance_to_edge(const struct sample_point *a, const struct sample_point *b,
                                       double x, double y)
{
    double ex = b->x - a->x, ey = b->y - a->y, px = x - a->x, py = y - a->y;
    double length = ex * ex + ey * ey;
    double t = length > 0 ? fmin(1, fmax(0, (px * ex + py * ey) / length)) : 0;
    double dx = px - t * ex, dy = py - t * ey;

    return dx * dx + dy * dy;
}

double sample_distance(const struct sample_scene *scene, double x, double y)
{
    double nearest = INFINITY;
    bool inside = false;

    for (int l = 0; l < scene->loop_count; l++) {
        const struct sample_loop *loop = &scene->loops[l];

        for (int i = 0, j = loop->count - 1; i < loop->count; j = i++) {
            const struct sample_point *a = &loop->points[j], *b = &loop->points[i];

            nearest = fmin(nearest, squared_distance_to_edge(a, b, x, y));
            if ((a->y > y) != (b->y > y) && x < a->x + (y - a->y) / (b->y - a->y) * (b->x - a->x))
                inside = !inside;
        }
    }
    return inside ? -sqrt(nearest) : sqrt(nearest);
}
