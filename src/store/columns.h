/* columns.h - which columns the statements of a table give, and where they go in its struct.
 *
 * A record's columns are listed once, as X(type, name), the first one as FIRST(type, name); names
 * are those of the struct's members too.  The list makes the text of the SELECT and the table by
 * which rows are read, so that the two cannot part. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include "store/db.h"

/* TEXT is a const char *, NULL for NULL; INT an int64_t, 0 for NULL; BOOL a bool; REAL a double,
 * NAN for NULL; TIME an int64_t, 0 for NULL, and read from "2024-01-18 15:30:00" too, which is what
 * a person inserts by hand. */
enum column_type { COLUMN_TEXT, COLUMN_INT, COLUMN_BOOL, COLUMN_REAL, COLUMN_TIME };

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
};

/* Fill the struct from a row whose columns are in the table's order. */
void columns_read(const struct column *columns, int count, const struct db_rows *rows, int row,
                  void *record);

/* Who changes some columns of a row that he has read must not write the others: somebody else may
 * have changed those.  Bit i: before[i] and after[i] are different texts (or one is NULL). */
int64_t columns_changed(const char *const *before, const char *const *after, int count);
/* In an UPDATE: the column stays what it is unless its bit is in the parameter `mask`. */
#define SET_CHANGED(column, value, mask, bit) \
    column " = CASE WHEN (" mask " & " #bit ") <> 0 THEN " value " ELSE " column " END, "

/* "id, email, ..." */
#define COLUMN_SQL_FIRST(type, name) #name
#define COLUMN_SQL(type, name) ", " #name
#define COLUMNS_SQL(list) list(COLUMN_SQL_FIRST, COLUMN_SQL)

/* The rows of a table of struct column; RECORD is the struct's name there. */
#define COLUMN_ROW(type, name) { #name, COLUMN_##type, offsetof(RECORD, name) },
#define COLUMNS_TABLE(list) list(COLUMN_ROW, COLUMN_ROW)

#define USER_COLUMNS(FIRST, X)                                                      \
    FIRST(INT, id)                                                                  \
    X(TEXT, email) X(TEXT, hashed_password) X(TEXT, full_name)                      \
    X(TEXT, company) X(TEXT, company_custom) X(TEXT, division)                      \
    X(TEXT, division_custom) X(TEXT, department) X(TEXT, phone_number) X(TEXT, bio) \
    X(TEXT, system_role) X(BOOL, is_active) X(TEXT, badge_color)                    \
    X(INT, session_generation) X(TIME, created_at) X(TIME, updated_at)

#define PROJECT_COLUMNS(FIRST, X)                                     \
    FIRST(INT, id)                                                    \
    X(TEXT, name) X(TEXT, description) X(TEXT, task_type) X(INT, user_id) \
    X(TIME, created_at) X(TIME, updated_at)

#define INVITATION_COLUMNS(FIRST, X)                                        \
    FIRST(INT, id)                                                          \
    X(INT, project_id) X(INT, inviter_id) X(TEXT, invitee_email)            \
    X(INT, invitee_id) X(TEXT, invitee_role) X(TEXT, status) X(TEXT, message) \
    X(TIME, created_at) X(TIME, expires_at) X(TIME, accepted_at)

#define JOB_COLUMNS(FIRST, X)                                                                      \
    FIRST(INT, id)                                                                                 \
    X(INT, session_id)                                                                             \
    X(INT, project_id) X(INT, user_id) X(TEXT, experiment_name) X(TEXT, tags) X(TEXT, notes)       \
        X(TEXT, framework) X(TEXT, model_name) X(TEXT, task_type) X(TEXT, dataset_id)              \
            X(TEXT, dataset_path) X(TEXT, dataset_format) X(INT, num_classes) X(INT, epochs)       \
                X(INT, batch_size) X(REAL, learning_rate) X(TEXT, optimizer) X(BOOL, pretrained)   \
                    X(TEXT, advanced_config) X(TEXT, output_dir) X(TEXT, status) X(REAL, accuracy) \
                        X(REAL, loss) X(TEXT, primary_metric) X(TEXT, primary_metric_mode)         \
                            X(TEXT, best_checkpoint_path) X(INT, current_epoch)                    \
                                X(TEXT, error_message) X(INT, process_id) X(BOOL, start_resume)    \
                                    X(TEXT, start_checkpoint) X(INT, attempt) X(INT, last_seq)     \
                                        X(INT, priority) X(TIME, queued_at) X(TIME, created_at)    \
                                            X(TIME, updated_at) X(TIME, started_at)                \
                                                X(TIME, completed_at) X(TEXT, queued_from)         \
                                                    X(BOOL, engine_ending)

