/* image_gif.c - the first frame of a GIF, through giflib. */

#include "base/error.h"
#include "formats/image_internal.h"

#include <gif_lib.h>
#include <string.h>

struct gif_reader {
    GifFileType *gif;
    const uint8_t *data;
    size_t left_bytes;
    int transparent; /* index of the transparent colour, or NO_TRANSPARENT_COLOR */
    uint8_t palette[256][3];
};

static int read_bytes(GifFileType *gif, GifByteType *bytes, int count)
{
    struct gif_reader *reader = gif->UserData;
    size_t taken = (size_t)count < reader->left_bytes ? (size_t)count : reader->left_bytes;

    memcpy(bytes, reader->data, taken);
    reader->data += taken;
    reader->left_bytes -= taken;
    return (int)taken;
}

/* A code of 0 means that giflib failed without saying why. */
static int gif_fail(const struct gif_reader *reader, int code, struct error *err)
{
    const char *text = code ? GifErrorString(code) : NULL;

    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return FAIL(err, NO_MEMORY, "no memory to decode");
    if (!reader->left_bytes)
        return FAIL(err, CORRUPT, "the file is truncated");
    return FAIL(err, CORRUPT, "%s", text ? text : "the data is damaged");
}

static int read_extension(struct gif_reader *reader, struct error *err)
{
    GifByteType *block;
    int code;

    if (DGifGetExtension(reader->gif, &code, &block) == GIF_ERROR)
        return gif_fail(reader, reader->gif->Error, err);
    while (block) {
        GraphicsControlBlock control;

        if (code == GRAPHICS_EXT_FUNC_CODE &&
            DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
            reader->transparent = control.TransparentColor;
        if (DGifGetExtensionNext(reader->gif, &block) == GIF_ERROR)
            return gif_fail(reader, reader->gif->Error, err);
    }
    return 0;
}

/* Stops behind the descriptor of the first frame. */
static int find_frame(struct gif_reader *reader, struct error *err)
{
    for (;;) {
        GifRecordType type;

        if (DGifGetRecordType(reader->gif, &type) == GIF_ERROR)
            return gif_fail(reader, reader->gif->Error, err);
        if (type == TERMINATE_RECORD_TYPE)
            return FAIL(err, CORRUPT, "the file has no picture");
        if (type == EXTENSION_RECORD_TYPE && read_extension(reader, err))
            return -1;
        if (type == IMAGE_DESC_RECORD_TYPE) {
            if (DGifGetImageDesc(reader->gif) == GIF_ERROR)
                return gif_fail(reader, reader->gif->Error, err);
            return 0;
        }
    }
}

/* Colours that no palette names are gray, as Pillow has it. */
static void fill_palette(struct gif_reader *reader)
{
    const ColorMapObject *map = reader->gif->Image.ColorMap;

    for (int i = 0; i < 256; i++)
        memset(reader->palette[i], i, 3);
    if (!map)
        map = reader->gif->SColorMap;
    for (int i = 0; map && i < map->ColorCount && i < 256; i++) {
        reader->palette[i][0] = map->Colors[i].Red;
        reader->palette[i][1] = map->Colors[i].Green;
        reader->palette[i][2] = map->Colors[i].Blue;
    }
}

/* Outside of the frame is the transparent colour, or else the first one. */
static void fill_background(struct gif_reader *reader, struct image *image)
{
    const uint8_t *color = reader->palette[reader->transparent >= 0 ? reader->transparent : 0];
    size_t count = (size_t)image->width * (size_t)image->height;

    for (size_t i = 0; i < count; i++)
        memcpy(image->pixels + i * 3, color, 3);
}

static int decode_frame(struct gif_reader *reader, struct image *image, struct error *err)
{
    static const struct {
        int first, step;
    } passes[] = { { 0, 8 }, { 4, 8 }, { 2, 4 }, { 1, 2 }, { 0, 1 } };
    const GifImageDesc *frame = &reader->gif->Image;
    int pass = frame->Interlace ? 0 : 4, last_pass = frame->Interlace ? 3 : 4;

    for (; pass <= last_pass; pass++) {
        for (int y = passes[pass].first; y < frame->Height; y += passes[pass].step) {
            /* The indices are read into the end of the row and spread from its beginning. */
            uint8_t *out = image_row(image, frame->Top + y) + frame->Left * 3;
            uint8_t *indices = out + (size_t)frame->Width * 2;

            if (DGifGetLine(reader->gif, indices, frame->Width) == GIF_ERROR)
                return gif_fail(reader, reader->gif->Error, err);
            for (int x = 0; x < frame->Width; x++)
                memcpy(out + x * 3, reader->palette[indices[x]], 3);
        }
    }
    return 0;
}

static int read_gif(struct gif_reader *reader, struct image_job *job, struct error *err)
{
    const GifImageDesc *frame = &reader->gif->Image;
    int width = reader->gif->SWidth, height = reader->gif->SHeight;

    if (find_frame(reader, err))
        return -1;
    if (frame->Width < 1 || frame->Height < 1)
        return FAIL(err, CORRUPT, "the first frame is %d x %d pixels", frame->Width, frame->Height);

    /* The picture grows to hold a frame that is larger than the screen. */
    job->info.width = width > frame->Left + frame->Width ? width : frame->Left + frame->Width;
    job->info.height = height > frame->Top + frame->Height ? height : frame->Top + frame->Height;
    job->info.channels = 1;
    if (!job->image)
        return 0;
    if (image_begin(job, err))
        return -1;
    fill_palette(reader);
    if (frame->Width < job->info.width || frame->Height < job->info.height)
        fill_background(reader, job->image);
    return decode_frame(reader, job->image, err);
}

int image_read_gif(struct image_job *job, struct error *err)
{
    struct gif_reader reader = {
        .data = job->data,
        .left_bytes = job->size_bytes,
        .transparent = NO_TRANSPARENT_COLOR,
    };
    int code = 0, result;

    reader.gif = DGifOpen(&reader, read_bytes, &code);
    if (!reader.gif)
        return gif_fail(&reader, code, err);
    result = read_gif(&reader, job, err);
    DGifCloseFile(reader.gif, &code);
    return result;
}
