/* job_checkpoints.c - the checkpoints of a job; see job_results.h. */

#include "app/jobs/job_results.h"

#include "base/error.h"
#include "store/columns.h"

#include <string.h>
#include <unistd.h>

#define RECORD struct checkpoint_row
static const struct column columns[] = { COLUMNS_TABLE(CHECKPOINT_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

/* The engine keeps the newest few and removes the others: what is gone is not shown. */
int checkpoints_list(struct app *app, int64_t job_id, struct arena *arena,
                     struct checkpoint_row **list, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_checkpoint_list, DB_ARGS(db_int(job_id)), arena, &rows, err))
        return -1;
    *list = ARENA_ARRAY(arena, struct checkpoint_row, rows.count + 1);
    *count = 0;
    for (int i = 0; i < rows.count; i++) {
        struct checkpoint_row *row = &(*list)[*count];

        columns_read(columns, COLUMN_COUNT, &rows, i, row);
        if (!access(app_path(app, row->path, arena), R_OK))
            ++*count;
    }
    return 0;
}

/* NULL: there is none. */
static const char *find_latest(struct app *app, const struct job *job, struct arena *arena)
{
    static const char *const suffixes[] = { "safetensors", "pth", "pt" };

    for (size_t i = 0; *job->output_dir && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        const char *path = app_path(app, arena_printf(arena, "%s/checkpoints/latest.%s",
                                                      job->output_dir, suffixes[i]), arena);

        if (!access(path, R_OK))
            return path;
    }
    return NULL;
}

static bool is_of_job(struct app *app, const struct job *job, const char *path,
                      struct arena *arena)
{
    struct checkpoint_row *rows;
    struct error ignored;
    int count;

    if (checkpoints_list(app, job->id, arena, &rows, &count, &ignored))
        return false;
    for (int i = 0; i < count; i++)
        if (!strcmp(rows[i].path, path))
            return true;
    return false;
}

int checkpoints_choose(struct app *app, const struct job *job, const char *path,
                       struct arena *arena, const char **chosen, struct error *err)
{
    if (path) {
        if (!is_of_job(app, job, path, arena))
            return FAIL(err, NOT_FOUND, "Checkpoint not found");
        *chosen = app_path(app, path, arena);
        return 0;
    }
    *chosen = job->best_checkpoint_path ? app_path(app, job->best_checkpoint_path, arena) : NULL;
    if (!*chosen || access(*chosen, R_OK))
        *chosen = find_latest(app, job, arena);
    return *chosen ? 0 : FAIL(err, NOT_FOUND, "The job has no checkpoint yet");
}

int checkpoints_choose_any(struct app *app, const struct user *user, const char *path,
                           struct arena *arena, const char **chosen, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_checkpoint_jobs, DB_ARGS(db_text(path)), arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        struct project project;
        struct error ignored;
        struct job job;

        if (jobs_get(app, db_at(&rows, i, 0)->integer, arena, &job, &ignored) ||
            projects_open(app, user, job.project_id, RIGHT_VIEW, arena, &project, &ignored))
            continue;
        *chosen = app_path(app, path, arena);
        return access(*chosen, R_OK) ? FAIL(err, NOT_FOUND, "Checkpoint not found") : 0;
    }
    return FAIL(err, NOT_FOUND, "Checkpoint not found");
}
