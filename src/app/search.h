/* search.h - text that a person looks for. */
#ifndef APP_SEARCH_H
#define APP_SEARCH_H

#include "store/db.h"

/* "50%" -> "%50!%%", what LIKE takes for any text with these characters in it (ESCAPE '!').
 * NULL and "" are NULL: anything. */
struct db_value search_pattern(const char *text, struct arena *arena);

#endif
