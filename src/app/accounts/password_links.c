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

/* Taken by removing it, so that of two at the same moment one gets it. */
int password_links_use(struct app *app, const char *token, const char *password,
                       struct arena *arena, struct user *user, struct error *err)
{
    char hash[TOKEN_HASH_SIZE];
    struct db_rows rows;

    token_hash(token, hash);
    if (password_check(password, err) ||
        db_write(app->db, STATEMENT_password_link_take,
                 DB_ARGS(db_text(hash), db_int(clock_unix_microseconds())), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, DENIED, "This link is not valid, or no longer");
    if (users_set_password(app, db_at(&rows, 0, 0)->integer, password, err))
        return -1;
    return users_get(app, db_at(&rows, 0, 0)->integer, arena, user, err);
}
