/* check_internal.h - the steps of check_run() that have a file of their own. */
#ifndef DATA_CHECK_INTERNAL_H
#define DATA_CHECK_INTERNAL_H

#include "data/check.h"

struct decode_info;
struct decoder;

/* check_thumbnail.c: what one thread needs to draw them; NULL: no memory. */
struct thumbnailer;
struct thumbnailer *thumbnailer_new(const char *folder);
void thumbnailer_free(struct thumbnailer *thumbnailer); /* NULL is fine */
/* Of the image that the decoder has open, which decodes; fails when it cannot be stored. */
int thumbnailer_draw(struct thumbnailer *thumbnailer, struct decoder *decoder,
                     const struct decode_info *info, const char *source, const char *path,
                     struct error *err);

/* check_fixes.c: fill the proposals, after the pairs; or those of labels alone, before them. */
void check_find_fixes(struct check_report *report, bool labels_only);

/* check_pairs.c: fill pairs and their counts from the files' hashes. */
void check_find_pairs(struct check_report *report);

/* check_labels.c: objects instead of images. */
struct check_fixes {
    struct check_fix *items;
    int count, capacity;
};
void check_add_fix(struct check_report *report, struct check_fixes *fixes, const char *kind,
                   const char *path, int line, int item, const char *reason);
void check_find_label_fixes(struct check_report *report, struct check_fixes *fixes);
/* Adds to the warnings, and gives what stands in the way of training, or NULL. */
struct check_texts {
    const char **items;
    int count, capacity;
};
const char *check_judge_labels(struct check_report *report, struct check_texts *warnings);
/* check_labels_write.c: the members of the report that are about labels. */
struct json_writer;
void check_write_labels(const struct check_report *report, struct json_writer *w);

#endif
