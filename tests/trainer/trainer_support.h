/* trainer_support.h - a training service on a small data set, and a backend that takes notes. */
#ifndef TRAINER_TRAINER_SUPPORT_H
#define TRAINER_TRAINER_SUPPORT_H

#include "trainer/trainer.h"

#include <pthread.h>
#include <stdatomic.h>

#define SERVICE_ENGINE TEST_BIN_DIR "/fovea-engine"

struct notes {
    pthread_mutex_t lock;
    json_t *messages;       /* those that were taken, in order */
    atomic_bool is_away;    /* refuses everything: UNAVAILABLE */
    atomic_bool is_strict;  /* refuses events "step" for good: INVALID */
    atomic_int refused;
};

struct service {
    struct trainer *trainer;
    struct notes notes;
    char data[512]; /* the folder; DATA/datasets/shapes is the data set */
};

/* A service with a fresh folder and a data set of three classes at 32 px. */
void service_open(struct service *service);
/* With other options; data_folder and sink are filled in. */
void service_open_with(struct service *service, struct trainer_options *options);
/* The service; folder and notes stay. */
void service_close(struct service *service, bool stop_engines);
void service_open_again(struct service *service);
void service_open_with_engine(struct service *service, struct trainer_options *options);
void service_release(struct service *service);

/* One call; gives the body, and checks the status. */
json_t *service_call(struct service *service, const char *method, const char *path,
                     const json_t *parameters, int status);
/* The same with parameters that are released. */
json_t *service_post(struct service *service, const char *path, json_t *parameters, int status);
const char *service_detail(const json_t *body);

/* A start request: mobilenetv3_small_100 in folder runs/JOB. */
json_t *service_job(int64_t job_id, int epochs);
int64_t service_start(struct service *service, int64_t job_id, int epochs); /* gives the pid */
/* Trains so many epochs to the end; the path of its best checkpoint, lent until the next call. */
const char *service_train(struct service *service, int64_t job_id, int epochs);

/* Wait until so many messages of this event are there, at most a minute. */
void notes_wait(struct notes *notes, const char *event, int count);
int notes_count(struct notes *notes, const char *event); /* NULL: all */
/* The last message of that event, or NULL; the caller's. */
json_t *notes_last(struct notes *notes, const char *event);
/* Every seq of the attempt is there once and in order, from 1 on; the number of them. */
int notes_check_order(struct notes *notes, int64_t attempt);

/* The status of the job, until it is that one, at most so long. */
void service_wait_status(struct service *service, int64_t job_id, const char *status,
                         double seconds);

#endif
