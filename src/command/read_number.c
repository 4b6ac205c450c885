/* read_number.c - numbers of options that no configuration field describes. */

#include "command/command.h"

#include <errno.h>
#include <stdlib.h>

int command_read_number(const char *text, const char *name, double least, double most, double *out,
                        struct error *err)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= least && value <= most))
        return FAIL(err, INVALID, "%s must be within %g and %g, not '%s'", name, least, most, text);
    *out = value;
    return 0;
}

int command_read_integer(const char *text, const char *name, int least, int most, int *out,
                         struct error *err)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < least || value > most)
        return FAIL(err, INVALID, "%s must be a whole number within %d and %d, not '%s'", name,
                    least, most, text);
    *out = (int)value;
    return 0;
}