#define METRIC_COLUMNS(FIRST, X)                                                 \
    FIRST(INT, id)                                                               \
    X(INT, job_id) X(INT, epoch) X(INT, step) X(REAL, loss) X(REAL, accuracy)    \
    X(REAL, learning_rate) X(TEXT, extra_metrics) X(TEXT, checkpoint_path)       \
    X(TIME, created_at)

#define CHECKPOINT_COLUMNS(FIRST, X)                                         \
    FIRST(INT, id)                                                           \
    X(INT, job_id) X(INT, epoch) X(TEXT, kind) X(TEXT, path)                 \
    X(INT, size_bytes) X(TEXT, sha256) X(TEXT, metrics) X(TIME, created_at)

#define VALIDATION_COLUMNS(FIRST, X)                                               \
    FIRST(INT, id)                                                                 \
    X(INT, job_id) X(INT, epoch) X(TEXT, task_type) X(TEXT, primary_metric_name)   \
    X(REAL, primary_metric_value) X(REAL, overall_loss) X(TEXT, metrics)           \
    X(TEXT, per_class_metrics) X(TEXT, confusion_matrix) X(TEXT, pr_curves)        \
    X(TEXT, class_names) X(TEXT, checkpoint_path) X(BOOL, is_best) X(TIME, created_at)

/* What says how good an epoch was: the others are long. */
#define VALIDATION_SUMMARY_COLUMNS(FIRST, X)                               \
    FIRST(INT, id)                                                         \
    X(INT, epoch) X(TEXT, primary_metric_name)                             \
    X(REAL, primary_metric_value) X(REAL, overall_loss) X(TEXT, metrics)

#define VALIDATION_IMAGE_COLUMNS(FIRST, X)                                           \
    FIRST(INT, id)                                                                   \
    X(INT, validation_result_id) X(INT, job_id) X(INT, epoch) X(TEXT, image_path)    \
    X(INT, image_index) X(TEXT, true_label) X(INT, true_label_id)                    \
    X(TEXT, predicted_label) X(INT, predicted_label_id) X(REAL, confidence)          \
    X(TEXT, top5_predictions) X(BOOL, is_correct) X(TEXT, objects) X(TIME, created_at)

#define INFERENCE_COLUMNS(FIRST, X)                                                  \
    FIRST(INT, id)                                                                   \
    X(INT, training_job_id) X(INT, user_id) X(TEXT, checkpoint_path)                 \
    X(TEXT, image_name) X(TEXT, file_name) X(INT, size_bytes)                        \
    X(TEXT, predicted_label) X(REAL, confidence) X(TEXT, predictions)                \
    X(REAL, inference_time_ms) X(TIME, created_at)

#define DATASET_COLUMNS(FIRST, X)                                                    \
    FIRST(TEXT, id)                                                                  \
    X(TEXT, name) X(TEXT, description) X(TEXT, format) X(TEXT, visibility)           \
    X(INT, project_id) X(INT, user_id) X(INT, file_count) X(INT, total_size_bytes)   \
    X(INT, num_classes) X(TEXT, class_distribution) X(TEXT, storage_path)            \
    X(TEXT, task_type) X(TEXT, tags) X(TEXT, content_hash) X(TEXT, class_names)      \
    X(INT, num_images) X(TEXT, status) X(TEXT, status_reason) X(INT, revision)       \
    X(INT, listing) X(TIME, created_at) X(TIME, updated_at)                          \
    X(TEXT, detected_format) X(TEXT, object_distribution) X(INT, num_objects)        \
    X(TEXT, keypoints)

#define DATASET_FILE_COLUMNS(FIRST, X)                                               \
    FIRST(TEXT, path)                                                                \
    X(INT, size_bytes) X(TEXT, split) X(TEXT, class_name) X(INT, width)              \
    X(INT, height) X(TEXT, state) X(TEXT, reason) X(INT, objects) X(TEXT, classes)   \
    X(INT, annotation_offset) X(INT, annotation_bytes)

#define DATASET_FIX_COLUMNS(FIRST, X)                                                \
    FIRST(TEXT, id)                                                                  \
    X(TEXT, kind) X(TEXT, path) X(TEXT, reason) X(INT, size_bytes) X(TIME, applied_at) \
    X(TEXT, action) X(INT, line)

#endif
