/* projects_test.c - every cell of the table of rights, members, invitations. */

#include "app/accounts/projects.h"
#include "base/error.h"
#include "store/db.h"
#include "rights_table.h"
#include "test.h"

#include <string.h>

struct setup {
    struct app *app;
    struct arena arena;
    struct user owner, other;
    struct project project;
};

static void add_user(struct setup *s, const char *email, enum role role, struct user *user)
{
    struct user profile = { .email = email };
    struct error err;

    CHECK_OK(users_register(s->app, &profile, "long enough 1", role, &s->arena, user, &err), err);
}

static void setup_init(struct setup *s)
{
    struct app_options options = { .data_folder = test_folder() };
    struct project wanted = { .name = "Dog vs Cat", .description = "two classes" };
    struct error err;

    *s = (struct setup){ 0 };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    add_user(s, "owner@example.com", ROLE_STANDARD_ENGINEER, &s->owner);
    add_user(s, "other@example.com", ROLE_STANDARD_ENGINEER, &s->other);
    CHECK_OK(projects_add(s->app, &s->owner, &wanted, &s->arena, &s->project, &err), err);
}

static void setup_release(struct setup *s)
{
    app_close(s->app);
    arena_release(&s->arena);
}

/* --- rights ---------------------------------------------------------------------------------- */

static enum outcome try(struct setup *s, const struct user *user, enum right right)
{
    struct project project;
    struct error err;

    if (!projects_open(s->app, user, s->project.id, right, &s->arena, &project, &err))
        return ALLOWED;
    if (err.kind == ERR_NOT_FOUND) {
        CHECK_TEXT(err.text, "Project not found");
        return HIDDEN;
    }
    CHECK(err.kind == ERR_DENIED);
    CHECK_TEXT(err.text, "Not enough permissions");
    return REFUSED;
}

TEST(rights_are_as_the_table_says)
{
    struct setup s;
    struct error err;

    setup_init(&s);
    for (size_t i = 0; i < RIGHTS_TABLE_ROWS; i++) {
        const struct rights_cell *cell = &rights_table[i];
        bool is_owner = cell->project && !strcmp(cell->project, "owner");
        struct user *subject = is_owner ? &s.owner : &s.other, user;

        if (cell->project && !is_owner)
            CHECK_OK(members_add(s.app, &s.project, "other@example.com", cell->project, &s.owner,
                                 &s.arena, &user, &err), err);
        CHECK_OK(users_set_role(s.app, subject->id, (enum role)role_find(cell->system), &err), err);
        CHECK_OK(users_get(s.app, subject->id, &s.arena, &user, &err), err);
        for (int right = RIGHT_VIEW; right <= RIGHT_OWN; right++) {
            if (try(&s, &user, (enum right)right) != rights_outcome(cell, right))
                test_fail(__FILE__, __LINE__, "system %s, project %s, right %d", cell->system,
                          cell->project ? cell->project : "none", right);
        }
        if (cell->project && !is_owner)
            CHECK_OK(members_remove(s.app, &s.project, s.other.id, &err), err);
    }
    setup_release(&s);
}

/* --- projects -------------------------------------------------------------------------------- */

TEST(projects_are_listed_newest_first_with_ones_role)
{
    struct project *list, second = { .name = "second" }, third = { .name = "third" }, made;
    struct user user;
    struct setup s;
    struct error err;
    int count;

    setup_init(&s);
    CHECK_OK(projects_add(s.app, &s.owner, &second, &s.arena, &made, &err), err);
    CHECK_OK(projects_add(s.app, &s.other, &third, &s.arena, &made, &err), err);
    CHECK_OK(members_add(s.app, &made, "owner@example.com", "viewer", &s.other, &s.arena, &user,
                         &err), err);
    CHECK_OK(projects_list(s.app, &s.owner, &s.arena, &list, &count, &err), err);
    CHECK(count == 3);
    CHECK_TEXT(list[0].name, "third");
    CHECK_TEXT(list[0].role, "viewer");
    CHECK_TEXT(list[2].name, "Dog vs Cat");
    CHECK_TEXT(list[2].role, "owner");
    CHECK_OK(projects_list(s.app, &s.other, &s.arena, &list, &count, &err), err);
    CHECK(count == 1);
    setup_release(&s);
}

