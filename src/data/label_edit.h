/* label_edit.h - change single rows of label files, and write the small parts of them.
 *
 * YOLO       rows are lines
 * JSON       elements of the top object's "annotations" list, or, where annotations stand inside
 *            images, those, numbered as labelled/coco.c numbers them
 * VOC        <object> elements
 */
#ifndef DATA_LABEL_EDIT_H
#define DATA_LABEL_EDIT_H

#include <stdint.h>

struct dataset;
struct error;
struct str;

struct label_edit {
    int line;                /* YOLO */
    int64_t element;         /* the others */
    const char *replacement; /* NULL: it goes */
};

/* Append the changed text to *out. */
int label_edit_apply(const char *format, const struct str *text, const struct label_edit *edits,
                     int count, struct str *out, struct error *err);

/* A text as YAML: plain where that is safe, else in double quotes. */
void label_write_yaml_text(struct str *out, const char *text);
/* kpt_shape, flip_idx, kpt_names and skeleton; nothing without key points. */
void label_write_yaml_keypoints(const struct dataset *dataset, struct str *out);

#endif
