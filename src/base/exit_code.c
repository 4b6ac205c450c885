/* exit_code.c - see exit_code.h. */

#include "base/exit_code.h"

#include <stddef.h>

static const struct {
    enum error_kind kind;
    int code;
} exit_codes[] = {
#define EXIT_CODE(name, code, meaning) { ERR_##name, code },
#include "base/exit_codes.def"
#undef EXIT_CODE
};

const char exit_codes_help[] = "\nExit codes: 0 done (or stopped as asked), 1 any other failure"
#define EXIT_CODE(name, code, meaning) ",\n  " #code " " meaning
#include "base/exit_codes.def"
#undef EXIT_CODE
                               "\n";

int exit_code_of(enum error_kind kind)
{
    for (size_t i = 0; i < sizeof(exit_codes) / sizeof(*exit_codes); i++)
        if (exit_codes[i].kind == kind)
            return exit_codes[i].code;
    return 1;
}
