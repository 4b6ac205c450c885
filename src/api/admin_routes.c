/* admin_routes.c - accounts, projects and settings for who runs the platform, over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"
#include "app/jobs/job_control.h"
#include "app/operations/admin.h"

#include "base/error.h"

#include <string.h>

#define PER_PAGE 50
#define PER_PAGE_MOST 200

route_handler route_admin_users_get, route_admin_users_post, route_admin_user_get,
    route_admin_user_put, route_admin_user_delete, route_admin_user_role, route_admin_user_link,
    route_admin_projects_get, route_admin_project_put, route_admin_project_delete,
    route_admin_settings_get, route_admin_settings_put;

bool call_read_page(struct call *call, int64_t *limit, int64_t *offset)
{
    int64_t page;

    if (call_query_int(call, "page", 1, 1, 1000000000, &page) ||
        call_query_int(call, "per_page", PER_PAGE, 1, PER_PAGE_MOST, limit)) {
        call_fail(call);
        return false;
    }
    *offset = (page - 1) * *limit;
    return true;
}

/* Is it there, and not null? */
static bool is_given(const struct call *call, const char *name)
{
    return call_has(call, name) && !json_is_null(json_object_get(call->body, name));
}

/* --- accounts -------------------------------------------------------------------------------- */

static void put_account_members(struct json_writer *w, const struct account *account)
{
    put_user(w, &account->user);
    json_put_int(w, "project_count", account->project_count);
}

static void put_account(struct json_writer *w, const struct account *account)
{
    json_object_open(w);
    put_account_members(w, account);
    json_close(w);
}

/* The account of the path as it is now. */
static void send_account(struct call *call)
{
    struct account account;
    struct answer answer;

    if (call_failed(call, accounts_get(call->app, &call->user, call->ids[0], call->arena, &account,
                                       &call->err)))
        return;
    put_account(answer_begin(&answer), &account);
    answer_send(call, 200, &answer);
}

void route_admin_users_get(struct call *call)
{
    const char *active = http_query(call->request, "is_active");
    struct account_page page = { .search = http_query(call->request, "search"),
                                 .role = http_query(call->request, "role"),
                                 .is_active = active ? !strcmp(active, "true") || *active == '1'
                                                     : -1 };
    struct account *accounts;
    int64_t total;
    int count;

    if (!call_read_page(call, &page.limit, &page.offset) ||
        call_failed(call, accounts_list(call->app, &call->user, &page, call->arena, &accounts,
                                        &count, &total, &call->err)))
        return;
    call_add_total(call, total);
    SEND_ROWS(call, accounts, count, put_account);
}

void route_admin_user_get(struct call *call)
{
    send_account(call);
}

static void put_link(struct call *call, struct json_writer *w, const char *token)
{
    http_add_header(call->request, "Cache-Control", "no-store");
    json_put_text(w, "password_token", token);
    json_put_text(w, "password_url", arena_printf(call->arena, "%s/set-password?token=%s",
                                                  call_base_url(call), token));
    json_put_int(w, "password_link_seconds", PASSWORD_LINK_SECONDS);
}

