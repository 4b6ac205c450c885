/* admin_test.c - accounts, projects and settings as administrators and managers see them. */

#include "api_support.h"
#include "base/arena.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* admin is 1, then one account of each role: guest 2 ... manager 5, second admin 6. */
struct scene {
    struct platform p;
    struct arena arena;
    char *admin, *manager, *standard;
};

static void set_role(struct scene *s, int id, const char *role)
{
    json_decref(expect(&s->p, 200, "PATCH",
                       arena_printf(&s->arena, "/api/v1/admin/users/%d/role", id), s->admin,
                       arena_printf(&s->arena, "{\"system_role\":\"%s\"}", role)));
}

static void scene_open(struct scene *s)
{
    static const char *const roles[] = { "guest", "standard_engineer", "advanced_engineer",
                                         "manager", "admin" };

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    s->admin = login(&s->p, "admin@example.com");
    for (int i = 0; i < 5; i++) {
        free(login(&s->p, arena_printf(&s->arena, "%s@example.com", i == 4 ? "second" : roles[i])));
        set_role(s, i + 2, roles[i]);
    }
    s->manager = login(&s->p, "manager@example.com");
    s->standard = login(&s->p, "standard_engineer@example.com");
}

static void scene_close(struct scene *s)
{
    free(s->admin);
    free(s->manager);
    free(s->standard);
    arena_release(&s->arena);
    platform_close(&s->p);
}

static void check_emails(struct scene *s, const char *who, const char *query, const char *total,
                         const char *emails)
{
    struct str found = STR_INIT;
    struct reply reply;
    size_t i;
    json_t *user;

    fetch(&s->p, "GET", arena_printf(&s->arena, "/api/v1/admin/users%s", query), who, NULL, NULL,
          &reply);
    CHECK(reply.status == 200);
    json_array_foreach(reply.body, i, user) {
        str_printf(&found, "%s%.*s", i ? " " : "", (int)strcspn(text_at(user, "email"), "@"),
                   text_at(user, "email"));
        CHECK(!json_object_get(user, "hashed_password") && json_object_get(user, "project_count"));
    }
    CHECK_TEXT(found.text, emails);
    CHECK(strstr(reply.headers.text, arena_printf(&s->arena, "X-Total-Count: %s\r\n", total)));
    str_release(&found);
    reply_release(&reply);
}

TEST(accounts_are_listed_by_page_search_and_role)
{
    struct scene s;
    json_t *project;

    scene_open(&s);
    check_emails(&s, s.admin, "", "6",
                 "admin guest standard_engineer advanced_engineer manager second");
    check_emails(&s, s.admin, "?per_page=2&page=2", "6", "standard_engineer advanced_engineer");
    check_emails(&s, s.admin, "?search=ENGINEER", "2", "standard_engineer advanced_engineer");
    check_emails(&s, s.admin, "?search=%25", "0", ""); /* is text, no pattern */
    check_emails(&s, s.admin, "?search=d_e", "2", "standard_engineer advanced_engineer");
    check_emails(&s, s.admin, "?role=admin", "2", "admin second");
    check_emails(&s, s.admin, "?is_active=false", "0", "");
    check_emails(&s, s.manager, "", "3", "guest standard_engineer advanced_engineer");
    check_emails(&s, s.manager, "?role=admin", "0", "");
    project = expect(&s.p, 201, "POST", "/api/v1/projects", s.standard, "{\"name\":\"one\"}");
    json_decref(project);
    project = expect(&s.p, 200, "GET", "/api/v1/admin/users/3", s.manager, NULL);
    CHECK(int_at(project, "project_count") == 1);
    json_decref(project);
    scene_close(&s);
}

TEST(managers_neither_see_nor_make_their_like)
{
    struct scene s;

    scene_open(&s);
    expect_error(&s.p, 404, "User not found", "GET", "/api/v1/admin/users/1", s.manager, NULL);
    expect_error(&s.p, 404, "User not found", "PATCH", "/api/v1/admin/users/6/role", s.manager,
                 "{\"system_role\":\"guest\"}");
    expect_error(&s.p, 404, "User not found", "DELETE", "/api/v1/admin/users/6", s.manager, NULL);
    expect_error(&s.p, 404, "User not found", "PUT", "/api/v1/admin/users/6", s.manager,
                 "{\"is_active\":false}");
    expect_error(&s.p, 404, "User not found", "POST", "/api/v1/admin/users/1/password-link",
                 s.manager, "{}");
    expect_error(&s.p, 403, "Not enough permissions", "PATCH", "/api/v1/admin/users/3/role",
                 s.manager, "{\"system_role\":\"manager\"}");
    expect_error(&s.p, 403, "Not enough permissions", "PATCH", "/api/v1/admin/users/5/role",
                 s.manager, "{\"system_role\":\"admin\"}");
    expect_error(&s.p, 403, "Not enough permissions", "POST", "/api/v1/admin/users", s.manager,
                 "{\"email\":\"x@example.com\",\"system_role\":\"manager\"}");
    json_decref(expect(&s.p, 200, "PATCH", "/api/v1/admin/users/2/role", s.manager,
                       "{\"system_role\":\"advanced_engineer\"}"));
    expect_error(&s.p, 400, "Invalid role: king", "PATCH", "/api/v1/admin/users/2/role", s.manager,
                 "{\"system_role\":\"king\"}");
    scene_close(&s);
}

