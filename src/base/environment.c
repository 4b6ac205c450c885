/* environment.c - see environment.h. */

#include "base/environment.h"

#include "base/error.h"

#include <stdlib.h>

const char *environment_find(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

int environment_number(const char *name, double fallback, double least, double most, double *value,
                       struct error *err)
{
    const char *text = environment_find(name);
    char *end;

    *value = fallback;
    if (!text)
        return 0;
    *value = strtod(text, &end);
    if (!*end && *value >= least && *value <= most) /* which a NaN is not */
        return 0;
    return FAIL(err, INVALID, "%s must be a number from %g to %g, not '%s'", name, least, most,
                text);
}
