/* job_control.c - what people do with jobs; see job_control.h. */

#include "app/jobs/job_control_internal.h"

#include "app/datasets/datasets.h"
#include "app/jobs/job_results.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_SECONDS 10.0
#define FORCED_STOP_SECONDS 60.0
#define SAME_SECOND_MOST 1000
#define ASIDE "checkpoints-1"
#define OLDER "checkpoints-older"

/* --- folders --------------------------------------------------------------------------------- */

/* Rows may have been put in by hand: what lies elsewhere than below outputs/ is never removed. */
const char *control_output_folder(struct app *app, const struct job *job, struct arena *arena)
{
    const char *relative = job->output_dir;

    if (!relative || !str_starts_with(relative, "outputs/") || strstr(relative, "..") ||
        !relative[strlen("outputs/")])
        return NULL;
    return app_path(app, relative, arena);
}

/* outputs/PROJECT/20260131_120000_resnet18, with _2, _3 ... where two come in one second. */
static int make_output_folder(struct app *app, struct job *job, struct arena *arena,
                              struct error *err)
{
    static const char *const inside[] = { "checkpoints", "logs", "results" };
    time_t now = (time_t)(job->created_at / 1000000);
    char time_text[32], *model = arena_strdup(arena, job->model_name);
    const char *path;
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(time_text, sizeof(time_text), "%Y%m%d_%H%M%S", &tm);
    for (char *c = model; *c; c++)
        if (*c == '/' || *c == '.')
            *c = '_';
    path = app_path(app, arena_printf(arena, "outputs/%lld", (long long)job->project_id), arena);
    if (file_make_folders(path, err))
        return -1;
    for (int n = 1; n < SAME_SECOND_MOST; n++) {
        char *name = n == 1 ? arena_printf(arena, "outputs/%lld/%s_%s", (long long)job->project_id,
                                           time_text, model)
                            : arena_printf(arena, "outputs/%lld/%s_%s_%d",
                                           (long long)job->project_id, time_text, model, n);

        path = app_path(app, name, arena);
        job->output_dir = name;
        if (!mkdir(path, 0777))
            break;
        if (errno != EEXIST || n == SAME_SECOND_MOST - 1)
            return FAIL_ERRNO(err, "%s cannot be made", name);
    }
    for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
        if (mkdir(arena_printf(arena, "%s/%s", path, inside[i]), 0777))
            return FAIL_ERRNO(err, "%s/%s cannot be made", job->output_dir, inside[i]);
    return 0;
}

static void remove_output_folder(struct app *app, const struct job *job)
{
    struct arena arena = ARENA_INIT;
    const char *folder = control_output_folder(app, job, &arena);
    struct error err;

    if (folder && file_remove_tree(folder, &err))
        log_warn("job %lld: %s", (long long)job->id, err.text);
    arena_release(&arena);
}

/* Is there an attempt whose checkpoints the engine puts aside? */
static bool has_checkpoints(const char *folder, struct arena *arena)
{
    struct error none;
    char **names;
    int count;

    return folder && !file_list(arena, file_join(arena, folder, "checkpoints"), &names, &count,
                                &none) &&
           count;
}

static int move_over(const char *from, const char *to, struct error *err)
{
    if (file_remove_tree(to, err))
        return -1;
    return rename(from, to) ? FAIL_ERRNO(err, "'%s' cannot become '%s'", from, to) : 0;
}

void control_make_room(struct app *app, const struct job *job)
{
    struct arena arena = ARENA_INIT;
    const char *folder = control_output_folder(app, job, &arena), *aside;
    struct error err;

    if (has_checkpoints(folder, &arena) &&
        file_exists(aside = file_join(&arena, folder, ASIDE)) &&
        move_over(aside, file_join(&arena, folder, OLDER), &err))
        log_warn("job %lld: %s", (long long)job->id, err.text);
    arena_release(&arena);
}

