/* permissions_test.c - every cell of the tables of docs/PERMISSIONS.md, by real requests. */

#include "api_support.h"
#include "app/accounts/projects.h"
#include "base/arena.h"
#include "base/error.h"
#include "rights_table.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* What of a project each right opens.  %d is the project. */
static const struct request {
    enum right right;
    const char *method, *path, *body;
} project_requests[] = {
    { RIGHT_VIEW, "GET", "/api/v1/projects/%d", NULL },
    { RIGHT_VIEW, "GET", "/api/v1/projects/%d/members", NULL },
    { RIGHT_VIEW, "GET", "/api/v1/projects/%d/experiments", NULL },
    { RIGHT_VIEW, "GET", "/api/v1/projects/%d/disk", NULL },
    { RIGHT_VIEW, "GET", "/api/v1/training/jobs?project_id=%d", NULL },
    { RIGHT_WORK, "POST", "/api/v1/training/jobs",
      "{\"project_id\":%d,\"framework\":\"timm\",\"model_name\":\"resnet18\","
      "\"task_type\":\"image_classification\",\"dataset_path\":\"/nowhere\"}" },
    { RIGHT_WORK, "POST", "/api/v1/datasets",
      "{\"name\":\"\",\"format\":\"imagefolder\",\"project_id\":%d}" },
    { RIGHT_MANAGE, "PUT", "/api/v1/projects/%d", "{\"description\":\"new\"}" },
    { RIGHT_MANAGE, "POST", "/api/v1/projects/%d/members", "{\"email\":\"nobody@example.com\"}" },
    { RIGHT_MANAGE, "PUT", "/api/v1/projects/%d/members/999", "{\"role\":\"viewer\"}" },
    { RIGHT_MANAGE, "DELETE", "/api/v1/projects/%d/members/999", NULL },
    { RIGHT_MANAGE, "GET", "/api/v1/projects/%d/invitations", NULL },
    { RIGHT_MANAGE, "POST", "/api/v1/projects/%d/invitations", "{}" },
    { RIGHT_MANAGE, "POST", "/api/v1/projects/%d/clean-up", "{\"dry_run\":true}" },
    { RIGHT_OWN, "DELETE", "/api/v1/projects/%d", NULL },
};

struct scene {
    struct platform p;
    struct arena arena;
    struct user owner, subject;
    char *token; /* of the subject */
};

static void scene_open(struct scene *s)
{
    struct user owner = { .email = "owner@example.com" }, subject = { .email = "me@example.com" };
    struct error err;

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    CHECK_OK(users_register(s->p.app, &owner, PLATFORM_PASSWORD, ROLE_STANDARD_ENGINEER, &s->arena,
                            &s->owner, &err), err);
    CHECK_OK(users_register(s->p.app, &subject, PLATFORM_PASSWORD, ROLE_STANDARD_ENGINEER,
                            &s->arena, &s->subject, &err), err);
    s->token = login(&s->p, "me@example.com");
}

static void scene_close(struct scene *s)
{
    free(s->token);
    arena_release(&s->arena);
    platform_close(&s->p);
}

/* A project in which the subject has this role. */
static int64_t make_project(struct scene *s, const char *role)
{
    bool owns = role && !strcmp(role, "owner");
    struct user *owner = owns ? &s->subject : &s->owner, added;
    struct project wanted = { .name = "cell" }, project;
    struct user maker = *owner;
    struct error err;

    maker.system_role = "standard_engineer"; /* he was no guest when he made it */
    CHECK_OK(projects_add(s->p.app, &maker, &wanted, &s->arena, &project, &err), err);
    if (role && !owns)
        CHECK_OK(members_add(s->p.app, &project, "me@example.com", role, &s->owner, &s->arena,
                             &added, &err), err);
    return project.id;
}

/* 404 of something in the project is no secret: only that of the project itself is. */
static enum outcome outcome_of(const struct reply *reply)
{
    const char *detail = text_at(reply->body, "detail");

    if (reply->status == 404 && detail && !strcmp(detail, "Project not found"))
        return HIDDEN;
    if (reply->status == 403) {
        CHECK_TEXT(detail, "Not enough permissions");
        return REFUSED;
    }
    CHECK(reply->status < 500 && reply->status != 401 && reply->status != 405 &&
          (reply->status != 404 || strcmp(detail, "Not Found")));
    return ALLOWED;
}

static const char *fill(struct scene *s, const char *text, int64_t id)
{
    const char *mark = text ? strstr(text, "%d") : NULL;

    return mark ? arena_printf(&s->arena, "%.*s%lld%s", (int)(mark - text), text, (long long)id,
                               mark + 2)
                : text;
}

