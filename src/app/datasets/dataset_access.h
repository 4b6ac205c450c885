/* dataset_access.h - may this person train on that dataset? */
#ifndef APP_DATASET_ACCESS_H
#define APP_DATASET_ACCESS_H

#include "app/accounts/users.h"

/* One's own, one of a project that one may view, or a public one.  NOT_FOUND "Dataset not found" */
int dataset_access_id(struct app *app, const struct user *user, const char *id, struct error *err);

/* A folder on this machine below an allowed root: DATA/samples, DATA/datasets/ID of a dataset that
 * the user may view, and those in DATASET_ROOTS (with colons between; /app/datasets without it).
 * INVALID "Dataset not found: PATH", whether it is missing or not allowed: nobody learns what else
 * lies on the disk. */
int dataset_access_path(struct app *app, const struct user *user, const char *path,
                        struct error *err);

#endif
