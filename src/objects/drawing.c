/* drawing.c - see drawing.h. */

#include "objects/drawing.h"

#include "data/mask.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHADE 0.45
#define PIXELS_PER_STEP 350.0 /* of image size; lines get thicker by one with each */
#define NEAR_BORDER 2
#define NAME_BYTES 100
#define SMALLEST_LINE 16 /* in which Korean and Chinese can be read; and more by the scale */
#define LINE_STEP 7

static int thickness_of(const struct canvas *canvas)
{
    int side = canvas->width > canvas->height ? canvas->width : canvas->height;

    return side < PIXELS_PER_STEP ? 1 : (int)(side / PIXELS_PER_STEP + 0.5);
}

/* Down the columns, as the runs go. */
static void draw_mask(const struct canvas *canvas, const struct mask *mask, uint32_t colour)
{
    int64_t at = 0;

    if (mask->width != canvas->width || mask->height != canvas->height)
        return;
    for (int i = 0; i < mask->run_count; i++) {
        int64_t end = at + mask->runs[i];

        while (i % 2 && at < end) {
            int x = (int)(at / mask->height), y = (int)(at % mask->height);
            int64_t length = end - at < mask->height - y ? end - at : mask->height - y;

            canvas_fill(canvas, x, y, 1, (int)length, colour, SHADE);
            at += length;
        }
        at = end;
    }
}

static bool is_shown(const struct drawing_options *options, const float *point)
{
    double least = options->has_scores
                       ? (options->least_keypoint > 0 ? options->least_keypoint : 0.5)
                       : 0.5; /* 0 is absent, 1 and 2 are there */

    return point[2] >= least;
}

static void draw_keypoints(const struct canvas *canvas, const struct drawing_options *options,
                           const float *points, int category)
{
    struct skeleton skeleton = skeleton_or_person(options->skeleton, options->keypoint_count);
    int thickness = thickness_of(canvas);

    for (int i = 0; i < skeleton.count; i++) {
        const float *a = points + 3 * skeleton.bones[i][0];
        const float *b = points + 3 * skeleton.bones[i][1];

        if (is_shown(options, a) && is_shown(options, b))
            canvas_line(canvas, a[0], a[1], b[0], b[1], thickness, canvas_palette(category));
    }
    for (int i = 0; i < options->keypoint_count; i++)
        if (is_shown(options, points + 3 * i)) {
            canvas_disc(canvas, points[3 * i], points[3 * i + 1], thickness + 1.5, 0xFFFFFF);
            canvas_disc(canvas, points[3 * i], points[3 * i + 1], thickness + 0.5,
                        canvas_palette(i + 3));
        }
}

/* At most NAME_BYTES of a name, and no part of a letter of several bytes. */
static int name_length(const char *name)
{
    size_t length = strnlen(name, NAME_BYTES + 1);

    if (length <= NAME_BYTES)
        return (int)length;
    for (length = NAME_BYTES; length && ((unsigned char)name[length] & 0xC0) == 0x80;)
        length--;
    return (int)length;
}

static int line_height(const struct drawing_options *options, int scale)
{
    return options->lettering ? SMALLEST_LINE + LINE_STEP * (scale - 1)
                              : CANVAS_LETTER_HEIGHT * scale;
}

/* Above the box where there is room, else inside it. */
static void draw_label(const struct canvas *canvas, const struct drawing_options *options,
                       const struct image_object *object, int x, int y)
{
    int scale = thickness_of(canvas), border = scale < NEAR_BORDER ? scale : NEAR_BORDER;
    uint32_t colour = canvas_palette(object->category);
    struct lettering *letters = options->lettering;
    int line = line_height(options, scale), height = line + 2 * border, width;
    const char *name = options->class_names[object->category];
    char text[NAME_BYTES + 28];

    if (options->has_scores)
        snprintf(text, sizeof(text), "%.*s %.2f", name_length(name), name, object->score);
    else
        snprintf(text, sizeof(text), "%.*s", name_length(name), name);
    width = (letters ? lettering_width(letters, line, text) : canvas_text_width(scale, text)) +
            2 * border;
    if (x + width > canvas->width)
        x = canvas->width - width;
    x = x < 0 ? 0 : x;
    y = y >= height ? y - height : y < 0 ? 0 : y;
    canvas_fill(canvas, x, y, width, height, colour, 1);
    if (letters)
        lettering_draw(letters, canvas, x + border, y + border, line, canvas_ink_on(colour), text);
    else
        canvas_text(canvas, x + border, y + border, scale, canvas_ink_on(colour), text);
}

static int whole(double value)
{
    return (int)fmin(fmax(round(value), -1e6), 1e6);
}

void drawing_draw(const struct canvas *canvas, const struct drawing_options *options,
                  const struct image_object *objects, int count)
{
    for (int i = count - 1; i >= 0; i--)
        if (objects[i].mask)
            draw_mask(canvas, objects[i].mask, canvas_palette(objects[i].category));
    for (int i = count - 1; i >= 0; i--) {
        const struct object_box *box = &objects[i].box;
        int x = whole(box->x), y = whole(box->y);

        canvas_frame(canvas, x, y, whole(box->x + box->w) - x, whole(box->y + box->h) - y,
                     thickness_of(canvas), canvas_palette(objects[i].category));
        if (!options->no_labels)
            draw_label(canvas, options, &objects[i], x, y);
        if (objects[i].keypoints)
            draw_keypoints(canvas, options, objects[i].keypoints, objects[i].category);
    }
}
