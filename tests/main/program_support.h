/* program_support.h - running the built program in tests. */
#ifndef MAIN_PROGRAM_SUPPORT_H
#define MAIN_PROGRAM_SUPPORT_H

#include "base/str.h"

/* Run a shell command with $F as the program and $D as the test's folder.  Its output, errors too,
 * goes to *out.  Returns the exit code, or 128 + the signal. */
int program_run(const char *folder, const char *command, struct str *out);

/* The command must end with that code and its output contain the text (NULL: any). */
void program_expect(const char *folder, const char *command, int code, const char *text);

#endif
