/* dataset_access.c - see dataset_access.h. */

#include "app/datasets/dataset_access.h"

#include "app/datasets/datasets.h"
#include "base/error.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int dataset_access_id(struct app *app, const struct user *user, const char *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct dataset dataset;
    int result = datasets_get(app, user, id, RIGHT_VIEW, &arena, &dataset, err);

    arena_release(&arena);
    return result;
}

/* resolved, if it is root itself or below it. */
static bool is_below(const char *resolved, const char *root)
{
    char real[PATH_MAX];
    size_t length;

    if (!*root || !realpath(root, real))
        return false;
    length = strlen(real);
    return !strncmp(resolved, real, length) && (resolved[length] == '/' || !resolved[length]);
}

static bool is_below_any(const char *resolved, const char *roots, struct arena *arena)
{
    while (*roots) {
        size_t length = strcspn(roots, ":");

        if (is_below(resolved, arena_strndup(arena, roots, length)))
            return true;
        roots += length + (roots[length] == ':');
    }
    return false;
}

/* What was uploaded belongs to somebody: a path to it opens no more than its id. */
static bool is_open_upload(struct app *app, const struct user *user, const char *resolved,
                           struct arena *arena)
{
    char root[PATH_MAX];
    const char *id;
    struct error ignored;

    if (!realpath(app_path(app, "datasets", arena), root) ||
        !is_below(resolved, root) || resolved[strlen(root)] != '/')
        return false;
    id = resolved + strlen(root) + 1;
    return !dataset_access_id(app, user, arena_strndup(arena, id, strcspn(id, "/")), &ignored);
}

int dataset_access_path(struct app *app, const struct user *user, const char *path,
                        struct error *err)
{
    const char *roots = getenv("DATASET_ROOTS");
    struct arena arena = ARENA_INIT;
    char resolved[PATH_MAX];
    struct stat info;
    bool allowed;

    allowed = *path == '/' && realpath(path, resolved) && !stat(resolved, &info) &&
              S_ISDIR(info.st_mode) &&
              (is_open_upload(app, user, resolved, &arena) ||
               is_below(resolved, app_path(app, "samples", &arena)) ||
               is_below_any(resolved, roots && *roots ? roots : "/app/datasets", &arena));
    arena_release(&arena);
    return allowed ? 0 : FAIL(err, INVALID, "Dataset not found: %s", path);
}