void control_use_room(struct app *app, const struct job *job, bool was_started)
{
    struct arena arena = ARENA_INIT;
    const char *folder = control_output_folder(app, job, &arena), *older;
    struct error err;

    if (folder) {
        older = file_join(&arena, folder, OLDER);
        /* An engine that began although its service said nothing has put its own there by now. */
        if ((was_started || rename(older, file_join(&arena, folder, ASIDE))) &&
            file_remove_tree(older, &err))
            log_warn("job %lld: %s", (long long)job->id, err.text);
    }
    arena_release(&arena);
}

int control_create(struct app *app, const struct job *wanted, struct arena *arena, struct job *job,
                   struct error *err)
{
    struct job made = *wanted;

    made.created_at = clock_unix_microseconds();
    if (jobs_check(&made, err) || make_output_folder(app, &made, arena, err))
        return -1;
    if (!jobs_add(app, &made, arena, job, err))
        return 0;
    remove_output_folder(app, &made);
    return -1;
}

/* --- start ----------------------------------------------------------------------------------- */

static void tell_status(struct app *app, int64_t id, const char *old_status)
{
    struct arena arena = ARENA_INIT;
    struct error ignored;
    struct job job;

    if (!jobs_get(app, id, &arena, &job, &ignored))
        app_tell(app, &(struct job_news){ .job = &job, .old_status = old_status });
    arena_release(&arena);
}

/* Resuming needs something to go on from: without a checkpoint it is a start from the beginning,
 * but for a failed job, which then stays failed. */
static int settle_resume(struct app *app, const struct job *job,
                         const struct start_request *request, struct arena *arena, bool *resume,
                         struct error *err)
{
    const char *checkpoint;
    struct error none;
    bool has_checkpoint = !checkpoints_choose(app, job, NULL, arena, &checkpoint, &none);

    *resume = request->resume > 0 ||
              (request->resume < 0 && !strcmp(job->status, "stopped") && has_checkpoint);
    if (*resume && !has_checkpoint && !strcmp(job->status, "failed"))
        return FAIL(err, INVALID, "Cannot resume: the job has no checkpoint yet");
    return 0;
}

int control_start(struct app *app, int64_t id, const struct start_request *request, bool *queued,
                  struct error *err)
{
    struct job_start start = { .checkpoint_path = request->checkpoint_path,
                               .places = control_places(app) };
    struct arena arena = ARENA_INIT;
    struct job before;
    int64_t attempt;
    int result;

    *queued = false;
    control_launch_begins(app, id);
    result = jobs_get(app, id, &arena, &before, err) ||
                     settle_resume(app, &before, request, &arena, &start.resume, err)
                 ? -1
                 : 0;
    if (!result && jobs_start(app, id, &start, &attempt, err)) {
        *queued = err->kind == ERR_CONFLICT && !jobs_enqueue(app, id, &start, err);
        result = *queued ? 0 : -1;
    } else if (!result) {
        result = control_launch(app, &before, attempt, start.resume, start.checkpoint_path, err);
        if (result)
            err->kind = ERR_UNAVAILABLE; /* whatever the service has against it */
    }
    control_launch_ends(app, id);
    if (!result)
        tell_status(app, id, before.status);
    arena_release(&arena);
    if (*queued)
        control_kick(app); /* a place may have become free in between */
    return result;
}

/* --- stop ------------------------------------------------------------------------------------ */

/* Until the job no longer runs; true: it does not. */
static bool wait_until_ended(struct app *app, int64_t id, double seconds)
{
    double until = clock_seconds() + seconds;
    bool ended = false;

    while (!ended && clock_seconds() < until) {
        struct arena arena = ARENA_INIT;
        struct error ignored;
        struct job job;

        ended = jobs_get(app, id, &arena, &job, &ignored) || strcmp(job.status, "running") != 0;
        arena_release(&arena);
        if (!ended)
            usleep(20000);
    }
    return ended;
}

