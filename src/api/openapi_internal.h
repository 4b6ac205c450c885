/* openapi_internal.h - what openapi*.c share: writing schemas. */
#ifndef API_OPENAPI_INTERNAL_H
#define API_OPENAPI_INTERNAL_H

#include "base/field.h"

#define OPENAPI_PART_SIZE 160

/* The next part of a list, without the spaces around it; false: there is none. */
bool openapi_next_part(const char **text, char separator, char part[OPENAPI_PART_SIZE]);

/* The "type" of an open schema. */
void openapi_put_type_name(struct json_writer *w, const char *name, bool or_null);
/* A whole schema: of a type of openapi.def, of "name type; ~name type", of a body's fields. */
void openapi_put_type(struct json_writer *w, const char *type);
void openapi_put_object(struct json_writer *w, const char *members);
void openapi_put_fields(struct json_writer *w, const struct field *fields);
/* "headers": of what this handler answers with this status. */
void openapi_put_headers(struct json_writer *w, const char *handler, const char *status,
                         bool is_file);

#endif
