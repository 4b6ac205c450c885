/* permissions.h - who may do what: the only table that is asked, and what docs/PERMISSIONS.md is
 * written from.
 *
 * What a person may do in a project is the lesser of what the project's role and the system's role
 * allow; an admin of the system owns every project.  Who may not even view one is told that it does
 * not exist.  What is no project's goes by the system's role alone; permissions.def lists it.
 */
#ifndef APP_PERMISSIONS_H
#define APP_PERMISSIONS_H

#include <stdbool.h>

struct str;

/* In rising order: each may do what those before it may. */
enum role { ROLE_GUEST, ROLE_STANDARD_ENGINEER, ROLE_ADVANCED_ENGINEER, ROLE_MANAGER, ROLE_ADMIN,
            ROLE_COUNT };
extern const char *const role_names[ROLE_COUNT];
int role_find(const char *name); /* -1 if unknown */

/* Also rising.  RIGHT_NONE: not even to know that the project exists. */
enum right { RIGHT_NONE = -1, RIGHT_VIEW, RIGHT_WORK, RIGHT_MANAGE, RIGHT_OWN };

enum permission {
#define PERMISSION(name, role, text) PERMISSION_##name,
#define PROJECT_ACTION(right, text, examples)
#include "app/accounts/permissions.def"
#undef PERMISSION
#undef PROJECT_ACTION
    PERMISSION_COUNT
};

bool permission_has(const char *system_role, enum permission permission);

/* The greatest right in a project; project_role: owner, admin, member, viewer, or NULL for one who
 * is no member. */
enum right permission_right(const char *system_role, const char *project_role);

/* May somebody with the one role see, change and give the other?  An admin may, all; a manager
 * those below his own. */
bool permission_over(const char *system_role, const char *other_role);

/* May somebody be given this role in a project?  Owner nobody is made by adding him. */
bool permission_project_role_can_be_given(const char *project_role);

/* The tables, as Markdown. */
void permissions_write(struct str *out);

#endif