TEST(nobody_takes_his_own_rights_or_the_last_administrator)
{
    struct scene s;

    scene_open(&s);
    expect_error(&s.p, 400, "You cannot demote yourself", "PATCH", "/api/v1/admin/users/1/role",
                 s.admin, "{\"system_role\":\"guest\"}");
    expect_error(&s.p, 400, "You cannot demote yourself", "PUT", "/api/v1/admin/users/5",
                 s.manager, "{\"system_role\":\"guest\"}");
    expect_error(&s.p, 400, "You cannot deactivate yourself", "PUT", "/api/v1/admin/users/1",
                 s.admin, "{\"is_active\":false}");
    expect_error(&s.p, 400, "You cannot delete yourself", "DELETE", "/api/v1/admin/users/1",
                 s.admin, NULL);
    set_role(&s, 6, "guest");
    set_role(&s, 6, "admin");
    json_decref(expect(&s.p, 200, "DELETE", "/api/v1/admin/users/6", s.admin, NULL));
    scene_close(&s);
}

TEST(account_goes_when_it_owns_nothing_and_leaves_no_way_in)
{
    struct scene s;

    scene_open(&s);
    json_decref(expect(&s.p, 201, "POST", "/api/v1/projects", s.standard, "{\"name\":\"one\"}"));
    expect_error(&s.p, 400, "User owns projects", "DELETE", "/api/v1/admin/users/3", s.admin, NULL);
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/projects/1", s.admin, "{\"user_id\":4}"));
    json_decref(expect(&s.p, 200, "DELETE", "/api/v1/admin/users/3", s.admin, NULL));
    expect_error(&s.p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", s.standard,
                 NULL);
    expect_error(&s.p, 404, "User not found", "GET", "/api/v1/admin/users/3", s.admin, NULL);
    scene_close(&s);
}

TEST(deactivated_account_is_out_until_it_is_active_again)
{
    struct scene s;
    char *again;

    scene_open(&s);
    /* null is as good as absent, here above all */
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/users/3", s.admin, "{\"is_active\":null}"));
    json_decref(expect(&s.p, 200, "GET", "/api/v1/auth/me", s.standard, NULL));
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/users/3", s.manager,
                       "{\"is_active\":false,\"full_name\":\"Gone\"}"));
    expect_error(&s.p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", s.standard,
                 NULL);
    expect_error(&s.p, 400, "Inactive user", "POST", "/api/v1/auth/login", NULL,
                 "{\"email\":\"standard_engineer@example.com\",\"password\":\"" PLATFORM_PASSWORD
                 "\"}");
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/users/3", s.admin, "{\"is_active\":true}"));
    expect_error(&s.p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", s.standard,
                 NULL); /* the old token stays dead */
    again = login(&s.p, "standard_engineer@example.com");
    free(again);
    scene_close(&s);
}

TEST(account_is_made_with_a_password_or_a_link)
{
    struct scene s;
    json_t *made, *session;
    const char *body;

    scene_open(&s);
    made = expect(&s.p, 201, "POST", "/api/v1/admin/users", s.admin,
                  "{\"email\":\"new@example.com\",\"password\":\"given by admin\","
                  "\"system_role\":\"manager\"}");
    CHECK_TEXT(text_at(made, "system_role"), "manager");
    CHECK(!json_object_get(made, "password_token"));
    json_decref(made);
    expect_error(&s.p, 400, "Email already registered", "POST", "/api/v1/admin/users", s.admin,
                 "{\"email\":\"NEW@example.com\"}");
    made = expect(&s.p, 201, "POST", "/api/v1/admin/users", s.manager,
                  "{\"email\":\"linked@example.com\"}");
    CHECK_TEXT(text_at(made, "system_role"), "standard_engineer");
    CHECK(strstr(text_at(made, "password_url"), "/set-password?token="));
    body = arena_printf(&s.arena, "{\"token\":\"%s\",\"password\":\"" PLATFORM_PASSWORD "\"}",
                        text_at(made, "password_token"));
    json_decref(made);
    session = expect(&s.p, 200, "POST", "/api/v1/auth/password", NULL, body);
    made = expect(&s.p, 200, "GET", "/api/v1/auth/me", text_at(session, "access_token"), NULL);
    CHECK_TEXT(text_at(made, "email"), "linked@example.com");
    json_decref(made);
    json_decref(session);
    expect_error(&s.p, 403, "This link is not valid, or no longer", "POST", "/api/v1/auth/password",
                 NULL, body);
    free(login(&s.p, "linked@example.com"));
    scene_close(&s);
}

