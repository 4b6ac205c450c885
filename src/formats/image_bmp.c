/* image_bmp.c - BMP: Windows headers from 3.0 to 5 and OS/2's, raw or run-length encoded. */

#include "base/error.h"
#include "formats/image_internal.h"

#include <string.h>

enum {
    FILE_HEADER_BYTES = 14,
    CORE_HEADER_BYTES = 12,    /* OS/2 1 */
    SHORTEST_OS2_2_BYTES = 16, /* OS/2 2 may be cut off after any field from here */
    INFO_HEADER_BYTES = 40,    /* Windows 3 */
    MASKS_HEADER_BYTES = 52,   /* has the three masks in it */
    OS2_2_HEADER_BYTES = 64,
    LONGEST_HEADER_BYTES = 124, /* version 5 */
};

enum compression { RAW, RLE8, RLE4, BITFIELDS, JPEG_INSIDE, PNG_INSIDE, ALPHA_BITFIELDS };

struct channel {
    int shift;
    uint32_t max; /* of the value after shifting; 0: the channel is absent */
};

struct bmp {
    const uint8_t *data;
    size_t size_bytes;
    size_t header_bytes, pixels_at, palette_at;
    int64_t width, height;
    bool top_down;
    int bits;
    uint32_t compression, colors;
    struct channel channels[3];
    uint8_t palette[256][3];
};

/* --- headers ----------------------------------------------------------------------------- */

static void read_core_header(struct bmp *bmp, const uint8_t *header)
{
    bmp->width = read_le16(header + 4);
    bmp->height = read_le16(header + 6);
    bmp->bits = (int)read_le16(header + 10);
}

static void read_info_header(struct bmp *bmp, const uint8_t *header)
{
    bmp->width = (int32_t)read_le32(header + 4);
    bmp->height = (int32_t)read_le32(header + 8);
    bmp->bits = (int)read_le16(header + 14);
    if (bmp->height < 0) {
        bmp->top_down = true;
        bmp->height = -bmp->height;
    }
    if (bmp->header_bytes >= 20)
        bmp->compression = read_le32(header + 16);
    if (bmp->header_bytes >= 36)
        bmp->colors = read_le32(header + 32);
}

static bool is_os2_header(const struct bmp *bmp)
{
    return bmp->header_bytes == OS2_2_HEADER_BYTES ||
           (bmp->header_bytes < MASKS_HEADER_BYTES && bmp->header_bytes != INFO_HEADER_BYTES);
}

static int check_compression(const struct bmp *bmp, struct error *err)
{
    bool has_masks = bmp->compression == BITFIELDS || bmp->compression == ALPHA_BITFIELDS;
    int bits = bmp->bits;

    if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 24 &&
        bits != 32 && bmp->compression < JPEG_INSIDE)
        return FAIL(err, CORRUPT, "%d bits per pixel", bits);
    if (bmp->compression > ALPHA_BITFIELDS || bmp->compression == JPEG_INSIDE ||
        bmp->compression == PNG_INSIDE || (is_os2_header(bmp) && bmp->compression > RLE4))
        return FAIL(err, UNSUPPORTED, "compression method %u is not supported", bmp->compression);
    if ((bmp->compression == RLE8 && bits != 8) || (bmp->compression == RLE4 && bits != 4) ||
        (has_masks && bits != 16 && bits != 32))
        return FAIL(err, CORRUPT, "compression method %u does not go with %d bits per pixel",
                    bmp->compression, bits);
    return 0;
}

static int read_headers(struct bmp *bmp, struct error *err)
{
    const uint8_t *header = bmp->data + FILE_HEADER_BYTES;

    if (bmp->size_bytes < FILE_HEADER_BYTES + CORE_HEADER_BYTES)
        return FAIL(err, CORRUPT, "the file is truncated");
    bmp->pixels_at = read_le32(bmp->data + 10);
    bmp->header_bytes = read_le32(header);
    if (bmp->header_bytes != CORE_HEADER_BYTES &&
        (bmp->header_bytes < SHORTEST_OS2_2_BYTES || bmp->header_bytes > LONGEST_HEADER_BYTES))
        return FAIL(err, CORRUPT, "a header of %zu bytes", bmp->header_bytes);
    bmp->palette_at = FILE_HEADER_BYTES + bmp->header_bytes;
    if (bmp->size_bytes < bmp->palette_at)
        return FAIL(err, CORRUPT, "the file is truncated");
    if (bmp->header_bytes == CORE_HEADER_BYTES)
        read_core_header(bmp, header);
    else
        read_info_header(bmp, header);
    if (bmp->width < 1 || bmp->height < 1)
        return FAIL(err, CORRUPT, "the image is %lld x %lld pixels", (long long)bmp->width,
                    (long long)bmp->height);
    return check_compression(bmp, err);
}

/* --- colours ----------------------------------------------------------------------------- */

