/* yolo_rows.c - the rows of a YOLO label file. */
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/yolo_internal.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_IMAGE 10000
#define WORD_ENDS " \t\r\v\f,"
/* Shares of the image: a hair outside is rounding, more than this are pixels or nonsense. */
#define ROUNDING 1e-4
#define SHARE_LIMIT 2.0

struct row {
    struct yolo *yolo;
    struct labelled_place place;
    int class_id;
    bool is_left_out; /* already, by its class: it is only looked at for further faults */
    struct {
        double *items;
        int count, capacity;
    } values; /* behind the class */
    struct {
        struct annotation_point *items;
        int count, capacity;
    } points;
    struct {
        struct annotation_keypoint *items;
        int count, capacity;
    } keypoints;
};

static int refuse(struct row *row, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Leave the row out; returns 1. */
static int refuse(struct row *row, const char *remedy, const char *format, ...)
{
    char text[200];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    labelled_note(row->yolo->all, &row->place,
                  row->is_left_out ? DATASET_REMARK : DATASET_EXCLUDED, remedy, NULL, "%s", text);
    return 1;
}

/* ---- numbers ----------------------------------------------------------------------------- */

/* -1: that is no class. */
static int parse_class(const char *word)
{
    char *end;
    double value = strtod(word, &end);

    return *end || !(value >= 0 && value < LABELLED_CLASS_LIMIT) || value != floor(value)
               ? -1
               : (int)value;
}

static int read_class(struct row *row, const char *word)
{
    row->class_id = parse_class(word);
    if (row->class_id < 0)
        return refuse(row, "drop", "Invalid class_id '%.40s'", word);
    return 0;
}

static int read_numbers(struct row *row, char *line)
{
    char *save = line, *word;
    bool is_first = true;

    row->values.count = 0;
    while ((word = strsep(&save, WORD_ENDS))) {
        char *end;
        double value;

        if (!*word)
            continue;
        if (is_first) {
            is_first = false;
            if (read_class(row, word))
                return 1;
            continue;
        }
        value = strtod(word, &end);
        if (*end || !isfinite(value))
            return refuse(row, "drop", "value %d, '%.40s', is no number", row->values.count + 2,
                          word);
        *VEC_ADD(&row->values) = value;
    }
    return 0;
}

/* Is a share within the image, or so little outside that clipping is what was meant?  Gives 1 when
 * it has to be clipped, 2 when the row makes no sense, and says so. */
static int judge_share(double value, const char *name, char text[64])
{
    if (value >= -ROUNDING && value <= 1 + ROUNDING)
        return 0;
    snprintf(text, 64, "%s = %.6g %s", name, value, value < 0 ? "< 0" : "> 1");
    return fabs(value) > SHARE_LIMIT ? 2 : 1;
}

/* The worst of several shares; x and y take turns. */
static int judge_shares(const double *values, int count, int stride, const char *const *names,
                        int name_count, char text[64])
{
    int worst = 0;

    for (int i = 0; i < count; i++) {
        char here[64];
        int verdict = judge_share(values[i / name_count * stride + i % name_count],
                                  names[i % name_count], here);

        if (verdict > worst) {
            worst = verdict;
            memcpy(text, here, sizeof(here));
        }
    }
    return worst;
}

/* ---- what a row means -------------------------------------------------------------------- */

static const char *replace_box(struct row *row, const struct annotation_box *box, int rest)
{
    const struct annotation_image *image =
        &row->yolo->all->dataset->annotations.images[row->place.image];
    struct str text = STR_INIT;
    const char *copy;

    str_printf(&text, "%d %.6f %.6f %.6f %.6f", row->class_id,
               ((double)box->left + box->right) / 2 / image->width,
               ((double)box->top + box->bottom) / 2 / image->height,
               annotation_box_width(box) / (double)image->width,
               annotation_box_height(box) / (double)image->height);
    for (int i = rest; i < row->values.count; i++)
        str_printf(&text, " %.9g", row->values.items[i]);
    copy = arena_strdup(row->yolo->all->arena, text.text);
    str_release(&text);
    return copy;
}

/* The box of the first four values.  0, or 1 when the row is left out; `message` is filled and
 * *is_clipped set when it reaches outside. */
static int read_box(struct row *row, struct annotation_box *box, bool *is_clipped, char message[64])
{
    static const char *const names[] = { "x", "y", "width", "height" };
    const struct annotation_image *image =
        &row->yolo->all->dataset->annotations.images[row->place.image];
    const double *v = row->values.items;
    int verdict = judge_shares(v, 4, 4, names, 4, message), clip;
    char text[64] = "";

    if (verdict == 2)
        return refuse(row, "drop", "Coordinate out of range [0, 1]: %s", message);
    if (v[2] <= 0 || v[3] <= 0)
        return refuse(row, "drop", "%s = %g: the box has no area", v[2] <= 0 ? "width" : "height",
                      v[2] <= 0 ? v[2] : v[3]);
    *box = (struct annotation_box){ (float)((v[0] - v[2] / 2) * image->width),
                                    (float)((v[1] - v[3] / 2) * image->height),
                                    (float)((v[0] + v[2] / 2) * image->width),
                                    (float)((v[1] + v[3] / 2) * image->height) };
    clip = labelled_clip_box(box, image->width, image->height, text);
    if (clip == 2)
        return refuse(row, "drop", "%s: nothing of the box is inside",
                      verdict ? message : text);
    *is_clipped = clip || verdict;
    if (!verdict)
        memcpy(message, text, sizeof(text));
    return 0;
}

static int add(struct row *row, struct labelled_object *object, const char *remedy,
               const char *replacement, const char *message, struct error *err)
{
    struct labelled *all = row->yolo->all;

    if (row->is_left_out) {
        labelled_count_kind(all, object);
        if (remedy)
            labelled_note(all, &row->place, DATASET_REMARK, remedy, replacement, "%s", message);
        return 0;
    }
    object->base.class_id = row->class_id;
    object->base.line = row->place.line;
    if (labelled_add_object(all, &row->place, object, err))
        return -1;
    if (remedy)
        labelled_note(all, &row->place, DATASET_FIXED, remedy, replacement, "%s", message);
    else
        labelled_count_used(all);
    return 0;
}

static int read_plain_box(struct row *row, struct error *err)
{
    struct labelled_object object = { .is_plain_box = true };
    char message[64] = "";
    bool is_clipped = false;

    if (read_box(row, &object.base.box, &is_clipped, message))
        return 0;
    object.base.area =
        annotation_box_width(&object.base.box) * annotation_box_height(&object.base.box);
    return add(row, &object, is_clipped ? "clip" : NULL,
               is_clipped ? replace_box(row, &object.base.box, 4) : NULL, message, err);
}

static int read_outline(struct row *row, struct error *err)
{
    static const char *const names[] = { "x", "y" };
    const struct annotation_image *image =
        &row->yolo->all->dataset->annotations.images[row->place.image];
    struct labelled_object object = { .ring_count = 1 };
    int verdict, count = row->values.count / 2;
    char message[64] = "";
    struct str text = STR_INIT;
    int result;

    verdict = judge_shares(row->values.items, row->values.count, 2, names, 2, message);
    if (verdict == 2) {
        refuse(row, "drop", "Coordinate out of range [0, 1]: %s", message);
        return 0;
    }
    row->points.count = 0;
    str_printf(&text, "%d", row->class_id);
    for (int i = 0; i < count; i++) {
        double x = fmin(fmax(row->values.items[2 * i], 0), 1);
        double y = fmin(fmax(row->values.items[2 * i + 1], 0), 1);

        *VEC_ADD(&row->points) =
            (struct annotation_point){ (float)(x * image->width), (float)(y * image->height) };
        if (verdict)
            str_printf(&text, " %.9g %.9g", x, y);
    }
    object.base.box = annotation_box_around(row->points.items, count);
    object.base.area = (float)annotation_ring_area(row->points.items, count);
    object.points = row->points.items;
    object.ring_lengths = &count;
    if (object.base.area > 0 && object.base.box.right > object.base.box.left &&
        object.base.box.bottom > object.base.box.top) {
        result = add(row, &object, verdict ? "clip" : NULL,
                     verdict ? arena_strdup(row->yolo->all->arena, text.text) : NULL, message,
                     err);
    } else {
        result = 0;
        refuse(row, "drop", "the outline has no area");
    }
    str_release(&text);
    return result;
}

/* Fill the key points; returns how many were outside, the first of them named in `message`. */
static int place_keypoints(struct row *row, char message[64])
{
    const struct annotation_image *image =
        &row->yolo->all->dataset->annotations.images[row->place.image];
    int size = row->yolo->keypoint_size, outside = 0;

    row->keypoints.count = 0;
    for (int i = 0; i < row->yolo->keypoint_count; i++) {
        const double *v = row->values.items + 4 + i * size;
        double visibility = size == 3 ? v[2] : v[0] != 0 || v[1] != 0 ? 2 : 0;
        struct annotation_keypoint *point = VEC_ADD(&row->keypoints);
        char text[64];

        *point = (struct annotation_keypoint){ 0 };
        if (visibility <= 0)
            continue;
        if (judge_share(v[0], "x", text) || judge_share(v[1], "y", text)) {
            if (!outside++)
                snprintf(message, 64, "key point %d: %.40s", i + 1, text);
            continue;
        }
        *point = (struct annotation_keypoint){ (float)(fmin(fmax(v[0], 0), 1) * image->width),
                                               (float)(fmin(fmax(v[1], 0), 1) * image->height),
                                               visibility >= 1.5 ? KEYPOINT_VISIBLE
                                                                 : KEYPOINT_HIDDEN };
    }
    return outside;
}

static const char *replace_pose(struct row *row, const struct annotation_box *box)
{
    for (int i = 0; i < row->yolo->keypoint_count; i++)
        for (int k = 0; k < row->yolo->keypoint_size; k++)
            if (row->keypoints.items[i].visibility == KEYPOINT_ABSENT)
                row->values.items[4 + i * row->yolo->keypoint_size + k] = 0;
    return replace_box(row, box, 4);
}

static int read_pose(struct row *row, struct error *err)
{
    struct labelled_object object = { .is_plain_box = true };
    char message[64] = "";
    bool is_clipped = false;
    int outside;

    for (int i = 0; row->yolo->keypoint_size == 3 && i < row->yolo->keypoint_count; i++) {
        double v = row->values.items[4 + 3 * i + 2];

        if (!(v >= 0 && v <= 2)) {
            refuse(row, "drop", "visibility of key point %d is %g, not 0, 1 or 2", i + 1, v);
            return 0;
        }
    }
    if (read_box(row, &object.base.box, &is_clipped, message))
        return 0;
    outside = place_keypoints(row, message);
    object.keypoints = row->keypoints.items;
    object.base.area =
        annotation_box_width(&object.base.box) * annotation_box_height(&object.base.box);
    return add(row, &object, is_clipped || outside ? "clip" : NULL,
               is_clipped || outside ? replace_pose(row, &object.base.box) : NULL, message, err);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void count_class(struct yolo *yolo, int class_id)
{
    while (yolo->class_rows.count <= class_id)
        *VEC_ADD(&yolo->class_rows) = 0;
    yolo->class_rows.items[class_id]++;
    yolo->row_count++;
}

void yolo_count_classes(struct yolo *yolo, const char *text, size_t length)
{
    for (const char *at = text, *end = text + length, *next; at < end; at = next + 1) {
        char word[64];
        size_t size;
        int class_id;

        next = memchr(at, '\n', (size_t)(end - at));
        next = next ? next : end;
        while (at < next && strchr(WORD_ENDS, *at))
            at++;
        size = strcspn(at, WORD_ENDS "\n");
        if (size == 0 || size >= sizeof(word))
            continue;
        memcpy(word, at, size);
        word[size] = '\0';
        class_id = parse_class(word);
        if (class_id >= 0)
            count_class(yolo, class_id);
    }
}

static void check_class(struct row *row)
{
    struct yolo *yolo = row->yolo;
    int findings = yolo->all->findings.count;

    row->is_left_out = false;
    count_class(yolo, row->class_id);
    if (row->class_id < yolo->class_count)
        return;
    refuse(row, NULL, "Invalid class_id %d: there are %d classes, 0 to %d", row->class_id,
           yolo->class_count, yolo->class_count - 1);
    if (yolo->all->findings.count > findings)
        *VEC_ADD(&yolo->unknown) = (struct yolo_unknown){ findings, row->class_id };
    row->is_left_out = true;
}

static int read_row(struct row *row, char *line, struct error *err)
{
    struct yolo *yolo = row->yolo;
    int count, expected = 4 + yolo->keypoint_count * yolo->keypoint_size;

    row->is_left_out = false;
    if (read_numbers(row, line))
        return 0;
    check_class(row);
    count = row->values.count;
    *VEC_ADD(&row->values) = row->class_id;
    if (labelled_is_repeated(yolo->all, row->place.image, row->values.items,
                             sizeof(double) * (size_t)(count + 1))) {
        refuse(row, "drop_duplicate", "the same object stands above");
        return 0;
    }
    row->values.count = count;
    if (yolo->keypoint_count && count == expected)
        return read_pose(row, err);
    if (yolo->keypoint_count)
        refuse(row, "drop", "Expected %d values, got %d", expected + 1, count + 1);
    else if (count == 4)
        return read_plain_box(row, err);
    else if (count < 6)
        refuse(row, "drop", "Expected 5 values, got %d", count + 1);
    else if (count % 2)
        refuse(row, "drop", "coordinates must be pairs: %d after the class", count);
    else
        return read_outline(row, err);
    return 0;
}

int yolo_read_rows(struct yolo *yolo, int image, int label_file, const char *text, size_t length,
                   struct error *err)
{
    struct row row = { .yolo = yolo,
                       .place = { yolo->all->files.items[label_file].path, 0, -1, image } };
    struct str line = STR_INIT;
    int result = 0, rows = 0;

    for (const char *at = text, *end = text + length; at < end && !result;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((next ? next : end) - at);

        row.place.line++;
        str_clear(&line);
        str_add_bytes(&line, at, size);
        at += size + 1;
        if (strlen(line.text) != size)
            refuse(&row, "drop", "a zero byte: this is no text");
        else if (line.text[strspn(line.text, " \t\r\v\f")] == '\0')
            continue;
        else if (++rows > ROWS_PER_IMAGE)
            refuse(&row, NULL, "more than %d objects on an image", ROWS_PER_IMAGE);
        else
            result = read_row(&row, line.text, err);
    }
    VEC_RELEASE(&row.values);
    VEC_RELEASE(&row.points);
    VEC_RELEASE(&row.keypoints);
    str_release(&line);
    return result;
}
