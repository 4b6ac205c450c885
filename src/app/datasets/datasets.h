/* datasets.h - data sets: their files, who may see them, what the doctor says of them.
 *
 * The files of a data set have the keys datasets/ID/PATH in the store (store/blob.h), thumbnails
 * thumbnails/ID/PATH.jpg, and what a fix took out quarantine/ID/PATH (.2/PATH and so on where that
 * is taken): nothing is destroyed but by removing the data set.  Changes of one data set (files,
 * split, fixes, removing it) wait for each other, a while: then they are CONFLICT.
 *
 *   empty      no files yet
 *   analyzing  the files have changed; one background thread looks at one set after the other.  A
 *              restart takes it up again
 *   ready, not_ready   what it found; the reason is in status_reason, all of it in the report
 *
 * What the paths alone tell (files, bytes, classes) is there at once.  Whoever changes files raises
 * the revision, so that a result for older ones is not taken.
 *
 * Rights   Looking needs RIGHT_VIEW in the project, changing RIGHT_WORK.  One without a project is
 *          its owner's.  "public" and "organization" may be looked at by every user.  Who may not
 *          look is told that there is nothing.
 */
#ifndef APP_DATASETS_H
#define APP_DATASETS_H

#include "app/accounts/projects.h"
#include "base/json.h"

struct datasets;

/* Texts may be NULL but for id, name, format, visibility, storage_path and status.  format is what
 * was declared ("auto": whatever it is), detected_format what the doctor found.  JSON are
 * class_names, class_distribution (images on which each class is), object_distribution (objects of
 * each; NULL: images are classified), keypoints (as the report has them) and tags. */
struct dataset {
    const char *id, *name, *description, *format, *visibility, *class_distribution, *storage_path,
        *task_type, *tags, *content_hash, *class_names, *status, *status_reason, *detected_format,
        *object_distribution, *keypoints;
    int64_t num_objects, project_id, user_id, file_count, total_size_bytes, num_classes, num_images,
        revision, listing, created_at, updated_at;
};

/* After the services are open; removes what earlier processes left, in the background. */
int datasets_open(struct app *app, struct error *err);
/* Nothing more is begun, and nobody waits any longer; before the API is closed. */
void datasets_interrupt(struct app *app);
/* Before the services are closed. */
void datasets_close(struct app *app);

/* What is taken; for tests and operators to change before there are requests. */
struct dataset_limits {
    int64_t files, bytes;  /* of one upload */
    int64_t reserve_bytes; /* of the disk, which stay free */
    int64_t chunk_bytes;   /* of one PUT of a resumable upload */
    int64_t field_bytes;   /* of one field of a form */
    int64_t session_seconds;
};
struct dataset_limits *datasets_limits(struct app *app);

/* --- rows ------------------------------------------------------------------------------------ */

#define DATASET_ID_SIZE 37
void dataset_make_id(char id[DATASET_ID_SIZE]);
bool dataset_is_id(const char *text);

/* NOT_FOUND "Dataset not found", DENIED "Not enough permissions". */
int datasets_get(struct app *app, const struct user *user, const char *id, enum right right,
                 struct arena *arena, struct dataset *dataset, struct error *err);

struct dataset_page {
    int64_t project_id;  /* 0: all */
    const char *format;  /* NULL: all */
    int64_t limit, offset;
};
/* What the user may see, newest first. */
int datasets_list(struct app *app, const struct user *user, const struct dataset_page *page,
                  struct arena *arena, struct dataset **datasets, int *count, int64_t *total,
                  struct error *err);

/* May this user make this one?  INVALID, and what projects_open() says. */
int datasets_check(struct app *app, const struct user *user, const struct dataset *wanted,
                   struct error *err);
/* Without files; id NULL: a new one. */
int datasets_add(struct app *app, const struct user *user, const struct dataset *wanted,
                 struct arena *arena, struct dataset *dataset, struct error *err);
/* name, description, visibility and tags, of which only what has changed is written. */
int datasets_update(struct app *app, const struct dataset *before, const struct dataset *after,
                    struct error *err);

/* The row and all files; the disk is free when it returns.  CONFLICT while a pending or running job
 * uses it, unless forced: those are cancelled. */
int datasets_remove(struct app *app, const struct dataset *dataset, bool force, struct error *err);
/* All of a project, whose jobs are gone.  CONFLICT while one of another project runs with one of
 * them, also when forced: those that wait are cancelled then. */
int datasets_remove_of_project(struct app *app, int64_t project_id, bool force, int64_t *removed,
                               struct error *err);

/* --- files ----------------------------------------------------------------------------------- */

/* A data set of the files in a folder, which are moved; the folder is gone then. */
int datasets_import(struct app *app, const struct user *user, const struct dataset *wanted,
                    const char *folder, struct arena *arena, struct dataset *dataset,
                    struct error *err);
/* More files.  CONFLICT when a running job uses it, or when a path is taken and !replace. */
int datasets_import_more(struct app *app, const struct dataset *into, const char *folder,
                         bool replace, struct arena *arena, struct dataset *dataset,
                         struct error *err);