void route_admin_users_post(struct call *call)
{
    struct account_body b = { 0 };
    struct account account;
    struct answer answer;
    struct json_writer *w;
    struct user profile;
    const char *token;

    if (!call_may(call, PERMISSION_change_users) || !call_read_body(call, &b))
        return;
    profile = (struct user){ .email = b.email, .full_name = b.full_name, .company = b.company,
                             .company_custom = b.company_custom, .division = b.division,
                             .division_custom = b.division_custom, .department = b.department,
                             .phone_number = b.phone_number, .bio = b.bio,
                             .badge_color = b.badge_color };
    if (accounts_add(call->app, &call->user, &profile, b.password, b.system_role, call->arena,
                     &account, &token, &call->err)) {
        call_fail_taken(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    put_account_members(w, &account);
    if (token)
        put_link(call, w, token);
    json_close(w);
    call_add_location_of(call, "admin/users", account.user.id);
    answer_send(call, 201, &answer);
}

/* What the body has goes into the profile; true: something was in it. */
static bool take_profile(struct call *call, const struct account_body *b, struct user *u)
{
    bool taken = false;

#define TAKE(member)              \
    if (call_has(call, #member)) { \
        u->member = b->member;    \
        taken = true;             \
    }
    TAKE(full_name)
    TAKE(company)
    TAKE(company_custom)
    TAKE(division)
    TAKE(division_custom)
    TAKE(department)
    TAKE(phone_number)
    TAKE(bio)
    TAKE(badge_color)
#undef TAKE
    return taken;
}

static int change_profile(struct call *call, const struct account_body *b, struct user *user)
{
    struct user before = *user;

    return take_profile(call, b, user)
               ? users_update_profile(call->app, &before, user, &call->err)
               : 0;
}

void route_admin_user_put(struct call *call)
{
    struct account_body b = { 0 };
    struct account_change change;
    struct account account;

    if (!call_may(call, PERMISSION_change_users) || !call_read_body(call, &b))
        return;
    change = (struct account_change){ b.system_role,
                                      is_given(call, "is_active") ? b.is_active : -1 };
    if (accounts_get(call->app, &call->user, call->ids[0], call->arena, &account, &call->err) ||
        accounts_change(call->app, &call->user, call->ids[0], &change, &call->err) ||
        change_profile(call, &b, &account.user))
        call_fail_taken(call);
    else
        send_account(call);
}

void route_admin_user_role(struct call *call)
{
    struct account_change change = { .is_active = -1 };
    struct role_body b = { 0 };

    if (!call_may(call, PERMISSION_change_users) || !call_read_body(call, &b))
        return;
    change.role = b.system_role;
    if (accounts_change(call->app, &call->user, call->ids[0], &change, &call->err))
        call_fail_taken(call);
    else
        send_account(call);
}

void route_admin_user_delete(struct call *call)
{
    if (accounts_remove(call->app, &call->user, call->ids[0], &call->err))
        call_fail_taken(call);
    else
        call_message(call, 200, "User deleted");
}

void route_admin_user_link(struct call *call)
{
    struct account account;
    struct answer answer;
    struct json_writer *w;
    const char *token;
    int64_t expires_at;

    if (!call_may(call, PERMISSION_change_users) ||
        call_failed(call, accounts_get(call->app, &call->user, call->ids[0], call->arena, &account,
                                       &call->err) ||
                              password_links_add(call->app, account.user.id, call->arena, &token,
                                                 &expires_at, &call->err)))
        return;
    w = answer_open(&answer);
    put_link(call, w, token);
    put_time(w, "expires_at", expires_at);
    answer_close(call, 201, &answer);
}

/* --- projects -------------------------------------------------------------------------------- */

static void put_owned(struct call *call, struct json_writer *w, const struct project *project)
{
    struct user owner;
    bool known = !users_get(call->app, project->user_id, call->arena, &owner, &call->err);

    json_object_open(w);
    put_project_members(call, w, project);
    json_put_text(w, "owner_email", known ? owner.email : NULL);
    json_put_text(w, "owner_name", known ? owner.full_name : NULL);
    json_close(w);
}

void route_admin_projects_get(struct call *call)
{
    struct project_page page = { .search = http_query(call->request, "search") };
    struct project *projects;
    struct answer answer;
    struct json_writer *w;
    int64_t total;
    int count;

    if (!call_read_page(call, &page.limit, &page.offset) ||
        call_failed(call, call_query_int(call, "user_id", 0, 1, INT64_MAX, &page.user_id) ||
                              projects_search(call->app, &call->user, &page, call->arena, &projects,
                                              &count, &total, &call->err)))
        return;
    call_add_total(call, total);
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_owned(call, w, &projects[i]);
    json_close(w);
    answer_send(call, 200, &answer);
}

static bool open_project(struct call *call, struct project *project)
{
    return call_may(call, PERMISSION_all_projects) && call_open_project(call, RIGHT_OWN, project);
}

static int change_project(struct call *call, const struct project_admin_body *b,
                          struct project *project)
{
    struct project before = *project;

    if (b->name)
        project->name = b->name;
    if (call_has(call, "description"))
        project->description = b->description;
    if (call_has(call, "task_type"))
        project->task_type = b->task_type;
    if (projects_update(call->app, &before, project, &call->err))
        return -1;
    return b->user_id ? projects_hand_over(call->app, project, b->user_id, &call->err) : 0;
}

void route_admin_project_put(struct call *call)
{
    struct project_admin_body b = { 0 };
    struct project project;
    struct answer answer;

    if (!open_project(call, &project) || !call_read_body(call, &b))
        return;
    if (change_project(call, &b, &project)) {
        call_fail_taken(call);
        return;
    }
    if (!open_project(call, &project))
        return;
    put_owned(call, answer_begin(&answer), &project);
    answer_send(call, 200, &answer);
}

void route_admin_project_delete(struct call *call)
{
    struct project project;

    if (open_project(call, &project))
        call_remove_project(call, project.id);
}

/* --- settings -------------------------------------------------------------------------------- */

static void send_settings(struct call *call)
{
    struct platform_settings settings;
    struct answer answer;
    struct json_writer *w;
    bool open;

    if (call_failed(call, settings_read(call->app, call->arena, &settings, &call->err) ||
                              call_registration_is_open(call, &open)))
        return;
    w = answer_open(&answer);
    json_put_bool(w, "open_registration", open);
    json_put_text(w, "default_role", settings.default_role);
    json_put_int(w, "jobs_running_limit", settings.jobs_running_limit);
    answer_close(call, 200, &answer);
}

void route_admin_settings_get(struct call *call)
{
    if (call_may(call, PERMISSION_settings))
        send_settings(call);
}

void route_admin_settings_put(struct call *call)
{
    struct platform_settings settings;
    struct settings_body b = { 0 };

    if (!call_may(call, PERMISSION_settings) || !call_read_body(call, &b) ||
        call_failed(call, settings_read(call->app, call->arena, &settings, &call->err)))
        return;
    if (call_has(call, "open_registration")) /* null: as the server was started */
        settings.open_registration = is_given(call, "open_registration") ? b.open_registration : -1;
    if (b.default_role)
        settings.default_role = b.default_role;
    if (is_given(call, "jobs_running_limit"))
        settings.jobs_running_limit = b.jobs_running_limit;
    if (settings_write(call->app, &settings, &call->err))
        call_fail(call);
    else
        send_settings(call);
}
