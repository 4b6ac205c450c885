#include "base/error.h"
#include "formats/image.h"
#include "image_support.h"
#include "test.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { GRAY = 0, RGB = 2, INDEXED = 3, GRAY_ALPHA = 4, RGB_ALPHA = 6 };

static const struct layout {
    int color_type, bits, samples;
} layouts[] = {
    { GRAY, 1, 1 },        { GRAY, 2, 1 },      { GRAY, 4, 1 },       { GRAY, 8, 1 },
    { GRAY, 16, 1 },       { RGB, 8, 3 },       { RGB, 16, 3 },       { INDEXED, 1, 1 },
    { INDEXED, 2, 1 },     { INDEXED, 4, 1 },   { INDEXED, 8, 1 },    { GRAY_ALPHA, 8, 2 },
    { GRAY_ALPHA, 16, 2 }, { RGB_ALPHA, 8, 4 }, { RGB_ALPHA, 16, 4 },
};

enum { WIDTH = 21, HEIGHT = 13 };

/* Sample s of pixel x, y. */
static unsigned sample_at(const struct layout *layout, int x, int y, int s)
{
    unsigned value = (unsigned)(x * 2654435761u + (unsigned)y * 40503u + (unsigned)s * 977u) >> 7;

    return value & ((1u << layout->bits) - 1);
}

static size_t pack(const struct layout *layout, uint8_t *out)
{
    size_t row_bytes = ((size_t)WIDTH * (size_t)layout->samples * (size_t)layout->bits + 7) / 8;

    memset(out, 0, row_bytes * HEIGHT);
    for (int i = 0; i < WIDTH * HEIGHT * layout->samples; i++) {
        int s = i % layout->samples, x = i / layout->samples % WIDTH;
        int y = i / layout->samples / WIDTH;
        unsigned value = sample_at(layout, x, y, s);
        size_t bit = (size_t)(x * layout->samples + s) * (size_t)layout->bits;
        uint8_t *at = out + (size_t)y * row_bytes + bit / 8;

        if (layout->bits == 16)
            memcpy(at, &(uint16_t){ (uint16_t)value }, 2);
        else
            *at |= (uint8_t)(value << (8 - layout->bits - (int)(bit % 8)));
    }
    return row_bytes * HEIGHT;
}

static int expected_level(const struct layout *layout, int x, int y, int channel)
{
    int s = layout->color_type & 2 && layout->color_type != INDEXED ? channel : 0;
    unsigned value = sample_at(layout, x, y, s);

    if (layout->color_type == INDEXED)
        return (uint8_t)(channel == 0 ? value * 7 : channel == 1 ? value * 13 : 255 - value);
    if (layout->bits == 16)
        return (int)(value >> 8);
    return (int)(value * 255 / ((1u << layout->bits) - 1));
}

static void check_layout(const struct layout *layout, bool interlaced)
{
    uint8_t samples[WIDTH * HEIGHT * 8];
    size_t size_bytes = pack(layout, samples);
    struct image image = IMAGE_INIT;
    struct str file = STR_INIT;
    struct image_info info;
    struct error err;

    encode_png(WIDTH, HEIGHT, layout->color_type, layout->bits, interlaced, samples, size_bytes,
               &file);
    CHECK_OK(image_probe(file.text, file.length, &info, &err), err);
    CHECK(info.format == IMAGE_PNG && info.channels == layout->samples);
    CHECK_OK(image_decode(&image, file.text, file.length, NULL, &err), err);
    CHECK(image.width == WIDTH && image.height == HEIGHT);
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
        int expected = expected_level(layout, i / 3 % WIDTH, i / 3 / WIDTH, i % 3);

        if (image.pixels[i] != expected)
            test_fail(__FILE__, __LINE__, "type %d, %d bits: byte %d is %d, not %d",
                      layout->color_type, layout->bits, i, image.pixels[i], expected);
    }
    /* At the end are 12 bytes of IEND and 8 of checksums, without which the pixels are complete. */
    for (size_t length = 0; length + 20 < file.length; length += 1 + length / 20)
        CHECK(image_decode(&image, file.text, length, NULL, &err));
    image_release(&image);
    str_release(&file);
}

TEST(png_layouts_all_become_rgb)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
        check_layout(&layouts[i], false);
        if (layouts[i].bits <= 8)
            check_layout(&layouts[i], true);
    }
}

static void add_be32(struct str *out, unsigned value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        str_add_char(out, (char)(value >> shift));
}

