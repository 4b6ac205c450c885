/* rights_table.h - who may do what in a project: the table of docs/PERMISSIONS.md, which app/ and
 * requests over HTTP are held against. */
#ifndef TESTS_RIGHTS_TABLE_H
#define TESTS_RIGHTS_TABLE_H

/* System role, project role (NULL: no member), and what view, work, manage and own come to: hidden,
 * refused, allowed. */
static const struct rights_cell {
    const char *system, *project, *outcomes;
} rights_table[] = {
    { "guest", NULL, "hhhh" },
    { "guest", "viewer", "arrr" },
    { "guest", "member", "arrr" },
    { "guest", "admin", "arrr" },
    { "guest", "owner", "arrr" },
    { "standard_engineer", NULL, "hhhh" },
    { "standard_engineer", "viewer", "arrr" },
    { "standard_engineer", "member", "aarr" },
    { "standard_engineer", "admin", "aaar" },
    { "standard_engineer", "owner", "aaaa" },
    { "advanced_engineer", NULL, "hhhh" },
    { "advanced_engineer", "viewer", "arrr" },
    { "advanced_engineer", "member", "aarr" },
    { "advanced_engineer", "admin", "aaar" },
    { "advanced_engineer", "owner", "aaaa" },
    { "manager", NULL, "hhhh" },
    { "manager", "viewer", "arrr" },
    { "manager", "member", "aarr" },
    { "manager", "admin", "aaar" },
    { "manager", "owner", "aaaa" },
    { "admin", NULL, "aaaa" },
    { "admin", "viewer", "aaaa" },
    { "admin", "member", "aaaa" },
    { "admin", "admin", "aaaa" },
    { "admin", "owner", "aaaa" },
};
#define RIGHTS_TABLE_ROWS (sizeof(rights_table) / sizeof(*rights_table))

enum outcome { HIDDEN, REFUSED, ALLOWED };

static inline enum outcome rights_outcome(const struct rights_cell *cell, int right)
{
    char letter = cell->outcomes[right];

    return letter == 'a' ? ALLOWED : letter == 'r' ? REFUSED : HIDDEN;
}

#endif
