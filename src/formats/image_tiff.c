/* image_tiff.c - the first page of a TIFF, through libtiff. */

#include "base/error.h"
#include "base/str.h"
#include "formats/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

/* What libtiff may take at once: a base for its directories, and so much per pixel. */
#define BASE_BYTES ((tmsize_t)16 << 20)
#define BYTES_PER_PIXEL 16

struct tiff_reader {
    const uint8_t *data;
    size_t size_bytes, at;
    char reason[200]; /* the first complaint */
};

static tmsize_t read_bytes(thandle_t handle, void *bytes, tmsize_t count)
{
    struct tiff_reader *reader = handle;
    size_t left = reader->at < reader->size_bytes ? reader->size_bytes - reader->at : 0;
    size_t taken = (size_t)count < left ? (size_t)count : left;

    memcpy(bytes, reader->data + (taken ? reader->at : 0), taken);
    reader->at += taken;
    return (tmsize_t)taken;
}

static tmsize_t write_bytes(thandle_t handle, void *bytes, tmsize_t count)
{
    (void)handle;
    (void)bytes;
    (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    struct tiff_reader *reader = handle;
    size_t from = whence == SEEK_CUR ? reader->at : whence == SEEK_END ? reader->size_bytes : 0;

    reader->at = from + (size_t)offset;
    return reader->at;
}

static toff_t get_size(thandle_t handle)
{
    return ((struct tiff_reader *)handle)->size_bytes;
}

static int close_nothing(thandle_t handle)
{
    (void)handle;
    return 0;
}

/* Strips are read where they lie. */
static int map_bytes(thandle_t handle, void **bytes, toff_t *size_bytes)
{
    struct tiff_reader *reader = handle;

    *bytes = (void *)(uintptr_t)reader->data; /* libtiff does not write to it */
    *size_bytes = reader->size_bytes;
    return 1;
}

static void unmap_nothing(thandle_t handle, void *bytes, toff_t size_bytes)
{
    (void)handle;
    (void)bytes;
    (void)size_bytes;
}

static int note_error(TIFF *tiff, void *user, const char *module, const char *format, va_list list)
{
    struct tiff_reader *reader = user;

    (void)tiff;
    (void)module;
    if (!reader->reason[0])
        vsnprintf(reader->reason, sizeof(reader->reason), format, list);
    return 1;
}

static int ignore_warning(TIFF *tiff, void *user, const char *module, const char *format,
                          va_list list)
{
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)list;
    return 1;
}

/* Fails with libtiff's words in our form: no apology, no full stop, no capital letter. */
static int tiff_fail(const char *reason, enum error_kind kind, struct error *err)
{
    static const char sorry[] = "Sorry, ";
    size_t length;
    char first;

    if (str_starts_with(reason, sorry))
        reason += strlen(sorry);
    for (length = strlen(reason); length && strchr(". \n", reason[length - 1]);)
        length--;
    first = reason[0];
    if (first >= 'A' && first <= 'Z' && reason[1] >= 'a' && reason[1] <= 'z')
        first = (char)(first - 'A' + 'a');
    return error_set(err, kind, __FILE__, __LINE__, "%c%.*s", first, (int)length - 1, reason + 1);
}

static int data_fail(const struct tiff_reader *reader, const char *otherwise, struct error *err)
{
    return tiff_fail(reader->reason[0] ? reader->reason : otherwise, ERR_CORRUPT, err);
}

static TIFF *open_tiff(struct tiff_reader *reader, const struct image_job *job,
                       tmsize_t limit_bytes, struct error *err)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tiff = NULL;

    *reader = (struct tiff_reader){ .data = job->data, .size_bytes = job->size_bytes };
    if (options) {
        TIFFOpenOptionsSetMaxSingleMemAlloc(options, limit_bytes);
        TIFFOpenOptionsSetErrorHandlerExtR(options, note_error, reader);
        TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_warning, NULL);
        tiff = TIFFClientOpenExt("image", "r", reader, read_bytes, write_bytes, seek, close_nothing,
                                 get_size, map_bytes, unmap_nothing, options);
        TIFFOpenOptionsFree(options);
    }
    if (!tiff)
        data_fail(reader, "the file cannot be read", err);
    return tiff;
}

