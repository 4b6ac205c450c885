/* admin.h - running the platform: accounts as administrators and managers see them, all projects,
 * the settings.
 *
 * Managers see and change the accounts below their own role, and no others: those are NOT_FOUND to
 * them.  Nobody demotes, deactivates or removes himself, and one administrator always stays.
 */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "app/accounts/projects.h"

/* --- accounts -------------------------------------------------------------------------------- */

struct account_page {
    const char *search;  /* in email and name; NULL: all */
    const char *role;    /* NULL: all */
    int is_active;       /* 1, 0; -1: either */
    int64_t limit, offset;
};

struct account {
    struct user user;
    int64_t project_count;
};

/* DENIED unless the actor may see accounts. */
int accounts_list(struct app *app, const struct user *actor, const struct account_page *page,
                  struct arena *arena, struct account **accounts, int *count, int64_t *total,
                  struct error *err);
int accounts_get(struct app *app, const struct user *actor, int64_t id, struct arena *arena,
                 struct account *account, struct error *err);

/* role NULL: the setting default_role.  password NULL: none will do until one has been set by the
 * link whose token is given. */
int accounts_add(struct app *app, const struct user *actor, const struct user *profile,
                 const char *password, const char *role, struct arena *arena,
                 struct account *account, const char **link_token, struct error *err);

/* What is NULL, or -1, stays. */
struct account_change {
    const char *role;
    int is_active;
};
int accounts_change(struct app *app, const struct user *actor, int64_t id,
                    const struct account_change *change, struct error *err);
int accounts_remove(struct app *app, const struct user *actor, int64_t id, struct error *err);

/* --- projects -------------------------------------------------------------------------------- */

struct project_page {
    const char *search; /* in the name; NULL: all */
    int64_t user_id;    /* of the owner; 0: any */
    int64_t limit, offset;
};

/* Of everybody; DENIED to who may not. */
int projects_search(struct app *app, const struct user *actor, const struct project_page *page,
                    struct arena *arena, struct project **projects, int *count, int64_t *total,
                    struct error *err);
/* The new owner is a member no longer, the old one becomes an admin of the project.  NOT_FOUND
 * "User not found", INVALID for a guest or one who is not active, CONFLICT when he has one of that
 * name. */
int projects_hand_over(struct app *app, const struct project *project, int64_t user_id,
                       struct error *err);

/* --- overview --------------------------------------------------------------------------------- */

struct platform_overview {
    struct role_count {
        const char *role;
        int64_t users, active;
    } *roles;
    struct job_status_count *statuses; /* app/jobs/jobs.h */
    int role_count, status_count;
    int64_t project_count, dataset_count;
    int64_t *running; /* ids of jobs */
    int running_count;
};
/* DENIED */
int overview_read(struct app *app, const struct user *actor, struct arena *arena,
                  struct platform_overview *overview, struct error *err);

/* --- settings -------------------------------------------------------------------------------- */

#define RUNNING_LIMIT_MOST 1000

/* Kept in the database; what was never set follows how the server was started. */
struct platform_settings {
    int open_registration;      /* 1, 0; -1: not set */
    const char *default_role;   /* of who registers; below manager */
    int64_t jobs_running_limit; /* at a time */
};

int settings_read(struct app *app, struct arena *arena, struct platform_settings *settings,
                  struct error *err);
int settings_write(struct app *app, const struct platform_settings *settings, struct error *err);

#endif
