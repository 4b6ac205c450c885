/* body.h - parsing of bodies that is worth testing by itself. */
#ifndef API_BODY_H
#define API_BODY_H

#include "base/json.h"

#include <stddef.h>

/* "a=1&b=x+y%21" -> {"a": "1", "b": "x y!"}; of a name that comes twice the last counts. */
json_t *body_from_form(const char *text, size_t length);

#endif
