/* overview_routes.c - the platform at a glance, for administrators. */

#include "api/job_json.h"

#include "app/operations/admin.h"
#include "base/error.h"

route_handler route_admin_overview;

static void put_users(struct json_writer *w, const struct platform_overview *o)
{
    int64_t total = 0, active = 0;

    json_key(w, "users");
    json_object_open(w);
    json_key(w, "by_role");
    json_object_open(w);
    for (int i = 0; i < o->role_count; i++) {
        json_put_int(w, o->roles[i].role, o->roles[i].users);
        total += o->roles[i].users;
        active += o->roles[i].active;
    }
    json_close(w);
    json_put_int(w, "total", total);
    json_put_int(w, "active", active);
    json_close(w);
}

/* A job that has ended meanwhile is left out. */
static void put_engine(struct call *call, struct json_writer *w, int64_t id)
{
    struct project project;
    struct job_pulse pulse;
    struct error ignored;
    struct user user;
    struct job job;

    if (jobs_get(call->app, id, call->arena, &job, &ignored) ||
        projects_open(call->app, &call->user, job.project_id, RIGHT_VIEW, call->arena, &project,
                      &ignored))
        return;
    control_pulse(call->app, id, &pulse);
    json_object_open(w);
    put_job_members(w, &job, project.name);
    put_live(call, w, &job, NULL);
    json_put_text(w, "user_email",
                  job.user_id && !users_get(call->app, job.user_id, call->arena, &user, &ignored)
                      ? user.email
                      : NULL);
    put_id_or_null(w, "rss_mb", (int64_t)pulse.rss_mb);
    json_close(w);
}

void route_admin_overview(struct call *call)
{
    struct platform_overview o;
    struct json_writer *w;
    struct answer answer;

    if (call_failed(call, overview_read(call->app, &call->user, call->arena, &o, &call->err)))
        return;
    w = answer_open(&answer);
    put_users(w, &o);
    json_put_int(w, "projects", o.project_count);
    json_put_int(w, "datasets", o.dataset_count);
    json_key(w, "jobs_by_status");
    json_object_open(w);
    for (int i = 0; i < o.status_count; i++)
        json_put_int(w, o.statuses[i].status, o.statuses[i].jobs);
    json_close(w);
    json_key(w, "engines");
    json_array_open(w);
    for (int i = 0; i < o.running_count; i++)
        put_engine(call, w, o.running[i]);
    json_close(w);
    answer_close(call, 200, &answer);
}
