/* password_test.c - passwords are hashed with a salt, compared, and bounded. */

#include "app/accounts/password.h"
#include "base/error.h"
#include "test.h"

#include <string.h>

TEST(password_matches_its_hash_alone)
{
    char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];

    password_hash("correct horse", hash);
    password_hash("correct horse", again);
    CHECK(!strncmp(hash, "$argon2id$", 10));
    CHECK(strcmp(hash, again)); /* another salt */
    CHECK(password_matches("correct horse", hash) && password_matches("correct horse", again));
    CHECK(!password_matches("correct hors", hash) && !password_matches("", hash));
    CHECK(!password_matches("correct horse", NULL) && !password_matches("x", "no hash"));
}

TEST(password_length_is_counted_in_characters)
{
    char longest[PASSWORD_MOST * 3 + 4] = "";
    struct error err;

    CHECK_OK(password_check("12345678", &err), err);
    CHECK_OK(password_check("비밀번호는여덟자", &err), err);
    CHECK(password_check("1234567", &err) && strstr(err.text, "8 to 100"));
    for (int i = 0; i < PASSWORD_MOST; i++)
        strcat(longest, "가");
    CHECK_OK(password_check(longest, &err), err);
    strcat(longest, "x");
    CHECK(password_check(longest, &err));
    CHECK(password_check("12345678\xff", &err) && strstr(err.text, "UTF-8"));
}
