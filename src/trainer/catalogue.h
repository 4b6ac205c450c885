/* catalogue.h - what the engine can train, and with which settings.
 *
 * Asked from the engine once per build of it and kept in STATE_FOLDER/catalogue.json; asked again
 * when its file or the folder of installed weights has changed.  Any thread.
 */
#ifndef TRAINER_CATALOGUE_H
#define TRAINER_CATALOGUE_H

#include "trainer/trainer_internal.h"

struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *catalogue); /* NULL is fine */

/* The models of the service's framework that do the task (NULL: any), in the engine's order.  Both
 * spellings of a key are there: params and parameters, input_size and default_image_size,
 * pretrained_available and pretrained.  The caller's. */
int catalogue_models(struct trainer *trainer, const char *task_type, json_t **models,
                     struct error *err);

/* {framework, task_type, schema: {fields}, presets}, the caller's.  NOT_FOUND: the engine has no
 * such framework or task. */
int catalogue_schema(struct trainer *trainer, const char *framework, const char *task_type,
                     json_t **schema, struct error *err);

/* The machine as the engine sees it: "AMD EPYC, caches ..., avx512, 2 threads"; the caller's. */
int catalogue_device(struct trainer *trainer, json_t **device, struct error *err);

#endif
