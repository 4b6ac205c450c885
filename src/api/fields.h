/* fields.h - what bodies hold: the structs that they fill, and their tables of fields. */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include "base/field.h"

struct register_body {
    const char *email, *password, *full_name, *company, *company_custom, *division,
        *division_custom, *department, *phone_number, *bio, *invitation_token;
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
/* Training jobs: flat, or with the settings of the training in config. */
struct job_body {
    int64_t session_id, project_id, num_classes, epochs, batch_size, priority;
    double learning_rate;
    bool pretrained;
    const char *experiment_name, *notes, *framework, *model_name, *task_type, *dataset_id,
        *dataset_path, *dataset_format, *optimizer, *primary_metric, *primary_metric_mode, *preset,
        *prompt_mode;
    const json_t *tags, *config, *advanced_config, *custom_prompts, *split_strategy;
};
struct job_start_body {
    const char *checkpoint_path;
    bool resume, force;
};
struct job_change_body {
    const char *experiment_name, *notes;
    const json_t *tags;
    int64_t priority;
};
struct config_body {
    const char *framework, *task_type;
    const json_t *config, *advanced_config;
};
struct callback_body {
    int64_t job_id, attempt, seq;
    const char *event, *timestamp;
    const json_t *data;
};
struct project_body {
    const char *name, *description, *task_type;
};
struct member_body {
    const char *email, *role;
};

/* Accounts, invitations and administration. */
struct setup_body {
    const char *token, *email, *password, *full_name;
};
struct token_body {
    const char *token;
};
struct password_link_body {
    const char *token, *password;
};
struct invitation_body {
    const char *email, *role, *message;
};
struct role_body {
    const char *role, *system_role;
};
struct account_body {
    const char *email, *password, *full_name, *company, *company_custom, *division,
        *division_custom, *department, *phone_number, *bio, *badge_color, *system_role;
    bool is_active;
};
struct project_admin_body {
    const char *name, *description, *task_type;
    int64_t user_id;
};
struct settings_body {
    const char *default_role;
    int64_t jobs_running_limit;
    bool open_registration;
};
struct clean_up_body {
    const char *keep;
    int64_t older_than_days;
    bool dry_run;
};
extern const struct field setup_fields[], token_fields[], password_link_fields[],
    invitation_fields[], member_role_fields[], account_fields[], account_change_fields[],
    account_role_fields[], project_admin_fields[], settings_fields[], clean_up_fields[];

/* No fields: the handler reads the body in its own way. */
extern const struct field own_fields[];
/* None that says anything: what comes must be JSON all the same. */
extern const struct field no_fields[];

extern const struct field job_fields[], job_start_fields[], job_change_fields[], config_fields[],
    callback_fields[];
extern const struct field register_fields[], login_fields[], refresh_fields[], profile_fields[],
    key_fields[], project_fields[], project_change_fields[], member_fields[];

/* Data sets and uploads. */
struct dataset_body {
    const char *name, *description, *format, *visibility;
    const json_t *tags;
    int64_t project_id;
};
struct dataset_path_body {
    const char *path, *format_hint;
};
struct dataset_fix_body {
    const json_t *ids;
    bool all;
};
struct split_body {
    double train, val, test;
    int64_t seed;
    const json_t *assign;
};
struct upload_body {
    const json_t *dataset;
    int64_t total_bytes;
    const char *kind, *filename;
    bool replace;
};
extern const struct field dataset_fields[], dataset_change_fields[], dataset_path_fields[],
    dataset_fix_fields[], split_fields[], upload_fields[];

#endif
