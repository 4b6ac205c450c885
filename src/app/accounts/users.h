/* users.h - who may use the platform: accounts, logins, sessions, API keys.
 *
 * Roles, in rising order, of which each may do what those before it may:
 *   guest              look at what is shared with him
 *   standard_engineer  own projects and data sets, train
 *   advanced_engineer  the settings that experts use
 *   manager            see all users below manager
 *   admin              everything
 * Sessions: an access token for an hour and a refresh token for a week that serves once and is
 * replaced by each use.  One that comes again more than 10 seconds later was stolen or copied: all
 * that stem from the same login end.  Until then it is another tab that refreshes: it is served.
 * API keys look like "fvk_" and 40 letters and digits; the database has their hash alone.
 */
#ifndef APP_USERS_H
#define APP_USERS_H

#include "app/accounts/password.h"
#include "app/accounts/permissions.h"
#include "app/app.h"
#include "base/arena.h"

/* Texts may be NULL where the user gave none, but for email, hashed_password and system_role. */
struct user {
    int64_t id, created_at, updated_at;
    const char *email, *hashed_password, *full_name, *company, *company_custom, *division,
        *division_custom, *department, *phone_number, *bio, *system_role, *badge_color;
    int64_t session_generation;
    int64_t used_key_id; /* of sessions_identify(): an API key whose use is to be noted, or 0 */
    bool is_active;
};

/* Add an account; email and password are checked.  CONFLICT "Email already registered". */
int users_register(struct app *app, const struct user *profile, const char *password,
                   enum role role, struct arena *arena, struct user *user, struct error *err);

/* The same in two steps, for who has more to do in the same transaction: check and hash, which
 * takes its time; then insert. */
struct new_user {
    const struct user *profile;
    enum role role;
    char hash[PASSWORD_HASH_SIZE];
    int64_t id; /* of the row, when inserted */
};
int users_prepare(struct app *app, const struct user *profile, const char *password,
                  enum role role, struct new_user *prepared, struct error *err);
int users_insert(struct db_connection *connection, struct new_user *prepared, struct error *err);

/* INVALID "This is no valid email address" */
int users_check_email(const char *email, struct error *err);

/* NOT_FOUND "User not found" */
int users_get(struct app *app, int64_t id, struct arena *arena, struct user *user,
              struct error *err);
int users_find(struct app *app, const char *email, struct arena *arena, struct user *user,
               struct error *err);
int users_list(struct app *app, struct arena *arena, struct user **users, int *count,
               struct error *err);
int users_count(struct app *app, int64_t *count, struct error *err);

/* Who had the old password, or got in before the account was closed, is out at once: sessions and
 * access tokens end, and links to set a password.  API keys of an active account stay. */
int users_set_password(struct app *app, int64_t id, const char *password, struct error *err);
/* The same inside a transaction, with what password_hash() gives. */
int users_set_password_in(struct db_connection *connection, int64_t id, const char *hash,
                          struct error *err);
/* INVALID for what would leave the platform without an active administrator. */
int users_set_role(struct app *app, int64_t id, enum role role, struct error *err);
int users_set_active(struct app *app, int64_t id, bool is_active, struct error *err);
/* The texts of the profile, of which only what has changed is written. */
int users_update_profile(struct app *app, const struct user *before, const struct user *after,
                         struct error *err);
/* INVALID "User owns projects"; jobs and data sets in projects of others stay. */
int users_remove(struct app *app, int64_t id, struct error *err);

/* --- links to set a password ------------------------------------------------------------------ */

#define PASSWORD_LINK_SECONDS (3 * 24 * 60 * 60)

/* For an account that an administrator has made, and for who forgot: serves once, replaces the ones
 * before.  The database has its hash alone. */
int password_links_add(struct app *app, int64_t user_id, struct arena *arena, const char **token,
                       int64_t *expires_at, struct error *err);
/* DENIED "This link is not valid, or no longer" */
int password_links_use(struct app *app, const char *token, const char *password,
                       struct arena *arena, struct user *user, struct error *err);

/* --- sessions -------------------------------------------------------------------------------- */

#define SESSION_REFRESH_SECONDS (7 * 24 * 60 * 60)

struct session {
    const char *access_token, *refresh_token; /* in the arena */
};

/* DENIED "Incorrect email or password", INVALID "Inactive user". */
int sessions_login(struct app *app, const char *email, const char *password, struct arena *arena,
                   struct user *user, struct session *session, struct error *err);

/* For one who has shown in another way who he is. */
int sessions_begin(struct app *app, const struct user *user, struct arena *arena,
                   struct session *session, struct error *err);

/* DENIED "Invalid refresh token" */
int sessions_refresh(struct app *app, const char *refresh_token, struct arena *arena,
                     struct user *user, struct session *session, struct error *err);

/* Ends the session that the token belongs to; one that is no token ends nothing. */
int sessions_end(struct app *app, const char *refresh_token, struct error *err);

/* Who a bearer of this is, by access token or API key.  DENIED "Could not validate credentials".
 * It only reads, so that it may be asked from a thread that must not wait. */
int sessions_identify(struct app *app, const char *bearer, struct arena *arena, struct user *user,
                      struct error *err);
/* last_used_at of the key that identified them; a database that cannot write is no reason to refuse
 * a request that only reads. */
void sessions_note_use(struct app *app, const struct user *user);

/* --- API keys -------------------------------------------------------------------------------- */

struct api_key {
    int64_t id, created_at, last_used_at;
    const char *name, *prefix;
};

/* The key itself, in *secret, is told this once. */
int api_keys_add(struct app *app, int64_t user_id, const char *name, struct arena *arena,
                 struct api_key *key, const char **secret, struct error *err);
int api_keys_list(struct app *app, int64_t user_id, struct arena *arena, struct api_key **keys,
                  int *count, struct error *err);
int api_keys_remove(struct app *app, int64_t user_id, int64_t id,
                    struct error *err); /* NOT_FOUND */

#endif
