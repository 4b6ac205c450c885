/* project_routes.c - projects, members and experiment lists over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"
#include "api/job_json.h"

#include "base/error.h"
#include "base/str.h"

#include <string.h>

#define PER_PAGE 20
#define PER_PAGE_MOST 1000

route_handler route_projects_get, route_projects_post, route_project_get, route_project_put,
    route_project_delete, route_project_experiments, route_members_get, route_members_post,
    route_members_put, route_members_delete;

static void put_job_summary(struct call *call, struct json_writer *w, int64_t project_id)
{
    struct job_summary summary;

    if (jobs_summary(call->app, project_id, call->arena, &summary, &call->err))
        summary = (struct job_summary){ 0 };
    json_put_int(w, "experiment_count", summary.total);
    json_key(w, "jobs_by_status");
    json_object_open(w);
    for (int i = 0; i < summary.count; i++)
        json_put_int(w, summary.statuses[i].status, summary.statuses[i].jobs);
    json_close(w);
    put_time(w, "last_activity_at", summary.last_activity_at);
}

void put_project_members(struct call *call, struct json_writer *w, const struct project *p)
{
    json_put_int(w, "id", p->id);
    json_put_text(w, "name", p->name);
    json_put_text(w, "description", p->description);
    json_put_text(w, "task_type", p->task_type);
    json_put_int(w, "user_id", p->user_id);
    json_put_text(w, "user_role", p->role);
    put_job_summary(call, w, p->id);
    put_time(w, "created_at", p->created_at);
    put_time(w, "updated_at", p->updated_at);
}

static void put_project(struct call *call, struct json_writer *w, const struct project *p)
{
    json_object_open(w);
    put_project_members(call, w, p);
    json_close(w);
}

static void send_project(struct call *call, int status, const struct project *project)
{
    struct answer answer;

    put_project(call, answer_begin(&answer), project);
    answer_send(call, status, &answer);
}

/* --- projects -------------------------------------------------------------------------------- */

void route_projects_get(struct call *call)
{
    struct project *projects;
    struct answer answer;
    struct json_writer *w;
    int count;

    if (call_failed(call, projects_list(call->app, &call->user, call->arena, &projects, &count,
                                        &call->err)))
        return;
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_project(call, w, &projects[i]);
    json_close(w);
    answer_send(call, 200, &answer);
}

void route_projects_post(struct call *call)
{
    struct project_body b = { 0 };
    struct project project;

    if (!call_read_body(call, &b))
        return;
    if (projects_add(call->app, &call->user,
                     &(struct project){ .name = b.name, .description = b.description,
                                        .task_type = b.task_type },
                     call->arena, &project, &call->err))
        call_fail_taken(call);
    else {
        call_add_location_of(call, "projects", project.id);
        send_project(call, 201, &project);
    }
}

void route_project_get(struct call *call)
{
    struct project project;

    if (call_open_project(call, RIGHT_VIEW, &project))
        send_project(call, 200, &project);
}

void route_project_put(struct call *call)
{
    struct project_body b = { 0 };
    struct project project, before;

    if (!call_open_project(call, RIGHT_MANAGE, &project) || !call_read_body(call, &b))
        return;
    before = project;
    if (b.name)
        project.name = b.name;
    if (call_has(call, "description"))
        project.description = b.description;
    if (call_has(call, "task_type"))
        project.task_type = b.task_type;
    if (projects_update(call->app, &before, &project, &call->err))
        call_fail_taken(call);
    else if (call_open_project(call, RIGHT_VIEW, &project))
        send_project(call, 200, &project);
}

