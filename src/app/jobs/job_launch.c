/* job_launch.c - what training services are asked; see job_control.h. */

#include "app/jobs/job_control_internal.h"

#include "app/jobs/job_fit.h"
#include "app/services/services.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_SECONDS 40.0
#define STOP_LOST_SECONDS 10.0 /* an engine of which nobody knows whether it began */
#define STATUS_SECONDS 5.0
#define STATUS_CONFLICT 409
#define SPLIT_MEMBER "split_strategy"

static void set_text(json_t *object, const char *key, const char *value)
{
    json_object_set_new(object, key, value ? json_string(value) : json_null());
}

/* The body of /training/start (trainer/trainer.h). */
static json_t *start_body(struct app *app, const struct job *job, int64_t attempt, bool resume,
                          const char *checkpoint_path, struct arena *arena)
{
    json_t *body = json_object(), *advanced = NULL;
    struct error ignored;

    if (job->advanced_config)
        advanced = json_parse(job->advanced_config, strlen(job->advanced_config),
                              "advanced_config", &ignored);
    json_object_set_new(body, "job_id", json_integer(job->id));
    json_object_set_new(body, "attempt", json_integer(attempt));
    json_object_set_new(body, "project_id", json_integer(job->project_id));
    set_text(body, "framework", job->framework);
    set_text(body, "model_name", job->model_name);
    set_text(body, "task_type", task_type_full(job->task_type));
    set_text(body, "dataset_path", job->dataset_id ? job->dataset_id : job->dataset_path);
    set_text(body, "dataset_format", job_fit_format(app, job, arena));
    json_object_set_new(body, "num_classes",
                        job->num_classes && !job->attempt ? json_integer(job->num_classes)
                                                          : json_null());
    set_text(body, "output_dir", app_path(app, job->output_dir, arena));
    json_object_set_new(body, "epochs", json_integer(job->epochs));
    json_object_set_new(body, "batch_size", json_integer(job->batch_size));
    json_object_set_new(body, "learning_rate", json_real(job->learning_rate));
    set_text(body, "optimizer", job->optimizer);
    json_object_set_new(body, "pretrained", json_boolean(job->pretrained));
    json_object_set_new(body, "advanced_config", advanced ? advanced : json_null());
    set_text(body, "checkpoint_path",
             checkpoint_path ? app_path(app, checkpoint_path, arena) : NULL);
    json_object_set_new(body, "resume", json_boolean(resume));
    return body;
}

/* The split is a file, as it may be longer than a command line: of a run it stays with its other
 * files. */
static int add_split(json_t *body, const char *path, const char *strategy, struct error *err)
{
    if (file_replace(path, strategy, strlen(strategy), err))
        return -1;
    set_text(body, SPLIT_MEMBER, path);
    return 0;
}

static int add_split_of_job(struct app *app, const struct job *job, json_t *body,
                            struct arena *arena, struct error *err)
{
    const char *folder = app_path(app, job->output_dir, arena), *strategy;

    if (jobs_split_strategy(app, job->id, arena, &strategy, err))
        return -1;
    return strategy && (file_make_folders(folder, err) ||
                        add_split(body, arena_printf(arena, "%s/split_strategy.json", folder),
                                  strategy, err))
               ? -1
               : 0;
}

json_t *control_start_body(struct app *app, const struct job *job, struct arena *arena,
                           struct error *err)
{
    const char *folder = app_path(app, "tmp", arena);
    char *path = arena_printf(arena, "%s/split_XXXXXX", folder);
    struct job planned = *job;
    json_t *body;
    int fd;

    planned.output_dir = arena_printf(arena, "%s/preflight", app->data_folder);
    body = start_body(app, &planned, 0, false, NULL, arena);
    if (!job->split_strategy)
        return body;
    if (file_make_folders(folder, err) || (fd = mkstemp(path)) < 0) {
        json_decref(body);
        FAIL_ERRNO(err, "cannot make a file in '%s'", folder);
        return NULL;
    }
    close(fd);
    if (add_split(body, path, job->split_strategy, err)) {
        unlink(path);
        json_decref(body);
        return NULL;
    }
    return body;
}

void control_forget_body(json_t *body)
{
    const char *path = json_string_value(json_object_get(body, SPLIT_MEMBER));

    if (path)
        unlink(path);
    json_decref(body);
}

/* For people who look at the machine; nothing depends on it. */
static void note_process(struct app *app, const struct job *job, int64_t attempt, int64_t process)
{
    struct error ignored;

    if (process > 0 && db_write(app->db, STATEMENT_job_set_process,
                                DB_ARGS(db_int(job->id), db_int(attempt), db_int(process)), NULL,
                                NULL, &ignored))
        log_warn("job %lld: %s", (long long)job->id, ignored.text);
}

