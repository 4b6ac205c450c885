/* val_split.h - which images `fovea val` takes for validation.
 *
 * Images that a network has learned from must not judge it.  When the data set is the one of the
 * run that wrote the checkpoint, the run's own split is used, as its folder has recorded it; a
 * split that is named comes before that, and otherwise the data set decides. */
#ifndef COMMAND_VAL_SPLIT_H
#define COMMAND_VAL_SPLIT_H

#include "data/dataset.h"
#include "train/checkpoint.h"

struct val_split_request {
    const char *checkpoint_path, *data;
    const char *strategy; /* JSON or a file of it, as of `train`; may be NULL */
};

/* Fills what the options say about splits; what they point to is in the arena.  *run is the folder
 * of the run whose split it is, else NULL. */
int val_split(struct arena *arena, const struct val_split_request *request,
              const struct checkpoint *checkpoint, struct dataset_options *options,
              const char **run, struct error *err);

#endif
