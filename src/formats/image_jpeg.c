/* image_jpeg.c - JPEG through libjpeg-turbo.
 *
 * When only a part is wanted, the rows above it are skipped (entropy decoding remains), the
 * columns beside it are not transformed, and what lies below is not read at all.  When the part
 * is to shrink much, the inverse DCT itself makes a smaller picture (1/2, 1/4 or 1/8). */

#include "base/error.h"
#include "formats/image_internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* Ten are usual; a hostile file has thousands, each as much work as a whole picture. */
#define MAX_SCANS 100

/* Upsampled chroma looks this far beside it, in pixels of the decoded picture. */
#define MARGIN 2

struct jpeg_reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    struct error *err;
};

static void fail(j_common_ptr common)
{
    struct jpeg_reader *reader = common->client_data;
    char text[JMSG_LENGTH_MAX];

    common->err->format_message(common, text);
    if (common->err->msg_code == JERR_OUT_OF_MEMORY)
        FAIL(reader->err, NO_MEMORY, "no memory to decode");
    else if (common->err->msg_code == JWRN_JPEG_EOF || common->err->msg_code == JWRN_HIT_MARKER)
        FAIL(reader->err, CORRUPT, "the file is truncated or damaged (%s)", text);
    else
        FAIL(reader->err, CORRUPT, "%s", text);
    longjmp(reader->failed, 1);
}

/* Warnings are failures, but for those that leave the pixels as they should be. */
static void judge_message(j_common_ptr common, int level)
{
    switch (level < 0 ? common->err->msg_code : JWRN_EXTRANEOUS_DATA) {
    case JWRN_EXTRANEOUS_DATA: /* bytes between segments */
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_BOGUS_ICC:
        return;
    default:
        fail(common);
    }
}

static void limit_scans(j_common_ptr common)
{
    struct jpeg_reader *reader = common->client_data;

    if (reader->jpeg.input_scan_number > MAX_SCANS) {
        FAIL(reader->err, TOO_LARGE, "more than %d scans", MAX_SCANS);
        longjmp(reader->failed, 1);
    }
}

static void start_reader(struct jpeg_reader *reader, const struct image_job *job)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;

    jpeg->err = jpeg_std_error(&reader->errors);
    jpeg->err->error_exit = fail;
    jpeg->err->emit_message = judge_message;
    jpeg->client_data = reader;
    jpeg_create_decompress(jpeg);
    reader->progress.progress_monitor = limit_scans;
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, job->data, job->size_bytes);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
}

static void read_orientation(const struct jpeg_reader *reader, struct image_info *info)
{
    for (jpeg_saved_marker_ptr marker = reader->jpeg.marker_list; marker; marker = marker->next) {
        if (marker->data_length >= 6 && !memcmp(marker->data, "Exif\0\0", 6)) {
            info->orientation = exif_orientation(marker->data, marker->data_length);
            return;
        }
    }
}

/* Adobe stores CMYK inverted, and nobody else stores it at all. */
static void rgb_from_inverted_cmyk(const uint8_t *in, uint8_t *out, int count)
{
    for (int i = 0; i < count; i++, in += 4, out += 3) {
        for (int channel = 0; channel < 3; channel++) {
            int ink = (255 - in[channel]) * in[3] + 128; /* ink times light, over 255, rounded */

            out[channel] = (uint8_t)(in[3] - ((ink + (ink >> 8)) >> 8));
        }
    }
}

/* The part to decode, in stored full-size pixels. */
static struct image_rectangle wanted_part(const struct image_job *job)
{
    const struct image_rectangle *crop = &job->options->crop;
    struct image_rectangle part = { 0, 0, job->info.width, job->info.height };

    if (crop->width > 0)
        part = image_stored_part(&job->info, *crop);
    return part;
}

static int check_part(struct image_rectangle part, const struct image_info *info, struct error *err)
{
    if (part.x < 0 || part.y < 0 || part.height < 1 || part.width > info->width - part.x ||
        part.height > info->height - part.y)
        return FAIL(err, INVALID, "the part to decode lies outside of the image");
    return 0;
}

/* The inverse DCT drops high frequencies sharply where a resizing filter fades them out, so the
 * picture must stay this much larger than wanted for the difference to vanish in the resizing. */
#define SCALE_RESERVE 3.0

static unsigned choose_eighths(const struct image_job *job, struct image_rectangle part)
{
    double wanted_x = job->options->wanted_width, wanted_y = job->options->wanted_height;
    unsigned eighths = 8;

    if (wanted_x < 1 || wanted_y < 1)
        return eighths;
    if (job->info.orientation >= 5) {
        wanted_x = job->options->wanted_height;
        wanted_y = job->options->wanted_width;
    }
    /* Only halvings: they have vector code in the library, the sizes between have not. */
    while (eighths > 1 && part.width * (eighths / 2) >= 8 * SCALE_RESERVE * wanted_x &&
           part.height * (eighths / 2) >= 8 * SCALE_RESERVE * wanted_y)
        eighths /= 2;
    return eighths;
}

