/* sessions.c - logins, tokens and API keys; see users.h. */

#include "app/accounts/users.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <sodium.h>
#include <string.h>

#define KEY_PREFIX "fvk_"
#define KEY_CHARACTERS 40
#define KEY_SHOWN 8                          /* of the prefix that is listed */
#define KEY_USE_MICROSECONDS (60 * 1000000LL) /* last_used_at is this exact */
#define REFRESH_GRACE_MICROSECONDS (10 * 1000000LL)

/* --- tokens ----------------------------------------------------------------------------------- */

static char *write_token(struct app *app, const struct user *user, enum token_type type,
                         int64_t seconds, char id[TOKEN_ID_SIZE], struct arena *arena)
{
    int64_t now = clock_unix_microseconds() / 1000000;
    struct token token = { .user_id = user->id, .type = type, .issued = now,
                           .expires = now + seconds, .generation = user->session_generation };
    struct str text = STR_INIT;
    char *copy;

    memcpy(token.id, id, TOKEN_ID_SIZE);
    token_write(&token, app->token_secret, &text);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

static void make_session(struct app *app, const struct user *user, char refresh_id[TOKEN_ID_SIZE],
                         struct arena *arena, struct session *session)
{
    char access_id[TOKEN_ID_SIZE];

    token_new_id(access_id);
    session->access_token = write_token(app, user, TOKEN_ACCESS, app->access_seconds, access_id,
                                        arena);
    session->refresh_token = write_token(app, user, TOKEN_REFRESH, SESSION_REFRESH_SECONDS,
                                         refresh_id, arena);
}

static int64_t refresh_end(void)
{
    return clock_unix_microseconds() + SESSION_REFRESH_SECONDS * 1000000LL;
}

int sessions_begin(struct app *app, const struct user *user, struct arena *arena,
                   struct session *session, struct error *err)
{
    char id[TOKEN_ID_SIZE];

    token_new_id(id);
    /* Now and then what has expired must go; a login is rare enough. */
    if (db_write(app->db, STATEMENT_refresh_forget, DB_ARGS(db_int(clock_unix_microseconds())),
                 NULL, NULL, err) ||
        db_write(app->db, STATEMENT_refresh_add,
                 DB_ARGS(db_text(id), db_text(id), db_int(user->id), db_int(refresh_end())), NULL,
                 NULL, err))
        return -1;
    make_session(app, user, id, arena, session);
    return 0;
}

int sessions_login(struct app *app, const char *email, const char *password, struct arena *arena,
                   struct user *user, struct session *session, struct error *err)
{
    bool known = !users_find(app, email, arena, user, err);

    if (!known && err->kind != ERR_NOT_FOUND)
        return -1;
    if (!password_matches(password, known ? user->hashed_password : NULL))
        return FAIL(err, DENIED, "Incorrect email or password");
    if (!user->is_active)
        return FAIL(err, INVALID, "Inactive user");
    return sessions_begin(app, user, arena, session, err);
}

/* One use of a refresh token, inside a transaction: two that come at the same moment are told
 * apart.  Within the grace each gets a successor: they are tabs of one browser that share the
 * cookie, or one who has not heard the answer to the first. */
struct rotation {
    const char *old_id;
    char *new_id;
    bool was_stolen; /* the transaction must keep what it did then */
};

static int rotate(struct db_connection *connection, void *context, struct error *err)
{
    struct rotation *r = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int64_t now = clock_unix_microseconds();
    int result = -1;

    r->was_stolen = false;
    if (db_run(connection, STATEMENT_refresh_get, DB_ARGS(db_text(r->old_id)), &arena, &rows, err))
        goto done;
    if (!rows.count || db_at(&rows, 0, 2)->integer < now) {
        FAIL(err, DENIED, "Invalid refresh token");
        goto done;
    }
    if (db_at(&rows, 0, 3)->type != DB_NULL &&
        now - db_at(&rows, 0, 3)->integer > REFRESH_GRACE_MICROSECONDS) {
        r->was_stolen = true;
        result = db_run(connection, STATEMENT_refresh_end_family, DB_ARGS(*db_at(&rows, 0, 0)),
                        NULL, NULL, err);
        goto done;
    }
    /* The first use stays noted: a later one does not prolong the grace. */
    result = db_run(connection, STATEMENT_refresh_use, DB_ARGS(db_text(r->old_id), db_int(now)),
                    NULL, NULL, err) ||
                     db_run(connection, STATEMENT_refresh_add,
                            DB_ARGS(db_text(r->new_id), *db_at(&rows, 0, 0), *db_at(&rows, 0, 1),
                                    db_int(refresh_end())),
                            NULL, NULL, err)
                 ? -1
                 : 0;
done:
    arena_release(&arena);
    return result;
}

static int read_refresh(struct app *app, const char *text, struct token *token, struct error *err)
{
    if (token_read(token, text ? text : "", TOKEN_REFRESH, app->token_secret,
                   clock_unix_microseconds() / 1000000, err))
        return FAIL(err, DENIED, "Invalid refresh token");
    return 0;
}

int sessions_refresh(struct app *app, const char *refresh_token, struct arena *arena,
                     struct user *user, struct session *session, struct error *err)
{
    char id[TOKEN_ID_SIZE];
    struct rotation rotation = { .new_id = id };
    struct token token;

    if (read_refresh(app, refresh_token, &token, err))
        return -1;
    rotation.old_id = token.id;
    token_new_id(id);
    if (db_transact(app->db, rotate, &rotation, err))
        return -1;
    /* The generation: a login that was under way when the password changed. */
    if (rotation.was_stolen || users_get(app, token.user_id, arena, user, err) ||
        !user->is_active || token.generation != user->session_generation)
        return FAIL(err, DENIED, "Invalid refresh token");
    make_session(app, user, id, arena, session);
    return 0;
}

int sessions_end(struct app *app, const char *refresh_token, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    struct token token;
    int result;

    if (read_refresh(app, refresh_token, &token, err))
        return 0;
    result = db_read(app->db, STATEMENT_refresh_get, DB_ARGS(db_text(token.id)), &arena, &rows,
                     err);
    if (!result && rows.count)
        result = db_write(app->db, STATEMENT_refresh_end_family, DB_ARGS(*db_at(&rows, 0, 0)), NULL,
                          NULL, err);
    arena_release(&arena);
    return result;
}

/* --- API keys --------------------------------------------------------------------------------- */

int api_keys_add(struct app *app, int64_t user_id, const char *name, struct arena *arena,
                 struct api_key *key, const char **secret, struct error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char text[sizeof(KEY_PREFIX) + KEY_CHARACTERS] = KEY_PREFIX, hash[TOKEN_HASH_SIZE];
    int64_t now = clock_unix_microseconds();
    char shown[KEY_SHOWN + 1];
    struct db_rows rows;

    if (!name || !*name || strlen(name) > 100)
        return FAIL(err, INVALID, "A key needs a name of 1 to 100 bytes");
    for (size_t i = strlen(KEY_PREFIX); i < sizeof(text) - 1; i++)
        text[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    token_hash(text, hash);
    snprintf(shown, sizeof(shown), "%.*s", KEY_SHOWN, text);
    if (db_write(
            app->db, STATEMENT_api_key_add,
            DB_ARGS(db_int(user_id), db_text(name), db_text(shown), db_text(hash), db_int(now)),
            arena, &rows, err))
        return -1;
    *key = (struct api_key){ .id = db_at(&rows, 0, 0)->integer,
                             .name = arena_strdup(arena, name),
                             .prefix = arena_strdup(arena, shown),
                             .created_at = now };
    *secret = arena_strdup(arena, text);
    sodium_memzero(text, sizeof(text));
    return 0;
}

int api_keys_list(struct app *app, int64_t user_id, struct arena *arena, struct api_key **keys,
                  int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_api_key_list, DB_ARGS(db_int(user_id)), arena, &rows, err))
        return -1;
    *keys = ARENA_ARRAY(arena, struct api_key, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*keys)[i] = (struct api_key){ .id = db_at(&rows, i, 0)->integer,
                                       .name = db_at(&rows, i, 1)->text,
                                       .prefix = db_at(&rows, i, 2)->text,
                                       .created_at = db_at(&rows, i, 3)->integer,
                                       .last_used_at = db_at(&rows, i, 4)->integer };
    return 0;
}

