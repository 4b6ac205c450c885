/* job_queue.c - the thread that starts waiting jobs and looks after running ones; see
 * job_control.h. */

#include "app/jobs/job_control_internal.h"

#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_SECONDS 2
#define SILENCE_SECONDS 10.0 /* then the service is asked */
#define ENDING_SECONDS 60.0 /* that the engine of a cancelled job may take */
#define LOST_SECONDS 120.0 /* a service that does not answer for so long has lost its jobs */

/* --- what jobs said last --------------------------------------------------------------------- */

/* With the lock held; NULL: there is none. */
static struct job_memory *find_memory(struct job_control *control, int64_t id)
{
    for (int i = 0; i < PULSES; i++)
        if (control->memories[i].id == id)
            return &control->memories[i];
    return NULL;
}

/* With the lock held: that of the job, else the oldest one. */
static struct job_memory *memory_of(struct job_control *control, int64_t id)
{
    struct job_memory *memory = find_memory(control, id), *oldest = control->memories;

    for (int i = 0; !memory && i < PULSES; i++) {
        struct job_memory *other = &control->memories[i];
        bool is_older = other->pulse.heard_at < oldest->pulse.heard_at;

        if (!other->launches && (oldest->launches || is_older))
            oldest = other;
    }
    if (!memory) {
        memory = oldest;
        *memory = (struct job_memory){ .id = id };
    }
    return memory;
}

static void note_launch(struct app *app, int64_t id, int change)
{
    struct job_control *control = app->control;
    struct job_memory *memory;

    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    memory = memory_of(control, id);
    memory->launches += change;
    memory->pulse.heard_at = clock_seconds(); /* its service has just been asked */
    pthread_mutex_unlock(&control->lock);
}

void control_launch_begins(struct app *app, int64_t id)
{
    note_launch(app, id, 1);
}

void control_launch_ends(struct app *app, int64_t id)
{
    note_launch(app, id, -1);
}

static bool is_launching(struct app *app, int64_t id)
{
    struct job_control *control = app->control;
    const struct job_memory *memory;
    bool launching;

    if (!control)
        return false;
    pthread_mutex_lock(&control->lock);
    memory = find_memory(control, id);
    launching = memory && memory->launches > 0;
    pthread_mutex_unlock(&control->lock);
    return launching;
}

bool control_engine_runs(struct app *app, const struct job *job)
{
    struct engine_report report;

    if (is_launching(app, job->id))
        return true;
    control_ask_engine(app, job, &report);
    return !strcmp(report.state, "running");
}

void control_hear(struct app *app, int64_t id, const char *event, const json_t *data)
{
    struct job_control *control = app->control;
    struct job_pulse *pulse;

    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    pulse = &memory_of(control, id)->pulse;
    if (!strcmp(event, "start"))
        *pulse = (struct job_pulse){ 0 };
    pulse->heard_at = clock_seconds();
    if (!strcmp(event, "step")) {
        pulse->epoch = json_integer_value(json_object_get(data, "epoch"));
        pulse->step = json_integer_value(json_object_get(data, "step"));
        pulse->steps = json_integer_value(json_object_get(data, "steps"));
        pulse->images_per_second = json_number_value(json_object_get(data, "images_per_second"));
        pulse->eta_seconds = json_number_value(json_object_get(data, "eta_s"));
        pulse->rss_mb = json_number_value(json_object_get(data, "rss_mb"));
    }
    pthread_mutex_unlock(&control->lock);
}

void control_pulse(struct app *app, int64_t id, struct job_pulse *pulse)
{
    struct job_control *control = app->control;
    const struct job_memory *memory;

    *pulse = (struct job_pulse){ 0 };
    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    memory = find_memory(control, id);
    if (memory)
        *pulse = memory->pulse;
    pthread_mutex_unlock(&control->lock);
}

/* --- the queue ------------------------------------------------------------------------------- */

int64_t control_places(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    struct error ignored;
    int64_t places = 0;

    if (!db_read(app->db, STATEMENT_setting_get, DB_ARGS(db_text("jobs_running_limit")), &arena,
                 &rows, &ignored) &&
        rows.count)
        places = strtoll(db_at(&rows, 0, 0)->text, NULL, 10);
    arena_release(&arena);
    return places > 0 ? places : 1;
}

