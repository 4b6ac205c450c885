/* run_internal.h - the state of a run, shared by run*.c. */
#ifndef TRAIN_RUN_INTERNAL_H
#define TRAIN_RUN_INTERNAL_H

#include "train/recipe.h"
#include "train/run.h"
#include "train/task.h"

#define RUN_NOTES_MAX 4

struct run {
    const struct run_options *options;
    const struct config *config;
    const struct task_type *task;
    const struct model *model;
    struct arena arena;
    struct dataset dataset;
    bool dataset_open;
    bool keeps_split; /* goes on with the one that it has recorded */
    struct loader_extent extent;
    struct transform transform;
    struct loader *train_loader, *val_loader;
    struct network network;
    bool network_open;
    struct recipe recipe;
    struct plateau plateau;
    struct events events;
    struct progress progress;
    struct evaluation *evaluation;
    const char *primary_metric;
    struct checkpoint_state state;
    struct run_state run_state;
    char *folder;
    const char *start_path; /* the checkpoint_path of the settings, wherever its file is now */
    struct run_note {
        const char *level, *text;
    } notes[RUN_NOTES_MAX];
    int note_count;
    char *config_json;
    char *metrics_json; /* of the last validated epoch */
    int lock_fd, results_fd;
    int batch;      /* after capping */
    int most_boxes; /* detectors: of one image, as the loader puts it together */
    bool higher_is_better;
    double started, epoch_started, step_event;
    int64_t images; /* in this process */
    int64_t failures_reported, val_failures_reported;
    struct scores train; /* of the last epoch: the mean loss, then its parts */
};

/* run_setup.c */
int run_open(struct run *run, const struct run_options *options, struct error *err);
void run_close(struct run *run);
int64_t run_peak_bytes(const struct run *run);
/* The largest batch below `below` that fits into so many bytes, found by planning; 0: none. */
int run_largest_batch(struct run *run, int64_t limit, int below);
int64_t memory_available_bytes(void);
int64_t memory_resident_bytes(void);

/* The checkpoint that a run in this folder goes on from, in the arena. */
char *run_latest_path(struct arena *arena, const char *folder);

/* run_resume.c */
/* A line now, and an event once events are open; the text is in the arena. */
void run_note(struct run *run, const char *level, const char *text);
/* Give the checkpoints of an earlier run in this folder another name; run->start_path follows. */
int run_set_aside(struct run *run, struct error *err);
/* Continue from checkpoints/latest. */
int run_resume(struct run *run, struct error *err);

/* run_weights.c: where the weights come from. */
int run_start_weights(struct run *run, struct error *err);

/* run_step.c */
/* Put a batch into the inputs of the training plan. */
void run_feed(struct run *run, const struct batch *batch);
/* Tell which images of a loader could not be read, each once; *reported counts them. */
int run_report_failures(struct run *run, const struct loader *loader, int64_t *reported,
                        struct error *err);
int run_epoch(struct run *run, int64_t epoch, bool *stopped, struct error *err);

/* run_diverged.c */
/* The failure of a batch whose loss is not finite, or of a sum of gradients: of `count` batches of
 * which this one is the last.  Names the layer and the files if running them again shows them. */
int run_diverged(struct run *run, const struct batch *batch, int64_t count, struct error *err);

/* run_validate.c */
/* Scores of the epoch: those of training, then the task's.  *stopped: broken off, without any. */
int run_validate(struct run *run, struct scores *scores, bool *stopped, struct error *err);
double run_primary(const struct run *run, const struct scores *scores);
/* A validation_result event, after the file of its images. */
int run_send_validation(struct run *run, int64_t epoch, const struct scores *scores,
                        bool is_best, struct error *err);
int run_write_results(struct run *run, const char *name, int64_t epoch,
                      const struct scores *scores, struct error *err);

/* run_files.c */
int run_open_results(struct run *run, bool resumed, struct error *err);
/* scores: NULL for an epoch that was not validated. */
int run_add_result(struct run *run, int64_t epoch, const struct scores *scores,
                   double learning_rate, struct error *err);
int run_save(struct run *run, const char *name, bool resumable, const char *kind,
             struct error *err);
int run_retire_checkpoints(struct run *run, int64_t epoch, struct error *err);

/* Set by signal handlers: finish the batch, of training or of validation, and stop. */
extern volatile int run_stop_requested;

#endif
