/* job_json.h - a training job on the wire: section 2.3 of the contract. */
#ifndef API_JOB_JSON_H
#define API_JOB_JSON_H

#include "app/jobs.h"

void put_job(struct json_writer *w, const struct job *job, const char *project_name);
void put_jobs(struct json_writer *w, const struct job *jobs, int count,
              const struct project *project);

#endif
