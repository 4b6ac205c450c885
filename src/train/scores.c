/* scores.c - see scores.h. */

#include "train/scores.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

void scores_add(struct scores *scores, const char *name, double value)
{
    BUG_IF(scores->count == SCORES_MAX);
    scores->names[scores->count] = name;
    scores->values[scores->count++] = value;
}

bool scores_find(const struct scores *scores, const char *name, double *value)
{
    for (int i = 0; i < scores->count; i++)
        if (!strcmp(scores->names[i], name)) {
            *value = scores->values[i];
            return true;
        }
    return false;
}

double scores_get(const struct scores *scores, const char *name)
{
    double value = 0;

    scores_find(scores, name, &value);
    return value;
}

void scores_write(const struct scores *scores, struct json_writer *w, const char *except)
{
    for (int i = 0; i < scores->count; i++)
        if (!except || strcmp(scores->names[i], except))
            json_put_number(w, scores->names[i], scores->values[i]);
}
