/* job_lists.c - pages of training jobs: by project, by person, sorted, searched; see jobs.h.
 *
 * A page in any order costs the same in a project of a million jobs, because each order has its
 * index and counts are kept by triggers.  A search reads rows, so it is given a number of them. */

#include "app/jobs/jobs.h"
#include "app/search.h"

#include "base/error.h"
#include "store/columns.h"

#include <stdlib.h>
#include <string.h>

#define RECORD struct job
static const struct column columns[] = { COLUMNS_TABLE(JOB_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

#define SEARCHED_OF_EACH 2000 /* newest jobs of a project, where all projects are searched */

const char *const job_sort_names[JOB_SORT_COUNT] = { "created", "name", "accuracy", "updated" };
const char *const job_status_names[JOB_STATUS_COUNT] = { "pending", "running",   "completed",
                                                         "failed",  "cancelled", "stopped" };

static const struct {
    enum statement falling, rising, status_falling, status_rising;
} orders[JOB_SORT_COUNT] = {
#define ORDER(sort, name)                                                              \
    [sort] = { STATEMENT_job_list_by_##name, STATEMENT_job_list_by_##name##_rising,     \
               STATEMENT_job_list_status_by_##name, STATEMENT_job_list_status_by_##name##_rising }
    ORDER(JOB_SORT_CREATED, created),
    ORDER(JOB_SORT_NAME, name),
    ORDER(JOB_SORT_ACCURACY, accuracy),
    ORDER(JOB_SORT_UPDATED, updated),
#undef ORDER
};

static void take(const struct db_rows *rows, struct arena *arena, struct job **jobs, int *count)
{
    *count = rows->count;
    *jobs = ARENA_ARRAY(arena, struct job, rows->count + 1);
    for (int i = 0; i < rows->count; i++)
        columns_read(columns, COLUMN_COUNT, rows, i, &(*jobs)[i]);
}

/* --- of a project ---------------------------------------------------------------------------- */

/* "7" and "#7" find job 7. */
static int64_t number_in(const char *text)
{
    char *end;
    long long id = strtoll(text + (*text == '#'), &end, 10);

    return *end ? 0 : id;
}

static int search(struct app *app, int64_t project_id, const struct job_page *page,
                  struct arena *arena, struct db_rows *rows, int64_t *total, struct error *err)
{
    struct db_value project = db_int(project_id), status = db_text(page->status);
    struct db_value pattern = search_pattern(page->search, arena);
    struct db_value id = db_int(number_in(page->search)), most = db_int(JOB_SEARCH_MOST);
    enum statement statement = page->rising ? STATEMENT_job_search_rising : STATEMENT_job_search;
    struct db_rows counted;

    if (db_read(app->db, statement,
                DB_ARGS(project, status, pattern, id, most, db_int(page->limit),
                        db_int(page->offset), db_text(job_sort_names[page->sort])),
                arena, rows, err) ||
        db_read(app->db, STATEMENT_job_search_count, DB_ARGS(project, status, pattern, id, most),
                arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    return 0;
}

static int list(struct app *app, int64_t project_id, const struct job_page *page,
                struct arena *arena, struct db_rows *rows, int64_t *total, struct error *err)
{
    struct db_value project = db_int(project_id), status = db_text(page->status);
    struct db_value limit = db_int(page->limit), offset = db_int(page->offset);
    struct db_rows counted;
    int result;

    if (page->status)
        result = db_read(app->db,
                         page->rising ? orders[page->sort].status_rising
                                      : orders[page->sort].status_falling,
                         DB_ARGS(project, status, limit, offset), arena, rows, err);
    else
        result = db_read(app->db,
                         page->rising ? orders[page->sort].rising : orders[page->sort].falling,
                         DB_ARGS(project, limit, offset), arena, rows, err);
    if (result ||
        db_read(app->db, STATEMENT_job_count, DB_ARGS(project, status), arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    return 0;
}

int jobs_list(struct app *app, int64_t project_id, const struct job_page *page, struct arena *arena,
              struct job **jobs, int *count, int64_t *total, struct error *err)
{
    bool is_search = page->search && *page->search;
    struct db_rows rows;

    if (is_search ? search(app, project_id, page, arena, &rows, total, err)
                  : list(app, project_id, page, arena, &rows, total, err))
        return -1;
    take(&rows, arena, jobs, count);
    return 0;
}

/* --- of all projects of a person ------------------------------------------------------------- */

int jobs_list_visible(struct app *app, const struct user *user, const struct job_page *page,
                      struct arena *arena, struct job **jobs, int *count, struct error *err)
{
    static const enum statement statements[2][2] = {
        { STATEMENT_job_visible_created, STATEMENT_job_visible_status_created },
        { STATEMENT_job_visible_updated, STATEMENT_job_visible_status_updated },
    };
    bool all = permission_has(user->system_role, PERMISSION_all_projects);
    bool is_search = page->search && *page->search;
    struct db_value pattern = search_pattern(page->search, arena);
    struct db_value id = db_int(is_search ? number_in(page->search) : 0);
    int64_t of_each = is_search ? SEARCHED_OF_EACH : page->limit + page->offset;
    struct db_rows rows;

    if (db_read(app->db,
                statements[page->sort == JOB_SORT_UPDATED][page->status != NULL],
                DB_ARGS(db_int(user->id), db_int(all), db_text(page->status), pattern, id,
                        db_int(of_each - 1), db_int(page->limit), db_int(page->offset)),
                arena, &rows, err))
        return -1;
    take(&rows, arena, jobs, count);
    return 0;
}

/* --- what a project's jobs are about --------------------------------------------------------- */

int jobs_summary(struct app *app, int64_t project_id, struct arena *arena,
                 struct job_summary *summary, struct error *err)
{
    struct db_rows counts, newest;

    if (db_read(app->db, STATEMENT_job_count_of_project, DB_ARGS(db_int(project_id)), arena,
                &counts, err) ||
        db_read(app->db, STATEMENT_job_list_by_updated,
                DB_ARGS(db_int(project_id), db_int(1), db_int(0)), arena, &newest, err))
        return -1;
    *summary = (struct job_summary){ .count = counts.count };
    summary->statuses = ARENA_ARRAY(arena, struct job_status_count, counts.count + 1);
    for (int i = 0; i < counts.count; i++) {
        summary->statuses[i] = (struct job_status_count){ .status = db_at(&counts, i, 0)->text,
                                                          .jobs = db_at(&counts, i, 1)->integer };
        summary->total += summary->statuses[i].jobs;
    }
    if (newest.count) {
        struct job job;

        columns_read(columns, COLUMN_COUNT, &newest, 0, &job);
        summary->last_activity_at = job.updated_at;
    }
    return 0;
}