TEST(password_link_throws_out_who_was_in)
{
    struct scene s;
    json_t *link, *session;

    scene_open(&s);
    link = expect(&s.p, 201, "POST", "/api/v1/admin/users/3/password-link", s.admin, "{}");
    json_decref(expect(&s.p, 200, "GET", "/api/v1/auth/me", s.standard, NULL)); /* not yet */
    session = expect(&s.p, 200, "POST", "/api/v1/auth/password", NULL,
                     arena_printf(&s.arena, "{\"token\":\"%s\",\"password\":\"a new one 1\"}",
                                  text_at(link, "password_token")));
    expect_error(&s.p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", s.standard,
                 NULL);
    json_decref(session);
    json_decref(link);
    scene_close(&s);
}

TEST(projects_of_all_are_the_administrators)
{
    struct scene s;
    struct reply reply;
    json_t *project;

    scene_open(&s);
    json_decref(expect(&s.p, 201, "POST", "/api/v1/projects", s.standard, "{\"name\":\"one\"}"));
    json_decref(expect(&s.p, 201, "POST", "/api/v1/projects", s.manager, "{\"name\":\"two\"}"));
    fetch(&s.p, "GET", "/api/v1/admin/projects?search=ON&per_page=1", s.admin, NULL, NULL, &reply);
    CHECK(reply.status == 200 && strstr(reply.headers.text, "X-Total-Count: 1\r\n"));
    project = json_array_get(reply.body, 0);
    CHECK_TEXT(text_at(project, "owner_email"), "standard_engineer@example.com");
    CHECK(int_at(project, "experiment_count") == 0);
    reply_release(&reply);
    expect_error(&s.p, 403, "Not enough permissions", "GET", "/api/v1/admin/projects", s.manager,
                 NULL);
    expect_error(&s.p, 400, "This user cannot own projects", "PUT", "/api/v1/admin/projects/1",
                 s.admin, "{\"user_id\":2}");
    project = expect(&s.p, 200, "PUT", "/api/v1/admin/projects/1", s.admin,
                     "{\"name\":\"two\",\"user_id\":4}");
    CHECK_TEXT(text_at(project, "owner_email"), "advanced_engineer@example.com");
    json_decref(project);
    expect_error(&s.p, 400, "Project with this name already exists", "PUT",
                 "/api/v1/admin/projects/1", s.admin, "{\"user_id\":5}");
    project = expect(&s.p, 200, "GET", "/api/v1/projects/1", s.standard, NULL);
    CHECK_TEXT(text_at(project, "user_role"), "admin"); /* the former owner stays in */
    json_decref(project);
    json_decref(expect(&s.p, 200, "DELETE", "/api/v1/admin/projects/1", s.admin, NULL));
    expect_error(&s.p, 404, "Project not found", "GET", "/api/v1/projects/1", s.standard, NULL);
    scene_close(&s);
}

TEST(settings_are_the_administrators_and_take_effect)
{
    struct scene s;
    json_t *found;

    scene_open(&s);
    expect_error(&s.p, 403, "Not enough permissions", "GET", "/api/v1/admin/settings", s.manager,
                 NULL);
    found = expect(&s.p, 200, "GET", "/api/v1/admin/settings", s.admin, NULL);
    CHECK(json_is_true(json_object_get(found, "open_registration")));
    CHECK_TEXT(text_at(found, "default_role"), "standard_engineer");
    CHECK(int_at(found, "jobs_running_limit") == 1);
    json_decref(found);
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/settings", s.admin,
                       "{\"default_role\":\"guest\",\"jobs_running_limit\":3}"));
    found = expect(&s.p, 201, "POST", "/api/v1/auth/register", NULL,
                   "{\"email\":\"late@example.com\",\"password\":\"" PLATFORM_PASSWORD "\"}");
    CHECK_TEXT(text_at(found, "system_role"), "guest");
    json_decref(found);
    found = expect(&s.p, 200, "PUT", "/api/v1/admin/settings", s.admin,
                   "{\"open_registration\":false}");
    CHECK(json_is_false(json_object_get(found, "open_registration")));
    CHECK(int_at(found, "jobs_running_limit") == 3); /* what is not named stays */
    json_decref(found);
    found = expect(&s.p, 200, "PUT", "/api/v1/admin/settings", s.admin,
                   "{\"open_registration\":null}"); /* as the server was started */
    CHECK(json_is_true(json_object_get(found, "open_registration")));
    json_decref(found);
    expect_error(&s.p, 400, "default_role must be guest, standard_engineer or advanced_engineer",
                 "PUT", "/api/v1/admin/settings", s.admin, "{\"default_role\":\"admin\"}");
    expect_error(&s.p, 400, "jobs_running_limit must be a number from 1 to 1000", "PUT",
                 "/api/v1/admin/settings", s.admin, "{\"jobs_running_limit\":0}");
    scene_close(&s);
}
