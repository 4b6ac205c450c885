/* trainer.h - a training service: the service contract in front of fovea-engine.
 *
 * It starts one engine process per job, in a session of its own, so that it outlives the service;
 * reads what the engine appends to events.jsonl; passes each event on, in order, until the backend
 * has taken it; and says how the process ended.  After a restart it finds its engines again by
 * process id and start time.  The same object answers `fovea trainer` over HTTP and `fovea serve`
 * by plain calls: there is one dispatch, trainer_call().
 *
 *   GET  /health                     {status, service, framework, version, device, running_jobs}
 *   GET  /models/list                {framework, model_count, total, models}; task_type
 *   GET  /models/{name}              one of them; name may hold a slash
 *   GET  /config/schema              {framework, task_type, schema: {fields}, presets}
 *        /config-schema              the same
 *   POST /training/start             {job_id, attempt?, framework, model_name, task_type,
 *                                     dataset_path, dataset_format, num_classes, output_dir,
 *                                     epochs, batch_size, learning_rate, optimizer, pretrained,
 *                                     advanced_config, project_id, checkpoint_path, resume,
 *                                     image_size?, device?, primary_metric?, primary_metric_mode?,
 *                                     split_strategy?}: the last is the path of a file of it
 *                                    {status: "started", job_id, pid}; 409 when it runs already
 *   POST /training/preflight         as start, starts nothing: the engine's --dry-run; 400 in the
 *                                    engine's words when it does not fit
 *   POST /training/stop/{job_id}     {job_id, status: "stopped" | "already_stopped", message,
 *                                     ended}; ended false: it has been told, and is seen through
 *   GET  /training/status/{job_id}   {job_id, status, error, pid, attempt, started_at,
 *                                     last_event_at, epoch, exit_code}; -N: killed by signal N
 *   POST /inference/predict          {checkpoint_path, image_path, top_k, confidence_threshold,
 *        /inference/quick            strict, iou_threshold?, max_detections?}; both are the same
 *                                    {predictions, inference_time_ms, was_loaded, ...}
 *   POST /datasets/check             {dataset_path, thumbnails_folder?, format?, task?}: the
 *                                    doctor's report; with the folder also small pictures,
 *                                    files.jsonl and annotations.jsonl in it
 *   POST /datasets/fix               {dataset_path, quarantine_folder, ids?, format?, task?}:
 *                                    change label files as the report's fixes with these ids say
 *                                    (without ids all), and keep in the folder what they were
 *                                    {status: "fixed"}
 *
 * Files    dataset_path without a slash is the id of a dataset below dataset_folder; a relative
 *          output_dir lies below data_folder.  Two small files per run, job_ID.json and
 *          job_ID.position of STATE_FOLDER (trainer/run_state.h).
 * Threads  trainer_call() may be called from any thread and may wait, up to the engine's answer.
 */
#ifndef TRAINER_TRAINER_H
#define TRAINER_TRAINER_H

#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct error;
struct trainer;

/* Where events go.  A message is {job_id, event, attempt, seq, timestamp, data}: attempt is that of
 * the start request, seq the engine's, or 0 where the service itself speaks (how a process ended).
 * Returns 0 when the backend has it, else it is told again later, with growing pauses; kind
 * INVALID, DENIED and NOT_FOUND mean that it will never be taken: it is logged and left out.
 * Messages of one job come one after the other; those of different jobs from different threads.
 *
 * Where the engine said nothing, the service ends with training_failed {error_message, traceback,
 * exit_code, epoch, checkpoint_path}, or training_stopped {message, ...} after a request to stop.
 * What the engine prints comes as `log` events with log_type stderr. */
struct trainer_sink {
    int (*deliver)(void *context, const json_t *message, struct error *err);
    void *context;
};

struct trainer_options {
    const char *framework;      /* whose models it has, "timm"; NULL: all of the engine */
    const char *engine;         /* NULL: fovea-engine beside this program */
    const char *data_folder;    /* base of relative folders */
    const char *dataset_folder; /* NULL: DATA_FOLDER/datasets */
    const char *state_folder;   /* NULL: DATA_FOLDER/trainer */
    const char *weights_folder; /* NULL: DATA_FOLDER/weights */
    struct trainer_sink sink;
    int resident_limit;             /* predictors kept; 0: 2 */
    int64_t resident_memory_bytes;  /* of them together; 0: half of what is free */
};

/* Takes up the engines that still run; tells how those ended that do not. */
int trainer_open(struct trainer **out, const struct trainer_options *options, struct error *err);

/* Calls that wait for the engine, which may take an hour, give up soon with 503: for use before
 * threads that may be in one are waited for.  Runs go on. */
void trainer_interrupt(struct trainer *trainer);

/* No call may be inside.  Engines go on unless `stop_engines`: then each is asked to write its
 * checkpoint and waited for.  NULL is fine. */
void trainer_close(struct trainer *trainer, bool stop_engines);

struct trainer_answer {
    int status;   /* of HTTP */
    json_t *body; /* the caller's; an error is {"detail": text} */
};

/* parameters: the query and the body as one object; may be NULL. */
void trainer_call(struct trainer *trainer, const char *method, const char *path,
                  const json_t *parameters, struct trainer_answer *answer);

#endif
