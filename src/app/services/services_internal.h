/* services_internal.h - what services.c and service_models.c share. */
#ifndef APP_SERVICES_INTERNAL_H
#define APP_SERVICES_INTERNAL_H

#include "app/services/services.h"

#include <pthread.h>

enum { FRAMEWORKS = 3 };
extern const char *const framework_names[FRAMEWORKS];

struct services {
    struct services_options options;
    char *urls[FRAMEWORKS];
    pthread_mutex_t lock; /* of all below */
    json_t *models;       /* the last complete list */
    double models_time;
    double down_until[FRAMEWORKS]; /* not asked for its list before: a page must not wait for it */
};

#endif
