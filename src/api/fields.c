/* fields.c - see fields.h. */

#include "api/fields.h"

/* clang-format off */
#define TEXT(record, member, ...) \
    { .name = #member, .type = FIELD_TEXT, .offset = offsetof(struct record, member), __VA_ARGS__ }
#define REQUIRED .required = true

const struct field own_fields[] = { FIELD_END };
const struct field no_fields[] = { FIELD_END };

const struct field register_fields[] = {
    TEXT(register_body, email, REQUIRED), TEXT(register_body, password, REQUIRED),
    TEXT(register_body, full_name), TEXT(register_body, company),
    TEXT(register_body, company_custom), TEXT(register_body, division),
    TEXT(register_body, division_custom), TEXT(register_body, department),
    TEXT(register_body, phone_number), TEXT(register_body, bio),
    TEXT(register_body, invitation_token), FIELD_END,
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

#define JSON(record, member, kind) \
    { .name = #member, .type = FIELD_JSON, .offset = offsetof(struct record, member), .options = kind }
#define REAL(record, member, ...) \
    { .name = #member, .type = FIELD_REAL, .offset = offsetof(struct record, member), __VA_ARGS__ }
#define INT(record, member, ...) \
    { .name = #member, .type = FIELD_INT, .offset = offsetof(struct record, member), __VA_ARGS__ }
#define BOOL(record, member, ...) \
    { .name = #member, .type = FIELD_BOOL, .offset = offsetof(struct record, member), __VA_ARGS__ }

/* Ranges are checked by app/jobs/jobs.c: they are 400 in the contract's own words, not 422. */
const struct field job_fields[] = {
    INT(job_body, session_id), INT(job_body, project_id, REQUIRED),
    TEXT(job_body, experiment_name), JSON(job_body, tags, "array"), TEXT(job_body, notes),
    TEXT(job_body, framework, .fallback = "timm"), TEXT(job_body, model_name),
    TEXT(job_body, task_type), TEXT(job_body, dataset_id), TEXT(job_body, dataset_path),
    TEXT(job_body, dataset_format), INT(job_body, num_classes),
    INT(job_body, epochs, .fallback = "50"), INT(job_body, batch_size, .fallback = "32"),
    { .name = "learning_rate", .type = FIELD_REAL, .fallback = "0.001",
      .offset = offsetof(struct job_body, learning_rate) },
    TEXT(job_body, optimizer, .fallback = "adam"), BOOL(job_body, pretrained, .fallback = "true"),
    TEXT(job_body, primary_metric), TEXT(job_body, primary_metric_mode), TEXT(job_body, preset),
    INT(job_body, priority, .min = -1000, .max = 1000), JSON(job_body, config, "object"),
    JSON(job_body, advanced_config, "object"), JSON(job_body, custom_prompts, "array"),
    TEXT(job_body, prompt_mode),
    { .name = "split_strategy", .type = FIELD_JSON, .options = "object",
      .offset = offsetof(struct job_body, split_strategy),
      .help = "Which images are learned from, whatever the dataset says: {method use_dataset, auto "
              "or custom; ratio, seed; custom_splits {path: train, val, test or null}; "
              "exclude_images [path]}" },
    FIELD_END,
};

const struct field job_start_fields[] = {
    TEXT(job_start_body, checkpoint_path), BOOL(job_start_body, resume),
    BOOL(job_start_body, force), FIELD_END,
};

const struct field job_change_fields[] = {
    TEXT(job_change_body, experiment_name), TEXT(job_change_body, notes),
    JSON(job_change_body, tags, "array"),
    INT(job_change_body, priority, .min = -1000, .max = 1000), FIELD_END,
};

const struct field config_fields[] = {
    TEXT(config_body, framework, .fallback = "timm"), TEXT(config_body, task_type),
    JSON(config_body, config, "object"), JSON(config_body, advanced_config, "object"), FIELD_END,
};

const struct field callback_fields[] = {
    INT(callback_body, job_id, REQUIRED), TEXT(callback_body, event, REQUIRED),
    JSON(callback_body, data, "object"), INT(callback_body, attempt), INT(callback_body, seq),
    TEXT(callback_body, timestamp), FIELD_END,
};

/* Accounts, invitations and administration. */
const struct field setup_fields[] = {
    TEXT(setup_body, token, REQUIRED), TEXT(setup_body, email, REQUIRED),
    TEXT(setup_body, password, REQUIRED), TEXT(setup_body, full_name), FIELD_END,
};
const struct field token_fields[] = { TEXT(token_body, token, REQUIRED), FIELD_END };
const struct field password_link_fields[] = {
    TEXT(password_link_body, token, REQUIRED), TEXT(password_link_body, password, REQUIRED),
    FIELD_END,
};
const struct field invitation_fields[] = {
    TEXT(invitation_body, email), TEXT(invitation_body, role, .fallback = "member"),
    TEXT(invitation_body, message), FIELD_END,
};
const struct field member_role_fields[] = { TEXT(role_body, role, REQUIRED), FIELD_END };
const struct field account_role_fields[] = { TEXT(role_body, system_role, REQUIRED), FIELD_END };
#define ACCOUNT_PROFILE                                                                          \
    TEXT(account_body, full_name), TEXT(account_body, company),                                  \
    TEXT(account_body, company_custom), TEXT(account_body, division),                            \
    TEXT(account_body, division_custom), TEXT(account_body, department),                         \
    TEXT(account_body, phone_number), TEXT(account_body, bio), TEXT(account_body, badge_color),  \
    TEXT(account_body, system_role)
const struct field account_fields[] = {
    TEXT(account_body, email, REQUIRED), TEXT(account_body, password), ACCOUNT_PROFILE, FIELD_END,
};
const struct field account_change_fields[] = {
    ACCOUNT_PROFILE, BOOL(account_body, is_active), FIELD_END,
};
const struct field project_admin_fields[] = {
    TEXT(project_admin_body, name), TEXT(project_admin_body, description),
    TEXT(project_admin_body, task_type), INT(project_admin_body, user_id), FIELD_END,
};
const struct field settings_fields[] = {
    BOOL(settings_body, open_registration), TEXT(settings_body, default_role),
    INT(settings_body, jobs_running_limit), FIELD_END,
};
const struct field clean_up_fields[] = {
    TEXT(clean_up_body, keep, .fallback = "best_and_latest"),
    INT(clean_up_body, older_than_days, .min = 0, .max = 36500), BOOL(clean_up_body, dry_run),
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

/* Data sets and uploads.  ids: an array, or the word "all". */
const struct field dataset_fields[] = {
    TEXT(dataset_body, name, REQUIRED), TEXT(dataset_body, description),
    TEXT(dataset_body, format, .fallback = "imagefolder"),
    TEXT(dataset_body, visibility, .fallback = "private"), INT(dataset_body, project_id),
    JSON(dataset_body, tags, "array"), FIELD_END,
};
const struct field dataset_change_fields[] = {
    TEXT(dataset_body, name), TEXT(dataset_body, description), TEXT(dataset_body, visibility),
    JSON(dataset_body, tags, "array"), FIELD_END,
};
const struct field dataset_path_fields[] = {
    TEXT(dataset_path_body, path, REQUIRED), TEXT(dataset_path_body, format_hint), FIELD_END,
};
const struct field dataset_fix_fields[] = {
    { .name = "ids", .type = FIELD_JSON, .offset = offsetof(struct dataset_fix_body, ids) },
    BOOL(dataset_fix_body, all), FIELD_END,
};
const struct field split_fields[] = {
    REAL(split_body, train), REAL(split_body, val), REAL(split_body, test), INT(split_body, seed),
    JSON(split_body, assign, "object"), FIELD_END,
};
const struct field upload_fields[] = {
    JSON(upload_body, dataset, "object"), INT(upload_body, total_bytes),
    TEXT(upload_body, kind, .fallback = "files"), TEXT(upload_body, filename),
    BOOL(upload_body, replace), FIELD_END,
};
/* clang-format on */
