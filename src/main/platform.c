/* platform.c - see platform.h. */

#include "main/platform.h"

#include "app/datasets/datasets.h"
#include "app/jobs/job_control.h"
#include "app/services/services.h"
#include "trainer/trainer.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* The training service inside speaks to the app by plain calls: these two are the whole seam. */
static int deliver(void *context, const json_t *message, struct error *err)
{
    return control_event(context, message, err);
}

static void call_module(void *context, const char *method, const char *path,
                        const json_t *parameters, int *status, json_t **answer)
{
    struct platform *platform = context;
    struct trainer_answer got = { 0 };

    trainer_call(platform->trainer, method, path, parameters, &got);
    *status = got.status;
    *answer = got.body;
}

static const char *find_url(const char *name)
{
    const char *url = environment_find(name);

    return url ? url : environment_find("TRAINING_SERVICE_URL");
}

static int read_patience(struct services_options *o, struct error *err)
{
    bool failed =
        environment_number("SERVICE_LIST_SECONDS", 5, 0.1, 3600, &o->list_seconds, err) ||
        environment_number("SERVICE_SCHEMA_SECONDS", 10, 0.1, 3600, &o->schema_seconds, err) ||
        environment_number("SERVICE_START_SECONDS", 30, 0.1, 3600, &o->start_seconds, err) ||
        environment_number("MODEL_CACHE_SECONDS", 3600, 0.1, 1e9, &o->cache_seconds, err);

    return failed ? -1 : 0;
}

static int open_services(struct platform *p, const struct platform_options *o, struct error *err)
{
    struct trainer_options trainer = { .engine = o->engine, .data_folder = p->app->data_folder,
                                       .sink = { .deliver = deliver, .context = p->app } };
    struct services_options services = {
        .urls = { find_url("TIMM_SERVICE_URL"), find_url("ULTRALYTICS_SERVICE_URL"),
                  find_url("HUGGINGFACE_SERVICE_URL") },
        .module = o->no_trainer ? NULL : call_module, .module_context = p,
    };

    if (read_patience(&services, err))
        return -1;
    p->app->services = services_new(&services);
    return o->no_trainer ? 0 : trainer_open(&p->trainer, &trainer, err);
}

/* The API comes last: nobody may call before all parts are there.  Events of engines that were
 * found running again are applied while the trainer opens; the queue, which may start a job when it
 * hears of an end, has to wait until it is open. */
int platform_open(struct platform *platform, const struct platform_options *options,
                  struct error *err)
{
    struct api_options api = options->api;

    *platform = (struct platform){ 0 };
    if (!app_open(&platform->app, &options->app, err)) {
        control_open(platform->app);
        api.app = platform->app;
        if (!open_services(platform, options, err) && !datasets_open(platform->app, err)) {
            control_run(platform->app);
            if (!api_open(&platform->api, &api, err))
                return 0;
        }
    }
    platform_close(platform, false);
    return -1;
}

void platform_close(struct platform *platform, bool stop_engines)
{
    if (platform->trainer)
        trainer_interrupt(platform->trainer); /* nobody waits for an hour's check of a dataset */
    if (platform->app)
        datasets_interrupt(platform->app);
    api_close(platform->api);
    if (platform->app) {
        datasets_close(platform->app);
        control_close(platform->app);
    }
    if (platform->trainer)
        trainer_close(platform->trainer, stop_engines);
    if (platform->app)
        services_free(platform->app->services);
    app_close(platform->app);
}
