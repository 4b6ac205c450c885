/* setup.c - see setup.h. */

#include "app/accounts/setup.h"

#include "base/error.h"

#include <sodium.h>
#include <string.h>

#define SETTING "setup_hash"

int setup_is_needed(struct app *app, bool *needed, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_read(app->db, STATEMENT_user_count_admins, DB_ARGS(db_int(0)), &arena, &rows,
                         err);

    if (!result)
        *needed = !db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

int setup_link(struct app *app, const char *base, struct arena *arena, const char **link,
               struct error *err)
{
    char token[TOKEN_ID_SIZE], hash[TOKEN_HASH_SIZE];
    bool needed;

    *link = NULL;
    if (setup_is_needed(app, &needed, err))
        return -1;
    if (!needed) /* what an earlier start has left must not serve should the last one ever go */
        return db_write(app->db, STATEMENT_setting_remove, DB_ARGS(db_text(SETTING)), NULL, NULL,
                        err);
    token_new_id(token);
    token_hash(token, hash);
    if (db_write(app->db, STATEMENT_setting_put, DB_ARGS(db_text(SETTING), db_text(hash)), NULL,
                 NULL, err))
        return -1;
    *link = arena_printf(arena, "%s/setup?token=%s", base, token);
    return 0;
}

/* DENIED unless the hash is the stored one. */
static int compare(const struct db_rows *rows, const char hash[TOKEN_HASH_SIZE], struct error *err)
{
    const struct db_value *stored = rows->count ? db_at(rows, 0, 0) : NULL;

    if (!stored || stored->length != TOKEN_HASH_SIZE - 1 ||
        sodium_memcmp(stored->text, hash, TOKEN_HASH_SIZE - 1))
        return FAIL(err, DENIED, "Invalid setup token");
    return 0;
}

struct first {
    struct new_user user;
    char hash[TOKEN_HASH_SIZE];
};

static int add_first(struct db_connection *connection, void *context, struct error *err)
{
    struct first *first = context;
    struct arena arena = ARENA_INIT;
    struct db_rows admins, stored;
    int result = db_run(connection, STATEMENT_user_count_admins, DB_ARGS(db_int(0)), &arena,
                        &admins, err) ||
                 db_run(connection, STATEMENT_setting_get, DB_ARGS(db_text(SETTING)), &arena,
                        &stored, err);

    if (!result && db_at(&admins, 0, 0)->integer)
        result = FAIL(err, CONFLICT, "Setup is done already");
    if (!result)
        result = compare(&stored, first->hash, err) ||
                 users_insert(connection, &first->user, err) ||
                 db_run(connection, STATEMENT_setting_remove, DB_ARGS(db_text(SETTING)), NULL, NULL,
                        err);
    arena_release(&arena);
    return result ? -1 : 0;
}

/* A wrong token must not cost the hash of a password, nor a mistake in the address the token. */
int setup_finish(struct app *app, const char *token, const struct user *profile,
                 const char *password, struct arena *arena, struct user *user, struct error *err)
{
    struct first first;
    struct db_rows stored;
    bool needed;

    if (setup_is_needed(app, &needed, err))
        return -1;
    if (!needed)
        return FAIL(err, CONFLICT, "Setup is done already");
    if (db_read(app->db, STATEMENT_setting_get, DB_ARGS(db_text(SETTING)), arena, &stored, err))
        return -1;
    token_hash(token, first.hash);
    if (compare(&stored, first.hash, err) ||
        users_prepare(app, profile, password, ROLE_ADMIN, &first.user, err) ||
        db_transact(app->db, add_first, &first, err))
        return -1;
    return users_get(app, first.user.id, arena, user, err);
}
