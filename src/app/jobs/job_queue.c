/* job_queue.c - the thread that starts waiting jobs and looks after running ones; see
 * job_control.h. */

#include "app/jobs/job_control_internal.h"

#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_SECONDS 2
#define SILENCE_SECONDS 10.0 /* then the service is asked */
#define ASK_SECONDS 5.0
#define LOST_SECONDS 120.0 /* a service that does not answer for so long has lost its jobs */

/* --- what jobs said last --------------------------------------------------------------------- */

static struct job_pulse *pulse_of(struct job_control *control, int64_t id)
{
    int oldest = 0;

    for (int i = 0; i < PULSES; i++) {
        if (control->pulses[i].id == id)
            return &control->pulses[i].pulse;
        if (control->pulses[i].pulse.heard_at < control->pulses[oldest].pulse.heard_at)
            oldest = i;
    }
    control->pulses[oldest].id = id;
    control->pulses[oldest].pulse = (struct job_pulse){ 0 };
    return &control->pulses[oldest].pulse;
}

void control_hear(struct app *app, int64_t id, const char *event, const json_t *data)
{
    struct job_control *control = app->control;
    struct job_pulse *pulse;

    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    pulse = pulse_of(control, id);
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

    *pulse = (struct job_pulse){ 0 };
    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    for (int i = 0; i < PULSES; i++)
        if (control->pulses[i].id == id)
            *pulse = control->pulses[i].pulse;
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
    bool started = false;

    if (!jobs_get(app, id, &arena, &job, &err)) {
        start.resume = job.start_resume;
        if (!jobs_start(app, id, &start, &attempt, &err))
            started = !control_launch(app, &job, attempt, job.start_resume, job.start_checkpoint,
                                      &err);
        if (started && !jobs_get(app, id, &arena, &job, &err))
            app_tell(app, &(struct job_news){ .job = &job, .old_status = "pending" });
    }
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

static void report_lost(struct app *app, const struct job *job, const char *cause)
{
    json_t *message = json_pack("{s:I, s:s, s:I, s:{s:s}}", "job_id", (json_int_t)job->id, "event",
                                "training_failed", "attempt", (json_int_t)job->attempt, "data",
                                "error_message", cause);
    struct error err;

    if (control_event(app, message, &err))
        log_error("job %lld: %s", (long long)job->id, err.text);
    json_decref(message);
}

/* Without an event for a while: does its service still know it? */
static void look_after(struct app *app, int64_t id)
{
    struct arena arena = ARENA_INIT;
    json_t *answer = NULL, *nothing = json_object();
    struct job_pulse pulse;
    struct error err;
    struct job job;
    int status;

    control_pulse(app, id, &pulse);
    if (!pulse.heard_at)
        control_hear(app, id, "found", NULL);
    else if (clock_seconds() - pulse.heard_at > SILENCE_SECONDS &&
             !jobs_get(app, id, &arena, &job, &err)) {
        const char *cause = NULL;

        if (services_call(app, job.framework, "GET",
                          arena_printf(&arena, "/training/status/%lld", (long long)id), nothing,
                          ASK_SECONDS, &status, &answer, &err)) {
            if (clock_seconds() - pulse.heard_at > LOST_SECONDS)
                cause = "Lost contact: the training service does not answer";
        } else if (status == 404) {
            cause = "Lost contact: the training service does not know this job";
        } else {
            const char *state = json_string_value(json_object_get(answer, "status"));

            if (state && !strcmp(state, "running"))
                control_hear(app, id, "alive", NULL);
        }
        if (cause)
            report_lost(app, &job, cause);
    }
    json_decref(answer);
    json_decref(nothing);
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
        start_waiting(control->app);
        look_after_all(control->app);
    }
    return NULL;
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
    BUG_IF(pthread_create(&control->thread, NULL, work, control));
}

void control_close(struct app *app)
{
    struct job_control *control = app->control;

    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    control->closing = true;
    pthread_cond_signal(&control->changed);
    pthread_mutex_unlock(&control->lock);
    pthread_join(control->thread, NULL);
}

void control_free(struct job_control *control)
{
    if (!control)
        return;
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
