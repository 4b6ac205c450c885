/* overview.c - what there is on the platform, in numbers; see admin.h. */

#include "app/jobs/jobs.h"
#include "app/operations/admin.h"

#include "base/error.h"

static void take_roles(const struct db_rows *rows, struct arena *arena,
                       struct platform_overview *o)
{
    o->role_count = rows->count;
    o->roles = ARENA_ARRAY(arena, struct role_count, rows->count + 1);
    for (int i = 0; i < rows->count; i++)
        o->roles[i] = (struct role_count){ .role = db_at(rows, i, 0)->text,
                                           .users = db_at(rows, i, 1)->integer,
                                           .active = db_at(rows, i, 2)->integer };
}

static void take_statuses(const struct db_rows *rows, struct arena *arena,
                          struct platform_overview *o)
{
    o->status_count = rows->count;
    o->statuses = ARENA_ARRAY(arena, struct job_status_count, rows->count + 1);
    for (int i = 0; i < rows->count; i++)
        o->statuses[i] = (struct job_status_count){ .status = db_at(rows, i, 0)->text,
                                                    .jobs = db_at(rows, i, 1)->integer };
}

int overview_read(struct app *app, const struct user *actor, struct arena *arena,
                  struct platform_overview *o, struct error *err)
{
    struct db_rows roles, statuses, counts;

    *o = (struct platform_overview){ 0 };
    if (!permission_has(actor->system_role, PERMISSION_overview))
        return FAIL(err, DENIED, "Not enough permissions");
    if (db_read(app->db, STATEMENT_user_count_by_role, DB_NO_ARGS, arena, &roles, err) ||
        db_read(app->db, STATEMENT_job_count_by_status, DB_NO_ARGS, arena, &statuses, err) ||
        db_read(app->db, STATEMENT_overview_counts, DB_NO_ARGS, arena, &counts, err) ||
        jobs_running(app, arena, &o->running, &o->running_count, err))
        return -1;
    take_roles(&roles, arena, o);
    take_statuses(&statuses, arena, o);
    o->project_count = db_at(&counts, 0, 0)->integer;
    o->dataset_count = db_at(&counts, 0, 1)->integer;
    return 0;
}
