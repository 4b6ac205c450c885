/* resident.h - engines that stay with a checkpoint loaded, so that the next image needs no load.
 *
 * One process per checkpoint, known by path, size and time of change.  Those that were not used for
 * the longest time go first when there are too many or they take too much memory.  One request at a
 * time each; others for the same checkpoint wait.  They end with the service.
 */
#ifndef TRAINER_RESIDENT_H
#define TRAINER_RESIDENT_H

#include "trainer/trainer_internal.h"

struct resident_request {
    const char *checkpoint_path, *image_path; /* absolute */
    int64_t top_k;
    /* of objects */
    double confidence_threshold, iou_threshold;
    int64_t max_detections;
};

struct residents *residents_new(struct trainer *trainer, int limit, int64_t limit_bytes);
void residents_free(struct residents *residents); /* NULL is fine; no call may be inside */

/* What the engine answers: an object, the caller's.  *was_loaded: no load was needed.
 * NOT_FOUND: no such checkpoint; INVALID: the engine cannot use the checkpoint or the image, in its
 * words; UNAVAILABLE: it died twice or did not answer in time. */
int residents_predict(struct residents *residents, const struct resident_request *request,
                      json_t **answer, bool *was_loaded, struct error *err);

#endif