int control_stop(struct app *app, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err);

    if (!result && !strcmp(job.status, "running")) {
        result = control_ask_to_stop(app, &job, err);
        if (!result)
            wait_until_ended(app, id, STOP_WAIT_SECONDS);
    } else if (!result) {
        result = jobs_dequeue(app, id, err);
        if (!result)
            tell_status(app, id, job.status);
    }
    arena_release(&arena);
    return result;
}

int control_cancel(struct app *app, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct error ignored;
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err) || jobs_cancel(app, id, err) ? -1 : 0;

    if (!result) {
        /* An engine may run although its service has not said so when it was started. */
        bool may_run = !strcmp(job.status, "running") ||
                       (job.attempt && control_engine_runs(app, &job));

        if (may_run && control_ask_to_stop(app, &job, &ignored))
            log_warn("job %lld was cancelled, its service not reached: %s", (long long)id,
                        ignored.text);
        tell_status(app, id, job.status);
        control_kick(app);
    }
    arena_release(&arena);
    return result;
}

/* An engine that is writing its checkpoint would leave it in a folder that is gone. */
static void wait_for_engine(struct app *app, const struct job *job)
{
    double until = clock_seconds() + FORCED_STOP_SECONDS;

    while (control_engine_runs(app, job) && clock_seconds() < until)
        usleep(50000);
}

int control_restart(struct app *app, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err);
    const char *folder;

    if (!result && job.engine_ending)
        wait_for_engine(app, &job);
    if (!result)
        result = jobs_restart(app, id, err);
    folder = result ? NULL : control_output_folder(app, &job, &arena);
    if (folder) {
        remove_output_folder(app, &job);
        result = file_make_folders(arena_printf(&arena, "%s/checkpoints", folder), err) ||
                         file_make_folders(arena_printf(&arena, "%s/logs", folder), err) ||
                         file_make_folders(arena_printf(&arena, "%s/results", folder), err)
                     ? -1
                     : 0;
    }
    if (!result)
        tell_status(app, id, job.status);
    arena_release(&arena);
    return result;
}

int control_clone(struct app *app, int64_t id, const struct user *user, struct arena *arena,
                  struct job *job, struct error *err)
{
    struct job wanted;

    if (jobs_get(app, id, arena, &wanted, err) ||
        jobs_split_strategy(app, id, arena, &wanted.split_strategy, err))
        return -1;
    wanted.user_id = user->id;
    return control_create(app, &wanted, arena, job, err);
}

/* --- remove ---------------------------------------------------------------------------------- */

static int stop_for_removal(struct app *app, const struct job *job, bool force, struct error *err)
{
    struct error ignored;

    if (strcmp(job->status, "running")) {
        if (job->engine_ending)
            wait_for_engine(app, job);
        return 0;
    }
    if (!force)
        return FAIL(err, CONFLICT, "The job is running; stop it first, or use force=1");
    if (jobs_cancel(app, job->id, err))
        return -1;
    if (control_ask_to_stop(app, job, &ignored))
        log_warn("job %lld is removed, its service not reached: %s", (long long)job->id,
                 ignored.text);
    wait_for_engine(app, job);
    return 0;
}

int control_remove(struct app *app, int64_t id, bool force, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct job job;
    int result = jobs_get(app, id, &arena, &job, err) || stop_for_removal(app, &job, force, err) ||
                         jobs_remove(app, id, err)
                     ? -1
                     : 0;

    if (!result) {
        remove_output_folder(app, &job);
        control_kick(app);
    }
    arena_release(&arena);
    return result;
}

struct claim {
    int64_t project_id;
    bool force;
    struct arena *arena;
    struct db_rows jobs;
};

static int check_own_jobs(const struct db_rows *jobs, struct error *err)
{
    for (int i = 0; i < jobs->count; i++) {
        if (!strcmp(db_at(jobs, i, 1)->text, "running"))
            return FAIL(err, CONFLICT, "The project has running jobs; stop them first, or use "
                                       "force=1");
        if (db_at(jobs, i, 2)->integer)
            return FAIL(err, CONFLICT, "The project has queued jobs; stop them first, or use "
                                       "force=1");
    }
    return 0;
}

