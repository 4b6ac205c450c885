/* settings.c - what an administrator sets at run time; see admin.h. */

#include "app/operations/admin.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Who finds his way to a server whose registration is open, its own machine to begin with, came to
 * train: a guest could make no project. */
#define DEFAULT_ROLE ROLE_STANDARD_ENGINEER

static int read_one(struct app *app, const char *name, struct arena *arena, const char **value,
                    struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_setting_get, DB_ARGS(db_text(name)), arena, &rows, err))
        return -1;
    *value = rows.count ? db_at(&rows, 0, 0)->text : NULL;
    return 0;
}

static bool role_fits(const char *role)
{
    return role_find(role) >= 0 && role_find(role) < ROLE_MANAGER;
}

/* What somebody wrote by hand and does not fit is as good as not set. */
int settings_read(struct app *app, struct arena *arena, struct platform_settings *settings,
                  struct error *err)
{
    const char *open, *role, *limit;

    if (read_one(app, "open_registration", arena, &open, err) ||
        read_one(app, "default_role", arena, &role, err) ||
        read_one(app, "jobs_running_limit", arena, &limit, err))
        return -1;
    settings->open_registration = !open ? -1 : !strcmp(open, "1");
    settings->default_role = role_fits(role) ? role : role_names[DEFAULT_ROLE];
    settings->jobs_running_limit = limit ? strtoll(limit, NULL, 10) : 1;
    if (settings->jobs_running_limit < 1 || settings->jobs_running_limit > RUNNING_LIMIT_MOST)
        settings->jobs_running_limit = 1;
    return 0;
}

struct writing {
    const struct platform_settings *settings;
    char limit[24];
};

static int write_all(struct db_connection *connection, void *context, struct error *err)
{
    const struct writing *w = context;
    int open = w->settings->open_registration;
    struct db_value name = db_text("open_registration");

    if (open < 0 ? db_run(connection, STATEMENT_setting_remove, DB_ARGS(name), NULL, NULL, err)
                 : db_run(connection, STATEMENT_setting_put,
                          DB_ARGS(name, db_text(open ? "1" : "0")), NULL, NULL, err))
        return -1;
    if (db_run(connection, STATEMENT_setting_put,
               DB_ARGS(db_text("default_role"), db_text(w->settings->default_role)), NULL, NULL,
               err))
        return -1;
    return db_run(connection, STATEMENT_setting_put,
                  DB_ARGS(db_text("jobs_running_limit"), db_text(w->limit)), NULL, NULL, err);
}

int settings_write(struct app *app, const struct platform_settings *settings, struct error *err)
{
    struct writing writing = { .settings = settings };

    if (!role_fits(settings->default_role))
        return FAIL(err, INVALID,
                    "default_role must be guest, standard_engineer or advanced_engineer");
    if (settings->jobs_running_limit < 1 || settings->jobs_running_limit > RUNNING_LIMIT_MOST)
        return FAIL(err, INVALID, "jobs_running_limit must be a number from 1 to %d",
                    RUNNING_LIMIT_MOST);
    snprintf(writing.limit, sizeof(writing.limit), "%lld",
             (long long)settings->jobs_running_limit);
    return db_transact(app->db, write_all, &writing, err);
}
