/* job_series.c - series of numbers for charts; see job_results.h. */

#include "app/jobs/job_results.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

enum { LEVEL_BITS = 4, LEVELS = 6 }; /* the highest has 16^6 neighbours: 16 million */
#define ROWS_PER_BUCKET 8

static const char *const axis_names[] = { "epoch", "step" };

/* --- writing --------------------------------------------------------------------------------- */

static int series_id(struct db_connection *connection, int64_t job_id, const char *name,
                     enum series_axis axis, int64_t *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_run(connection, STATEMENT_series_find, DB_ARGS(db_int(job_id), db_text(name)),
                        &arena, &rows, err);

    if (!result && !rows.count)
        result = db_run(connection, STATEMENT_series_add,
                        DB_ARGS(db_int(job_id), db_text(name), db_text(axis_names[axis])), &arena,
                        &rows, err);
    if (!result)
        *id = db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

int series_add_point(struct db_connection *connection, int64_t job_id, const char *name,
                     enum series_axis axis, int64_t x, double value, struct error *err)
{
    int64_t id;

    if (!isfinite(value) || x < 0)
        return 0;
    if (series_id(connection, job_id, name, axis, &id, err) ||
        db_run(connection, STATEMENT_point_put, DB_ARGS(db_int(id), db_int(x), db_real(value)),
               NULL, NULL, err))
        return -1;
    for (int level = 1; level <= LEVELS; level++)
        if (db_run(connection, STATEMENT_point_widen,
                   DB_ARGS(db_int(id), db_int(level), db_int(x >> (level * LEVEL_BITS)),
                           db_real(value)),
                   NULL, NULL, err))
            return -1;
    return 0;
}

static int add_numbers(struct db_connection *connection, int64_t job_id, int64_t epoch,
                       const json_t *object, struct error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
        if (json_is_number(value) && strcmp(key, "epoch") &&
            series_add_point(connection, job_id, key, SERIES_EPOCH, epoch,
                             json_number_value(value), err))
            return -1;
    return 0;
}

int series_add_epoch(struct db_connection *connection, int64_t job_id, int64_t epoch,
                     const json_t *data, struct error *err)
{
    const json_t *extra = json_object_get(data, "extra_metrics");

    return add_numbers(connection, job_id, epoch, data, err) ||
                   (json_is_object(extra) && add_numbers(connection, job_id, epoch, extra, err))
               ? -1
               : 0;
}

/* --- reading --------------------------------------------------------------------------------- */

static int last_x(struct app *app, int64_t id, struct arena *arena, int64_t *x, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_point_last, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    *x = rows.count ? db_at(&rows, 0, 0)->integer : 0;
    return 0;
}

/* The finest level of which a stretch has few rows: up to 8 for each bucket of the answer, so that
 * it has no fewer than half as many buckets as were asked for. */
static int choose_level(int64_t span, int64_t points)
{
    int level = 0;

    while (level < LEVELS && (span >> (level * LEVEL_BITS)) > ROWS_PER_BUCKET * points)
        level++;
    return level;
}

static void widen(struct series_bucket *bucket, const struct series_bucket *by)
{
    bucket->minimum = fmin(bucket->minimum, by->minimum);
    bucket->maximum = fmax(bucket->maximum, by->maximum);
    bucket->last = by->last;
    bucket->to = by->to;
}

/* Rows of a level to buckets of `resolution`. */
static void fill(struct series *series, const struct db_rows *rows, int shift, int64_t from)
{
    int64_t current = -1;

    for (int i = 0; i < rows->count; i++) {
        int64_t x = db_at(rows, i, 0)->integer << shift;
        struct series_bucket row = { .from = x, .to = x + ((int64_t)1 << shift) - 1,
                                     .minimum = db_at(rows, i, 1)->real,
                                     .maximum = db_at(rows, i, 2)->real,
                                     .last = db_at(rows, i, 3)->real };
        int64_t bucket = (x > from ? x - from : 0) / series->resolution;

        if (bucket == current)
            widen(&series->buckets[series->count - 1], &row);
        else
            series->buckets[series->count++] = row;
        current = bucket;
    }
}

int series_read(struct app *app, int64_t job_id, const char *name, int64_t from, int64_t to,
                int64_t points, struct arena *arena, struct series *series, struct error *err)
{
    struct db_rows found, rows;
    int64_t id, end, span;
    int shift;

    if (db_read(app->db, STATEMENT_series_find, DB_ARGS(db_int(job_id), db_text(name)), arena,
                &found, err))
        return -1;
    if (!found.count)
        return FAIL(err, NOT_FOUND, "No metric named '%s'", name);
    id = db_at(&found, 0, 0)->integer;
    if (last_x(app, id, arena, &end, err))
        return -1;
    if (to <= 0 || to > end)
        to = end;
    if (from < 0)
        from = 0;
    span = to >= from ? to - from + 1 : 0;
    shift = choose_level(span, points) * LEVEL_BITS;
    if (db_read(app->db, STATEMENT_point_range,
                DB_ARGS(db_int(id), db_int(shift / LEVEL_BITS), db_int(from >> shift),
                        db_int(to >> shift)),
                arena, &rows, err))
        return -1;
    *series = (struct series){ .name = name, .axis = db_at(&found, 0, 1)->text,
                               .buckets = ARENA_ARRAY(arena, struct series_bucket, rows.count + 1),
                               .resolution = (span + points - 1) / points };
    if (series->resolution < (int64_t)1 << shift)
        series->resolution = (int64_t)1 << shift;
    fill(series, &rows, shift, from);
    return 0;
}

int series_list(struct app *app, int64_t job_id, struct arena *arena, struct series **series,
                int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_series_list, DB_ARGS(db_int(job_id)), arena, &rows, err))
        return -1;
    *series = ARENA_ARRAY(arena, struct series, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*series)[i] = (struct series){ .name = db_at(&rows, i, 0)->text,
                                        .axis = db_at(&rows, i, 1)->text };
    return 0;
}
