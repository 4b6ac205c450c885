/* admin.c - accounts and projects as administrators see them; see admin.h. */

#include "app/operations/admin.h"
#include "app/search.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <sodium.h>
#include <string.h>

#define RECORD struct user
static const struct column user_columns[] = { COLUMNS_TABLE(USER_COLUMNS) };
#undef RECORD
#define RECORD struct project
static const struct column project_columns[] = { COLUMNS_TABLE(PROJECT_COLUMNS) };
#undef RECORD
#define COUNT(columns) ((int)(sizeof(columns) / sizeof(*(columns))))

static int check_may(const struct user *actor, enum permission permission, struct error *err)
{
    return permission_has(actor->system_role, permission)
               ? 0
               : FAIL(err, DENIED, "Not enough permissions");
}

/* --- accounts -------------------------------------------------------------------------------- */

static int count_projects(struct app *app, struct account *account, struct arena *arena,
                          struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_user_project_count, DB_ARGS(db_int(account->user.id)), arena,
                &rows, err))
        return -1;
    account->project_count = db_at(&rows, 0, 0)->integer;
    return 0;
}

int accounts_list(struct app *app, const struct user *actor, const struct account_page *page,
                  struct arena *arena, struct account **accounts, int *count, int64_t *total,
                  struct error *err)
{
    bool all = permission_over(actor->system_role, role_names[ROLE_ADMIN]);
    struct db_value pattern = search_pattern(page->search, arena);
    struct db_value active = page->is_active < 0 ? db_null() : db_int(page->is_active);
    struct db_rows rows, counts;

    if (check_may(actor, PERMISSION_see_users, err) ||
        db_read(app->db, STATEMENT_user_search,
                DB_ARGS(db_int(all), pattern, db_text(page->role), active, db_int(page->limit),
                        db_int(page->offset)),
                arena, &rows, err) ||
        db_read(app->db, STATEMENT_user_search_count,
                DB_ARGS(db_int(all), pattern, db_text(page->role), active), arena, &counts, err))
        return -1;
    *total = db_at(&counts, 0, 0)->integer;
    *accounts = ARENA_ARRAY(arena, struct account, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++) {
        columns_read(user_columns, COUNT(user_columns), &rows, i, &(*accounts)[i].user);
        if (count_projects(app, &(*accounts)[i], arena, err))
            return -1;
    }
    return 0;
}

int accounts_get(struct app *app, const struct user *actor, int64_t id, struct arena *arena,
                 struct account *account, struct error *err)
{
    if (check_may(actor, PERMISSION_see_users, err) ||
        users_get(app, id, arena, &account->user, err))
        return -1;
    if (id != actor->id && !permission_over(actor->system_role, account->user.system_role))
        return FAIL(err, NOT_FOUND, "User not found");
    return count_projects(app, account, arena, err);
}

/* The role that somebody is to have. */
static int check_role(const struct user *actor, const char *role, struct error *err)
{
    if (role_find(role) < 0)
        return FAIL(err, INVALID, "Invalid role: %s", role);
    if (!permission_over(actor->system_role, role))
        return FAIL(err, DENIED, "Not enough permissions");
    return 0;
}

int accounts_add(struct app *app, const struct user *actor, const struct user *profile,
                 const char *password, const char *role, struct arena *arena,
                 struct account *account, const char **link_token, struct error *err)
{
    struct platform_settings settings;
    char unknown[TOKEN_ID_SIZE];
    int64_t expires_at;
    int result;

    *link_token = NULL;
    if (check_may(actor, PERMISSION_change_users, err) ||
        settings_read(app, arena, &settings, err) ||
        check_role(actor, role ? role : settings.default_role, err))
        return -1;
    if (!role)
        role = settings.default_role;
    token_new_id(unknown); /* fits as a password, and nobody will know it */
    result = users_register(app, profile, password ? password : unknown,
                            (enum role)role_find(role), arena, &account->user, err);
    sodium_memzero(unknown, sizeof(unknown));
    account->project_count = 0;
    if (!result && !password)
        result = password_links_add(app, account->user.id, arena, link_token, &expires_at, err);
    return result;
}

