/* job_validation.c - validation results and their images; see job_results.h. */

#include "app/jobs/job_results.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "store/columns.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES_FILE_MOST ((size_t)256 << 20)

#define RECORD struct validation
static const struct column summary_columns[] = { COLUMNS_TABLE(VALIDATION_SUMMARY_COLUMNS) };
static const struct column columns[] = { COLUMNS_TABLE(VALIDATION_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))
#define SUMMARY_COLUMN_COUNT ((int)(sizeof(summary_columns) / sizeof(*summary_columns)))

#define RECORD struct validation_image
static const struct column image_columns[] = { COLUMNS_TABLE(VALIDATION_IMAGE_COLUMNS) };
#undef RECORD
#define IMAGE_COLUMN_COUNT ((int)(sizeof(image_columns) / sizeof(*image_columns)))

/* --- writing --------------------------------------------------------------------------------- */

static const char *text(const json_t *data, const char *key)
{
    return json_string_value(json_object_get(data, key));
}

static struct db_value number(const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);

    return json_is_number(value) ? db_real(json_number_value(value)) : db_null();
}

static struct db_value integer(const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);

    return json_is_integer(value) ? db_int(json_integer_value(value)) : db_null();
}

/* A part of the event as text in the arena; NULL: absent. */
static struct db_value part(const json_t *data, const char *key, struct arena *arena)
{
    const json_t *value = json_object_get(data, key);
    char *written = json_is_object(value) || json_is_array(value)
                        ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15))
                        : NULL;
    const char *copy = written ? arena_strdup(arena, written) : NULL;

    free(written);
    return db_text(copy);
}

/* Those of masks and key points have names of their own, and are what such a task is judged by. */
static struct db_value curves(const json_t *data, struct arena *arena)
{
    static const char *const keys[] = { "pr_curves(M)", "pr_curves(P)" };
    const char *key = "pr_curves";

    for (int i = 0; i < 2; i++)
        if (json_object_get(data, keys[i]))
            key = keys[i];
    return part(data, key, arena);
}

/* ",0:0,0:2," of [[0, 0], [0, 2]]; NULL: no list. */
static const char *cells_of(const json_t *image, struct arena *arena)
{
    const json_t *cells = json_object_get(image, "cells"), *cell;
    struct str text = STR_INIT;
    const char *copy = NULL;
    size_t i;

    if (json_is_array(cells)) {
        str_add_char(&text, ',');
        json_array_foreach((json_t *)cells, i, cell)
            str_printf(&text, "%lld:%lld,", (long long)json_integer_value(json_array_get(cell, 0)),
                       (long long)json_integer_value(json_array_get(cell, 1)));
        copy = arena_strdup(arena, text.text);
    }
    str_release(&text);
    return copy;
}

/* An image of objects as it came, without what has a column of its own. */
static struct db_value objects_of(const json_t *image, struct arena *arena)
{
    json_t *objects = json_object();
    static const char *const keys[] = { "width", "height", "true_boxes", "predicted_boxes" };
    struct db_value value = db_null();

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (json_object_get(image, keys[i]))
            json_object_set(objects, keys[i], json_object_get(image, keys[i]));
    if (json_object_get(objects, "true_boxes")) {
        json_t *holder = json_pack("{s:O}", "objects", objects);

        value = part(holder, "objects", arena);
        json_decref(holder);
    }
    json_decref(objects);
    return value;
}

static int add_image(struct db_connection *connection, int64_t id, int64_t job_id, int64_t epoch,
                     size_t index, const json_t *image, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *path = text(image, "file");
    int result;

    if (!path)
        return FAIL(err, INVALID, "an image of a validation result has no file");
    result = db_run(connection, STATEMENT_validation_image_add,
                    DB_ARGS(db_int(id), db_int(job_id), db_int(epoch), db_text(path),
                            db_int((int64_t)index), db_text(text(image, "true_label")),
                            integer(image, "true_label_id"),
                            db_text(text(image, "predicted_label")),
                            integer(image, "predicted_label_id"), number(image, "confidence"),
                            part(image, "top5", &arena),
                            db_int(json_is_true(json_object_get(image, "is_correct"))),
                            objects_of(image, &arena), db_text(cells_of(image, &arena)),
                            db_int(clock_unix_microseconds())),
                    NULL, NULL, err);
    arena_release(&arena);
    return result;
}

/* The file that an event names, if it really lies in the job's folder; NULL: not here. */
static json_t *read_images(const char *output_folder, const char *path, struct error *err)
{
    char folder[PATH_MAX], file[PATH_MAX];
    struct str content = STR_INIT;
    json_t *object = NULL;

    if (!output_folder || !realpath(output_folder, folder) || !realpath(path, file) ||
        !str_starts_with(file, folder) || file[strlen(folder)] != '/')
        return NULL;
    if (!file_read(file, IMAGES_FILE_MOST, &content, err))
        object = json_parse(content.text, content.length, file, err);
    str_release(&content);
    return object;
}