static int ask_to_stop(struct app *app, const struct job *job, double seconds, struct error *err)
{
    struct arena arena = ARENA_INIT;
    json_t *answer = NULL, *body = json_pack("{s:I}", "job_id", (json_int_t)job->id);
    int status, result;

    result = services_call(app, job->framework, "POST",
                           arena_printf(&arena, "/training/stop/%lld", (long long)job->id), body,
                           seconds, &status, &answer, err);
    json_decref(answer);
    json_decref(body);
    arena_release(&arena);
    return result;
}

/* A service that does not answer in time may have started the engine nevertheless, and one that has
 * an engine of this job already has one that nobody knows of, as the job runs only now.  Once the
 * job is put back nobody could stop it. */
static void stop_unknown_engine(struct app *app, const struct job *job)
{
    struct error ignored;

    if (ask_to_stop(app, job, STOP_LOST_SECONDS, &ignored))
        log_warn("job %lld: its engine may run, and could not be asked to stop: %s",
                 (long long)job->id, ignored.text);
}

static int ask_to_start(struct app *app, const struct job *job, int64_t attempt, bool resume,
                        const char *checkpoint_path, struct error *err)
{
    struct arena arena = ARENA_INIT;
    json_t *body = start_body(app, job, attempt, resume, checkpoint_path, &arena), *answer = NULL;
    int status = 0, result;

    result = add_split_of_job(app, job, body, &arena, err);
    if (!result) {
        result = services_call(app, job->framework, "POST", "/training/start", body,
                               services_start_seconds(app->services), &status, &answer, err);
        if (result || status == STATUS_CONFLICT)
            stop_unknown_engine(app, job);
    }
    if (!result && (status < 200 || status > 299)) {
        const char *detail = json_string_value(json_object_get(answer, "detail"));

        result = FAIL(err, UNAVAILABLE, "%s", detail ? detail : "the service refused");
    } else if (!result) {
        note_process(app, job, attempt, json_integer_value(json_object_get(answer, "pid")));
    }
    json_decref(answer);
    json_decref(body);
    arena_release(&arena);
    return result;
}

/* Accepted: the results of an earlier attempt may go.  Somebody may have cancelled or removed the
 * job meanwhile, when its service could not stop anything yet. */
static void settle_start(struct app *app, const struct job *before, int64_t attempt)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    struct job job;
    int failed = jobs_begun(app, before->id, attempt, &err);

    if (failed && err.kind != ERR_NOT_FOUND)
        log_warn("job %lld: %s", (long long)before->id, err.text); /* its first event does it */
    failed = jobs_get(app, before->id, &arena, &job, &err);
    if ((failed && err.kind == ERR_NOT_FOUND) || (!failed && !strcmp(job.status, "cancelled")))
        stop_unknown_engine(app, before);
    arena_release(&arena);
}

int control_launch(struct app *app, const struct job *before, int64_t attempt, bool resume,
                   const char *checkpoint_path, struct error *err)
{
    struct error ignored;
    bool was_started;

    if (!resume)
        control_make_room(app, before);
    was_started = !ask_to_start(app, before, attempt, resume, checkpoint_path, err);
    if (!resume)
        control_use_room(app, before, was_started);
    if (was_started) {
        control_hear(app, before->id, "start", NULL);
        settle_start(app, before, attempt);
        return 0;
    }
    log_warn("job %lld was not started: %s", (long long)before->id, err->text);
    /* Who had to wait does not see the refusal: the job says it. */
    if (jobs_revert_start(app, before, attempt,
                          before->queued_at ? err->text : before->error_message, &ignored))
        log_error("job %lld could not be put back: %s", (long long)before->id, ignored.text);
    return -1;
}

void control_ask_engine(struct app *app, const struct job *job, struct engine_report *report)
{
    struct arena arena = ARENA_INIT;
    json_t *answer = NULL, *nothing = json_object();
    const char *state, *cause;
    struct error ignored;

    *report = (struct engine_report){ 0 };
    if (services_call(app, job->framework, "GET",
                      arena_printf(&arena, "/training/status/%lld", (long long)job->id), nothing,
                      STATUS_SECONDS, &report->status, &answer, &ignored)) {
        report->status = 0;
    } else if (report->status == 200) {
        state = json_string_value(json_object_get(answer, "status"));
        cause = json_string_value(json_object_get(answer, "error"));
        report->attempt = json_integer_value(json_object_get(answer, "attempt"));
        snprintf(report->state, sizeof(report->state), "%s", state ? state : "");
        snprintf(report->error, sizeof(report->error), "%s", cause ? cause : "");
    }
    json_decref(answer);
    json_decref(nothing);
    arena_release(&arena);
}

int control_ask_to_stop(struct app *app, const struct job *job, struct error *err)
{
    return ask_to_stop(app, job, STOP_SECONDS, err);
}
