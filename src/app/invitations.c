/* invitations.c - links by which people join projects; see projects.h. */

#include "app/projects.h"
#include "app/projects_internal.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"
#include "store/columns.h"

#include <string.h>
#include <strings.h>

#define MESSAGE_MOST 2000

#define RECORD struct invitation
static const struct column columns[] = { COLUMNS_TABLE(INVITATION_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

static void hash_token(const char *token, char hash[SHA256_TEXT_SIZE])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, token, strlen(token));
    sha256_finish(&sha, hash);
}

static void read_row(const struct db_rows *rows, int row, struct invitation *invitation)
{
    columns_read(columns, COLUMN_COUNT, rows, row, invitation);
    if (!strcmp(invitation->status, "pending") &&
        invitation->expires_at < clock_unix_microseconds())
        invitation->status = "expired";
}

int invitations_add(struct app *app, const struct project *project, const struct user *inviter,
                    const char *email, const char *role, const char *message, struct arena *arena,
                    const char **token, struct error *err)
{
    char id[TOKEN_ID_SIZE], hash[SHA256_TEXT_SIZE];
    int64_t now = clock_unix_microseconds();

    if (!role_can_be_given(role))
        return FAIL(err, INVALID, "The role must be admin, member or viewer");
    if (message && strlen(message) > MESSAGE_MOST)
        return FAIL(err, INVALID, "The message has more than %d bytes", MESSAGE_MOST);
    token_new_id(id);
    hash_token(id, hash);
    if (db_write(app->db, STATEMENT_invitation_add,
                 DB_ARGS(db_text(hash), db_int(project->id), db_int(inviter->id), db_text(email),
                         db_text(role), db_text(message), db_int(now),
                         db_int(now + INVITATION_SECONDS * 1000000LL)),
                 NULL, NULL, err))
        return -1;
    *token = arena_strdup(arena, id);
    return 0;
}

int invitations_find(struct app *app, const char *token, struct arena *arena,
                     struct invitation *invitation, struct error *err)
{
    char hash[SHA256_TEXT_SIZE];
    struct db_rows rows;

    hash_token(token, hash);
    if (db_read(app->db, STATEMENT_invitation_by_hash, DB_ARGS(db_text(hash)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Invitation not found");
    read_row(&rows, 0, invitation);
    return 0;
}

int invitations_list(struct app *app, int64_t project_id, struct arena *arena,
                     struct invitation **invitations, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_invitation_list, DB_ARGS(db_int(project_id)), arena, &rows, err))
        return -1;
    *invitations = ARENA_ARRAY(arena, struct invitation, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, &(*invitations)[i]);
    return 0;
}

/* Answering and joining are one transaction: a link serves once. */
struct answer {
    const struct invitation *invitation;
    int64_t user_id;
    bool accept;
};

static int answer(struct db_connection *connection, void *context, struct error *err)
{
    const struct answer *a = context;
    const struct invitation *i = a->invitation;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int64_t now = clock_unix_microseconds();
    int result = db_run(connection, STATEMENT_invitation_answer,
                        DB_ARGS(db_int(i->id), db_text(a->accept ? "accepted" : "declined"),
                                db_int(a->user_id), a->accept ? db_int(now) : db_null()),
                        &arena, &rows, err);

    if (!result && !rows.count)
        result = FAIL(err, INVALID, "Invitation is no longer pending");
    if (!result && a->accept)
        result = db_run(connection, STATEMENT_member_add,
                        DB_ARGS(db_int(i->project_id), db_int(a->user_id),
                                db_text(i->invitee_role), db_int(i->inviter_id), db_int(now)),
                        NULL, NULL, err);
    arena_release(&arena);
    return result;
}

int invitations_answer(struct app *app, const char *token, const struct user *user, bool accept,
                       struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct invitation invitation;
    struct answer a = { &invitation, user->id, accept };
    struct db_rows rows;
    int result = invitations_find(app, token, &arena, &invitation, err);

    /* An address that it was not meant for learns nothing, not even that it exists. */
    if (!result && invitation.invitee_email && strcasecmp(invitation.invitee_email, user->email))
        result = FAIL(err, NOT_FOUND, "Invitation not found");
    if (!result && strcmp(invitation.status, "pending"))
        result = FAIL(err, INVALID, "Invitation is %s", invitation.status);
    if (!result)
        result = db_read(app->db, STATEMENT_project_role,
                         DB_ARGS(db_int(invitation.project_id), db_int(user->id)), &arena, &rows,
                         err);
    if (!result && accept && rows.count && db_at(&rows, 0, 0)->type != DB_NULL)
        result = FAIL(err, CONFLICT, "User is already a member");
    if (!result)
        result = db_transact(app->db, answer, &a, err);
    arena_release(&arena);
    return result;
}

int invitations_cancel(struct app *app, const struct project *project, int64_t id,
                       struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct invitation *all;
    struct db_rows rows;
    int count, result = invitations_list(app, project->id, &arena, &all, &count, err);
    bool is_ours = false;

    for (int i = 0; !result && i < count; i++)
        is_ours |= all[i].id == id;
    if (!result && !is_ours)
        result = FAIL(err, NOT_FOUND, "Invitation not found");
    if (!result)
        result = db_write(app->db, STATEMENT_invitation_answer,
                          DB_ARGS(db_int(id), db_text("cancelled"), db_null(), db_null()), &arena,
                          &rows, err);
    if (!result && !rows.count)
        result = FAIL(err, INVALID, "Invitation is no longer pending");
    arena_release(&arena);
    return result;
}
