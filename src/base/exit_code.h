/* exit_code.h - what the programs return when they fail; exit_codes.def is the table. */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

#include "base/error.h"

/* 1 for kinds without a code of their own. */
int exit_code_of(enum error_kind kind);

/* The end of each command's --help. */
extern const char exit_codes_help[];

#endif
