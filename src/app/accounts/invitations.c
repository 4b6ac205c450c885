/* invitations.c - links by which people join projects; see projects.h. */

#include "app/accounts/projects.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <string.h>
#include <strings.h>

#define MESSAGE_MOST 2000

#define RECORD struct invitation
static const struct column columns[] = { COLUMNS_TABLE(INVITATION_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

static void read_row(const struct db_rows *rows, int row, struct invitation *invitation)
{
    columns_read(columns, COLUMN_COUNT, rows, row, invitation);
    if (!strcmp(invitation->status, "pending") &&
        invitation->expires_at < clock_unix_microseconds())
        invitation->status = "expired";
}

/* Who is in already needs no link. */
static int check_outside(struct app *app, const struct project *project, const char *email,
                         struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct user user;
    struct db_rows rows;
    int result = users_find(app, email, &arena, &user, err);

    if (result)
        result = err->kind == ERR_NOT_FOUND ? 0 : -1;
    else if (db_read(app->db, STATEMENT_project_role, DB_ARGS(db_int(project->id), db_int(user.id)),
                     &arena, &rows, err))
        result = -1;
    else if (rows.count && db_at(&rows, 0, 0)->type != DB_NULL)
        result = FAIL(err, CONFLICT, "User is already a member");
    arena_release(&arena);
    return result;
}

int invitations_add(struct app *app, const struct project *project, const struct user *inviter,
                    const struct invitation *wanted, struct arena *arena, const char **token,
                    struct invitation *invitation, struct error *err)
{
    char id[TOKEN_ID_SIZE], hash[TOKEN_HASH_SIZE];
    int64_t now = clock_unix_microseconds();
    struct db_rows rows;

    if (!permission_project_role_can_be_given(wanted->invitee_role))
        return FAIL(err, INVALID, "The role must be admin, member or viewer");
    if (wanted->message && strlen(wanted->message) > MESSAGE_MOST)
        return FAIL(err, INVALID, "The message has more than %d bytes", MESSAGE_MOST);
    if (wanted->invitee_email && (users_check_email(wanted->invitee_email, err) ||
                                  check_outside(app, project, wanted->invitee_email, err)))
        return -1;
    token_new_id(id);
    token_hash(id, hash);
    if (db_write(app->db, STATEMENT_invitation_add,
                 DB_ARGS(db_text(hash), db_int(project->id), db_int(inviter->id),
                         db_text(wanted->invitee_email), db_text(wanted->invitee_role),
                         db_text(wanted->message), db_int(now),
                         db_int(now + INVITATION_SECONDS * 1000000LL)),
                 arena, &rows, err))
        return -1;
    *token = arena_strdup(arena, id);
    return invitations_get(app, db_at(&rows, 0, 0)->integer, arena, invitation, err);
}

/* Names for one who sees the project from outside. */
static int add_names(struct app *app, struct invitation *invitation, struct arena *arena,
                     struct error *err)
{
    struct user inviter;
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_project_name, DB_ARGS(db_int(invitation->project_id)), arena,
                &rows, err) ||
        users_get(app, invitation->inviter_id, arena, &inviter, err))
        return -1;
    invitation->project_name = rows.count ? db_at(&rows, 0, 0)->text : NULL;
    invitation->inviter_name = inviter.full_name ? inviter.full_name : inviter.email;
    return 0;
}

static int find_one(struct app *app, enum statement statement, struct db_value key,
                    struct arena *arena, struct invitation *invitation, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, statement, DB_ARGS(key), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Invitation not found");
    read_row(&rows, 0, invitation);
    return add_names(app, invitation, arena, err);
}

int invitations_find(struct app *app, const char *token, struct arena *arena,
                     struct invitation *invitation, struct error *err)
{
    char hash[TOKEN_HASH_SIZE];

    token_hash(token, hash);
    return find_one(app, STATEMENT_invitation_by_hash, db_text(hash), arena, invitation, err);
}

int invitations_get(struct app *app, int64_t id, struct arena *arena,
                    struct invitation *invitation, struct error *err)
{
    return find_one(app, STATEMENT_invitation_by_id, db_int(id), arena, invitation, err);
}

static void read_rows(const struct db_rows *rows, struct arena *arena,
                      struct invitation **invitations, int *count)
{
    *invitations = ARENA_ARRAY(arena, struct invitation, rows->count + 1);
    *count = rows->count;
    for (int i = 0; i < rows->count; i++)
        read_row(rows, i, &(*invitations)[i]);
}

int invitations_list(struct app *app, int64_t project_id, struct arena *arena,
                     struct invitation **invitations, int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_invitation_list, DB_ARGS(db_int(project_id)), arena, &rows, err))
        return -1;
    read_rows(&rows, arena, invitations, count);
    return 0;
}

int invitations_list_for(struct app *app, const struct user *user, int64_t limit, int64_t offset,
                         struct arena *arena, struct invitation **invitations, int *count,
                         struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_invitation_list_for,
                DB_ARGS(db_text(user->email), db_int(limit), db_int(offset)), arena, &rows, err))
        return -1;
    read_rows(&rows, arena, invitations, count);
    for (int i = 0; i < *count; i++)
        if (add_names(app, &(*invitations)[i], arena, err))
            return -1;
    return 0;
}

/* An address that it was not meant for learns nothing, not even that it exists. */
static int check_open(const struct invitation *i, const char *email, struct error *err)
{
    if (i->invitee_email && (!email || strcasecmp(i->invitee_email, email)))
        return FAIL(err, NOT_FOUND, "Invitation not found");
    if (strcmp(i->status, "pending"))
        return FAIL(err, INVALID, "Invitation is %s", i->status);
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

    if (!result)
        result = check_open(&invitation, user->email, err);
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

struct joining {
    struct new_user user;
    struct answer answer;
};

static int join_new(struct db_connection *connection, void *context, struct error *err)
{
    struct joining *j = context;

    if (users_insert(connection, &j->user, err))
        return -1;
    j->answer.user_id = j->user.id;
    return answer(connection, &j->answer, err);
}

int invitations_register(struct app *app, const char *token, const struct user *profile,
                         const char *password, enum role role, struct arena *arena,
                         struct user *user, struct error *err)
{
    struct invitation invitation;
    struct joining j = { .answer = { .invitation = &invitation, .accept = true } };

    if (invitations_find(app, token, arena, &invitation, err) ||
        check_open(&invitation, profile->email, err) ||
        users_prepare(app, profile, password, role, &j.user, err) ||
        db_transact(app->db, join_new, &j, err))
        return -1;
    return users_get(app, j.user.id, arena, user, err);
}

int invitations_cancel(struct app *app, const struct project *project, int64_t id,
                       struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct invitation invitation;
    struct db_rows rows;
    int result = invitations_get(app, id, &arena, &invitation, err);

    if (!result && invitation.project_id != project->id)
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
