/* users.c - accounts; see users.h. */

#include "app/accounts/users.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <string.h>

#define EMAIL_MOST 255
#define TEXT_MOST 255
#define BIO_MOST 10000

#define RECORD struct user
static const struct column columns[] = { COLUMNS_TABLE(USER_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

/* --- checks ----------------------------------------------------------------------------------- */

/* One @, something on both sides, a dot behind it, no spaces: what a mail server says decides. */
int users_check_email(const char *email, struct error *err)
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

int users_prepare(struct app *app, const struct user *p, const char *password, enum role role,
                  struct new_user *prepared, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct user existing;
    int result = -1;

    *prepared = (struct new_user){ .profile = p, .role = role };
    if (users_check_email(p->email, err) || password_check(password, err) || check_profile(p, err))
        return -1;
    if (!users_find(app, p->email, &arena, &existing, err))
        FAIL(err, CONFLICT, "Email already registered");
    else if (err->kind == ERR_NOT_FOUND)
        result = 0;
    arena_release(&arena);
    if (!result)
        password_hash(password, prepared->hash);
    return result;
}

int users_insert(struct db_connection *connection, struct new_user *prepared, struct error *err)
{
    const struct user *p = prepared->profile;
    const char *badge = p->badge_color ? p->badge_color : badge_of(p->email);
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_run(connection, STATEMENT_user_add,
                        DB_ARGS(db_text(p->email), db_text(prepared->hash), db_text(p->full_name),
                                db_text(p->company), db_text(p->company_custom),
                                db_text(p->division), db_text(p->division_custom),
                                db_text(p->department), db_text(p->phone_number), db_text(p->bio),
                                db_text(role_names[prepared->role]), db_text(badge),
                                db_int(clock_unix_microseconds())),
                        &arena, &rows, err);

    if (!result)
        prepared->id = db_at(&rows, 0, 0)->integer;
    else if (err->kind == ERR_CONFLICT)
        FAIL(err, CONFLICT, "Email already registered");
    arena_release(&arena);
    return result;
}

static int insert_only(struct db_connection *connection, void *context, struct error *err)
{
    return users_insert(connection, context, err);
}

int users_register(struct app *app, const struct user *profile, const char *password,
                   enum role role, struct arena *arena, struct user *user, struct error *err)
{
    struct new_user prepared;

    if (users_prepare(app, profile, password, role, &prepared, err) ||
        db_transact(app->db, insert_only, &prepared, err))
        return -1;
    return users_get(app, prepared.id, arena, user, err);
}

/* A change of one account, in one transaction with what it makes void. */
struct change {
    int64_t id;
    enum statement statement;
    struct db_value value;
    bool needs_other_admin; /* if he is an active administrator, there must be another */
    bool ends_sessions;
};

static int check_other_admin(struct db_connection *connection, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows user, admins;
    struct db_value key = db_int(id);
    int result = db_run(connection, STATEMENT_user_by_id, DB_ARGS(key), &arena, &user, err) ||
                 db_run(connection, STATEMENT_user_count_admins, DB_ARGS(key), &arena, &admins,
                        err);
    struct user record = { 0 };

    if (!result && user.count)
        columns_read(columns, COLUMN_COUNT, &user, 0, &record);
    if (!result && record.is_active && role_find(record.system_role) == ROLE_ADMIN &&
        !db_at(&admins, 0, 1)->integer)
        result = FAIL(err, INVALID, "This is the last administrator");
    arena_release(&arena);
    return result ? -1 : 0;
}

static int end_all(struct db_connection *connection, int64_t id, struct error *err)
{
    return db_run(connection, STATEMENT_refresh_end_user, DB_ARGS(db_int(id)), NULL, NULL, err) ||
                   db_run(connection, STATEMENT_password_link_remove,
                          DB_ARGS(db_int(id), db_int(clock_unix_microseconds())), NULL, NULL, err)
               ? -1
               : 0;
}

static int change_in(struct db_connection *connection, void *context, struct error *err)
{
    const struct change *c = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = c->needs_other_admin ? check_other_admin(connection, c->id, err) : 0;

    if (!result)
        result = db_run(connection, c->statement,
                        DB_ARGS(db_int(c->id), c->value, db_int(clock_unix_microseconds())),
                        &arena, &rows, err);
    if (!result && !rows.count)
        result = FAIL(err, NOT_FOUND, "User not found");
    arena_release(&arena);
    return !result && c->ends_sessions ? end_all(connection, c->id, err) : result;
}

int users_set_password_in(struct db_connection *connection, int64_t id, const char *hash,
                          struct error *err)
{
    struct change change = { .id = id, .statement = STATEMENT_user_set_password,
                             .value = db_text(hash), .ends_sessions = true };

    return change_in(connection, &change, err);
}

int users_set_password(struct app *app, int64_t id, const char *password, struct error *err)
{
    char hash[PASSWORD_HASH_SIZE];
    struct change change = { .id = id, .statement = STATEMENT_user_set_password,
                             .ends_sessions = true };

    if (password_check(password, err))
        return -1;
    password_hash(password, hash);
    change.value = db_text(hash);
    return db_transact(app->db, change_in, &change, err);
}

int users_set_role(struct app *app, int64_t id, enum role role, struct error *err)
{
    struct change change = { .id = id, .statement = STATEMENT_user_set_role,
                             .value = db_text(role_names[role]),
                             .needs_other_admin = role != ROLE_ADMIN };

    return db_transact(app->db, change_in, &change, err);
}

int users_set_active(struct app *app, int64_t id, bool is_active, struct error *err)
{
    struct change change = { .id = id, .statement = STATEMENT_user_set_active,
                             .value = db_int(is_active), .needs_other_admin = !is_active,
                             .ends_sessions = !is_active };

    return db_transact(app->db, change_in, &change, err);
}

static int remove_in(struct db_connection *connection, void *context, struct error *err)
{
    const struct db_value id = db_int(*(const int64_t *)context);
    struct arena arena = ARENA_INIT;
    struct db_rows projects, rows;
    int result = check_other_admin(connection, id.integer, err) ||
                 db_run(connection, STATEMENT_user_project_count, DB_ARGS(id), &arena, &projects,
                        err);

    if (!result && db_at(&projects, 0, 0)->integer)
        result = FAIL(err, INVALID, "User owns projects");
    if (!result)
        result = db_run(connection, STATEMENT_user_forget_jobs, DB_ARGS(id), NULL, NULL, err) ||
                 db_run(connection, STATEMENT_user_forget_datasets, DB_ARGS(id), NULL, NULL, err) ||
                 db_run(connection, STATEMENT_user_remove, DB_ARGS(id), &arena, &rows, err);
    if (!result && !rows.count)
        result = FAIL(err, NOT_FOUND, "User not found");
    arena_release(&arena);
    return result ? -1 : 0;
}

int users_remove(struct app *app, int64_t id, struct error *err)
{
    return db_transact(app->db, remove_in, &id, err);
}

#define PROFILE_TEXTS(u)                                                                      \
    { (u)->full_name, (u)->company, (u)->company_custom, (u)->division, (u)->division_custom, \
      (u)->department, (u)->phone_number, (u)->bio, (u)->badge_color }

int users_update_profile(struct app *app, const struct user *before, const struct user *after,
                         struct error *err)
{
    const char *const old[] = PROFILE_TEXTS(before), *const new[] = PROFILE_TEXTS(after);

    if (check_profile(after, err))
        return -1;
    return db_write(app->db, STATEMENT_user_update_profile,
                    DB_ARGS(db_int(after->id), db_text(new[0]), db_text(new[1]), db_text(new[2]),
                            db_text(new[3]), db_text(new[4]), db_text(new[5]), db_text(new[6]),
                            db_text(new[7]), db_text(new[8]), db_int(clock_unix_microseconds()),
                            db_int(columns_changed(old, new, 9))),
                    NULL, NULL, err);
}
