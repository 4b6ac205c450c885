/* environment.h - settings from the environment.  What is set to nothing is not set. */
#ifndef BASE_ENVIRONMENT_H
#define BASE_ENVIRONMENT_H

struct error;

/* NULL when it is not set; lent as getenv() lends. */
const char *environment_find(const char *name);

/* fallback when it is not set.  INVALID names it and its bounds. */
int environment_number(const char *name, double fallback, double least, double most, double *value,
                       struct error *err);

#endif
