/* fields.c - see fields.h. */

#include "api/fields.h"

/* clang-format off */
#define TEXT(record, member, ...) \
    { .name = #member, .type = FIELD_TEXT, .offset = offsetof(struct record, member), __VA_ARGS__ }
#define REQUIRED .required = true

const struct field register_fields[] = {
    TEXT(register_body, email, REQUIRED), TEXT(register_body, password, REQUIRED),
    TEXT(register_body, full_name), TEXT(register_body, company),
    TEXT(register_body, company_custom), TEXT(register_body, division),
    TEXT(register_body, division_custom), TEXT(register_body, department),
    TEXT(register_body, phone_number), TEXT(register_body, bio), FIELD_END,
};

/* The form of OAuth 2.0 calls the address username, and has more that says nothing here. */
const struct field login_fields[] = {
    TEXT(login_body, email), TEXT(login_body, username), TEXT(login_body, password, REQUIRED),
    TEXT(login_body, grant_type), TEXT(login_body, scope), TEXT(login_body, client_id),
    TEXT(login_body, client_secret), FIELD_END,
};

const struct field refresh_fields[] = { TEXT(refresh_body, refresh_token), FIELD_END };

const struct field profile_fields[] = {
    TEXT(profile_body, password), TEXT(profile_body, current_password),
    TEXT(profile_body, full_name), TEXT(profile_body, company),
    TEXT(profile_body, company_custom), TEXT(profile_body, division),
    TEXT(profile_body, division_custom), TEXT(profile_body, department),
    TEXT(profile_body, phone_number), TEXT(profile_body, bio), TEXT(profile_body, badge_color),
    FIELD_END,
};

const struct field key_fields[] = { TEXT(key_body, name, REQUIRED), FIELD_END };

const struct field project_fields[] = {
    TEXT(project_body, name, REQUIRED), TEXT(project_body, description),
    TEXT(project_body, task_type), FIELD_END,
};

const struct field project_change_fields[] = {
    TEXT(project_body, name), TEXT(project_body, description), TEXT(project_body, task_type),
    FIELD_END,
};

const struct field member_fields[] = {
    TEXT(member_body, email, REQUIRED), TEXT(member_body, role), FIELD_END,
};
/* clang-format on */