static void check_cell(struct scene *s, const struct rights_cell *cell,
                       const struct request *request, int64_t id)
{
    struct reply reply;

    fetch(&s->p, request->method, fill(s, request->path, id), s->token, NULL,
          fill(s, request->body, id), &reply);
    if (outcome_of(&reply) != rights_outcome(cell, (int)request->right))
        test_fail(__FILE__, __LINE__, "%s and %s: %s %s gave %ld %s", cell->system,
                  cell->project ? cell->project : "no member", request->method, request->path,
                  reply.status, reply.text.text);
    reply_release(&reply);
}

TEST(permissions_in_projects_are_as_the_table_says)
{
    struct scene s;
    struct error err;

    scene_open(&s);
    for (size_t i = 0; i < RIGHTS_TABLE_ROWS; i++) {
        int64_t id = make_project(&s, rights_table[i].project);

        CHECK_OK(users_set_role(s.p.app, s.subject.id,
                                (enum role)role_find(rights_table[i].system), &err), err);
        for (size_t j = 0; j < sizeof(project_requests) / sizeof(*project_requests); j++)
            check_cell(&s, &rights_table[i], &project_requests[j], id);
        CHECK_OK(projects_remove(s.p.app, id, &err), err); /* where it was not allowed to go */
    }
    scene_close(&s);
}

/* --- what is no project's -------------------------------------------------------------------- */

static const struct {
    const char *method, *path, *body;
    const char *outcomes; /* by system role, guest first */
} system_requests[] = {
    { "GET", "/api/v1/auth/me", NULL, "aaaaa" },
    { "PUT", "/api/v1/auth/me", "{\"bio\":\"x\"}", "aaaaa" },
    { "POST", "/api/v1/auth/api-keys", "{\"name\":\"k\"}", "aaaaa" },
    { "GET", "/api/v1/invitations", NULL, "aaaaa" },
    { "POST", "/api/v1/invitations/accept", "{\"token\":\"00ff\"}", "aaaaa" },
    { "POST", "/api/v1/projects", "{\"name\":\"again\"}", "raaaa" },
    { "POST", "/api/v1/datasets", "{\"name\":\"\",\"format\":\"imagefolder\"}", "raaaa" },
    { "GET", "/api/v1/admin/users", NULL, "rrraa" },
    { "GET", "/api/v1/admin/users/2", NULL, "rrraa" },
    { "POST", "/api/v1/admin/users", "{\"email\":\"twice@example.com\"}", "rrraa" },
    { "PUT", "/api/v1/admin/users/2", "{\"bio\":\"x\"}", "rrraa" },
    { "PATCH", "/api/v1/admin/users/2/role", "{\"system_role\":\"standard_engineer\"}", "rrraa" },
    { "POST", "/api/v1/admin/users/2/password-link", "{}", "rrraa" },
    { "DELETE", "/api/v1/admin/users/999", NULL, "rrraa" },
    { "GET", "/api/v1/admin/projects", NULL, "rrrra" },
    { "PUT", "/api/v1/admin/projects/999", "{}", "rrrra" },
    { "DELETE", "/api/v1/admin/projects/999", NULL, "rrrra" },
    { "GET", "/api/v1/admin/settings", NULL, "rrrra" },
    { "PUT", "/api/v1/admin/settings", "{}", "rrrra" },
    { "GET", "/api/v1/admin/disk", NULL, "rrrra" },
    { "GET", "/api/v1/admin/overview", NULL, "rrrra" },
};

TEST(permissions_of_the_platform_are_as_the_table_says)
{
    struct scene s;
    struct reply reply;
    struct error err;

    scene_open(&s);
    for (int role = 0; role < ROLE_COUNT; role++) {
        CHECK_OK(users_set_role(s.p.app, s.subject.id, (enum role)role, &err), err);
        for (size_t i = 0; i < sizeof(system_requests) / sizeof(*system_requests); i++) {
            enum outcome wanted = system_requests[i].outcomes[role] == 'a' ? ALLOWED : REFUSED;

            fetch(&s.p, system_requests[i].method, system_requests[i].path, s.token, NULL,
                  system_requests[i].body, &reply);
            if ((outcome_of(&reply) == REFUSED) != (wanted == REFUSED))
                test_fail(__FILE__, __LINE__, "%s: %s %s gave %ld %s", role_names[role],
                          system_requests[i].method, system_requests[i].path, reply.status,
                          reply.text.text);
            reply_release(&reply);
        }
    }
    scene_close(&s);
}

/* Without a login there is nothing but the doors. */
TEST(permissions_need_a_login)
{
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < sizeof(project_requests) / sizeof(*project_requests); i++)
        expect_error(&s.p, 401, "Not authenticated", project_requests[i].method,
                     fill(&s, project_requests[i].path, 1), NULL,
                     fill(&s, project_requests[i].body, 1));
    for (size_t i = 0; i < sizeof(system_requests) / sizeof(*system_requests); i++)
        expect_error(&s.p, 401, "Not authenticated", system_requests[i].method,
                     system_requests[i].path, NULL, system_requests[i].body);
    scene_close(&s);
}
