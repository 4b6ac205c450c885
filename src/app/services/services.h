/* services.h - the training services: who they are, and what they say they can train.
 *
 * A service is a module inside this process or an HTTP server; both speak the same contract
 * (trainer/trainer.h).  Each of the three frameworks has the URL of
 * TIMM_SERVICE_URL, ULTRALYTICS_SERVICE_URL, HUGGINGFACE_SERVICE_URL, else TRAINING_SERVICE_URL,
 * else the module inside, if there is one; without any of them it is left out.
 */
#ifndef APP_SERVICES_H
#define APP_SERVICES_H

#include "app/app.h"

/* Answers one call: the module inside the process. */
typedef void service_module(void *context, const char *method, const char *path,
                            const json_t *parameters, int *status, json_t **answer);

struct services_options {
    const char *urls[3]; /* timm, ultralytics, huggingface; NULL: the module */
    service_module *module; /* NULL: none */
    void *module_context;
    double list_seconds, schema_seconds, start_seconds; /* timeouts; 0: 5, 10, 30 */
    double cache_seconds;                               /* of the list of models; 0: an hour */
};

struct services *services_new(const struct services_options *options);
void services_free(struct services *services); /* NULL is fine */

/* Is there a service for it? */
bool services_know(const struct services *services, const char *framework);

/* One call.  UNAVAILABLE, without saying where it runs, when the service does not answer; any
 * status is an answer.  *answer is the caller's and never NULL after 0. */
int services_call(struct app *app, const char *framework, const char *method, const char *path,
                  const json_t *parameters, double timeout_seconds, int *status, json_t **answer,
                  struct error *err);

/* How long one may take to start a job. */
double services_start_seconds(const struct services *services);

/* All models of all services, asked at the same time; those the seeds name first.  Kept for
 * cache_seconds, never when a service was missing; a list that was complete once is given again
 * while services are away.  No service at all: a few definitions that are built in.  A new
 * reference. */
json_t *services_models(struct app *app, bool refresh);

/* A model of that list, or NULL; borrowed from it. */
const json_t *models_find(const json_t *models, const char *framework, const char *name);

/* "classification" -> "image_classification"; others as they are. */
const char *task_type_full(const char *task_type);
/* By which score the task's networks are judged unless a job says otherwise. */
const char *task_primary_metric(const char *task_type);

/* {"fields", "presets"...} of a framework, as the service answers; UNAVAILABLE "Training Service
 * unavailable: ..."; NOT_FOUND for a framework that nobody knows. */
int services_schema(struct app *app, const char *framework, const char *task_type,
                    json_t **schema, struct error *err);

#endif
