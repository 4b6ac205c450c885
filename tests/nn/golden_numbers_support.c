/* golden_numbers_support.c - see golden_numbers_support.h. */

#include "golden_numbers_support.h"

#include "test.h"

json_t *numbers_open(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof(path), "%s/golden/%s.json", TEST_SOURCE_DIR, name);
    root = json_load_file(path, 0, &error);
    if (!root)
        test_fail(__FILE__, __LINE__, "cannot read %s: %s", path, error.text);
    return root;
}

double numbers_at(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

void numbers_check(const json_t *wanted, const float *found, size_t count, double tolerance)
{
    CHECK(json_array_size(wanted) >= count);
    for (size_t i = 0; i < count; i++) {
        double value = json_number_value(json_array_get(wanted, i));

        CHECK_NEAR(found[i], value, tolerance * (1 + fabs(value)));
    }
}