/* state: used, labels (what says what is on the images), excluded.  classes is JSON, {name:
 * objects}, of labelled images, which have no class_name. */
struct dataset_file {
    const char *path, *split, *class_name, *state, *reason, *classes;
    int64_t size_bytes, width, height; /* 0: not known yet */
    int64_t objects, annotation_offset, annotation_bytes; /* bytes 0: not known */
};
/* class_name: of the image, or of an object on it. */
struct dataset_file_page {
    const char *split, *class_name, *state, *path; /* NULL: all */
    int64_t limit, offset;
};
int datasets_files(struct app *app, const struct dataset *dataset,
                   const struct dataset_file_page *page, struct arena *arena,
                   struct dataset_file **files, int *count, int64_t *total, struct error *err);

/* What is on some images, by files[]: {filename, width, height, true_boxes} in pixels, as the
 * engine has written it (data/check.h); NULL where it is not known (yet).  JSON in the arena. */
int datasets_annotations(struct app *app, const struct dataset *dataset,
                         const struct dataset_file *files, int count, struct arena *arena,
                         const char ***annotations, struct error *err);

/* Every file is one of these, those of labels count as used; fixed is what was taken out. */
struct dataset_sums {
    int64_t used_files, used_bytes, excluded_files, excluded_bytes, fixed_files, fixed_bytes;
};
int datasets_sums(struct app *app, const struct dataset *dataset, struct arena *arena,
                  struct dataset_sums *sums, struct error *err);

/* For reading.  NOT_FOUND "File not found". */
int datasets_open_file(struct app *app, const struct dataset *dataset, const char *path, int *fd,
                       struct error *err);
/* The thumbnail, or the file itself where there is none yet. */
int datasets_open_thumbnail(struct app *app, const struct dataset *dataset, const char *path,
                            int *fd, struct error *err);

/* --- the split -------------------------------------------------------------------------------- */

struct dataset_class_split {
    const char *class_name;
    int64_t train, val, test; /* images that are used */
};
/* An image with several classes counts for each; *all counts it once. */
int datasets_split(struct app *app, const struct dataset *dataset, struct arena *arena,
                   struct dataset_class_split **classes, int *count,
                   struct dataset_class_split *all, struct error *err);

struct dataset_split_change {
    double train, val, test; /* shares of each class that make 1; what the seed says stays the same
                                whatever the split was */
    int64_t seed;
    const json_t *assign; /* {path: "val"} instead: the others stay where they are; or NULL */
};
/* What the split is then, before anybody has looked again. */
struct dataset_split_result {
    int64_t moved; /* images */
    struct dataset_class_split *classes, all;
    int class_count;
};
/* Moves files between the folders of splits, writes the lists of a YOLO or VOC set, or for others a
 * split_config.json beside their annotation files, and has the data set looked at again.  CONFLICT
 * when a running job uses it, or while nobody knows its labels yet; INVALID; NOT_FOUND for a path
 * that is not used.  The result is in the arena. */
int datasets_change_split(struct app *app, const struct dataset *dataset,
                          const struct dataset_split_change *change, struct arena *arena,
                          struct dataset_split_result *after, struct error *err);

/* --- the doctor ------------------------------------------------------------------------------ */

/* Look again at all files. */
int datasets_analyze(struct app *app, const struct dataset *dataset, struct error *err);
/* Wait until it has been looked at, at most so long, and not when several wait already, nor while
 * there is nobody to look; the data set is read anew. */
int datasets_wait(struct app *app, double seconds, struct arena *arena, struct dataset *dataset,
                  struct error *err);
/* JSON in the arena; NULL: none yet. */
int datasets_report(struct app *app, const struct dataset *dataset, struct arena *arena,
                    const char **report, struct error *err);
/* What the doctor says of a folder of this machine that is no data set; format, or NULL, is what it
 * may be when its content does not tell.  NOT_FOUND unless it lies
 * below one of DATASET_ROOTS (with colons between; /app/datasets without it). */
int datasets_check_folder(struct app *app, const char *path, const char *format, json_t **report,
                          struct error *err);

/* --- fixes ----------------------------------------------------------------------------------- */

/* "action" is "remove", "edit" for what changes a label file, or "look" for what only a person can
 * decide. */
struct dataset_fix {
    const char *id, *kind, *path, *reason, *action;
    int64_t line; /* of the label file, or the number of an annotation in it; 0: the whole file */
    int64_t size_bytes, applied_at; /* 0: proposed */
};
/* What the last analysis proposes, and what has been applied. */
int datasets_fixes(struct app *app, const struct dataset *dataset, struct arena *arena,
                   struct dataset_fix **fixes, int *count, struct error *err);
/* Move the files of these to the quarantine, where files that are edited leave a copy, and look
 * again; ids NULL: all proposed removals and edits.  NOT_FOUND names an id that is not proposed. */
int datasets_apply_fixes(struct app *app, const struct dataset *dataset, const char *const *ids,
                         int id_count, int *applied, struct error *err);

#endif