void call_remove_project(struct call *call, int64_t id)
{
    struct answer answer;
    struct json_writer *w;
    int64_t removed;
    bool force;

    if (call_failed(call, call_query_flag(call, "force", false, &force) ||
                              control_remove_project(call->app, id, force, &removed, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "message", "Project deleted");
    json_put_int(w, "deleted_experiments", removed);
    answer_close(call, 200, &answer);
}

void route_project_delete(struct call *call)
{
    struct project project;

    if (call_open_project(call, RIGHT_OWN, &project))
        call_remove_project(call, project.id);
}

/* --- experiments ----------------------------------------------------------------------------- */

void route_project_experiments(struct call *call)
{
    bool paged = http_query(call->request, "page") || http_query(call->request, "per_page");
    struct job_page page = { 0 };
    int64_t number, per_page, total;
    struct project project;
    struct answer answer;
    struct job *jobs;
    int count;

    if (!call_open_project(call, RIGHT_VIEW, &project) || !call_read_job_order(call, &page) ||
        call_failed(call,
                    call_query_int(call, "page", 1, 1, 1000000000, &number) ||
                        call_query_int(call, "per_page", PER_PAGE, 1, PER_PAGE_MOST, &per_page)))
        return;
    page.limit = paged ? per_page : INT64_MAX;
    page.offset = paged ? (number - 1) * per_page : 0;
    if (call_failed(call, jobs_list(call->app, project.id, &page, call->arena, &jobs, &count,
                                    &total, &call->err)))
        return;
    call_add_total(call, total);
    put_jobs(call, answer_begin(&answer), jobs, count, &project);
    answer_send(call, 200, &answer);
}

/* --- members --------------------------------------------------------------------------------- */

static void put_member(struct json_writer *w, const struct member *m)
{
    json_object_open(w);
    json_put_int(w, "user_id", m->user_id);
    json_put_text(w, "email", m->email);
    json_put_text(w, "full_name", m->full_name);
    json_put_text(w, "role", m->role);
    put_time(w, "joined_at", m->joined_at);
    json_put_bool(w, "is_owner", m->is_owner);
    json_put_text(w, "badge_color", m->badge_color);
    json_close(w);
}

void route_members_get(struct call *call)
{
    struct member *members;
    struct project project;
    int count;

    if (!call_open_project(call, RIGHT_VIEW, &project) ||
        call_failed(call,
                    members_list(call->app, project.id, call->arena, &members, &count, &call->err)))
        return;
    SEND_ROWS(call, members, count, put_member);
}

void route_members_post(struct call *call)
{
    struct member_body b = { .role = "member" };
    struct project project;
    struct answer answer;
    struct json_writer *w;
    struct user added;

    if (!call_open_project(call, RIGHT_MANAGE, &project) || !call_read_body(call, &b))
        return;
    if (!b.role)
        b.role = "member";
    if (members_add(call->app, &project, b.email, b.role, &call->user, call->arena, &added,
                    &call->err)) {
        call_fail_taken(call);
        return;
    }
    w = answer_open(&answer);
    json_put_text(w, "message", "Member added");
    json_put_int(w, "user_id", added.id);
    json_put_text(w, "email", added.email);
    json_put_text(w, "role", b.role);
    answer_close(call, 201, &answer);
}

void route_members_put(struct call *call)
{
    struct role_body b = { 0 };
    struct project project;
    struct answer answer;
    struct json_writer *w;

    if (!call_open_project(call, RIGHT_MANAGE, &project) || !call_read_body(call, &b) ||
        call_failed(call, members_set_role(call->app, &project, call->ids[1], b.role, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "message", "Role changed");
    json_put_int(w, "user_id", call->ids[1]);
    json_put_text(w, "role", b.role);
    answer_close(call, 200, &answer);
}

/* Everybody may leave. */
void route_members_delete(struct call *call)
{
    bool leaves = call->ids[1] == call->user.id;
    struct project project;
    struct answer answer;
    struct json_writer *w;

    if (!call_open_project(call, leaves ? RIGHT_VIEW : RIGHT_MANAGE, &project) ||
        call_failed(call, members_remove(call->app, &project, call->ids[1], &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "message", "Member removed");
    json_put_int(w, "user_id", call->ids[1]);
    answer_close(call, 200, &answer);
}
