/* password_links.c - links by which one sets a password once; see users.h. */

#include "app/accounts/users.h"
#include "base/clock.h"
#include "base/error.h"

int password_links_add(struct app *app, int64_t user_id, struct arena *arena, const char **token,
                       int64_t *expires_at, struct error *err)
{
    char id[TOKEN_ID_SIZE], hash[TOKEN_HASH_SIZE];
    int64_t now = clock_unix_microseconds();

    token_new_id(id);
    token_hash(id, hash);
    *expires_at = now + PASSWORD_LINK_SECONDS * 1000000LL;
    if (db_write(app->db, STATEMENT_password_link_remove, DB_ARGS(db_int(user_id), db_int(now)),
                 NULL, NULL, err) ||
        db_write(app->db, STATEMENT_password_link_add,
                 DB_ARGS(db_text(hash), db_int(user_id), db_int(*expires_at)), NULL, NULL, err))
        return -1;
    *token = arena_strdup(arena, id);
    return 0;
}

static int refuse(struct error *err)
{
    return FAIL(err, DENIED, "This link is not valid, or no longer");
}

struct using {
    const char *link_hash, *password_hash;
    int64_t user_id;
};

/* Taken by removing it, so that of two at the same moment one gets it; with the password, so that
 * none is used up for nothing. */
static int use(struct db_connection *connection, void *context, struct error *err)
{
    struct using *u = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_run(connection, STATEMENT_password_link_take,
                        DB_ARGS(db_text(u->link_hash), db_int(clock_unix_microseconds())), &arena,
                        &rows, err);

    if (!result && !rows.count)
        result = refuse(err);
    if (!result) {
        u->user_id = db_at(&rows, 0, 0)->integer;
        result = users_set_password_in(connection, u->user_id, u->password_hash, err);
    }
    arena_release(&arena);
    return result;
}

int password_links_use(struct app *app, const char *token, const char *password,
                       struct arena *arena, struct user *user, struct error *err)
{
    char link[TOKEN_HASH_SIZE], hash[PASSWORD_HASH_SIZE];
    struct using using = { .link_hash = link, .password_hash = hash };
    struct db_rows rows;

    token_hash(token, link);
    /* Hashing a password is slow: a link that nobody made does not get so far. */
    if (password_check(password, err) ||
        db_read(app->db, STATEMENT_password_link_find,
                DB_ARGS(db_text(link), db_int(clock_unix_microseconds())), arena, &rows, err))
        return -1;
    if (!rows.count)
        return refuse(err);
    password_hash(password, hash);
    return db_transact(app->db, use, &using, err)
               ? -1
               : users_get(app, using.user_id, arena, user, err);
}
