/* sample_internal.h - what the files that write drawn data sets share. */
#ifndef DATA_SAMPLE_INTERNAL_H
#define DATA_SAMPLE_INTERNAL_H

#include "data/sample.h"
#include <turbojpeg.h>

struct sample_writer {
    tjhandle compressor;
    uint8_t *pixels;
    unsigned char *jpeg; /* grown by the compressor */
    unsigned long jpeg_size;
};

int sample_write_file(const char *path, const void *data, size_t size_bytes, struct error *err);
/* The writer's pixels, size x size. */
int sample_write_image(struct sample_writer *writer, const char *path, int size,
                       struct error *err);

/* sample_objects.c; the options are complete. */
int sample_write_objects(const char *folder, const struct sample_options *options,
                         struct sample_writer *writer, struct error *err);

#endif
