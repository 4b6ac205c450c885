#include "base/environment.h"

#include "base/error.h"
#include "test.h"

#include <stdlib.h>

TEST(environment_knows_what_is_set)
{
    unsetenv("FOVEA_TEST_VALUE");
    CHECK(!environment_find("FOVEA_TEST_VALUE"));
    setenv("FOVEA_TEST_VALUE", "", 1);
    CHECK(!environment_find("FOVEA_TEST_VALUE"));
    setenv("FOVEA_TEST_VALUE", "x", 1);
    CHECK_TEXT(environment_find("FOVEA_TEST_VALUE"), "x");
}

TEST(environment_numbers_have_bounds)
{
    static const char *const bad[] = { "x", "5x", "0.5", "101", "nan", "-1", "1e9" };
    struct error err;
    double value;

    unsetenv("FOVEA_TEST_VALUE");
    CHECK_OK(environment_number("FOVEA_TEST_VALUE", 7, 1, 100, &value, &err), err);
    CHECK(value == 7);
    setenv("FOVEA_TEST_VALUE", "2.5", 1);
    CHECK_OK(environment_number("FOVEA_TEST_VALUE", 7, 1, 100, &value, &err), err);
    CHECK(value == 2.5);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        setenv("FOVEA_TEST_VALUE", bad[i], 1);
        CHECK(environment_number("FOVEA_TEST_VALUE", 7, 1, 100, &value, &err));
        CHECK(strstr(err.text, "FOVEA_TEST_VALUE must be a number from 1 to 100, not"));
    }
}
