/* voc_objects.h - a Pascal VOC annotation file taken apart.
 *
 * Only what is used: size, and of every object name, box, difficult and truncated.  Boxes are as
 * they stand in the file.
 *
 * Hostile    A document type, and with it every entity of its own, is refused; so are nesting over
 *            32 and files over 64 MB.
 */
#ifndef DATA_VOC_OBJECTS_H
#define DATA_VOC_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct voc_object {
    char name[200];
    double box[4]; /* xmin, ymin, xmax, ymax */
    unsigned boxes; /* bits of those that were there */
    bool is_difficult;
    int line;          /* where it begins */
    size_t begin, end; /* bytes of the whole element */
};

struct voc_file {
    char filename[512];
    int width, height; /* 0: not told */
    bool is_annotation; /* the outermost element is <annotation> */
    struct voc_object *objects;
    int object_count, _capacity;
};

/* A file of class names, one a line, beside the folders of VOC: the order of the classes. */
#define VOC_CLASS_LIST "labels.txt"
/* A line of it as an object has it: without blanks around and no longer.  `line` is changed. */
const char *voc_class_name(char *line);

int voc_parse(struct voc_file *file, const char *text, size_t length, struct error *err);
void voc_release(struct voc_file *file);

#endif
