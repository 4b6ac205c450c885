/* val_results.h - what a detector finds on the images of a data set, as a file of COCO's results.
 *
 * Ids        of images and categories are those of the data set when it is one of COCO's, else its
 *            positions + 1, as `fovea dataset convert --to coco` writes them.
 * Objects    at most 300 an image, of at least `confidence` after suppression at `iou`; boxes, and
 *            masks or key points where the task has them.  Classes that the data set does not have
 *            are left out: its truth has no id for them.
 * File       is whole under its name or not there.
 */
#ifndef COMMAND_VAL_RESULTS_H
#define COMMAND_VAL_RESULTS_H

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "data/loader.h"
#include "objects/detections.h"
#include "train/predictor.h"

struct val_results {
    double confidence, iou; /* to be set before opening */

    const struct dataset *_dataset;
    struct file_replacement _file;
    struct str _text; /* not yet in the file */
    struct json_writer _writer;
    struct detections _found;
    int64_t *_category_ids; /* by class of the checkpoint */
    bool *_is_known;        /* the same: the data set has it */
};

/* class_of: the checkpoint's class of each of the data set's.  INVALID for a classifier. */
int val_results_open(struct val_results *results, const char *path, const struct dataset *dataset,
                     const struct checkpoint *checkpoint, const int *class_of, struct error *err);
/* After predictor_run() on the batch. */
int val_results_add(struct val_results *results, const struct predictor *predictor,
                    const struct batch *batch, struct error *err);
int val_results_commit(struct val_results *results, struct error *err);
/* In any case; without a commit nothing is left of the file. */
void val_results_release(struct val_results *results);

#endif
