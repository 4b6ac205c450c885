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

/* check_fixes.c: fill the proposals, after the pairs. */
void check_find_fixes(struct check_report *report);

/* check_pairs.c: fill pairs and their counts from the files' hashes. */
void check_find_pairs(struct check_report *report);

#endif