static int set_channel(struct channel *channel, uint32_t mask, struct error *err)
{
    *channel = (struct channel){ 0, mask };
    if (!mask)
        return 0;
    channel->shift = __builtin_ctz(mask);
    channel->max = mask >> channel->shift;
    if (channel->max & (channel->max + 1))
        return FAIL(err, CORRUPT, "the bits of mask 0x%08x are not together", mask);
    return 0;
}

/* Red, green and blue masks: in a long header, behind a short one, or the usual ones. */
static int read_masks(struct bmp *bmp, struct error *err)
{
    static const uint32_t usual_16[3] = { 0x7c00, 0x3e0, 0x1f };
    static const uint32_t usual_32[3] = { 0xff0000, 0xff00, 0xff };
    bool given = bmp->compression == BITFIELDS || bmp->compression == ALPHA_BITFIELDS;
    const uint8_t *masks = bmp->data + FILE_HEADER_BYTES + INFO_HEADER_BYTES;

    if (given && bmp->size_bytes < FILE_HEADER_BYTES + MASKS_HEADER_BYTES)
        return FAIL(err, CORRUPT, "the file is truncated");
    for (int i = 0; i < 3; i++) {
        uint32_t mask = bmp->bits == 16 ? usual_16[i] : usual_32[i];

        if (set_channel(&bmp->channels[i], given ? read_le32(masks + 4 * i) : mask, err))
            return -1;
    }
    return 0;
}

/* Entries that the file does not have stay black. */
static void read_palette(struct bmp *bmp)
{
    size_t entry_bytes = bmp->header_bytes == CORE_HEADER_BYTES ? 3 : 4;
    size_t count = (size_t)1 << bmp->bits;
    size_t end = bmp->pixels_at < bmp->size_bytes ? bmp->pixels_at : bmp->size_bytes;
    size_t room = end > bmp->palette_at ? (end - bmp->palette_at) / entry_bytes : 0;

    if (bmp->colors && bmp->colors < count)
        count = bmp->colors;
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = bmp->data + bmp->palette_at + i * entry_bytes;

        bmp->palette[i][0] = entry[2];
        bmp->palette[i][1] = entry[1];
        bmp->palette[i][2] = entry[0];
    }
}

/* --- pixels ------------------------------------------------------------------------------ */

static void unpack_indexed(const struct bmp *bmp, const uint8_t *in, uint8_t *out)
{
    int mask = (1 << bmp->bits) - 1;

    for (int64_t x = 0; x < bmp->width; x++) {
        int64_t bit = x * bmp->bits;
        int index = in[bit / 8] >> (8 - bmp->bits - bit % 8) & mask;

        memcpy(out + x * 3, bmp->palette[index], 3);
    }
}

static void unpack_24(const struct bmp *bmp, const uint8_t *in, uint8_t *out)
{
    for (int64_t x = 0; x < bmp->width; x++, in += 3, out += 3) {
        out[0] = in[2];
        out[1] = in[1];
        out[2] = in[0];
    }
}

static void unpack_masked(const struct bmp *bmp, const uint8_t *in, uint8_t *out)
{
    for (int64_t x = 0; x < bmp->width; x++, out += 3) {
        uint32_t value = bmp->bits == 16 ? read_le16(in + x * 2) : read_le32(in + x * 4);

        for (int i = 0; i < 3; i++) {
            const struct channel *channel = &bmp->channels[i];
            uint64_t level = value >> channel->shift & channel->max;

            out[i] = channel->max ? (uint8_t)(level * 255 / channel->max) : 0;
        }
    }
}

static uint8_t *row_at(const struct bmp *bmp, struct image *image, int64_t y)
{
    return image_row(image, (int)(bmp->top_down ? y : bmp->height - 1 - y));
}

static int decode_raw(const struct bmp *bmp, struct image *image, struct error *err)
{
    size_t row_bits = (size_t)bmp->width * (size_t)bmp->bits;
    size_t stride = (row_bits + 31) / 32 * 4;

    (void)err;
    for (int64_t y = 0; y < bmp->height; y++) {
        const uint8_t *in = bmp->data + bmp->pixels_at + stride * (size_t)y;
        uint8_t *out = row_at(bmp, image, y);

        if (bmp->bits <= 8)
            unpack_indexed(bmp, in, out);
        else if (bmp->bits == 24)
            unpack_24(bmp, in, out);
        else
            unpack_masked(bmp, in, out);
    }
    return 0;
}

/* Whether all pixels are there is known before any is decoded, or memory taken for them. */
static int check_raw_size(const struct bmp *bmp, struct error *err)
{
    size_t row_bits = (size_t)bmp->width * (size_t)bmp->bits;
    size_t stride = (row_bits + 31) / 32 * 4;
    size_t needed = stride * (size_t)(bmp->height - 1) + (row_bits + 7) / 8;

    if (needed > bmp->size_bytes - bmp->pixels_at)
        return FAIL(err, CORRUPT, "the file is truncated: %zu of %zu bytes of pixels",
                    bmp->size_bytes - bmp->pixels_at, needed);
    return 0;
}