TEST(project_names_are_ones_own)
{
    struct project same = { .name = "Dog vs Cat" }, made, bad = { .name = "" };
    struct setup s;
    struct error err;

    setup_init(&s);
    CHECK(projects_add(s.app, &s.owner, &same, &s.arena, &made, &err) && err.kind == ERR_CONFLICT);
    CHECK_TEXT(err.text, "Project with this name already exists");
    CHECK_OK(projects_add(s.app, &s.other, &same, &s.arena, &made, &err), err);
    CHECK(projects_add(s.app, &s.owner, &bad, &s.arena, &made, &err) && err.kind == ERR_INVALID);
    CHECK_OK(users_set_role(s.app, s.other.id, ROLE_GUEST, &err), err);
    CHECK_OK(users_get(s.app, s.other.id, &s.arena, &s.other, &err), err);
    same.name = "another";
    CHECK(projects_add(s.app, &s.other, &same, &s.arena, &made, &err) && err.kind == ERR_DENIED);
    setup_release(&s);
}

TEST(project_changes_at_the_same_moment_are_both_kept)
{
    struct project first, second, again;
    struct setup s;
    struct error err;

    setup_init(&s);
    first = second = s.project; /* both have read the same */
    first.name = "Renamed";
    second.description = "Described";
    second.task_type = "detection";
    CHECK_OK(projects_update(s.app, &s.project, &first, &err), err);
    CHECK_OK(projects_update(s.app, &s.project, &second, &err), err);
    CHECK_OK(projects_open(s.app, &s.owner, s.project.id, RIGHT_OWN, &s.arena, &again, &err), err);
    CHECK_TEXT(again.name, "Renamed");
    CHECK_TEXT(again.description, "Described");
    CHECK_TEXT(again.task_type, "detection");
    setup_release(&s);
}

TEST(project_changes_and_goes)
{
    struct project changed, again;
    struct setup s;
    struct error err;

    setup_init(&s);
    changed = s.project;
    changed.name = "Renamed 이름";
    changed.description = NULL;
    CHECK_OK(projects_update(s.app, &s.project, &changed, &err), err);
    CHECK_OK(projects_open(s.app, &s.owner, s.project.id, RIGHT_OWN, &s.arena, &again, &err), err);
    CHECK_TEXT(again.name, "Renamed 이름");
    CHECK(!again.description && again.updated_at >= s.project.updated_at);
    CHECK_OK(projects_remove(s.app, s.project.id, &err), err);
    CHECK(try(&s, &s.owner, RIGHT_VIEW) == HIDDEN);
    setup_release(&s);
}

/* --- members --------------------------------------------------------------------------------- */

