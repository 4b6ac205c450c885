/* job_support.c - see job_support.h. */

#include "job_support.h"

#include "app/jobs/job_control_internal.h"
#include "app/services/services.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answer_start(struct service *s, const json_t *parameters, int *status, json_t **answer)
{
    const char *folder = json_string_value(json_object_get(parameters, "output_dir"));
    const char *split = json_string_value(json_object_get(parameters, "split_strategy"));

    s->starts++;
    s->started_job = json_integer_value(json_object_get(parameters, "job_id"));
    s->attempt = json_integer_value(json_object_get(parameters, "attempt"));
    s->resume = json_is_true(json_object_get(parameters, "resume"));
    snprintf(s->output_dir, sizeof(s->output_dir), "%s", folder ? folder : "");
    snprintf(s->split, sizeof(s->split), "%s", split ? split : "");
    *status = s->start_status;
    *answer = json_pack("{s:s, s:s}", "status", "started", "detail", "no room");
}

static void module(void *context, const char *method, const char *path, const json_t *parameters,
                   int *status, json_t **answer)
{
    struct service *s = context;

    pthread_mutex_lock(&s->lock);
    *status = 200;
    *answer = NULL;
    if (!strcmp(path, "/training/start"))
        answer_start(s, parameters, status, answer);
    else if (str_starts_with(path, "/training/stop/"))
        s->stops++;
    else if (str_starts_with(path, "/training/status/")) {
        *status = s->forgets ? 404 : 200;
        if (s->state)
            *answer = json_pack("{s:s, s:I, s:n}", "status", s->state, "attempt",
                                (json_int_t)s->state_attempt, "error");
    }
    else if (!strcmp(path, "/models/list") && !strcmp(method, "GET"))
        *answer = json_pack("{s:[{s:s, s:s, s:[s]}]}", "models", "framework",
                            json_string_value(json_object_get(parameters, "framework")),
                            "model_name", "resnet18", "task_types", "image_classification");
    pthread_mutex_unlock(&s->lock);
}

void setup_init(struct setup *s)
{
    struct user profile = { .email = "ada@example.com" };
    struct project wanted = { .name = "Dog vs Cat" };
    struct app_options options;
    struct error err;

    *s = (struct setup){ .folder = test_folder(), .service.start_status = 200 };
    CHECK(!pthread_mutex_init(&s->service.lock, NULL));
    options = (struct app_options){ .data_folder = s->folder };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    s->app->services = services_new(&(struct services_options){ .module = module,
                                                                .module_context = &s->service });
    control_open(s->app);
    control_run(s->app);
    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s->arena,
                            &s->user, &err), err);
    CHECK_OK(projects_add(s->app, &s->user, &wanted, &s->arena, &s->project, &err), err);
}

void setup_release(struct setup *s)
{
    control_close(s->app);
    services_free(s->app->services);
    app_close(s->app);
    arena_release(&s->arena);
    pthread_mutex_destroy(&s->service.lock);
}

struct job add_with_split(struct setup *s, const char *split_strategy)
{
    struct job wanted = { .project_id = s->project.id, .user_id = s->user.id, .framework = "timm",
                          .model_name = "resnet18", .task_type = "image_classification",
                          .dataset_path = "/data/cats", .epochs = 3, .batch_size = 8,
                          .learning_rate = 0.01, .split_strategy = split_strategy };
    struct error err;
    struct job job;

    CHECK_OK(control_create(s->app, &wanted, &s->arena, &job, &err), err);
    return job;
}

struct job add(struct setup *s)
{
    return add_with_split(s, NULL);
}

const char *status_of(struct setup *s, int64_t id)
{
    struct error err;
    struct job job;

    CHECK_OK(jobs_get(s->app, id, &s->arena, &job, &err), err);
    return job.status;
}

void wait_for(struct setup *s, int64_t id, const char *status)
{
    double until = clock_seconds() + 20;

    while (strcmp(status_of(s, id), status) && clock_seconds() < until)
        usleep(5000);
    CHECK_TEXT(status_of(s, id), status);
}

void say_state(struct setup *s, const char *state, int64_t attempt)
{
    pthread_mutex_lock(&s->service.lock);
    s->service.state = state;
    s->service.state_attempt = attempt;
    pthread_mutex_unlock(&s->service.lock);
}

void be_silent(struct setup *s, int64_t id, double seconds)
{
    struct job_control *control = s->app->control;

    pthread_mutex_lock(&control->lock);
    for (int i = 0; i < PULSES; i++)
        if (control->memories[i].id == id)
            control->memories[i].pulse.heard_at = clock_seconds() - seconds;
    pthread_mutex_unlock(&control->lock);
    control_kick(s->app);
}

void write_checkpoint(struct setup *s, const struct job *job)
{
    struct error err;

    CHECK_OK(file_replace(arena_printf(&s->arena, "%s/%s/checkpoints/latest.safetensors", s->folder,
                                       job->output_dir), "x", 1, &err), err);
}

int count_metrics(struct setup *s, int64_t id)
{
    struct job_metric *metrics;
    struct error err;
    int count;

    CHECK_OK(jobs_metrics(s->app, id, 100, &s->arena, &metrics, &count, &err), err);
    return count;
}

int start(struct setup *s, int64_t id, int resume, bool *queued, struct error *err)
{
    return control_start(s->app, id, &(struct start_request){ .resume = resume }, queued, err);
}

void report(struct setup *s, int64_t id, const char *event, const char *data)
{
    json_t *message = json_pack("{s:I, s:s}", "job_id", (json_int_t)id, "event", event);
    struct error err;

    json_object_set_new(message, "data", json_parse(data, strlen(data), "data", &err));
    CHECK_OK(control_event(s->app, message, &err), err);
    json_decref(message);
}