static unsigned checksum(const uint8_t *bytes, size_t count)
{
    unsigned crc = ~0u;

    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void add_chunk(struct str *out, const char *name, const void *data, size_t size_bytes)
{
    size_t start = out->length + 4;

    add_be32(out, (unsigned)size_bytes);
    str_add(out, name);
    str_add_bytes(out, data, size_bytes);
    add_be32(out, checksum((const uint8_t *)out->text + start, size_bytes + 4));
}

enum { IHDR_END = 8 + 12 + 13 };

static void small_png(struct str *out)
{
    uint8_t samples[6 * 4 * 3];

    for (size_t i = 0; i < sizeof(samples); i++)
        samples[i] = (uint8_t)(i * 3);
    encode_png(6, 4, RGB, 8, false, samples, sizeof(samples), out);
}

/* small_png() with one more chunk behind the header. */
static void png_with_chunk(const char *name, const void *data, size_t size_bytes, struct str *out)
{
    struct str plain = STR_INIT;

    small_png(&plain);
    str_add_bytes(out, plain.text, IHDR_END);
    add_chunk(out, name, data, size_bytes);
    str_add_bytes(out, plain.text + IHDR_END, plain.length - IHDR_END);
    str_release(&plain);
}

TEST(png_is_turned_by_its_exif)
{
    struct str exif = STR_INIT, file = STR_INIT;
    struct image image = IMAGE_INIT;
    struct error err;

    write_exif(6, true, &exif);
    png_with_chunk("eXIf", exif.text, exif.length, &file);
    CHECK_OK(image_decode(&image, file.text, file.length, NULL, &err), err);
    CHECK(image.width == 4 && image.height == 6);
    CHECK(image.pixels[3 * 3] == 0); /* the first stored pixel is at the top right */
    str_release(&exif);
    str_release(&file);
    image_release(&image);
}

static long peak_kilobytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

struct bit_writer {
    struct str *out;
    unsigned bits;
    int count;
};

static void put_bits(struct bit_writer *writer, unsigned bits, int count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
    for (; writer->count >= 8; writer->count -= 8, writer->bits >>= 8)
        str_add_char(writer->out, (char)writer->bits);
}

/* A deflate stream of zeros: one of them, then copies of the last 258 bytes, 13 bits each. */
static void add_packed_zeros(struct str *out, int copies)
{
    struct bit_writer writer = { out, 0, 0 };

    str_add_bytes(out, "\x78\1", 2);
    put_bits(&writer, 3, 3);    /* the last block, with the fixed code */
    put_bits(&writer, 0x0c, 8); /* zero */
    for (int i = 0; i < copies; i++)
        put_bits(&writer, 0xa3, 13); /* length 258, distance 1 */
    put_bits(&writer, 0, 7 + 8);     /* end of block */
}

TEST(png_text_bomb_takes_little_memory)
{
    enum { COPIES = (300 << 20) / 258 };
    struct str text = STR_INIT, file = STR_INIT;
    struct image image = IMAGE_INIT;
    struct error err;
    long before;

    str_add_bytes(&text, "Comment\0\0", 9);
    add_packed_zeros(&text, COPIES);
    png_with_chunk("zTXt", text.text, text.length, &file);
    CHECK(file.length < 4 << 20);
    before = peak_kilobytes();
    CHECK(image_decode(&image, file.text, file.length, NULL, &err));
    CHECK_TEXT(err.text, "PNG: a text or profile chunk is larger than 8 MB unpacked");
    CHECK(peak_kilobytes() - before < 100 << 10);
    str_release(&text);
    str_release(&file);
    image_release(&image);
}

TEST(png_size_bomb_is_refused_by_its_size)
{
    struct str file = STR_INIT, bomb = STR_INIT;
    struct image image = IMAGE_INIT;
    uint8_t header[13];
    struct error err;

    small_png(&file);
    memcpy(header, file.text + 16, sizeof(header));
    memcpy(header, "\0\0\xfa\0\0\0\xfa\0", 8); /* 64,000 x 64,000 */
    str_add_bytes(&bomb, file.text, 8);
    add_chunk(&bomb, "IHDR", header, sizeof(header));
    str_add_bytes(&bomb, file.text + IHDR_END, file.length - IHDR_END);
    CHECK(image_decode(&image, bomb.text, bomb.length, NULL, &err));
    CHECK_TEXT(err.text, "PNG: the image of 64000 x 64000 pixels has more than 178956970");
    CHECK(!image.pixels);
    str_release(&file);
    str_release(&bomb);
    image_release(&image);
}