static int check_change(const struct user *actor, const struct user *subject,
                        const struct account_change *change, struct error *err)
{
    bool is_self = actor->id == subject->id;

    if (change->role && check_role(actor, change->role, err))
        return -1;
    if (is_self && change->role && role_find(change->role) < role_find(subject->system_role))
        return FAIL(err, INVALID, "You cannot demote yourself");
    if (is_self && !change->is_active)
        return FAIL(err, INVALID, "You cannot deactivate yourself");
    return 0;
}

int accounts_change(struct app *app, const struct user *actor, int64_t id,
                    const struct account_change *change, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct account account;
    int result = check_may(actor, PERMISSION_change_users, err) ||
                 accounts_get(app, actor, id, &arena, &account, err) ||
                 check_change(actor, &account.user, change, err);

    if (!result && change->role)
        result = users_set_role(app, id, (enum role)role_find(change->role), err);
    if (!result && change->is_active >= 0 && change->is_active != account.user.is_active)
        result = users_set_active(app, id, change->is_active, err);
    arena_release(&arena);
    return result ? -1 : 0;
}

int accounts_remove(struct app *app, const struct user *actor, int64_t id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct account account;
    int result = check_may(actor, PERMISSION_change_users, err) ||
                 accounts_get(app, actor, id, &arena, &account, err);

    if (!result && id == actor->id)
        result = FAIL(err, INVALID, "You cannot delete yourself");
    if (!result)
        result = users_remove(app, id, err);
    arena_release(&arena);
    return result ? -1 : 0;
}

/* --- projects -------------------------------------------------------------------------------- */

int projects_search(struct app *app, const struct user *actor, const struct project_page *page,
                    struct arena *arena, struct project **projects, int *count, int64_t *total,
                    struct error *err)
{
    struct db_value pattern = search_pattern(page->search, arena);
    struct db_value owner = page->user_id ? db_int(page->user_id) : db_null();
    struct db_rows rows, counts;

    if (check_may(actor, PERMISSION_all_projects, err) ||
        db_read(app->db, STATEMENT_project_search,
                DB_ARGS(pattern, owner, db_int(page->limit), db_int(page->offset)), arena, &rows,
                err) ||
        db_read(app->db, STATEMENT_project_search_count, DB_ARGS(pattern, owner), arena, &counts,
                err))
        return -1;
    *total = db_at(&counts, 0, 0)->integer;
    *projects = ARENA_ARRAY(arena, struct project, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        columns_read(project_columns, COUNT(project_columns), &rows, i, &(*projects)[i]);
    return 0;
}

struct handing {
    const struct project *project;
    int64_t user_id;
};

static int hand_over(struct db_connection *connection, void *context, struct error *err)
{
    const struct handing *h = context;
    struct db_value project = db_int(h->project->id), user = db_int(h->user_id);
    int64_t now = clock_unix_microseconds();

    return db_run(connection, STATEMENT_member_remove, DB_ARGS(project, user), NULL, NULL, err) ||
                   db_run(connection, STATEMENT_project_set_owner,
                          DB_ARGS(project, user, db_int(now)), NULL, NULL, err) ||
                   db_run(connection, STATEMENT_member_add,
                          DB_ARGS(project, db_int(h->project->user_id), db_text("admin"), user,
                                  db_int(now)),
                          NULL, NULL, err)
               ? -1
               : 0;
}

int projects_hand_over(struct app *app, const struct project *project, int64_t user_id,
                       struct error *err)
{
    struct handing handing = { project, user_id };
    struct arena arena = ARENA_INIT;
    struct user user;
    int result = users_get(app, user_id, &arena, &user, err);

    if (!result && (!user.is_active ||
                    permission_right(user.system_role, "owner") < RIGHT_OWN))
        result = FAIL(err, INVALID, "This user cannot own projects");
    arena_release(&arena);
    if (result || user_id == project->user_id)
        return result;
    if (!db_transact(app->db, hand_over, &handing, err))
        return 0;
    return err->kind == ERR_CONFLICT
               ? FAIL(err, CONFLICT, "Project with this name already exists")
               : -1;
}
