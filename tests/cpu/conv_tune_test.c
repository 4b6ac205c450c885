/* conv_tune_test.c - measuring the machine ends in rows that conv_rules.def takes. */

#include "base/error.h"
#include "base/str.h"
#include "cpu/conv_tune.h"
#include "test.h"

#include <string.h>

TEST_SLOW(tuning_ends_in_a_rule_per_direction)
{
    static const char *const directions[] = { "ONEDNN_FORWARD", "ONEDNN_INPUT_GRAD",
                                              "ONEDNN_WEIGHT_GRAD" };
    struct str rows = STR_INIT, wanted = STR_INIT;
    struct error err;

    CHECK_OK(conv_tune(1, &rows, &err), err);
    for (int i = 0; i < 3; i++) {
        bool found;

        str_clear(&wanted);
        str_printf(&wanted, "RULE(%s, ", directions[i]);
        found = strstr(rows.text, wanted.text);
        str_clear(&wanted);
        str_printf(&wanted, "/* %s: direct everywhere */", directions[i]);
        CHECK(found || strstr(rows.text, wanted.text));
    }
    str_release(&rows);
    str_release(&wanted);
}