/* Start one that waits; false: none could be. */
static bool start_next(struct app *app, int64_t id)
{
    struct arena arena = ARENA_INIT;
    struct job_start start = { .from_queue = true, .places = control_places(app) };
    struct error err;
    struct job job;
    int64_t attempt;
    bool left_queue = false, started = false;

    control_launch_begins(app, id);
    if (!jobs_get(app, id, &arena, &job, &err)) {
        start.resume = job.start_resume;
        left_queue = !jobs_start(app, id, &start, &attempt, &err);
        started = left_queue && !control_launch(app, &job, attempt, job.start_resume,
                                                job.start_checkpoint, &err);
    }
    control_launch_ends(app, id);
    if (left_queue && !jobs_get(app, id, &arena, &job, &err))
        app_tell(app, &(struct job_news){ .job = &job, .old_status = "pending" });
    arena_release(&arena);
    return started;
}

static void start_waiting(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    int64_t *ids;
    int count;

    if (!jobs_queue(app, &arena, &ids, &count, &err))
        for (int i = 0; i < count && start_next(app, ids[i]); i++)
            ;
    arena_release(&arena);
}

int control_queue(struct app *app, struct arena *arena, struct job_queue *queue, struct error *err)
{
    *queue = (struct job_queue){ .places = control_places(app), ._soonest_seconds = NAN };
    if (jobs_queue(app, arena, &queue->waiting, &queue->waiting_count, err) ||
        jobs_running(app, arena, &queue->running, &queue->running_count, err) ||
        jobs_mean_seconds(app, &queue->_mean_seconds, err))
        return -1;
    for (int i = 0; i < queue->running_count; i++) {
        struct job_pulse pulse;

        control_pulse(app, queue->running[i], &pulse);
        if (pulse.eta_seconds > 0) /* fmin leaves out a NAN */
            queue->_soonest_seconds = fmin(queue->_soonest_seconds, pulse.eta_seconds);
    }
    return 0;
}

struct queue_place job_queue_place(const struct job_queue *queue, int64_t id)
{
    struct queue_place place = { .eta_seconds = NAN };

    for (int i = 0; i < queue->waiting_count && !place.position; i++)
        if (queue->waiting[i] == id)
            place.position = i + 1;
    if (place.position)
        place.eta_seconds = queue->_soonest_seconds;
    if (place.position > 1)
        place.eta_seconds += queue->_mean_seconds * (double)((place.position - 1) / queue->places);
    return place;
}

/* --- running jobs ---------------------------------------------------------------------------- */

static void report_end(struct app *app, const struct job *job, const char *event,
                       const char *cause)
{
    json_t *message = json_pack("{s:I, s:s, s:I, s:{}}", "job_id", (json_int_t)job->id, "event",
                                event, "attempt", (json_int_t)job->attempt, "data");
    struct error err;

    if (*cause)
        json_object_set_new(json_object_get(message, "data"), "error_message", json_string(cause));
    if (control_event(app, message, &err))
        log_error("job %lld: %s", (long long)job->id, err.text);
    json_decref(message);
}

static void report_lost(struct app *app, const struct job *job, const char *cause)
{
    char text[128];

    snprintf(text, sizeof(text), "Lost contact: the training service %s", cause);
    report_end(app, job, "training_failed", text);
}

/* The event of an end that the service knows of, NULL: of none. */
static const char *end_of(const struct engine_report *report)
{
    static const char *const ends[][2] = { { "completed", "training_complete" },
                                           { "failed", "training_failed" },
                                           { "stopped", "training_stopped" } };

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (!strcmp(report->state, ends[i][0]))
            return ends[i][1];
    return NULL;
}

/* What a service says of a job that runs as far as we know.  An end of this attempt may be on its
 * way to us as an event, behind others, and gets the time of a service that does not answer; an
 * earlier attempt says that this one never began, or that its engine was never ended. */
static void weigh(struct app *app, const struct job *job, const struct engine_report *report,
                  double silence)
{
    bool is_earlier = report->attempt && report->attempt < job->attempt;
    const char *end = end_of(report);
    struct error ignored;

    if (report->status == 404)
        report_lost(app, job, "does not know this job");
    else if (end && is_earlier)
        report_lost(app, job, "has not begun this attempt");
    else if (end && silence > LOST_SECONDS)
        report_end(app, job, end, report->error);
    else if (!end && *report->state && is_earlier)
        control_ask_to_stop(app, job, &ignored); /* its end is weighed in a later round */
    else if (!end && *report->state)
        control_hear(app, job->id, "alive", NULL);
    else if (!end && silence > LOST_SECONDS)
        report_lost(app, job, report->status ? "does not say how it is" : "does not answer");
}

