/* check_thumbnail.c - small pictures of the images, for people. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "data/check_internal.h"
#include "data/decode.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <turbojpeg.h>
#include <unistd.h>

#define QUALITY 80
#define PIXEL_BYTES 3

struct thumbnailer {
    const char *folder;
    tjhandle compressor;
    unsigned char *jpeg;
    unsigned long jpeg_capacity;
    struct str target, temporary;
    uint8_t pixels[THUMBNAIL_SIDE * THUMBNAIL_SIDE * PIXEL_BYTES];
};

struct thumbnailer *thumbnailer_new(const char *folder)
{
    struct thumbnailer *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->folder = folder;
    str_init(&t->target);
    str_init(&t->temporary);
    t->compressor = tjInitCompress();
    t->jpeg_capacity = tjBufSize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, TJSAMP_420);
    t->jpeg = tjAlloc((int)t->jpeg_capacity);
    if (t->compressor && t->jpeg)
        return t;
    thumbnailer_free(t);
    return NULL;
}

void thumbnailer_free(struct thumbnailer *t)
{
    if (!t)
        return;
    if (t->compressor)
        tjDestroy(t->compressor);
    tjFree(t->jpeg);
    str_release(&t->target);
    str_release(&t->temporary);
    free(t);
}

static bool is_newer(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static bool is_there(const struct thumbnailer *t, const char *source)
{
    struct stat image, thumbnail;

    return !stat(source, &image) && !stat(t->target.text, &thumbnail) &&
           is_newer(&thumbnail, &image);
}

/* Never larger than the image. */
static void choose_size(const struct decode_info *info, int *width, int *height)
{
    int longer = info->width > info->height ? info->width : info->height;
    double scale = longer > THUMBNAIL_SIDE ? (double)THUMBNAIL_SIDE / longer : 1;

    *width = (int)(info->width * scale + 0.5);
    *height = (int)(info->height * scale + 0.5);
    if (*width < 1)
        *width = 1;
    if (*height < 1)
        *height = 1;
}

/* Whole under its name, or not there; no sync, as it can be drawn again. */
static int store(struct thumbnailer *t, unsigned long size_bytes, struct error *err)
{
    struct str folder = STR_INIT;
    int fd, result;

    str_add_bytes(&folder, t->target.text,
                  (size_t)(file_base_name(t->target.text) - t->target.text));
    result = file_make_folders(folder.text, err);
    str_release(&folder);
    if (result)
        return -1;
    str_clear(&t->temporary);
    str_printf(&t->temporary, "%s.part", t->target.text);
    fd = open(t->temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return FAIL_ERRNO(err, "cannot write '%s'", t->target.text);
    result = file_write_all(fd, t->jpeg, size_bytes, t->target.text, err);
    if (close(fd) && !result)
        result = FAIL_ERRNO(err, "cannot write '%s'", t->target.text);
    if (!result && rename(t->temporary.text, t->target.text))
        result = FAIL_ERRNO(err, "cannot write '%s'", t->target.text);
    if (result)
        unlink(t->temporary.text);
    return result;
}

int thumbnailer_draw(struct thumbnailer *t, struct decoder *decoder,
                     const struct decode_info *info, const char *source, const char *path,
                     struct error *err)
{
    struct decode_view view = { .part = { 0, 0, info->width, info->height } };
    unsigned long size_bytes = t->jpeg_capacity;

    str_clear(&t->target);
    str_printf(&t->target, "%s/%s.jpg", t->folder, path);
    if (is_there(t, source))
        return 0;
    choose_size(info, &view.width, &view.height);
    if (decoder_draw(decoder, &view, t->pixels, err))
        return -1;
    if (tjCompress2(t->compressor, t->pixels, view.width, view.width * PIXEL_BYTES, view.height,
                    TJPF_RGB, &t->jpeg, &size_bytes, TJSAMP_420, QUALITY, TJFLAG_NOREALLOC))
        return FAIL(err, UNAVAILABLE, "cannot draw the thumbnail of '%s': %s", path,
                    tjGetErrorStr2(t->compressor));
    return store(t, size_bytes, err);
}