static int read_info(TIFF *tiff, const struct tiff_reader *reader, struct image_info *info,
                     struct error *err)
{
    uint32_t width = 0, height = 0;
    uint16_t orientation = 1, channels = 1;

    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height))
        return data_fail(reader, "width or height is missing", err);
    if (width > INT32_MAX || height > INT32_MAX)
        return FAIL(err, TOO_LARGE, "the image is %u x %u pixels", width, height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &channels);
    if (TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation) && orientation >= 1 &&
        orientation <= 8)
        info->orientation = orientation;
    info->width = (int)width;
    info->height = (int)height;
    info->channels = channels;
    return 0;
}

/* libtiff multiplies colours by an alpha that it knows to be separate; ours stay as they are. */
static void keep_colors(TIFF *tiff)
{
    uint16_t count = 0, *kinds = NULL;
    uint16_t premultiplied[1] = { EXTRASAMPLE_ASSOCALPHA };

    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count == 1 &&
        kinds[0] == EXTRASAMPLE_UNASSALPHA)
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, premultiplied);
}

/* All pixels as libtiff's words, in stored orientation. */
static int decode_words(TIFF *tiff, const struct tiff_reader *reader, uint32_t *words,
                        const struct image_info *info, struct error *err)
{
    TIFFRGBAImage rgba;
    char reason[1024] = "";
    int done;

    if (!TIFFRGBAImageBegin(&rgba, tiff, 1, reason)) {
        if (reason[0])
            return tiff_fail(reason, ERR_UNSUPPORTED, err);
        return data_fail(reader, "the layout is not supported", err);
    }
    rgba.req_orientation = rgba.orientation; /* turning is done by image.c, also by 90 degrees */
    done = TIFFRGBAImageGet(&rgba, words, (uint32_t)info->width, (uint32_t)info->height);
    TIFFRGBAImageEnd(&rgba);
    if (!done || reader->reason[0])
        return data_fail(reader, "the data is damaged", err);
    return 0;
}

static int decode(TIFF *tiff, const struct tiff_reader *reader, struct image_job *job,
                  struct error *err)
{
    size_t count = (size_t)job->info.width * (size_t)job->info.height;
    uint32_t *words;
    uint8_t *out;

    if (image_begin(job, err))
        return -1;
    words = malloc(count * sizeof(*words));
    if (!words)
        return FAIL(err, NO_MEMORY, "no memory to decode");
    keep_colors(tiff);
    if (decode_words(tiff, reader, words, &job->info, err)) {
        free(words);
        return -1;
    }
    out = job->image->pixels;
    for (size_t i = 0; i < count; i++, out += 3) {
        out[0] = (uint8_t)TIFFGetR(words[i]);
        out[1] = (uint8_t)TIFFGetG(words[i]);
        out[2] = (uint8_t)TIFFGetB(words[i]);
    }
    free(words);
    return 0;
}

int image_read_tiff(struct image_job *job, struct error *err)
{
    struct tiff_reader reader;
    TIFF *tiff = open_tiff(&reader, job, BASE_BYTES, err);
    int result;

    if (!tiff)
        return -1;
    result = read_info(tiff, &reader, &job->info, err);
    TIFFClose(tiff);
    if (result || !job->image)
        return result;
    if (image_check_limits(job, job->info.width, job->info.height, err))
        return -1;

    /* Once more, with a limit that goes with the size. */
    tiff =
        open_tiff(&reader, job,
                  BASE_BYTES + (tmsize_t)job->info.width * job->info.height * BYTES_PER_PIXEL, err);
    if (!tiff)
        return -1;
    result = decode(tiff, &reader, job, err);
    TIFFClose(tiff);
    return result;
}