static void read_rows(struct jpeg_reader *reader, struct image *image, unsigned row_count)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    JSAMPARRAY line = NULL;

    if (jpeg->out_color_space == JCS_CMYK)
        line = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, 1);
    for (unsigned y = 0; y < row_count;) {
        JSAMPROW rows[16];
        unsigned count = row_count - y < 16 ? row_count - y : 16;

        for (unsigned i = 0; i < count; i++)
            rows[i] = image_row(image, (int)(y + i));
        if (line) {
            count = jpeg_read_scanlines(jpeg, line, 1);
            rgb_from_inverted_cmyk(line[0], rows[0], image->width);
        } else {
            count = jpeg_read_scanlines(jpeg, rows, count);
        }
        y += count;
    }
}

/* Whether the end-of-image marker is somewhere in what has not been read yet. */
static bool has_end(const struct jpeg_reader *reader)
{
    const uint8_t *start = reader->jpeg.src->next_input_byte;
    size_t left = reader->jpeg.src->bytes_in_buffer;

    for (; left >= 2; left--) {
        if (start[left - 1] == JPEG_EOI && start[left - 2] == 0xff)
            return true;
    }
    return false;
}

/* Decodes the part, which may end before the image does. */
static int decode_part(struct jpeg_reader *reader, struct image_job *job,
                       struct image_rectangle part, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    unsigned eighths = jpeg->scale_num;
    unsigned left, width, top, bottom;

    /* In pixels of the scaled picture, rounded outward. */
    left = (unsigned)part.x * eighths / 8;
    width = ((unsigned)(part.x + part.width) * eighths + 7) / 8;
    top = (unsigned)part.y * eighths / 8;
    bottom = ((unsigned)(part.y + part.height) * eighths + 7) / 8;
    left -= left < MARGIN ? left : MARGIN;
    width = (width + MARGIN < jpeg->output_width ? width + MARGIN : jpeg->output_width) - left;
    bottom = bottom < jpeg->output_height ? bottom : jpeg->output_height;

    if (left > 0 || width < jpeg->output_width)
        jpeg_crop_scanline(jpeg, &left, &width); /* widens to whole blocks */
    if (image_reserve(job->image, (int)jpeg->output_width, (int)(bottom - top), err))
        return -1;
    if (bottom < jpeg->output_height && !jpeg_input_complete(jpeg) && !has_end(reader))
        return FAIL(err, CORRUPT, "the file is truncated");
    if (top > 0)
        jpeg_skip_scanlines(jpeg, top);
    read_rows(reader, job->image, bottom - top);

    job->image->full_width = job->info.width;
    job->image->full_height = job->info.height;
    job->image->held = (struct image_box){
        left * 8.0 / eighths,
        top * 8.0 / eighths,
        (left + jpeg->output_width) * 8.0 / eighths,
        bottom * 8.0 / eighths,
    };
    return 0;
}

static int decode(struct jpeg_reader *reader, struct image_job *job, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    struct image_rectangle part = wanted_part(job);

    if (image_check_limits(job, job->info.width, job->info.height, err) ||
        check_part(part, &job->info, err))
        return -1;
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg->scale_num = choose_eighths(job, part);
    jpeg->scale_denom = 8;
    jpeg_start_decompress(jpeg);
    if (decode_part(reader, job, part, err))
        return -1;
    if (jpeg->output_scanline == jpeg->output_height)
        jpeg_finish_decompress(jpeg); /* reads on to the end marker */
    return 0;
}

static int read_jpeg(struct jpeg_reader *reader, struct image_job *job, struct error *err)
{
    start_reader(reader, job);
    job->info.width = (int)reader->jpeg.image_width;
    job->info.height = (int)reader->jpeg.image_height;
    job->info.channels = reader->jpeg.num_components;
    read_orientation(reader, &job->info);
    if (job->info.channels == 2 || job->info.channels > 4)
        return FAIL(err, UNSUPPORTED, "%d components", job->info.channels);
    return job->image ? decode(reader, job, err) : 0;
}

int image_read_jpeg(struct image_job *job, struct error *err)
{
    struct jpeg_reader reader = { .err = err };
    volatile int result = -1;

    if (!setjmp(reader.failed))
        result = read_jpeg(&reader, job, err);
    jpeg_destroy_decompress(&reader.jpeg);
    return result;
}
