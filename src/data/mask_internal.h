/* mask_internal.h - what the files behind mask.h share: a mask under construction. */
#ifndef DATA_MASK_INTERNAL_H
#define DATA_MASK_INTERNAL_H

#include "data/mask.h"

/* No runs yet; fails when the size is not allowed. */
int mask_begin(struct mask *mask, int width, int height, struct error *err);
/* Add a run as it is. */
int mask_add_run(struct mask *mask, uint32_t run, struct error *err);
/* Add pixels of a colour, 0 or 1, joining them to the newest run if it has that colour. */
int mask_extend(struct mask *mask, uint32_t count, int colour, struct error *err);

#endif
