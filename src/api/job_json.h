/* job_json.h - training jobs on the wire, and finding the one of a path. */
#ifndef API_JOB_JSON_H
#define API_JOB_JSON_H

#include "api/api_internal.h"
#include "app/jobs/job_control.h"

void put_job(struct json_writer *w, const struct job *job, const char *project_name);
/* With their places in the queue.  project: of all of them; NULL: each is looked up. */
void put_jobs(struct call *call, struct json_writer *w, const struct job *jobs, int count,
              const struct project *project);
/* What only a running or waiting job has, into an open object.  queue NULL: it is looked at. */
void put_live(struct call *call, struct json_writer *w, const struct job *job,
              const struct job_queue *queue);
/* Only where it waits. */
void put_queue_place(struct call *call, struct json_writer *w, const struct job *job,
                     const struct job_queue *queue);

/* ?status= &q= &sort= &order=; false: the answer names the one that does not fit. */
bool call_read_job_order(struct call *call, struct job_page *page);

/* The members of an open object. */
void put_job_members(struct json_writer *w, const struct job *job, const char *project_name);

/* The job of the path's first id, if the caller has this right in its project; false: answered.
 * Whose it is does not show: no access reads like no job. */
bool call_open_job(struct call *call, enum right right, struct job *job, struct project *project);
/* The same of another id, for what belongs to a job: `missing` is then said of that. */
bool call_open_job_by(struct call *call, int64_t id, enum right right, const char *missing,
                      struct job *job, struct project *project);

#endif
