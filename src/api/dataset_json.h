/* dataset_json.h - data sets on the wire, and what their routes share with those of uploads. */
#ifndef API_DATASET_JSON_H
#define API_DATASET_JSON_H

#include "api/api_internal.h"
#include "app/datasets/uploads.h"

void put_dataset(struct json_writer *w, const struct dataset *dataset);
/* The members of an open object. */
void put_dataset_members(struct json_writer *w, const struct dataset *dataset);

/* The data set after an upload; "import" says what became of the files.  With wait=1 after the
 * doctor has looked. */
void send_imported(struct call *call, int status, struct dataset *dataset,
                   const struct archive_account *account);

/* The data set of the path, if the caller has this right; false: answered. */
bool call_open_dataset(struct call *call, enum right right, struct dataset *dataset);
/* "1" or "true" */
bool call_query_is_true(struct call *call, const char *name);
/* JSON as text in the arena; NULL stays NULL. */
const char *call_written(struct call *call, const json_t *value);

#endif