/* Nobody has the right to end what runs in another project. */
static int check_users_elsewhere(const struct db_rows *users, bool force, struct error *err)
{
    long long id;

    if (!users->count)
        return 0;
    id = (long long)db_at(users, 0, 0)->integer;
    if (!strcmp(db_at(users, 0, 1)->text, "running"))
        return FAIL(err, CONFLICT, "Training job %lld of another project runs with the dataset "
                                   "'%.100s': the project can be deleted when that has ended",
                    id, db_at(users, 0, 2)->text);
    return force ? 0
                 : FAIL(err, CONFLICT, "Training job %lld of another project is going to use the "
                                       "dataset '%.100s'; use force=1 to cancel it",
                        id, db_at(users, 0, 2)->text);
}

/* All that speaks against it, before anything goes; from here on no job of the project starts. */
static int claim_project(struct db_connection *connection, void *context, struct error *err)
{
    struct claim *claim = context;
    struct db_value id = db_int(claim->project_id);
    struct db_rows users;

    if (db_run(connection, STATEMENT_job_list_project_ids, DB_ARGS(id), claim->arena, &claim->jobs,
               err) ||
        db_run(connection, STATEMENT_dataset_users_elsewhere, DB_ARGS(id), claim->arena, &users,
               err) ||
        (!claim->force && check_own_jobs(&claim->jobs, err)) ||
        check_users_elsewhere(&users, claim->force, err))
        return -1;
    return db_run(connection, STATEMENT_job_hold_project, DB_ARGS(id), NULL, NULL, err);
}

int control_remove_project(struct app *app, int64_t project_id, bool force, int64_t *removed,
                           struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct claim claim = { .project_id = project_id, .force = force, .arena = &arena };
    int64_t datasets;
    int result = db_transact(app->db, claim_project, &claim, err);

    *removed = 0;
    for (int i = 0; !result && i < claim.jobs.count; i++) {
        result = control_remove(app, db_at(&claim.jobs, i, 0)->integer, force, err);
        *removed += !result;
    }
    if (!result)
        result = datasets_remove_of_project(app, project_id, force, &datasets, err) ||
                         projects_remove(app, project_id, err)
                     ? -1
                     : 0;
    if (!result)
        result = file_remove_tree(
            app_path(app, arena_printf(&arena, "outputs/%lld", (long long)project_id), &arena),
            err);
    arena_release(&arena);
    return result;
}

/* --- events ---------------------------------------------------------------------------------- */

static bool ends_job(const char *event)
{
    static const char *const names[] = { "training_complete", "training_failed", "training_stopped",
                                         "status" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(event, names[i]))
            return true;
    return false;
}

int control_event(struct app *app, const json_t *message, struct error *err)
{
    const json_t *id = json_object_get(message, "job_id"), *data = json_object_get(message, "data");
    const char *event = json_string_value(json_object_get(message, "event"));
    int64_t attempt = json_integer_value(json_object_get(message, "attempt"));
    int64_t seq = json_integer_value(json_object_get(message, "seq"));
    json_t *nothing = NULL;
    bool applied;
    int result;

    if (!json_is_integer(id) || !event)
        return FAIL(err, INVALID, "a message needs job_id (a number) and event (a text)");
    if (data && !json_is_object(data))
        return FAIL(err, INVALID, "data must be an object");
    if (!data)
        data = nothing = json_object();
    result =
        jobs_apply_event(app, json_integer_value(id), event, attempt, seq, data, &applied, err);
    if (!result && applied) {
        control_hear(app, json_integer_value(id), event, data);
        if (ends_job(event))
            control_kick(app);
    }
    json_decref(nothing);
    return result;
}
