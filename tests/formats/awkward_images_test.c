/* Every file of the awkward_images collection decodes to its stored truth or is refused. */

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "formats/image.h"
#include "test.h"

#include <stdlib.h>

/* The largest honest picture there has 15.5 million pixels; the bombs claim far more. */
static const struct image_options limited = { .limits = { .max_pixels = 20 * 1000 * 1000 } };

static const char *folder_or_skip(void)
{
    const char *folder = test_shared("data/awkward_images");

    if (!folder)
        SKIP("no data/awkward_images");
    return folder;
}

/* --- stored truth ------------------------------------------------------------------------ */

struct truth {
    const char *suffix;
    int sample_bytes; /* per pixel */
    int tolerance;
};

static const struct truth truths[] = {
    { ".rgba", 4, 0 }, { ".rgba16", 8, 0 }, { ".ppm", 3, 2 }, { ".pgm", 1, 2 }, { ".cmyk", 4, 2 },
};

static const struct truth *truth_of(const char *path)
{
    for (size_t i = 0; i < sizeof(truths) / sizeof(*truths); i++) {
        if (str_ends_with(path, truths[i].suffix))
            return &truths[i];
    }
    return NULL;
}

/* The level that a pixel of the truth stands for. */
static int expected_level(const struct truth *truth, const uint8_t *pixel, int channel)
{
    if (truth->sample_bytes == 8)
        return pixel[channel * 2 + 1]; /* the high byte */
    if (truth->sample_bytes == 1)
        return pixel[0];
    if (!strcmp(truth->suffix, ".cmyk"))
        return (int)lrint((255 - pixel[channel]) * (255 - pixel[3]) / 255.0);
    return pixel[channel];
}

static int worst_difference(const struct image *image, const struct truth *truth,
                            const struct str *bytes)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    const uint8_t *pixels;
    int worst = 0;

    CHECK(bytes->length >= count * (size_t)truth->sample_bytes);
    pixels = (const uint8_t *)bytes->text + bytes->length - count * (size_t)truth->sample_bytes;
    for (size_t i = 0; i < count * 3; i++) {
        int expected = expected_level(truth, pixels + i / 3 * (size_t)truth->sample_bytes, i % 3);

        worst = abs(image->pixels[i] - expected) > worst ? abs(image->pixels[i] - expected) : worst;
    }
    return worst;
}

static void check_truth(const char *folder, char *line)
{
    struct arena arena = ARENA_INIT;
    struct image image = IMAGE_INIT;
    struct str bytes = STR_INIT;
    struct error err;
    char *save = NULL, *name = strtok_r(line, "\t", &save), *truth = strtok_r(NULL, "\t", &save);
    int width = (int)strtol(strtok_r(NULL, "\t", &save), NULL, 10);
    int height = (int)strtol(strtok_r(NULL, "\t", &save), NULL, 10);
    const struct truth *kind = truth_of(truth);
    int worst;

    CHECK(kind);
    CHECK_OK(file_read(file_join(&arena, folder, truth), 1 << 26, &bytes, &err), err);
    CHECK_OK(image_load(&image, file_join(&arena, folder, name), NULL, &err), err);
    if (image.width != width || image.height != height)
        test_fail(__FILE__, __LINE__, "%s is %d x %d", name, image.width, image.height);
    worst = worst_difference(&image, kind, &bytes);
    if (worst > kind->tolerance)
        test_fail(__FILE__, __LINE__, "%s differs by %d levels", name, worst);
    image_release(&image);
    str_release(&bytes);
    arena_release(&arena);
}

TEST(awkward_images_equal_their_stored_truth)
{
    const char *folder = folder_or_skip();
    struct arena arena = ARENA_INIT;
    struct str index = STR_INIT;
    struct error err;
    char *save = NULL, *line;
    int count = 0;

    CHECK_OK(file_read(file_join(&arena, folder, "truth/index.tsv"), 1 << 20, &index, &err), err);
    line = strtok_r(index.text, "\n", &save); /* the column names */
    while ((line = strtok_r(NULL, "\n", &save))) {
        check_truth(folder, line);
        count++;
    }
    CHECK(count >= 130);
    str_release(&index);
    arena_release(&arena);
}

/* --- the manifest ------------------------------------------------------------------------ */

