/* search.c - see search.h. */

#include "app/search.h"

#include <string.h>

struct db_value search_pattern(const char *text, struct arena *arena)
{
    char *pattern, *at;

    if (!text || !*text)
        return db_null();
    pattern = at = arena_alloc(arena, 2 * strlen(text) + 3);
    *at++ = '%';
    for (; *text; *at++ = *text++)
        if (strchr("%_!", *text))
            *at++ = '!';
    *at = '%';
    return db_text(pattern);
}
