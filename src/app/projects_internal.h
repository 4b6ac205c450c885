/* projects_internal.h - what projects.c and invitations.c share. */
#ifndef APP_PROJECTS_INTERNAL_H
#define APP_PROJECTS_INTERNAL_H

#include <stdbool.h>

/* May somebody be given this role?  Owner nobody is made by adding him. */
bool role_can_be_given(const char *role);

#endif
