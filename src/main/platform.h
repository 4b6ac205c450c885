/* platform.h - the parts of `fovea serve` put together: app, training service, scheduler, API. */
#ifndef MAIN_PLATFORM_H
#define MAIN_PLATFORM_H

#include "api/api.h"

struct trainer;

struct platform_options {
    struct app_options app;
    struct api_options api; /* .app is filled in */
    const char *engine;     /* NULL: fovea-engine beside this program */
    bool no_trainer;        /* only services elsewhere, by their URLs */
};

struct platform {
    struct app *app;
    struct trainer *trainer;
    struct api *api;
};

int platform_open(struct platform *platform, const struct platform_options *options,
                  struct error *err);
/* Running requests end first.  Engines go on unless `stop_engines`: then each writes its checkpoint
 * before this returns. */
void platform_close(struct platform *platform, bool stop_engines);

#endif
