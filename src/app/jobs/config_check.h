/* config_check.h - an advanced_config against the schema of its framework, before a job is made. */
#ifndef APP_CONFIG_CHECK_H
#define APP_CONFIG_CHECK_H

#include "base/arena.h"
#include "base/json.h"

struct config_problem {
    const char *field, *message;
};

/* Every value that does not fit: unknown fields, wrong types, numbers out of range, choices that do
 * not exist, and fields that belong to the job itself (folders, paths, names).  *count 0: it fits.
 * schema: the answer of services_schema(). */
void config_check(const json_t *schema, const json_t *config, struct arena *arena,
                  struct config_problem **problems, int *count);

/* Is this field part of the job's own data, and not of its advanced_config? */
bool config_is_of_job(const char *field);

#endif
