/* dice_internal.h - the older DICE format, of a JSON file per image. */
#ifndef DATA_DICE_INTERNAL_H
#define DATA_DICE_INTERNAL_H

#include "data/labelled/labelled_internal.h"

/* dice_legacy.c */
bool dice_is_legacy(struct labelled *all);
int dice_read_legacy(struct labelled *all, struct error *err);

#endif
