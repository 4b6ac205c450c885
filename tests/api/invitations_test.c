/* invitations_test.c - links by which people join, over HTTP. */

#include "api_support.h"
#include "base/arena.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

struct scene {
    struct platform p;
    struct arena arena;
    char *owner, *other;
};

static void scene_open(struct scene *s)
{
    json_t *project;

    *s = (struct scene){ 0 };
    platform_open(&s->p);
    s->owner = login(&s->p, "owner@example.com");
    s->other = login(&s->p, "other@example.com");
    project = expect(&s->p, 201, "POST", "/api/v1/projects", s->owner, "{\"name\":\"Cats\"}");
    CHECK(int_at(project, "id") == 1);
    json_decref(project);
}

static void scene_close(struct scene *s)
{
    free(s->owner);
    free(s->other);
    arena_release(&s->arena);
    platform_close(&s->p);
}

/* The token, in the arena. */
static const char *invite(struct scene *s, const char *body)
{
    json_t *made = expect(&s->p, 201, "POST", "/api/v1/projects/1/invitations", s->owner, body);
    const char *token = arena_strdup(&s->arena, text_at(made, "token"));

    CHECK(strstr(text_at(made, "url"), "http://127.0.0.1:") &&
          strstr(text_at(made, "url"), token));
    CHECK(json_is_string(json_object_get(made, "expires_at")));
    json_decref(made);
    return token;
}

static void answer(struct scene *s, long status, const char *verb, const char *who,
                   const char *token, const char *detail)
{
    const char *path = arena_printf(&s->arena, "/api/v1/invitations/%s", verb);
    const char *body = arena_printf(&s->arena, "{\"token\":\"%s\"}", token);

    if (detail)
        expect_error(&s->p, status, detail, "POST", path, who, body);
    else
        json_decref(expect(&s->p, status, "POST", path, who, body));
}

TEST(invitation_is_read_without_login_and_accepted_once)
{
    struct scene s;
    json_t *found;
    const char *token;

    scene_open(&s);
    token = invite(&s, "{\"role\":\"viewer\",\"message\":\"come\"}");
    found = expect(&s.p, 200, "GET",
                   arena_printf(&s.arena, "/api/v1/invitations/%s/info", token), NULL, NULL);
    CHECK_TEXT(text_at(found, "project_name"), "Cats");
    CHECK_TEXT(text_at(found, "inviter"), "owner@example.com");
    CHECK_TEXT(text_at(found, "role"), "viewer");
    CHECK_TEXT(text_at(found, "status"), "pending");
    CHECK_TEXT(text_at(found, "message"), "come");
    json_decref(found);
    expect_error(&s.p, 404, "Project not found", "GET", "/api/v1/projects/1", s.other, NULL);
    answer(&s, 200, "accept", s.other, token, NULL);
    json_decref(expect(&s.p, 200, "GET", "/api/v1/projects/1", s.other, NULL));
    answer(&s, 400, "accept", s.other, token, "Invitation is accepted");
    expect_error(&s.p, 404, "Invitation not found", "GET", "/api/v1/invitations/00ff/info", NULL,
                 NULL);
    expect_error(&s.p, 401, "Not authenticated", "POST", "/api/v1/invitations/accept", NULL,
                 "{\"token\":\"x\"}");
    scene_close(&s);
}

TEST(invitation_for_one_address_is_listed_there_and_serves_nobody_else)
{
    struct scene s;
    json_t *list;
    const char *token;
    char *third;

    scene_open(&s);
    third = login(&s.p, "third@example.com");
    token = invite(&s, "{\"email\":\"Other@Example.com\"}");
    list = expect(&s.p, 200, "GET", "/api/v1/invitations", s.other, NULL);
    CHECK(json_array_size(list) == 1 && !json_object_get(json_array_get(list, 0), "token"));
    CHECK_TEXT(text_at(json_array_get(list, 0), "role"), "member");
    json_decref(list);
    list = expect(&s.p, 200, "GET", "/api/v1/invitations", third, NULL);
    CHECK(json_array_size(list) == 0);
    json_decref(list);
    answer(&s, 404, "accept", third, token, "Invitation not found");
    answer(&s, 200, "decline", s.other, token, NULL);
    answer(&s, 400, "accept", s.other, token, "Invitation is declined");
    free(third);
    scene_close(&s);
}

TEST(invitation_is_taken_back_by_who_manages)
{
    struct scene s;
    json_t *list;
    const char *token;

    scene_open(&s);
    token = invite(&s, "{}");
    list = expect(&s.p, 200, "GET", "/api/v1/projects/1/invitations", s.owner, NULL);
    CHECK(json_array_size(list) == 1 && int_at(json_array_get(list, 0), "id") == 1);
    json_decref(list);
    expect_error(&s.p, 404, "Invitation not found", "DELETE", "/api/v1/invitations/1", s.other,
                 NULL);
    expect_error(&s.p, 404, "Project not found", "GET", "/api/v1/projects/1/invitations", s.other,
                 NULL);
    json_decref(expect(&s.p, 200, "DELETE", "/api/v1/invitations/1", s.owner, NULL));
    expect_error(&s.p, 400, "Invitation is no longer pending", "DELETE", "/api/v1/invitations/1",
                 s.owner, NULL);
    answer(&s, 400, "accept", s.other, token, "Invitation is cancelled");
    expect_error(&s.p, 400, "The role must be admin, member or viewer", "POST",
                 "/api/v1/projects/1/invitations", s.owner, "{\"role\":\"owner\"}");
    expect_error(&s.p, 400, "User is already a member", "POST", "/api/v1/projects/1/invitations",
                 s.owner, "{\"email\":\"owner@example.com\"}");
    scene_close(&s);
}

TEST(invitation_lets_one_register_where_registration_is_closed)
{
    struct scene s;
    const char *token;
    char *admin, *new;
    json_t *me;

    scene_open(&s);
    token = invite(&s, "{\"role\":\"member\"}");
    admin = login(&s.p, "admin@example.com");
    json_decref(expect(&s.p, 200, "PUT", "/api/v1/admin/settings", admin,
                       "{\"open_registration\":false}"));
    expect_error(&s.p, 403, "Accounts are made by invitation here", "POST",
                 "/api/v1/auth/register", NULL,
                 "{\"email\":\"new@example.com\",\"password\":\"" PLATFORM_PASSWORD "\"}");
    expect_error(&s.p, 404, "Invitation not found", "POST", "/api/v1/auth/register", NULL,
                 "{\"email\":\"new@example.com\",\"password\":\"" PLATFORM_PASSWORD "\","
                 "\"invitation_token\":\"00ff\"}");
    me = expect(&s.p, 201, "POST", "/api/v1/auth/register", NULL,
                arena_printf(&s.arena, "{\"email\":\"new@example.com\",\"password\":\""
                             PLATFORM_PASSWORD "\",\"invitation_token\":\"%s\"}", token));
    CHECK_TEXT(text_at(me, "system_role"), "standard_engineer");
    json_decref(me);
    new = login(&s.p, "new@example.com");
    json_decref(expect(&s.p, 200, "GET", "/api/v1/projects/1", new, NULL));
    expect_error(&s.p, 400, "Invitation is accepted", "POST", "/api/v1/auth/register", NULL,
                 arena_printf(&s.arena, "{\"email\":\"more@example.com\",\"password\":\""
                              PLATFORM_PASSWORD "\",\"invitation_token\":\"%s\"}", token));
    free(admin);
    free(new);
    scene_close(&s);
}
