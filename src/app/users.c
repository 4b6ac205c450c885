/* users.c - accounts; see users.h. */

#include "app/users.h"

#include "app/password.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <string.h>

#define EMAIL_MOST 255
#define TEXT_MOST 255
#define BIO_MOST 10000

const char *const role_names[ROLE_COUNT] = { "guest", "standard_engineer", "advanced_engineer",
                                             "manager", "admin" };

#define RECORD struct user
static const struct column columns[] = { COLUMNS_TABLE(USER_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

int role_find(const char *name)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (!strcmp(role_names[i], name))
            return i;
    return -1;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* One @, something on both sides, a dot behind it, no spaces: what a mail server says decides. */
static int check_email(const char *email, struct error *err)
{
    const char *at = email ? strchr(email, '@') : NULL;
    const char *dot = at ? strrchr(at, '.') : NULL;
    bool good = at && at > email && !strchr(at + 1, '@') && dot && dot > at + 1 && dot[1] &&
                strlen(email) <= EMAIL_MOST;

    for (const char *c = email; good && *c; c++)
        good = (unsigned char)*c > ' ' && *c != 0x7f;
    return good ? 0 : FAIL(err, INVALID, "This is no valid email address");
}

static int check_length(const char *text, size_t most, const char *name, struct error *err)
{
    if (text && strlen(text) > most)
        return FAIL(err, INVALID, "%s has more than %zu bytes", name, most);
    return 0;
}

static int check_profile(const struct user *p, struct error *err)
{
    return check_length(p->full_name, TEXT_MOST, "full_name", err) ||
                   check_length(p->company, TEXT_MOST, "company", err) ||
                   check_length(p->company_custom, TEXT_MOST, "company_custom", err) ||
                   check_length(p->division, TEXT_MOST, "division", err) ||
                   check_length(p->division_custom, TEXT_MOST, "division_custom", err) ||
                   check_length(p->department, TEXT_MOST, "department", err) ||
                   check_length(p->phone_number, 50, "phone_number", err) ||
                   check_length(p->bio, BIO_MOST, "bio", err) ||
                   check_length(p->badge_color, 20, "badge_color", err)
               ? -1
               : 0;
}

/* --- finding ---------------------------------------------------------------------------------- */

static int one_user(struct app *app, enum statement statement, struct db_value key,
                    struct arena *arena, struct user *user, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, statement, DB_ARGS(key), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "User not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, user);
    return 0;
}

int users_get(struct app *app, int64_t id, struct arena *arena, struct user *user,
              struct error *err)
{
    return one_user(app, STATEMENT_user_by_id, db_int(id), arena, user, err);
}

int users_find(struct app *app, const char *email, struct arena *arena, struct user *user,
               struct error *err)
{
    return one_user(app, STATEMENT_user_by_email, db_text(email), arena, user, err);
}

int users_list(struct app *app, struct arena *arena, struct user **users, int *count,
               struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_user_list, DB_NO_ARGS, arena, &rows, err))
        return -1;
    *users = ARENA_ARRAY(arena, struct user, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*users)[i]);
    return 0;
}

int users_count(struct app *app, int64_t *count, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_read(app->db, STATEMENT_user_count, DB_NO_ARGS, &arena, &rows, err);

    if (!result)
        *count = db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

/* --- changing --------------------------------------------------------------------------------- */

/* Distinct on a white and on a black page, and the same for the same person everywhere. */
static const char *badge_of(const char *email)
{
    static const char *const colors[] = { "#2563eb", "#dc2626", "#059669", "#9333ea", "#d97706",
                                          "#0891b2", "#db2777", "#4d7c0f" };
    unsigned sum = 0;

    for (; *email; email++)
        sum = sum * 31 + (unsigned char)*email;
    return colors[sum % (sizeof(colors) / sizeof(*colors))];
}

int users_register(struct app *app, const struct user *p, const char *password, enum role role,
                   struct arena *arena, struct user *user, struct error *err)
{
    const char *badge = p->badge_color ? p->badge_color : badge_of(p->email ? p->email : "");
    char hash[PASSWORD_HASH_SIZE];
    struct user existing;
    struct db_rows rows;

    if (check_email(p->email, err) || password_check(password, err) || check_profile(p, err))
        return -1;
    if (!users_find(app, p->email, arena, &existing, err))
        return FAIL(err, CONFLICT, "Email already registered");
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    password_hash(password, hash);
    if (db_write(app->db, STATEMENT_user_add,
                 DB_ARGS(db_text(p->email), db_text(hash), db_text(p->full_name),
                         db_text(p->company), db_text(p->company_custom), db_text(p->division),
                         db_text(p->division_custom), db_text(p->department),
                         db_text(p->phone_number), db_text(p->bio), db_text(role_names[role]),
                         db_text(badge), db_int(clock_unix_microseconds())),
                 arena, &rows, err))
        return err->kind == ERR_CONFLICT ? FAIL(err, CONFLICT, "Email already registered") : -1;
    return users_get(app, db_at(&rows, 0, 0)->integer, arena, user, err);
}

/* Statements that give the id of the row that they changed. */
static int change(struct app *app, enum statement statement, int64_t id, struct db_value value,
                  struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, statement,
                          DB_ARGS(db_int(id), value, db_int(clock_unix_microseconds())), &arena,
                          &rows, err);

    arena_release(&arena);
    if (!result && !rows.count)
        return FAIL(err, NOT_FOUND, "User not found");
    return result;
}

/* Who had the old password, or got in before the account was closed, is out. */
static int end_sessions(struct app *app, int64_t id, struct error *err)
{
    return db_write(app->db, STATEMENT_refresh_end_user, DB_ARGS(db_int(id)), NULL, NULL, err);
}

int users_set_password(struct app *app, int64_t id, const char *password, struct error *err)
{
    char hash[PASSWORD_HASH_SIZE];

    if (password_check(password, err))
        return -1;
    password_hash(password, hash);
    return change(app, STATEMENT_user_set_password, id, db_text(hash), err) ||
                   end_sessions(app, id, err)
               ? -1
               : 0;
}

int users_set_role(struct app *app, int64_t id, enum role role, struct error *err)
{
    return change(app, STATEMENT_user_set_role, id, db_text(role_names[role]), err);
}

int users_set_active(struct app *app, int64_t id, bool is_active, struct error *err)
{
    if (change(app, STATEMENT_user_set_active, id, db_int(is_active), err))
        return -1;
    return is_active ? 0 : end_sessions(app, id, err);
}

int users_update_profile(struct app *app, const struct user *u, struct error *err)
{
    if (check_profile(u, err))
        return -1;
    return db_write(app->db, STATEMENT_user_update_profile,
                    DB_ARGS(db_int(u->id), db_text(u->full_name), db_text(u->company),
                            db_text(u->company_custom), db_text(u->division),
                            db_text(u->division_custom), db_text(u->department),
                            db_text(u->phone_number), db_text(u->bio), db_text(u->badge_color),
                            db_int(clock_unix_microseconds())),
                    NULL, NULL, err);
}
