/* split_check.h - a job's split_strategy, before a job is made. */
#ifndef APP_SPLIT_CHECK_H
#define APP_SPLIT_CHECK_H

#include "base/json.h"

/* {method use_dataset|auto|custom, ratio, seed, custom_splits {path: train|val|test|null},
 * exclude_images [path]}: what is wrong with its form, or NULL.  Whether the data set has these
 * images is the engine's to say, which knows them all. */
const char *split_check(const json_t *strategy);

#endif
