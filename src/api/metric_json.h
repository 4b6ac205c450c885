/* metric_json.h - metrics by epoch on the wire. */
#ifndef API_METRIC_JSON_H
#define API_METRIC_JSON_H

#include "app/jobs/jobs.h"

void put_metrics(struct json_writer *w, const struct job_metric *metrics, int count);

#endif
