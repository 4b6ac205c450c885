/* job_fit.h - do a job's model, task and data set go together? */
#ifndef APP_JOB_FIT_H
#define APP_JOB_FIT_H

#include "app/jobs/jobs.h"

/* Fills dataset_format where the request says nothing.  INVALID says what does not fit: a format
 * that holds no labels of the task, or a data set that the doctor found to be for another task.  A
 * folder of the machine, and a data set that nobody has looked at yet, are left to the engine. */
int job_fit_dataset(struct app *app, struct job *job, struct arena *arena, struct error *err);

/* What the engine is told: what the doctor found, else what was said. */
const char *job_fit_format(struct app *app, const struct job *job, struct arena *arena);

#endif
