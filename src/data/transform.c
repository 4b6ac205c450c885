/* transform.c - see transform.h. */
#include "data/transform.h"
#include "base/error.h"
#include <string.h>

#define IMAGE_SIZE_LIMIT 4096

static const char *const resize_names[] = { "stretch", "resize_crop" };
static const char *const interpolation_names[] = { "bilinear", "bicubic" };
static const char *const known_keys[] = { "image_size",    "resize", "crop_pct",
                                          "interpolation", "mean",   "std" };

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))

void transform_init(struct transform *transform, int image_size)
{
    *transform = (struct transform){
        .image_size = image_size,
        .crop_pct = 0.875,
        .mean = { 0.485, 0.456, 0.406 },
        .std = { 0.229, 0.224, 0.225 },
    };
}

int transform_check(const struct transform *transform, struct error *err)
{
    if (transform->image_size < 1 || transform->image_size > IMAGE_SIZE_LIMIT)
        return FAIL(err, INVALID, "the image size is %d, not within 1 and %d",
                    transform->image_size, IMAGE_SIZE_LIMIT);
    if (!(transform->crop_pct > 0 && transform->crop_pct <= 1))
        return FAIL(err, INVALID, "crop_pct is %g, not above 0 and up to 1", transform->crop_pct);
    for (int i = 0; i < 3; i++) {
        if (!(transform->mean[i] >= 0 && transform->mean[i] <= 1))
            return FAIL(err, INVALID, "the mean of channel %d is %g, not within 0 and 1", i,
                        transform->mean[i]);
        if (!(transform->std[i] > 0 && transform->std[i] <= 1))
            return FAIL(err, INVALID, "the deviation of channel %d is %g, not above 0 and up to 1",
                        i, transform->std[i]);
    }
    return 0;
}

static void write_numbers(struct json_writer *w, const char *key, const double values[3])
{
    json_key(w, key);
    json_array_open(w);
    for (int i = 0; i < 3; i++)
        json_number(w, values[i]);
    json_close(w);
}

void transform_write(const struct transform *transform, struct json_writer *w)
{
    json_object_open(w);
    json_put_int(w, "image_size", transform->image_size);
    json_put_text(w, "resize", resize_names[transform->resize]);
    json_put_number(w, "crop_pct", transform->crop_pct);
    json_put_text(w, "interpolation", interpolation_names[transform->interpolation]);
    write_numbers(w, "mean", transform->mean);
    write_numbers(w, "std", transform->std);
    json_close(w);
}

static int read_name(const json_t *json, const char *key, const char *const *names, int count,
                     int *value, struct error *err)
{
    const json_t *text = json_object_get(json, key);

    if (!text)
        return 0;
    for (int i = 0; i < count && json_is_string(text); i++)
        if (!strcmp(json_string_value(text), names[i])) {
            *value = i;
            return 0;
        }
    return FAIL(err, INVALID, "the transform's '%s' is neither '%s' nor '%s'", key, names[0],
                names[1]);
}

static int read_number(const json_t *json, const char *key, double *value, struct error *err)
{
    if (!json)
        return 0;
    if (!json_is_number(json))
        return FAIL(err, INVALID, "the transform's '%s' is not a number", key);
    *value = json_number_value(json);
    return 0;
}

static int read_numbers(const json_t *json, const char *key, double values[3], struct error *err)
{
    const json_t *list = json_object_get(json, key);

    if (!list)
        return 0;
    if (json_array_size(list) != 3)
        return FAIL(err, INVALID, "the transform's '%s' is not a list of 3 numbers", key);
    for (size_t i = 0; i < 3; i++)
        if (read_number(json_array_get(list, i), key, &values[i], err))
            return -1;
    return 0;
}

/* A checkpoint of a later version may ask for something this program would silently skip. */
static int check_keys(const json_t *json, struct error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        bool is_known = false;

        for (int i = 0; i < COUNT_OF(known_keys); i++)
            is_known = is_known || !strcmp(key, known_keys[i]);
        if (!is_known)
            return FAIL(err, UNSUPPORTED, "the transform has an unknown key '%s'", key);
    }
    return 0;
}

int transform_read(struct transform *transform, const json_t *json, struct error *err)
{
    double image_size = 224;
    int resize = TRANSFORM_STRETCH, interpolation = TRANSFORM_BILINEAR;

    transform_init(transform, 0);
    if (!json_is_object(json))
        return FAIL(err, INVALID, "the transform is not an object");
    if (check_keys(json, err) ||
        read_number(json_object_get(json, "image_size"), "image_size", &image_size, err) ||
        read_name(json, "resize", resize_names, COUNT_OF(resize_names), &resize, err) ||
        read_number(json_object_get(json, "crop_pct"), "crop_pct", &transform->crop_pct, err) ||
        read_name(json, "interpolation", interpolation_names, COUNT_OF(interpolation_names),
                  &interpolation, err) ||
        read_numbers(json, "mean", transform->mean, err) ||
        read_numbers(json, "std", transform->std, err))
        return -1;
    if (!(image_size >= 1 && image_size <= IMAGE_SIZE_LIMIT))
        return FAIL(err, INVALID, "the image size is %g, not within 1 and %d", image_size,
                    IMAGE_SIZE_LIMIT);
    transform->image_size = (int)image_size;
    transform->resize = (enum transform_resize)resize;
    transform->interpolation = (enum transform_interpolation)interpolation;
    return transform_check(transform, err);
}

struct augment_rectangle transform_rectangle(const struct transform *transform, int width,
                                             int height)
{
    double side;

    if (transform->resize == TRANSFORM_STRETCH)
        return (struct augment_rectangle){ 0, 0, width, height };
    side = (width < height ? width : height) * transform->crop_pct;
    return (struct augment_rectangle){ (width - side) / 2, (height - side) / 2, side, side };
}

void transform_table_init(struct transform_table *table, const struct transform *transform)
{
    for (int channel = 0; channel < 3; channel++)
        for (int value = 0; value < 256; value++)
            table->values[channel][value] =
                (float)((value / 255.0 - transform->mean[channel]) / transform->std[channel]);
}

static void normalise_row(const struct transform_table *table, const uint8_t *restrict in, int step,
                          int count, float *restrict red, float *restrict green,
                          float *restrict blue)
{
    for (int x = 0; x < count; x++, in += step) {
        red[x] = table->values[0][in[0]];
        green[x] = table->values[1][in[1]];
        blue[x] = table->values[2][in[2]];
    }
}

void transform_normalise(const struct transform_table *table, struct augment_image *image)
{
    size_t width = (size_t)image->width, plane = width * (size_t)image->height;

    for (int y = 0; y < image->height; y++) {
        int source = image->upside_down ? image->height - 1 - y : y;
        const uint8_t *in = image->pixels + 3 * width * (size_t)source;
        float *out = image->values + width * (size_t)y;

        if (image->mirrored)
            normalise_row(table, in + 3 * (width - 1), -3, image->width, out, out + plane,
                          out + 2 * plane);
        else
            normalise_row(table, in, 3, image->width, out, out + plane, out + 2 * plane);
    }
}
