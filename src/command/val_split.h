/* val_split.h - which images `fovea val` takes for validation.
 *
 * Images that a network has learned from must not judge it.  When the data set is the one of the
 * run that wrote the checkpoint, the run's own split is used, as its folder has recorded it: the
 * data set in the same place, whichever way it is written, or one with the same images and labels
 * anywhere.  A split that is named comes before that, and otherwise the data set decides; when
 * there is a record all the same, stderr says so. */
#ifndef COMMAND_VAL_SPLIT_H
#define COMMAND_VAL_SPLIT_H

#include "data/dataset.h"
#include "train/checkpoint.h"

struct val_split_request {
    const char *checkpoint_path, *data;
    const char *strategy; /* JSON or a file of it, as of `train`; may be NULL */
    bool is_quiet;        /* do not say that the run's split is used */
};

/* dataset_open() with the checkpoint's task and the right images in each split. */
int val_split_open(struct dataset *dataset, const struct val_split_request *request,
                   const struct checkpoint *checkpoint, struct error *err);

#endif