int api_keys_remove(struct app *app, int64_t user_id, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, STATEMENT_api_key_remove, DB_ARGS(db_int(id), db_int(user_id)),
                          &arena, &rows, err);

    arena_release(&arena);
    if (!result && !rows.count)
        return FAIL(err, NOT_FOUND, "API key not found");
    return result;
}

/* --- who is it -------------------------------------------------------------------------------- */

/* *key_id: of a key whose use is to be noted; 0: it was not long ago. */
static int owner_of_key(struct app *app, const char *key, int64_t *user_id, int64_t *key_id,
                        struct error *err)
{
    char hash[TOKEN_HASH_SIZE];
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result;

    token_hash(key, hash);
    result = db_read(app->db, STATEMENT_api_key_by_hash, DB_ARGS(db_text(hash)), &arena, &rows,
                     err);
    if (!result && !rows.count)
        result = FAIL(err, DENIED, "Could not validate credentials");
    if (!result) {
        int64_t used = db_at(&rows, 0, 2)->integer;

        *user_id = db_at(&rows, 0, 1)->integer;
        if (clock_unix_microseconds() - used > KEY_USE_MICROSECONDS)
            *key_id = db_at(&rows, 0, 0)->integer;
    }
    arena_release(&arena);
    return result;
}

void sessions_note_use(struct app *app, const struct user *user)
{
    struct error err;

    if (user->used_key_id &&
        db_write(app->db, STATEMENT_api_key_used,
                 DB_ARGS(db_int(user->used_key_id), db_int(clock_unix_microseconds())), NULL, NULL,
                 &err))
        log_warn("the use of an API key could not be noted: %s", err.text);
}

int sessions_identify(struct app *app, const char *bearer, struct arena *arena, struct user *user,
                      struct error *err)
{
    bool is_key = str_starts_with(bearer, KEY_PREFIX);
    struct token token = { 0 };
    int64_t key_id = 0;

    if (is_key) {
        if (owner_of_key(app, bearer, &token.user_id, &key_id, err))
            return -1;
    } else if (token_read(&token, bearer, TOKEN_ACCESS, app->token_secret,
                          clock_unix_microseconds() / 1000000, err)) {
        return -1;
    }
    if (users_get(app, token.user_id, arena, user, err))
        return err->kind == ERR_NOT_FOUND ? FAIL(err, DENIED, "Could not validate credentials")
                                          : -1;
    if (!user->is_active || (!is_key && token.generation != user->session_generation))
        return FAIL(err, DENIED, "Could not validate credentials");
    user->used_key_id = key_id;
    return 0;
}
