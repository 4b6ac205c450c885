/* yolo_internal.h - what the files of the YOLO reader share. */
#ifndef DATA_YOLO_INTERNAL_H
#define DATA_YOLO_INTERNAL_H

#include "data/labelled/labelled_internal.h"

struct yolo {
    struct labelled *all;
    int yaml_file; /* -1: none */
    json_t *yaml;  /* NULL: none */
    const char *yaml_folder;
    int class_count; /* as data.yaml says, else guessed from the ids that rows use */
    bool are_classes_guessed;
    int keypoint_count, keypoint_size;
    const char *bad_val; /* the first val entry without images; NULL: all have some */
    bool is_val_there;   /* as an empty folder or list */
    struct {
        int64_t *items;
        int count, capacity;
    } class_rows; /* by class id, how many rows have it */
    int64_t row_count; /* of all classes */
    struct {
        struct yolo_unknown {
            int finding, class_id;
        } *items;
        int count, capacity;
    } unknown; /* rows whose id is not named: their remedy waits until all rows are counted */
};

/* yolo_config.c: data.yaml, if there is one that describes a data set. */
int yolo_read_config(struct yolo *yolo, struct error *err);
void yolo_note(struct yolo *yolo, const char *remedy, const char *message);

/* yolo_layout.c: which images there are, in which split; labelled_settle() included. */
int yolo_find_images(struct yolo *yolo, struct error *err);
/* The label file of an image; -1: none. */
int yolo_find_label(struct yolo *yolo, const char *image_path);

/* yolo_rows.c: a label file's rows; and only their classes, into class_rows. */
void yolo_count_classes(struct yolo *yolo, const char *text, size_t length);
int yolo_read_rows(struct yolo *yolo, int image, int label_file, const char *text, size_t length,
                   struct error *err);

#endif