/* Without an event for a while: does its service still know it?  The job is read before anything
 * else: if it runs, its launch has been noted. */
static void look_after(struct app *app, int64_t id)
{
    struct arena arena = ARENA_INIT;
    struct engine_report report;
    struct job_pulse pulse;
    struct error err;
    struct job job;
    double silence;

    if (!jobs_get(app, id, &arena, &job, &err) && !strcmp(job.status, "running") &&
        !is_launching(app, id)) {
        control_pulse(app, id, &pulse);
        silence = clock_seconds() - pulse.heard_at;
        if (!pulse.heard_at) {
            control_hear(app, id, "found", NULL);
        } else if (silence > SILENCE_SECONDS) {
            control_ask_engine(app, &job, &report);
            weigh(app, &job, &report, silence);
        }
    }
    arena_release(&arena);
}

static void look_after_all(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    int64_t *ids;
    int count;

    if (!jobs_running(app, &arena, &ids, &count, &err))
        for (int i = 0; i < count; i++)
            look_after(app, ids[i]);
    arena_release(&arena);
}

/* --- engines of cancelled jobs --------------------------------------------------------------- */

/* Its place is free when its engine has ended; who has not done so in time is asked once more, as
 * the service may not have been reached. */
static void look_after_ending(struct app *app, int64_t id)
{
    struct arena arena = ARENA_INIT;
    struct engine_report report;
    struct error err;
    struct job job;

    if (!jobs_get(app, id, &arena, &job, &err) && !is_launching(app, id)) {
        double seconds = (double)(clock_unix_microseconds() - job.updated_at) / 1e6;

        control_ask_engine(app, &job, &report);
        if (!report.status ? seconds > LOST_SECONDS : strcmp(report.state, "running") != 0)
            jobs_engine_gone(app, id, job.attempt, &err);
        else if (report.status && seconds > ENDING_SECONDS && !strcmp(job.status, "cancelled"))
            control_ask_to_stop(app, &job, &err);
    }
    arena_release(&arena);
}

static void look_after_endings(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct error err;
    int64_t *ids;
    int count;

    if (!jobs_ending(app, &arena, &ids, &count, &err))
        for (int i = 0; i < count; i++)
            look_after_ending(app, ids[i]);
    arena_release(&arena);
}

/* --- the thread ------------------------------------------------------------------------------ */

void control_kick(struct app *app)
{
    struct job_control *control = app->control;

    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    control->kicked = true;
    pthread_cond_signal(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

static bool wait_for_round(struct job_control *control)
{
    struct timespec until;
    bool goes_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_SECONDS;
    pthread_mutex_lock(&control->lock);
    while (!control->kicked && !control->closing &&
           !pthread_cond_timedwait(&control->changed, &control->lock, &until))
        ;
    control->kicked = false;
    goes_on = !control->closing;
    pthread_mutex_unlock(&control->lock);
    return goes_on;
}

static void *work(void *context)
{
    struct job_control *control = context;

    while (wait_for_round(control)) {
        look_after_endings(control->app);
        start_waiting(control->app);
        look_after_all(control->app);
    }
    return NULL;
}

/* Files that were about to be given to a service or an engine, whose request is gone. */
static void empty_temporary(struct app *app)
{
    struct arena arena = ARENA_INIT;
    struct error err;

    if (file_remove_tree(app_path(app, "tmp", &arena), &err))
        log_warn("what was left in tmp/ stays: %s", err.text);
    arena_release(&arena);
}

void control_open(struct app *app)
{
    struct job_control *control = calloc(1, sizeof(*control));
    pthread_condattr_t attributes;

    BUG_IF(!control || pthread_mutex_init(&control->lock, NULL));
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_IF(pthread_cond_init(&control->changed, &attributes));
    pthread_condattr_destroy(&attributes);
    control->app = app;
    app->control = control;
    empty_temporary(app);
}

void control_run(struct app *app)
{
    struct job_control *control = app->control;

    BUG_IF(pthread_create(&control->thread, NULL, work, control));
    control->is_running = true;
}

void control_close(struct app *app)
{
    struct job_control *control = app->control;

    if (!control || !control->is_running)
        return;
    pthread_mutex_lock(&control->lock);
    control->closing = true;
    pthread_cond_signal(&control->changed);
    pthread_mutex_unlock(&control->lock);
    pthread_join(control->thread, NULL);
    control->is_running = false;
}

void control_free(struct job_control *control)
{
    if (!control)
        return;
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