TEST(members_come_change_and_leave)
{
    struct member *members;
    struct user user;
    struct setup s;
    struct error err;
    int count;

    setup_init(&s);
    CHECK_OK(members_add(s.app, &s.project, "OTHER@example.com", "member", &s.owner, &s.arena,
                         &user, &err), err);
    CHECK(members_add(s.app, &s.project, "other@example.com", "viewer", &s.owner, &s.arena, &user,
                      &err) && err.kind == ERR_CONFLICT);
    CHECK(members_add(s.app, &s.project, "owner@example.com", "viewer", &s.owner, &s.arena, &user,
                      &err) && err.kind == ERR_CONFLICT);
    CHECK(members_add(s.app, &s.project, "none@example.com", "viewer", &s.owner, &s.arena, &user,
                      &err) && err.kind == ERR_NOT_FOUND);
    CHECK(members_add(s.app, &s.project, "other@example.com", "owner", &s.owner, &s.arena, &user,
                      &err) && err.kind == ERR_INVALID);
    CHECK_OK(members_set_role(s.app, &s.project, s.other.id, "admin", &err), err);
    CHECK_OK(members_list(s.app, s.project.id, &s.arena, &members, &count, &err), err);
    CHECK(count == 2 && members[0].is_owner && !members[1].is_owner);
    CHECK_TEXT(members[0].role, "owner");
    CHECK_TEXT(members[1].role, "admin");
    CHECK_TEXT(members[1].email, "other@example.com");
    CHECK(members_remove(s.app, &s.project, s.owner.id, &err));
    CHECK_TEXT(err.text, "Cannot remove the project owner");
    CHECK_OK(members_remove(s.app, &s.project, s.other.id, &err), err);
    CHECK(members_remove(s.app, &s.project, s.other.id, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

/* --- invitations ----------------------------------------------------------------------------- */

static int invite(struct setup *s, const char *email, const char *role, const char *message,
                  const char **token, struct error *err)
{
    struct invitation wanted = { .invitee_email = email, .invitee_role = role, .message = message };
    struct invitation made;

    return invitations_add(s->app, &s->project, &s->owner, &wanted, &s->arena, token, &made, err);
}

TEST(invitation_lets_one_join_once)
{
    struct invitation invitation;
    struct user third;
    struct setup s;
    struct error err;
    const char *token;

    setup_init(&s);
    add_user(&s, "third@example.com", ROLE_STANDARD_ENGINEER, &third);
    CHECK_OK(invite(&s, NULL, "member", "come", &token, &err), err);
    CHECK_OK(invitations_find(s.app, token, &s.arena, &invitation, &err), err);
    CHECK_TEXT(invitation.status, "pending");
    CHECK_OK(invitations_answer(s.app, token, &s.other, true, &err), err);
    CHECK(try(&s, &s.other, RIGHT_WORK) == ALLOWED && try(&s, &s.other, RIGHT_MANAGE) == REFUSED);
    CHECK(invitations_answer(s.app, token, &third, true, &err));
    CHECK_TEXT(err.text, "Invitation is accepted");
    CHECK(try(&s, &third, RIGHT_VIEW) == HIDDEN);
    CHECK(invitations_find(s.app, "0123", &s.arena, &invitation, &err) &&
          err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

TEST(invitation_for_one_address_serves_no_other)
{
    struct user third;
    struct setup s;
    struct error err;
    const char *token;

    setup_init(&s);
    add_user(&s, "third@example.com", ROLE_STANDARD_ENGINEER, &third);
    CHECK_OK(invite(&s, "Other@Example.com", "viewer", NULL, &token, &err), err);
    CHECK(invitations_answer(s.app, token, &third, true, &err) && err.kind == ERR_NOT_FOUND);
    CHECK_OK(invitations_answer(s.app, token, &s.other, false, &err), err);
    CHECK(invitations_answer(s.app, token, &s.other, true, &err));
    CHECK_TEXT(err.text, "Invitation is declined");
    setup_release(&s);
}

TEST(invitation_can_be_taken_back)
{
    struct invitation *list;
    struct setup s;
    struct error err;
    const char *token;
    int count;

    setup_init(&s);
    CHECK_OK(invite(&s, NULL, "admin", NULL, &token, &err), err);
    CHECK_OK(invitations_list(s.app, s.project.id, &s.arena, &list, &count, &err), err);
    CHECK(count == 1);
    CHECK_OK(invitations_cancel(s.app, &s.project, list[0].id, &err), err);
    CHECK(invitations_cancel(s.app, &s.project, list[0].id, &err) && err.kind == ERR_INVALID);
    CHECK(invitations_cancel(s.app, &s.project, 99, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(invitations_answer(s.app, token, &s.other, true, &err));
    CHECK_TEXT(err.text, "Invitation is cancelled");
    CHECK(invite(&s, NULL, "owner", NULL, &token, &err));
    setup_release(&s);
}

TEST(invitation_makes_one_account)
{
    struct user profile = { .email = "new@example.com" }, user;
    struct setup s;
    struct error err;
    const char *token, *other;

    setup_init(&s);
    CHECK_OK(invite(&s, NULL, "member", NULL, &token, &err), err);
    CHECK(invitations_register(s.app, "0123", &profile, "long enough 1", ROLE_STANDARD_ENGINEER,
                               &s.arena, &user, &err) && err.kind == ERR_NOT_FOUND);
    CHECK_OK(invitations_register(s.app, token, &profile, "long enough 1", ROLE_STANDARD_ENGINEER,
                                  &s.arena, &user, &err), err);
    CHECK(try(&s, &user, RIGHT_WORK) == ALLOWED && try(&s, &user, RIGHT_MANAGE) == REFUSED);
    profile.email = "third@example.com";
    CHECK(invitations_register(s.app, token, &profile, "long enough 1", ROLE_STANDARD_ENGINEER,
                               &s.arena, &user, &err));
    CHECK_TEXT(err.text, "Invitation is accepted");
    CHECK(users_find(s.app, "third@example.com", &s.arena, &user, &err));
    CHECK_OK(invite(&s, "fourth@example.com", "viewer", NULL, &other, &err), err);
    CHECK(invitations_register(s.app, other, &profile, "long enough 1", ROLE_STANDARD_ENGINEER,
                               &s.arena, &user, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

TEST(who_is_in_is_not_invited)
{
    struct setup s;
    struct error err;
    const char *token;

    setup_init(&s);
    CHECK(invite(&s, "owner@example.com", "viewer", NULL, &token, &err) &&
          err.kind == ERR_CONFLICT);
    CHECK_TEXT(err.text, "User is already a member");
    CHECK(invite(&s, "no address", "viewer", NULL, &token, &err) && err.kind == ERR_INVALID);
    setup_release(&s);
}
