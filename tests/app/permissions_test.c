/* permissions_test.c - the tables of rights, and that docs/PERMISSIONS.md shows them. */

#include "app/accounts/permissions.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT TEST_PROJECT_DIR "/docs/PERMISSIONS.md"
#define BEGIN "<!-- tables -->\n"
#define END "<!-- end -->\n"

TEST(permissions_document_shows_the_tables)
{
    struct str document = STR_INIT, wanted = STR_INIT, tables = STR_INIT;
    const char *begin, *end;
    struct error err;

    permissions_write(&tables);
    CHECK_OK(file_read(DOCUMENT, 1 << 20, &document, &err), err);
    begin = strstr(document.text, BEGIN);
    end = strstr(document.text, END);
    CHECK(begin && end && begin < end);
    str_add_bytes(&wanted, document.text, (size_t)(begin - document.text));
    str_printf(&wanted, BEGIN "\n%s\n%s", tables.text, end);
    if (getenv("FOVEA_WRITE_DOCS"))
        CHECK_OK(file_replace(DOCUMENT, wanted.text, wanted.length, &err), err);
    else if (strcmp(document.text, wanted.text))
        test_fail(__FILE__, __LINE__, "%s is not what permissions.c says; FOVEA_WRITE_DOCS=1 "
                                      "writes it", DOCUMENT);
    str_release(&document);
    str_release(&wanted);
    str_release(&tables);
}

TEST(permissions_rise_with_the_role)
{
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        CHECK(permission_has("admin", (enum permission)p));
        for (int role = 1; role < ROLE_COUNT; role++)
            CHECK(permission_has(role_names[role], (enum permission)p) ||
                  !permission_has(role_names[role - 1], (enum permission)p));
    }
}

TEST(permissions_of_unknown_roles_are_none)
{
    CHECK(permission_right("king", "owner") == RIGHT_NONE);
    CHECK(permission_right("manager", "king") == RIGHT_NONE);
    CHECK(permission_right("standard_engineer", "no member") == RIGHT_NONE);
    CHECK(!permission_has("king", PERMISSION_own_account) && !permission_over("king", "guest"));
    CHECK(!permission_has(NULL, PERMISSION_own_account));
    CHECK(!permission_project_role_can_be_given("owner") &&
          !permission_project_role_can_be_given("no member") &&
          !permission_project_role_can_be_given("") &&
          !permission_project_role_can_be_given(NULL) &&
          permission_project_role_can_be_given("viewer"));
}

TEST(permissions_over_others_end_at_the_own_role)
{
    static const char *const over[ROLE_COUNT] = { "", "", "", "guest standard advanced",
                                                  "all" };

    for (int role = 0; role < ROLE_COUNT; role++)
        for (int other = 0; other < ROLE_COUNT; other++)
            CHECK(permission_over(role_names[role], role_names[other]) ==
                  (!strcmp(over[role], "all") || (*over[role] && other < ROLE_MANAGER)));
}
