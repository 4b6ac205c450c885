/* projects.c - projects and members; see projects.h. */

#include "app/accounts/projects.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/columns.h"

#include <string.h>

#define NAME_MOST 200
#define DESCRIPTION_MOST 10000

#define RECORD struct project
static const struct column columns[] = { COLUMNS_TABLE(PROJECT_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

int projects_open(struct app *app, const struct user *user, int64_t id, enum right right,
                  struct arena *arena, struct project *project, struct error *err)
{
    struct db_rows rows, role_rows;
    const char *role;
    enum right greatest;

    if (db_read(app->db, STATEMENT_project_by_id, DB_ARGS(db_int(id)), arena, &rows, err) ||
        db_read(app->db, STATEMENT_project_role, DB_ARGS(db_int(id), db_int(user->id)), arena,
                &role_rows, err))
        return -1;
    role = role_rows.count ? db_at(&role_rows, 0, 0)->text : NULL;
    greatest = rows.count ? permission_right(user->system_role, role) : RIGHT_NONE;
    if (greatest == RIGHT_NONE)
        return FAIL(err, NOT_FOUND, "Project not found");
    if (greatest < right)
        return FAIL(err, DENIED, "Not enough permissions");
    columns_read(columns, COLUMN_COUNT, &rows, 0, project);
    project->role = role ? role : "admin"; /* the system's */
    return 0;
}

int projects_list(struct app *app, const struct user *user, struct arena *arena,
                  struct project **projects, int *count, struct error *err)
{
    struct db_rows rows, role;
    int result;

    if (permission_has(user->system_role, PERMISSION_all_projects))
        result = db_read(app->db, STATEMENT_project_list_all, DB_NO_ARGS, arena, &rows, err);
    else
        result = db_read(app->db, STATEMENT_project_list, DB_ARGS(db_int(user->id)), arena, &rows,
                         err);
    if (result)
        return -1;
    *projects = ARENA_ARRAY(arena, struct project, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++) {
        struct project *p = &(*projects)[i];

        columns_read(columns, COLUMN_COUNT, &rows, i, p);
        if (db_read(app->db, STATEMENT_project_role, DB_ARGS(db_int(p->id), db_int(user->id)),
                    arena, &role, err))
            return -1;
        p->role = role.count && db_at(&role, 0, 0)->text ? db_at(&role, 0, 0)->text : "admin";
    }
    return 0;
}

/* --- changing -------------------------------------------------------------------------------- */

static int check(const struct project *p, struct error *err)
{
    if (!p->name || !*p->name || strlen(p->name) > NAME_MOST)
        return FAIL(err, INVALID, "A project needs a name of 1 to %d bytes", NAME_MOST);
    if (p->description && strlen(p->description) > DESCRIPTION_MOST)
        return FAIL(err, INVALID, "The description has more than %d bytes", DESCRIPTION_MOST);
    if (p->task_type && strlen(p->task_type) > 50)
        return FAIL(err, INVALID, "The task type has more than 50 bytes");
    return 0;
}

static int name_taken(struct error *err)
{
    return err->kind == ERR_CONFLICT ? FAIL(err, CONFLICT, "Project with this name already exists")
                                     : -1;
}

int projects_add(struct app *app, const struct user *user, const struct project *wanted,
                 struct arena *arena, struct project *project, struct error *err)
{
    struct db_rows rows;

    if (!permission_has(user->system_role, PERMISSION_make_projects))
        return FAIL(err, DENIED, "Not enough permissions");
    if (check(wanted, err))
        return -1;
    if (db_write(app->db, STATEMENT_project_add,
                 DB_ARGS(db_text(wanted->name), db_text(wanted->description),
                         db_text(wanted->task_type), db_int(user->id),
                         db_int(clock_unix_microseconds())),
                 arena, &rows, err))
        return name_taken(err);
    return projects_open(app, user, db_at(&rows, 0, 0)->integer, RIGHT_OWN, arena, project, err);
}

int projects_update(struct app *app, const struct project *before, const struct project *after,
                    struct error *err)
{
    const char *const old[] = { before->name, before->description, before->task_type };
    const char *const new[] = { after->name, after->description, after->task_type };

    if (check(after, err))
        return -1;
    if (db_write(app->db, STATEMENT_project_update,
                 DB_ARGS(db_int(after->id), db_text(new[0]), db_text(new[1]), db_text(new[2]),
                         db_int(clock_unix_microseconds()), db_int(columns_changed(old, new, 3))),
                 NULL, NULL, err))
        return name_taken(err);
    return 0;
}

int projects_remove(struct app *app, int64_t id, struct error *err)
{
    return db_write(app->db, STATEMENT_project_remove, DB_ARGS(db_int(id)), NULL, NULL, err);
}

/* --- members --------------------------------------------------------------------------------- */

int members_list(struct app *app, int64_t project_id, struct arena *arena, struct member **members,
                 int *count, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_member_list, DB_ARGS(db_int(project_id)), arena, &rows, err))
        return -1;
    *members = ARENA_ARRAY(arena, struct member, rows.count + 1);
    *count = rows.count;
    for (int i = 0; i < rows.count; i++)
        (*members)[i] = (struct member){
            .user_id = db_at(&rows, i, 0)->integer, .email = db_at(&rows, i, 1)->text,
            .full_name = db_at(&rows, i, 2)->text, .badge_color = db_at(&rows, i, 3)->text,
            .role = db_at(&rows, i, 4)->text, .joined_at = db_at(&rows, i, 5)->integer,
            .is_owner = db_at(&rows, i, 6)->integer != 0 };
    return 0;
}

static int check_role(const char *role, struct error *err)
{
    return permission_project_role_can_be_given(role)
               ? 0
               : FAIL(err, INVALID, "The role must be admin, member or viewer");
}

int members_add(struct app *app, const struct project *project, const char *email, const char *role,
                const struct user *inviter, struct arena *arena, struct user *added,
                struct error *err)
{
    if (check_role(role, err) || users_find(app, email, arena, added, err))
        return -1;
    if (added->id == project->user_id)
        return FAIL(err, CONFLICT, "User is already the project owner");
    if (!db_write(app->db, STATEMENT_member_add,
                  DB_ARGS(db_int(project->id), db_int(added->id), db_text(role),
                          db_int(inviter->id), db_int(clock_unix_microseconds())),
                  NULL, NULL, err))
        return 0;
    return err->kind == ERR_CONFLICT ? FAIL(err, CONFLICT, "User is already a member") : -1;
}

/* A statement that gives the id of the member's row. */
static int change_member(struct app *app, enum statement statement, const struct db_value *args,
                         int count, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = db_write(app->db, statement, args, count, &arena, &rows, err);

    arena_release(&arena);
    return !result && !rows.count ? FAIL(err, NOT_FOUND, "Member not found") : result;
}

int members_set_role(struct app *app, const struct project *project, int64_t user_id,
                     const char *role, struct error *err)
{
    if (check_role(role, err))
        return -1;
    if (user_id == project->user_id)
        return FAIL(err, INVALID, "Cannot change the role of the project owner");
    return change_member(app, STATEMENT_member_set_role,
                         DB_ARGS(db_int(project->id), db_int(user_id), db_text(role)), err);
}

int members_remove(struct app *app, const struct project *project, int64_t user_id,
                   struct error *err)
{
    if (user_id == project->user_id)
        return FAIL(err, INVALID, "Cannot remove the project owner");
    return change_member(app, STATEMENT_member_remove,
                         DB_ARGS(db_int(project->id), db_int(user_id)), err);
}