/* Runs of pixels go to x, y; what would pass the right edge is dropped. */
struct run_writer {
    const struct bmp *bmp;
    struct image *image;
    int64_t x, y;
};

static void put_pixel(struct run_writer *writer, int index)
{
    if (writer->x < writer->bmp->width && writer->y < writer->bmp->height)
        memcpy(row_at(writer->bmp, writer->image, writer->y) + writer->x * 3,
               writer->bmp->palette[index], 3);
    writer->x++;
}

/* `count` pixels: one byte each, or two to the byte.  Encoders that are careless about the edge
 * are so with runs of one value; literal pixels beyond it mean that we read the wrong bytes. */
static int put_literal(struct run_writer *writer, const uint8_t *in, int count, struct error *err)
{
    if (count > writer->bmp->width - writer->x)
        return FAIL(err, CORRUPT, "row %lld has more than %lld pixels", (long long)writer->y,
                    (long long)writer->bmp->width);
    for (int i = 0; i < count; i++) {
        if (writer->bmp->compression == RLE8)
            put_pixel(writer, in[i]);
        else
            put_pixel(writer, in[i / 2] >> (i % 2 ? 0 : 4) & 15);
    }
    return 0;
}

static void put_run(struct run_writer *writer, uint8_t byte, int count)
{
    for (int i = 0; i < count && writer->x < writer->bmp->width; i++) {
        if (writer->bmp->compression == RLE8)
            put_pixel(writer, byte);
        else
            put_pixel(writer, byte >> (i % 2 ? 0 : 4) & 15);
    }
}

static int decode_runs(const struct bmp *bmp, struct image *image, struct error *err)
{
    enum { END_OF_LINE, END_OF_BITMAP, DELTA };
    struct run_writer writer = { bmp, image, 0, 0 };
    const uint8_t *in = bmp->data + bmp->pixels_at, *end = bmp->data + bmp->size_bytes;
    size_t pixel_count = (size_t)bmp->width * (size_t)bmp->height;

    for (size_t i = 0; i < pixel_count; i++) /* what no run reaches */
        memcpy(image->pixels + i * 3, bmp->palette[0], 3);
    while (writer.y < bmp->height && end - in >= 2) {
        int count = in[0], value = in[1];

        in += 2;
        if (count) {
            put_run(&writer, (uint8_t)value, count);
        } else if (value == END_OF_LINE) {
            writer.x = 0;
            writer.y++;
        } else if (value == END_OF_BITMAP) {
            return 0;
        } else if (value == DELTA) {
            if (end - in < 2)
                break;
            writer.x += in[0];
            writer.y += in[1];
            in += 2;
        } else {
            int size_bytes = bmp->compression == RLE8 ? value : (value + 1) / 2;

            if (end - in < size_bytes)
                break;
            if (put_literal(&writer, in, value, err))
                return -1;
            in += size_bytes;
            in += size_bytes % 2 && in < end; /* runs begin at even places */
        }
    }
    if (writer.y < bmp->height - 1 || (writer.y == bmp->height - 1 && writer.x < bmp->width))
        return FAIL(err, CORRUPT, "the file is truncated at row %lld of %lld", (long long)writer.y,
                    (long long)bmp->height);
    return 0;
}

static int decode(struct bmp *bmp, struct image_job *job, struct error *err)
{
    bool runs = bmp->compression == RLE8 || bmp->compression == RLE4;

    if (bmp->pixels_at < FILE_HEADER_BYTES + bmp->header_bytes || bmp->pixels_at > bmp->size_bytes)
        return FAIL(err, CORRUPT, "the pixels begin at byte %zu of %zu", bmp->pixels_at,
                    bmp->size_bytes);
    if (image_check_limits(job, bmp->width, bmp->height, err) ||
        (!runs && check_raw_size(bmp, err)) || image_begin(job, err))
        return -1;
    if (bmp->bits <= 8)
        read_palette(bmp);
    else if (read_masks(bmp, err))
        return -1;
    return runs ? decode_runs(bmp, job->image, err) : decode_raw(bmp, job->image, err);
}

int image_read_bmp(struct image_job *job, struct error *err)
{
    struct bmp bmp = { .data = job->data, .size_bytes = job->size_bytes };

    if (read_headers(&bmp, err))
        return -1;
    job->info.width = (int)bmp.width;
    job->info.height = bmp.height > INT32_MAX ? INT32_MAX : (int)bmp.height;
    job->info.channels = bmp.bits <= 8 ? 1 : 3;
    return job->image ? decode(&bmp, job, err) : 0;
}
