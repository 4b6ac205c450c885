/* dataset_convert.c - the frame of a conversion: names, copies, numbers. */
#include "data/dataset_convert.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "data/convert_internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct converter_format *const formats[] = { &converter_yolo, &converter_coco,
                                                          &converter_dice, &converter_voc };

enum dataset_split converter_split(const struct converter *converter, int item)
{
    const struct dataset *dataset = converter->dataset;
    enum dataset_split split = dataset->items[item].split;

    return dataset->is_divided && split == DATASET_SPLIT_VAL ? DATASET_SPLIT_TRAIN : split;
}

const char *converter_stem(struct converter *converter, int item)
{
    const char *name = converter->names[item], *dot = strrchr(name, '.');

    return arena_strndup(&converter->arena, name, dot ? (size_t)(dot - name) : strlen(name));
}

/* Stems must differ within a folder: labels are called after them. */
static void choose_names(struct converter *converter, bool has_split_folders)
{
    const struct dataset *dataset = converter->dataset;
    struct map stems = MAP_INIT;

    converter->names = ARENA_ARRAY(&converter->arena, const char *, dataset->item_count);
    for (int i = 0; i < dataset->item_count; i++) {
        const char *name = file_base_name(dataset->items[i].path);

        const char *key;

        converter->names[i] = name;
        for (int k = 2;; k++) {
            key = arena_printf(&converter->arena, "%d/%s",
                               has_split_folders ? (int)converter_split(converter, i) : 0,
                               converter_stem(converter, i));
            if (!map_find(&stems, key))
                break;
            converter->names[i] = arena_printf(&converter->arena, "%d_%s", k, name);
        }
        map_set(&stems, key, converter);
    }
    map_release(&stems);
}

int converter_write(struct converter *converter, const char *inner, const struct str *text,
                    struct error *err)
{
    const char *path = file_join(&converter->arena, converter->folder, inner);
    const char *folder =
        arena_strndup(&converter->arena, path, (size_t)(file_base_name(path) - path));
    int fd, result;

    if (file_make_folders(folder, err))
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return FAIL_ERRNO(err, "cannot create '%s'", path);
    result = file_write_all(fd, text->text, text->length, path, err);
    if (close(fd) && !result)
        result = FAIL_ERRNO(err, "cannot write '%s'", path);
    return result;
}

int converter_copy_image(struct converter *converter, int item, const char *inner,
                         struct error *err)
{
    struct arena scratch = ARENA_INIT;
    struct str bytes = STR_INIT;
    const char *target = arena_printf(&scratch, "%s/%s", inner, converter->names[item]);
    int result = file_read(dataset_item_path(converter->dataset, &scratch, item), SIZE_MAX / 4,
                           &bytes, err);

    if (!result)
        result = converter_write(converter, target, &bytes, err);
    converter->result->images += !result;
    str_release(&bytes);
    arena_release(&scratch);
    return result;
}

void converter_add_float(struct str *out, float value)
{
    char text[40];

    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    str_add(out, text);
}

void converter_add_length(struct str *out, float start, float end)
{
    double length = (double)end - (double)start;
    char text[40];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, length);
        if ((float)((double)start + strtod(text, NULL)) == end)
            break;
    }
    str_add(out, text);
}

int dataset_convert(const struct dataset *dataset, const char *folder, const char *format,
                    struct convert_result *result, struct error *err)
{
    struct converter converter = { .dataset = dataset, .folder = folder, .result = result };
    const struct converter_format *writer = NULL;
    int failed;

    memset(result, 0, sizeof(*result));
    if (dataset->task == DATASET_TASK_CLASSIFICATION)
        return FAIL(err, UNSUPPORTED, "'%s' is a set of class folders: it has no objects to "
                                      "convert",
                    dataset->root);
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (!strcmp(formats[i]->name, format))
            writer = formats[i];
    if (!writer)
        return FAIL(err, UNSUPPORTED, "cannot write the format '%s'; yolo, coco, dice and voc are "
                                      "supported",
                    format);
    if (file_require_empty_folder(folder, err))
        return -1;
    choose_names(&converter, writer->has_split_folders);
    failed = writer->write(&converter, err);
    mask_release(&converter.mask);
    mask_rings_release(&converter.rings);
    arena_release(&converter.arena);
    return failed;
}
