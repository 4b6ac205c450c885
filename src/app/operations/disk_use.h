/* disk_use.h - what lies on the disk, and making room.
 *
 * Counted are the bytes of the files, as they are found; data sets by the sizes in their rows, as a
 * set may have a million files.
 */
#ifndef APP_DISK_USE_H
#define APP_DISK_USE_H

#include "app/accounts/projects.h"

struct job_disk {
    int64_t job_id, outputs_bytes, checkpoints_bytes;
    const char *experiment_name, *model_name, *status;
};

struct project_disk {
    int64_t outputs_bytes; /* without the checkpoints */
    int64_t checkpoints_bytes, datasets_bytes;
    struct job_disk *jobs;
    int job_count;
};
int disk_of_project(struct app *app, int64_t project_id, struct arena *arena,
                    struct project_disk *disk, struct error *err);

struct platform_disk {
    int64_t total_bytes, free_bytes; /* of the file system */
    int64_t database_bytes, weights_bytes;
    int64_t other_bytes; /* thumbnails, quarantine, uploads under way, state of the services */
    struct project_disk *projects; /* without jobs */
    const struct project *rows;    /* beside them */
    int project_count;
};
int disk_of_platform(struct app *app, const struct user *actor, struct arena *arena,
                     struct platform_disk *disk, struct error *err);

/* --- making room ------------------------------------------------------------------------------ */

struct clean_up {
    bool keep_latest;        /* else the best alone */
    int64_t older_than_days; /* since the job ended; 0: all */
    bool dry_run;            /* only tell */
};

struct cleaned_job {
    int64_t job_id, freed_bytes;
    int files;
};

/* Checkpoints of jobs that have ended.  The best stays always, the latest where there is no best,
 * where the job was stopped and may go on, and where it is asked for; so does what another job is
 * going to start from. */
int clean_up_project(struct app *app, int64_t project_id, const struct clean_up *how,
                     struct arena *arena, struct cleaned_job **jobs, int *count, struct error *err);

#endif
