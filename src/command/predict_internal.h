/* predict_internal.h - `fovea predict`: what every task shares (predict.c), and the answers of
 * each (predict_classes.c, predict_objects.c). */
#ifndef COMMAND_PREDICT_INTERNAL_H
#define COMMAND_PREDICT_INTERNAL_H

#include "base/json.h"
#include "base/str.h"
#include "command/predict_files.h"
#include "data/decode.h"
#include "train/predictor.h"

/* What a request may ask for. */
struct predict_wishes {
    int top_k;               /* classification: classes to name */
    double confidence, iou;  /* of objects: least confidence, overlap from which one goes */
    int max_detections;
    bool is_agnostic;        /* overlapping objects of different classes suppress each other */
};

struct session {
    struct predictor predictor;
    const struct predict_answers *answers; /* of the checkpoint's task */
    struct decoder *decoder;
    void *work;                            /* of the answers */
    float *values;                         /* the network's input */
    int width, height;                     /* the image's own size */
    struct predict_wishes wishes;
    const char *save_folder; /* draw what was found into files there; NULL: nowhere */
    struct predict_files files;
    struct str drawing; /* where the newest drawing is */
    bool json;
    int threads;
};

/* The answers of a task.  prepare() reads the open file into session->values; the others look at
 * what the network made of it. */
struct predict_answers {
    int (*open)(struct session *session, struct error *err);
    void (*close)(struct session *session);
    int (*prepare)(struct session *session, struct error *err);
    int (*find)(struct session *session, struct error *err);
    int (*write_json)(struct session *session, struct json_writer *w, struct error *err);
    void (*write_text)(struct session *session, struct str *out);
    int (*save)(struct session *session, const char *path, struct error *err); /* NULL: cannot */
};

extern const struct predict_answers predict_classes, predict_objects;

#endif
