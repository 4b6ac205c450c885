/* banned.h - functions whose use must not compile.  Included by every file through the build. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#ifdef __GNUC__
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#pragma GCC poison vsprintf strtok gets atoi atof
#pragma GCC poison localtime gmtime ctime asctime

/* Other libraries' headers have these names in macros and arguments, which poison would refuse. */
int rand(void) __attribute__((deprecated("use base/rng.h")));
void srand(unsigned) __attribute__((deprecated("use base/rng.h")));
char *strcpy(char *, const char *) __attribute__((deprecated("use base/str.h")));
char *strcat(char *, const char *) __attribute__((deprecated("use base/str.h")));
int sprintf(char *, const char *, ...) __attribute__((deprecated("use snprintf")));
#endif

#endif
