/* datasets_internal.h - what the files of data sets and uploads share. */
#ifndef APP_DATASETS_INTERNAL_H
#define APP_DATASETS_INTERNAL_H

#include "app/datasets/datasets.h"
#include "store/blob.h"

#include <pthread.h>
#include <stdatomic.h>

/* A thread that does what there is to do when it is woken. */
struct background {
    pthread_t thread;
    int fd; /* an eventfd: how others wake it without waiting */
    atomic_bool is_stopping;
    bool has_started;
    struct app *app;
    /* Gives the seconds until it wants to run again though nobody woke it; negative: never. */
    double (*run)(struct app *app);
};

/* What a data set may have in the store. */
#define DATASET_KIND_COUNT 3
extern const char *const dataset_kinds[DATASET_KIND_COUNT];

/* Who changes files of a data set, or removes it, has its lock: what he has looked at stays so
 * until he has done it.  The doctor needs none: the revision tells him. */
struct dataset_lock {
    const char *_id; /* lent */
    struct dataset_lock *_next;
};
struct dataset_locks {
    pthread_mutex_t mutex;
    pthread_cond_t released;
    struct dataset_lock *held;
};
void dataset_locks_init(struct dataset_locks *locks);
void dataset_locks_release(struct dataset_locks *locks);
/* Waits a while, then CONFLICT.  Both are lent until the unlock; read the row anew after this. */
int dataset_lock(struct app *app, const char *id, struct dataset_lock *lock, struct error *err);
void dataset_unlock(struct app *app, struct dataset_lock *lock);

struct datasets {
    struct blob *blob;  /* the data sets */
    struct blob *local; /* the data folder: uploads */
    struct dataset_limits limits;
    struct dataset_locks locks;
    struct background doctor, janitor;
    char failed_id[DATASET_ID_SIZE]; /* the doctor's: whom it could not look at last */
    atomic_int waiters; /* in datasets_wait() */
    struct arena arena; /* of the lists of folders that were there when we started: */
    struct leftovers {
        char **names;
        int count;
    } kinds[DATASET_KIND_COUNT], uploads;
    bool has_cleaned;
};

void background_start(struct background *background, struct app *app,
                      double (*run)(struct app *app));
void background_wake(struct background *background);
void background_stop(struct background *background);
bool background_is_stopping(const struct background *background);

/* "datasets/ID" or "datasets/ID/path" */
const char *dataset_key(const char *kind, const char *id, const char *path, struct arena *arena);
int dataset_read(struct app *app, const char *id, struct arena *arena, struct dataset *dataset,
                 struct error *err);
/* INVALID or CONFLICT while a job runs with it. */
int dataset_check_idle(struct app *app, const struct dataset *dataset, struct error *err);
/* The two halves of datasets_import_more(), for who has the lock: may these files come in, and
 * moving them.  A folder that is not there has none. */
int dataset_check_more(struct app *app, const struct dataset *into, const char *folder,
                       bool replace, struct error *err);
int dataset_take_more(struct app *app, const struct dataset *into, const char *folder,
                      struct arena *arena, struct dataset *dataset, struct error *err);
/* Row and files, of who has the lock. */
int dataset_remove_all(struct app *app, const char *id, struct error *err);

/* datasets_listing.c: write the rows of all files, by their paths or from what the doctor saw
 * (a file of JSON lines), and the sums over them into the data set.  class_names: by class id, of
 * images with labels; NULL: images are classified. */
int dataset_list_by_path(struct app *app, const char *id, struct error *err);
int dataset_list_by_doctor(struct app *app, const char *id, const char *lines_path,
                           const json_t *class_names, struct error *err);
/* What the doctor wrote beside the thumbnails: the objects of all images. */
#define DATASET_ANNOTATIONS "annotations.jsonl"

/* datasets_doctor.c: the words of an answer of the engine's; see services_call(). */
int doctor_call(struct app *app, const char *path, const json_t *parameters, json_t **answer,
                struct error *err);

/* datasets_doctor.c */
double doctor_run(struct app *app);
/* datasets_clean.c */
double janitor_run(struct app *app);
/* Throw a folder of uploads/ away, soon. */
void janitor_take(struct app *app, const char *upload_key);

#endif