/* Where we mean to differ from Pillow 9.4, and why. */
static const struct {
    const char *part; /* of the path */
    const char *reason;
} differing[] = {
    { "g16.png", "Pillow clips 16-bit gray at 255 instead of scaling it" },
    { "pillow_png/i_trns", "16-bit gray" },
    { "pillow_tiff/12in16bit", "16-bit gray" },
    { "pillow_tiff/16_bit", "16-bit gray" },
    { "pillow_tiff/16bit", "16-bit gray" },
    { "pillow_tiff/uint16", "16-bit gray" },
    { "pillow_tiff/lab", "the manifest has means of L, a and b" },
    { "pal4rle", "Pillow loses pixels of 4-bit runs; see bmp_runs_equal_raw_pixels" },
    { "g4_orientation_5", "Pillow turns the pixels but reports the size before" },
};

static bool may_differ(const char *path)
{
    for (size_t i = 0; i < sizeof(differing) / sizeof(*differing); i++) {
        if (strstr(path, differing[i].part))
            return true;
    }
    return false;
}

static double mean_level(const struct image *image, int channel)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += image->pixels[i * 3 + (size_t)channel];
    return sum / (double)count;
}

/* Adds a line to `problems` for each difference. */
static void compare_with_pillow(const struct image *image, const char *path, const json_t *pillow,
                                struct str *problems)
{
    const json_t *size = json_object_get(pillow, "oriented_size");
    const json_t *means = json_object_get(pillow, "rgb_mean");

    if (may_differ(path))
        return;
    if (!size)
        size = json_object_get(pillow, "size");
    if (json_integer_value(json_array_get(size, 0)) != image->width ||
        json_integer_value(json_array_get(size, 1)) != image->height)
        str_printf(problems, "%s is %d x %d\n", path, image->width, image->height);
    for (size_t channel = 0; channel < json_array_size(means); channel++) {
        double expected = json_number_value(json_array_get(means, channel));
        double mean = mean_level(image, (int)channel);

        if (fabs(mean - expected) > 1)
            str_printf(problems, "%s: channel %zu has a mean of %.3f, not %.3f\n", path, channel,
                       mean, expected);
    }
}

/* 1 when the file was decoded. */
static int check_file(const char *folder, const json_t *entry, struct image *image,
                      struct str *problems)
{
    const json_t *pillow = json_object_get(entry, "pillow");
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *result = json_string_value(json_object_get(pillow, "result"));
    struct arena arena = ARENA_INIT;
    struct error err = { 0 };
    int decoded = 0;

    if (image_load(image, file_join(&arena, folder, path), &limited, &err)) {
        char expected[300];
        int length = snprintf(expected, sizeof(expected), "cannot decode '%s/%s': ", folder, path);

        if (getenv("FOVEA_TEST_VERBOSE"))
            fprintf(stderr, "%-60s %s\n", path, err.text + length);
        CHECK(str_starts_with(err.text, expected));
        CHECK(strlen(err.text) > (size_t)length + 5);
    } else {
        decoded = 1;
        if (result && !strcmp(result, "decodes"))
            compare_with_pillow(image, path, pillow, problems);
    }
    arena_release(&arena);
    return decoded;
}

TEST(awkward_images_agree_with_pillow_or_are_refused_by_name)
{
    const char *folder = folder_or_skip();
    struct arena arena = ARENA_INIT;
    struct image image = IMAGE_INIT;
    struct str text = STR_INIT, problems = STR_INIT;
    struct error err;
    json_t *manifest;
    int decoded = 0, expected = 0;

    CHECK_OK(file_read(file_join(&arena, folder, "manifest.json"), 1 << 24, &text, &err), err);
    manifest = json_parse(text.text, text.length, "manifest.json", &err);
    CHECK(manifest);
    for (size_t i = 0; i < json_array_size(manifest); i++) {
        const json_t *entry = json_array_get(manifest, i);
        const char *result =
            json_string_value(json_object_get(json_object_get(entry, "pillow"), "result"));
        int done = check_file(folder, entry, &image, &problems);

        decoded += done;
        expected += result && !strcmp(result, "decodes");
        if (!done && result && !strcmp(result, "decodes") && getenv("FOVEA_TEST_VERBOSE"))
            fprintf(stderr, "  ^ Pillow decodes\n");
    }

    CHECK_TEXT(problems.text, "");

    /* Pillow decodes a few that we refuse (12-bit samples, say), and the reverse. */
    CHECK(decoded >= expected - 5);
    CHECK(image._capacity <= (size_t)limited.limits.max_pixels * 3);
    json_decref(manifest);
    image_release(&image);
    str_release(&text);
    str_release(&problems);
    arena_release(&arena);
}
