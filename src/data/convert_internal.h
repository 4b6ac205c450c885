/* convert_internal.h - what the writers of formats share. */
#ifndef DATA_CONVERT_INTERNAL_H
#define DATA_CONVERT_INTERNAL_H

#include "base/str.h"
#include "data/dataset_convert.h"
#include "data/mask.h"

struct converter {
    const struct dataset *dataset;
    const char *folder;
    const char **names; /* by item: the image's file name, without folders and unique */
    struct convert_result *result;
    struct arena arena;
    struct mask mask; /* scratch */
    struct mask_rings rings;
};

/* The split that an item is written to: all to train when the set was divided. */
enum dataset_split converter_split(const struct converter *converter, int item);
/* File name without its extension. */
const char *converter_stem(struct converter *converter, int item);
/* Copy an item's image to FOLDER/inner/NAME. */
int converter_copy_image(struct converter *converter, int item, const char *inner,
                         struct error *err);
int converter_write(struct converter *converter, const char *inner, const struct str *text,
                    struct error *err);
/* The shortest text that reads back as the same float. */
void converter_add_float(struct str *out, float value);
/* The shortest text of a length so that start + length reads back as the end. */
void converter_add_length(struct str *out, float start, float end);

struct converter_format {
    const char *name;
    bool has_split_folders;
    int (*write)(struct converter *converter, struct error *err);
};
extern const struct converter_format converter_yolo, converter_coco, converter_dice, converter_voc;

#endif
