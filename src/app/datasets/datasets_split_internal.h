/* datasets_split_internal.h - what changing splits by folders and by lists share. */
#ifndef APP_DATASETS_SPLIT_INTERNAL_H
#define APP_DATASETS_SPLIT_INTERNAL_H

#include "app/datasets/datasets_internal.h"
#include "app/datasets/datasets_layout.h"

enum { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT };
extern const char *const split_names[SPLIT_COUNT];

struct split_file {
    const char *path, *class_name; /* of objects: the rarest one on it, "" without any */
    const char *classes;           /* JSON {name: objects}; NULL: images are classified */
    const char *rest; /* of the path, after the folder of the split; NULL: it is not used */
    uint64_t key;     /* of the random order */
    int from, to;     /* -1: not used */
};

struct split_plan {
    struct arena arena;
    struct layout layout;
    struct split_file *files;
    int count;
    bool has_labels;  /* several classes on an image */
    bool has_lists;   /* files stay where they are; others say the split */
    bool has_folders; /* of splits, so that only files that change need to be moved */
    const char *folders[SPLIT_COUNT]; /* "Training" where that is how it is called */
};

/* --- datasets_split_lists.c ------------------------------------------------------------------ */

/* Do images of this format stay where they are? */
bool split_has_lists(const char *format);
/* Is there a split_config.json, which has the last word? */
bool split_has_config(struct app *app, const struct dataset *dataset,
                      const struct split_plan *plan);

/* {name: objects} of an image that is used and has labels, a new object; else NULL. */
json_t *split_classes_of(const struct split_file *file);

/* class_name of all images that are used, from what the rows say. */
void split_find_rarest(struct split_plan *plan);

/* A class that is on two images or more is to be in train and in val. */
void split_balance(struct split_plan *plan);

int split_write_lists(struct app *app, const struct dataset *dataset, const struct split_plan *plan,
                      struct error *err);

#endif
