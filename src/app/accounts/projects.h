/* projects.h - projects, their members, invitations.
 *
 * Who may do what stands in permissions.h.
 */
#ifndef APP_PROJECTS_H
#define APP_PROJECTS_H

#include "app/accounts/users.h"

struct project {
    int64_t id, user_id, created_at, updated_at;
    const char *name, *description, *task_type; /* the last two may be NULL */
    const char *role; /* of who asked: owner, admin, member, viewer */
};

/* Fill the project.  NOT_FOUND "Project not found", DENIED "Not enough permissions". */
int projects_open(struct app *app, const struct user *user, int64_t id, enum right right,
                  struct arena *arena, struct project *project, struct error *err);

/* All that the user may view, newest first. */
int projects_list(struct app *app, const struct user *user, struct arena *arena,
                  struct project **projects, int *count, struct error *err);

/* CONFLICT "Project with this name already exists"; INVALID for a name of 0 or above 200 bytes;
 * DENIED to guests. */
int projects_add(struct app *app, const struct user *user, const struct project *wanted,
                 struct arena *arena, struct project *project, struct error *err);
/* name, description and task_type, of which only what has changed is written. */
int projects_update(struct app *app, const struct project *before, const struct project *after,
                    struct error *err);
int projects_remove(struct app *app, int64_t id, struct error *err);

/* --- members --------------------------------------------------------------------------------- */

struct member {
    int64_t user_id, joined_at;
    const char *email, *full_name, *badge_color, *role;
    bool is_owner;
};

int members_list(struct app *app, int64_t project_id, struct arena *arena, struct member **members,
                 int *count, struct error *err);

/* Roles are admin, member and viewer.  NOT_FOUND "User not found", CONFLICT "User is already a
 * member". */
int members_add(struct app *app, const struct project *project, const char *email, const char *role,
                const struct user *inviter, struct arena *arena, struct user *added,
                struct error *err);
int members_set_role(struct app *app, const struct project *project, int64_t user_id,
                     const char *role, struct error *err);
/* INVALID "Cannot remove the project owner", NOT_FOUND "Member not found" */
int members_remove(struct app *app, const struct project *project, int64_t user_id,
                   struct error *err);

/* --- invitations ----------------------------------------------------------------------------- */

#define INVITATION_SECONDS (7 * 24 * 60 * 60)

struct invitation {
    int64_t id, project_id, inviter_id, invitee_id, created_at, expires_at, accepted_at;
    /* where it was asked for by the link or by the one invited: */
    const char *project_name, *inviter_name; /* his email where he gave no name */
    const char *invitee_email, *invitee_role, *message;
    const char *status; /* pending, accepted, declined, cancelled; expired when its time is over */
};

/* Of `wanted` email, role and message count.  The token goes into a link that a person copies;
 * whoever has it may join.  The email may be NULL; else only the account with that address may use
 * it.  CONFLICT "User is already a member". */
int invitations_add(struct app *app, const struct project *project, const struct user *inviter,
                    const struct invitation *wanted, struct arena *arena, const char **token,
                    struct invitation *invitation, struct error *err);
/* NOT_FOUND "Invitation not found" */
int invitations_find(struct app *app, const char *token, struct arena *arena,
                     struct invitation *invitation, struct error *err);
int invitations_list(struct app *app, int64_t project_id, struct arena *arena,
                     struct invitation **invitations, int *count, struct error *err);
/* Those that name the user's address. */
int invitations_list_for(struct app *app, const struct user *user, int64_t limit, int64_t offset,
                         struct arena *arena, struct invitation **invitations, int *count,
                         struct error *err);
/* NOT_FOUND "Invitation not found" */
int invitations_get(struct app *app, int64_t id, struct arena *arena,
                    struct invitation *invitation, struct error *err);
/* Join, or decline.  INVALID "Invitation is <status>" unless it is pending. */
int invitations_answer(struct app *app, const char *token, const struct user *user, bool accept,
                       struct error *err);
/* Make an account and join, in one: a link makes one account.  An address that it was not meant for
 * is NOT_FOUND; else as users_register() and invitations_answer(). */
int invitations_register(struct app *app, const char *token, const struct user *profile,
                         const char *password, enum role role, struct arena *arena,
                         struct user *user, struct error *err);
int invitations_cancel(struct app *app, const struct project *project, int64_t id,
                       struct error *err);

#endif
