/* detections.h - what a network found on one image, in pixels of that image.
 *
 * detections_find() goes from a head's raw values to objects: thresholds and suppression
 * (nms.h), then boxes, masks and key points back to the image (unletterbox.h).  The struct owns
 * the masks and key points of its items and keeps its memory from one image to the next. */
#ifndef OBJECTS_DETECTIONS_H
#define OBJECTS_DETECTIONS_H

#include "objects/nms.h"
#include "objects/unletterbox.h"

#define DETECTIONS_MOST_PROTOTYPES 256

struct detections {
    struct image_object *items; /* best first */
    int *anchors;               /* where each was found */
    int count;

    int _capacity, _keypoint_count;
    struct mask *_masks; /* by item */
    float *_keypoints;   /* by item, 3 * _keypoint_count each */
    struct nms_kept *_kept;
    struct nms _nms;
    struct mask_decoder _decoder;
};

/* What the head of one image says; boxes and key points in pixels of the input. */
struct detection_head {
    struct nms_input found;
    struct nms_plane coefficients;     /* one per prototype; values NULL: no masks */
    struct mask_prototypes prototypes; /* at most DETECTIONS_MOST_PROTOTYPES */
    struct nms_plane keypoints;        /* keypoint_size values each; values NULL: none */
    int keypoint_count;
    int keypoint_size;                 /* 3: x, y, confidence; 2: x, y, always confident */
};

/* All zero to begin with. */
void detections_release(struct detections *detections);

int detections_find(struct detections *detections, const struct detection_head *head,
                    const struct nms_options *options, const struct letterbox_view *view,
                    struct error *err);

#endif
