/* permissions.c - see permissions.h. */

#include "app/accounts/permissions.h"

#include "base/str.h"

#include <string.h>

const char *const role_names[ROLE_COUNT] = { "guest", "standard_engineer", "advanced_engineer",
                                             "manager", "admin" };

/* Roles in a project; the first is that of one who has none. */
enum { PROJECT_ROLE_COUNT = 5 };
static const char *const project_roles[PROJECT_ROLE_COUNT] = { "no member", "viewer", "member",
                                                               "admin", "owner" };

/* The greatest right of a system role (row) with a project role (column):
 * - none, v view, w work, m manage, o own */
static const char greatest[ROLE_COUNT][PROJECT_ROLE_COUNT + 1] = {
    [ROLE_GUEST] = "-vvvv",             /* looks at what is shared with him, whatever he is there */
    [ROLE_STANDARD_ENGINEER] = "-vwmo",
    [ROLE_ADVANCED_ENGINEER] = "-vwmo",
    [ROLE_MANAGER] = "-vwmo",
    [ROLE_ADMIN] = "ooooo",
};
static const char right_letters[] = "-vwmo";

#define PROJECT_ACTION(right, text, examples)
static const struct {
    const char *name;
    enum role least;
    const char *text;
} permissions[PERMISSION_COUNT] = {
#define PERMISSION(name, role, text) { #name, role, text },
#include "app/accounts/permissions.def"
#undef PERMISSION
};
#undef PROJECT_ACTION

#define PERMISSION(name, role, text)
static const struct {
    enum right right;
    const char *text, *examples;
} actions[] = {
#define PROJECT_ACTION(right, text, examples) { right, text, examples },
#include "app/accounts/permissions.def"
#undef PROJECT_ACTION
};
#undef PERMISSION

int role_find(const char *name)
{
    for (int i = 0; name && i < ROLE_COUNT; i++)
        if (!strcmp(role_names[i], name))
            return i;
    return -1;
}

bool permission_has(const char *system_role, enum permission permission)
{
    return role_find(system_role) >= (int)permissions[permission].least;
}

static int project_role_find(const char *name)
{
    for (int i = 1; name && i < PROJECT_ROLE_COUNT; i++)
        if (!strcmp(project_roles[i], name))
            return i;
    return 0;
}

/* A role that a newer program or a person's own hand wrote into the database gives nothing. */
enum right permission_right(const char *system_role, const char *project_role)
{
    int role = role_find(system_role);

    if (role < 0)
        return RIGHT_NONE;
    return (enum right)(strchr(right_letters, greatest[role][project_role_find(project_role)]) -
                        right_letters - 1);
}

bool permission_over(const char *system_role, const char *other_role)
{
    int role = role_find(system_role), other = role_find(other_role);

    return permission_has(system_role, PERMISSION_see_users) && other >= 0 &&
           (role == ROLE_ADMIN || other < role);
}

bool permission_project_role_can_be_given(const char *project_role)
{
    int role = project_role_find(project_role);

    return role > 0 && role < PROJECT_ROLE_COUNT - 1;
}

/* --- as text --------------------------------------------------------------------------------- */

/* From RIGHT_NONE on. */
static const char *const right_words[] = { "nothing: 404", "view", "work", "manage", "own" };

static void write_rights(struct str *out)
{
    str_add(out, "| system role | no member | viewer | member | admin | owner |\n"
                 "|---|---|---|---|---|---|\n");
    for (int role = 0; role < ROLE_COUNT; role++) {
        str_printf(out, "| %s |", role_names[role]);
        for (int i = 0; i < PROJECT_ROLE_COUNT; i++)
            str_printf(out, " %s |",
                       right_words[strchr(right_letters, greatest[role][i]) - right_letters]);
        str_add(out, "\n");
    }
}

static void write_actions(struct str *out)
{
    str_add(out, "\n| right | allows | for example |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
        str_printf(out, "| %s | %s | %s |\n", right_words[actions[i].right + 1], actions[i].text,
                   actions[i].examples);
}

static void write_permissions(struct str *out)
{
    str_add(out, "\n| may |");
    for (int role = 0; role < ROLE_COUNT; role++)
        str_printf(out, " %s |", role_names[role]);
    str_add(out, "\n|---|---|---|---|---|---|\n");
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        str_printf(out, "| %s |", permissions[i].text);
        for (int role = 0; role < ROLE_COUNT; role++)
            str_add(out, role >= (int)permissions[i].least ? " yes |" : " |");
        str_add(out, "\n");
    }
}

void permissions_write(struct str *out)
{
    write_rights(out);
    write_actions(out);
    write_permissions(out);
}