static int store_images(struct db_connection *connection, int64_t id, int64_t job_id,
                        const char *output_folder, const json_t *data, struct error *err)
{
    const char *path = text(data, "images_path");
    json_t *file = path ? read_images(output_folder, path, err) : NULL;
    const json_t *images = file ? json_object_get(file, "images") : json_object_get(data, "images");
    int64_t epoch = json_integer_value(json_object_get(data, "epoch"));
    const json_t *image;
    size_t i;
    int result = 0;

    if (file && json_integer_value(json_object_get(file, "epoch")) != epoch)
        images = NULL; /* a later epoch has replaced it */
    if (json_is_array(images))
        result = db_run(connection, STATEMENT_validation_images_remove, DB_ARGS(db_int(id)), NULL,
                        NULL, err) ||
                         db_run(connection, STATEMENT_validation_images_retire,
                                DB_ARGS(db_int(job_id), db_int(epoch)), NULL, NULL, err)
                     ? -1
                     : 0;
    json_array_foreach((json_t *)images, i, image)
        if (!result)
            result = add_image(connection, id, job_id, epoch, i, image, err);
    json_decref(file);
    return result;
}

int validation_store(struct db_connection *connection, int64_t job_id, const char *output_folder,
                     const json_t *data, struct error *err)
{
    int64_t epoch = json_integer_value(json_object_get(data, "epoch"));
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result;

    if (epoch < 1)
        return FAIL(err, INVALID, "validation_result needs an epoch from 1 on");
    result = db_run(connection, STATEMENT_validation_put,
                    DB_ARGS(db_int(job_id), db_int(epoch), db_text(text(data, "task_type")),
                            db_text(text(data, "primary_metric_name")),
                            number(data, "primary_metric_value"), number(data, "overall_loss"),
                            part(data, "metrics", &arena), part(data, "per_class_metrics", &arena),
                            part(data, "confusion_matrix", &arena),
                            curves(data, &arena),
                            part(data, "class_names", &arena),
                            db_text(text(data, "checkpoint_path")),
                            db_int(json_is_true(json_object_get(data, "is_best"))),
                            db_int(clock_unix_microseconds())),
                    &arena, &rows, err);
    if (!result)
        result = store_images(connection, db_at(&rows, 0, 0)->integer, job_id, output_folder, data,
                              err);
    arena_release(&arena);
    return result;
}

/* --- reading --------------------------------------------------------------------------------- */

int validations_list(struct app *app, int64_t job_id, int64_t limit, int64_t offset,
                     struct arena *arena, struct validation **list, int *count, int64_t *total,
                     struct error *err)
{
    struct db_rows rows, counted;

    if (db_read(app->db, STATEMENT_validation_list,
                DB_ARGS(db_int(job_id), db_int(limit), db_int(offset)), arena, &rows, err) ||
        db_read(app->db, STATEMENT_validation_count, DB_ARGS(db_int(job_id)), arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *count = rows.count;
    *list = ARENA_ARRAY(arena, struct validation, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*list)[i]);
    return 0;
}

int validations_summary(struct app *app, int64_t job_id, struct arena *arena,
                        struct validation **list, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_validation_summary, DB_ARGS(db_int(job_id)), arena, &rows, err))
        return -1;
    *count = rows.count;
    *list = ARENA_ARRAY(arena, struct validation, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(summary_columns, SUMMARY_COLUMN_COUNT, &rows, i, &(*list)[i]);
    return 0;
}

int validations_get(struct app *app, int64_t job_id, int64_t epoch, struct arena *arena,
                    struct validation *row, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_validation_get, DB_ARGS(db_int(job_id), db_int(epoch)), arena,
                &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Validation result not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, row);
    return 0;
}

static struct db_value or_null(int64_t value)
{
    return value < 0 ? db_null() : db_int(value);
}

/* What LIKE finds in ",0:0,0:2,". */
static const char *cell_pattern(const struct validation_filter *f, struct arena *arena)
{
    if (f->true_id >= 0 && f->predicted_id >= 0)
        return arena_printf(arena, "%%,%lld:%lld,%%", (long long)f->true_id,
                            (long long)f->predicted_id);
    if (f->true_id >= 0)
        return arena_printf(arena, "%%,%lld:%%", (long long)f->true_id);
    return f->predicted_id >= 0 ? arena_printf(arena, "%%:%lld,%%", (long long)f->predicted_id)
                                : "%";
}

int validation_images(struct app *app, int64_t validation_id,
                      const struct validation_filter *f, struct arena *arena,
                      struct validation_image **list, int *count, int64_t *total,
                      int64_t *correct, struct error *err)
{
    struct db_value id = db_int(validation_id), is_correct = or_null(f->correct);
    struct db_value truth = or_null(f->true_id), predicted = or_null(f->predicted_id);
    struct db_value cell = db_text(cell_pattern(f, arena));
    struct db_rows rows, counted;

    if (db_read(app->db, STATEMENT_validation_images,
                DB_ARGS(id, is_correct, truth, predicted, cell, db_int(f->limit),
                        db_int(f->offset)),
                arena, &rows, err) ||
        db_read(app->db, STATEMENT_validation_images_count,
                DB_ARGS(id, is_correct, truth, predicted, cell), arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *correct = db_at(&counted, 0, 1)->integer;
    *count = rows.count;
    *list = ARENA_ARRAY(arena, struct validation_image, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(image_columns, IMAGE_COLUMN_COUNT, &rows, i, &(*list)[i]);
    return 0;
}

int validation_image_get(struct app *app, int64_t id, struct arena *arena,
                         struct validation_image *row, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_validation_image_get, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Image result not found");
    columns_read(image_columns, IMAGE_COLUMN_COUNT, &rows, 0, row);
    return 0;
}
