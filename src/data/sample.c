/* sample.c - write the drawn dataset as files. */
#include "data/sample.h"
#include "base/error.h"
#include "base/file.h"
#include "data/sample_internal.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JPEG_QUALITY 92

static int count_or(int count, int usual)
{
    return count ? count : usual;
}

static int complete_options(struct sample_options *options, struct error *err)
{
    options->class_count = count_or(options->class_count, 4);
    options->train_per_class = count_or(options->train_per_class, 100);
    options->val_per_class = count_or(options->val_per_class, 25);
    options->image_size = count_or(options->image_size,
                                   options->task == DATASET_TASK_CLASSIFICATION ? 96 : 160);
    if (options->class_count < 2 || options->class_count > SAMPLE_CLASS_LIMIT)
        return FAIL(err, INVALID, "the sample dataset has 2 to %d classes, not %d",
                    SAMPLE_CLASS_LIMIT, options->class_count);
    if (options->train_per_class < 1 || options->val_per_class < 1)
        return FAIL(err, INVALID,
                    "the sample dataset needs at least one image per class and split");
    options->train_count = count_or(options->train_count, 100);
    options->val_count = count_or(options->val_count, 25);
    if (options->train_count < 1 || options->val_count < 1)
        return FAIL(err, INVALID, "the sample dataset needs at least one image in each split");
    if (options->image_size < 16 || options->image_size > 1024)
        return FAIL(err, INVALID, "the sample's image size is %d, not within 16 and 1024",
                    options->image_size);
    return 0;
}

/* Not file_replace(): hundreds of fsyncs for what can be drawn again would only be slow. */
int sample_write_file(const char *path, const void *data, size_t size_bytes, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), result;

    if (fd < 0)
        return FAIL_ERRNO(err, "cannot create '%s'", path);
    result = file_write_all(fd, data, size_bytes, path, err);
    if (close(fd) && !result)
        result = FAIL_ERRNO(err, "cannot write '%s'", path);
    return result;
}

int sample_write_image(struct sample_writer *writer, const char *path, int size, struct error *err)
{
    if (tjCompress2(writer->compressor, writer->pixels, size, 0, size, TJPF_RGB, &writer->jpeg,
                    &writer->jpeg_size, TJSAMP_420, JPEG_QUALITY, TJFLAG_ACCURATEDCT))
        return FAIL(err, NO_MEMORY, "cannot compress '%s': %s", path,
                    tjGetErrorStr2(writer->compressor));
    return sample_write_file(path, writer->jpeg, writer->jpeg_size, err);
}

static int write_class(struct sample_writer *writer, const char *folder,
                       const struct sample_options *options, enum dataset_split split, int class_id,
                       struct error *err)
{
    int count = split == DATASET_SPLIT_TRAIN ? options->train_per_class : options->val_per_class;
    struct arena arena = ARENA_INIT;
    char *inner = arena_printf(&arena, "%s/%s/%s", folder, dataset_split_name(split),
                               sample_class_name(options->class_count, class_id));
    int result = file_make_folders(inner, err);

    for (int i = 0; !result && i < count; i++) {
        struct sample_scene scene;

        sample_draw(options, split, class_id, i, writer->pixels, &scene);
        result = sample_write_image(writer, arena_printf(&arena, "%s/%04d.jpg", inner, i),
                             options->image_size, err);
    }
    arena_release(&arena);
    return result;
}

int sample_write(const char *folder, const struct sample_options *wanted, struct error *err)
{
    struct sample_options options = *wanted;
    struct sample_writer writer = { 0 };
    int result = -1;

    if (complete_options(&options, err) || file_require_empty_folder(folder, err))
        return -1;
    writer.pixels = malloc(3 * (size_t)options.image_size * (size_t)options.image_size);
    writer.compressor = tjInitCompress();
    if (!writer.pixels || !writer.compressor) {
        FAIL(err, NO_MEMORY, "no memory to draw images");
        goto done;
    }
    if (options.task != DATASET_TASK_CLASSIFICATION) {
        result = sample_write_objects(folder, &options, &writer, err);
        goto done;
    }
    for (int split = DATASET_SPLIT_TRAIN; split <= DATASET_SPLIT_VAL; split++)
        for (int class_id = 0; class_id < options.class_count; class_id++)
            if (write_class(&writer, folder, &options, (enum dataset_split)split, class_id, err))
                goto done;
    result = 0;
done:
    if (writer.compressor)
        tjDestroy(writer.compressor);
    tjFree(writer.jpeg);
    free(writer.pixels);
    return result;
}
