/* fields.h - what bodies hold: the structs that they fill, and their tables of fields. */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include "base/field.h"

struct register_body {
    const char *email, *password, *full_name, *company, *company_custom, *division,
        *division_custom, *department, *phone_number, *bio;
};
struct login_body {
    const char *email, *username, *password, *grant_type, *scope, *client_id, *client_secret;
};
struct refresh_body {
    const char *refresh_token;
};
struct profile_body {
    const char *password, *current_password, *full_name, *company, *company_custom, *division,
        *division_custom, *department, *phone_number, *bio, *badge_color;
};
struct key_body {
    const char *name;
};
struct project_body {
    const char *name, *description, *task_type;
};
struct member_body {
    const char *email, *role;
};

extern const struct field register_fields[], login_fields[], refresh_fields[], profile_fields[],
    key_fields[], project_fields[], project_change_fields[], member_fields[];

#endif
