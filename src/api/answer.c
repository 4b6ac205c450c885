/* answer.c - how handlers answer; see api_internal.h. */

#include "api/api_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct {
    enum error_kind kind;
    int status;
    const char *code;
} statuses[] = {
    { ERR_INVALID,     400, "VALIDATION_ERROR" },
    { ERR_DENIED,      403, "FORBIDDEN" },
    { ERR_NOT_FOUND,   404, "NOT_FOUND" },
    { ERR_CONFLICT,    409, "CONFLICT" },
    { ERR_TOO_LARGE,   413, "TOO_LARGE" },
    { ERR_UNSUPPORTED, 415, "UNSUPPORTED" },
    { ERR_NO_SPACE,    507, "NO_SPACE" },
    { ERR_UNAVAILABLE, 503, "UNAVAILABLE" },
};

/* Where the contract has a narrower word for what it says in these words. */
static const struct {
    enum error_kind kind;
    const char *beginning, *code;
} narrower[] = {
    { ERR_NOT_FOUND, "Training job not found", "JOB_NOT_FOUND" },
    { ERR_NOT_FOUND, "Checkpoint not found",   "CHECKPOINT_NOT_FOUND" },
    { ERR_NOT_FOUND, "Dataset not found",      "DATASET_NOT_FOUND" },
    { ERR_INVALID,   "Dataset not found: ",    "DATASET_NOT_FOUND" },
};
/* clang-format on */

struct json_writer *answer_begin(struct answer *answer)
{
    answer->text = (struct str)STR_INIT;
    json_begin(&answer->w, &answer->text);
    return &answer->w;
}

void answer_send(struct call *call, int status, struct answer *answer)
{
    http_respond(call->request, status, "application/json", answer->text.text,
                 answer->text.length);
    str_release(&answer->text);
}

struct json_writer *answer_open(struct answer *answer)
{
    json_object_open(answer_begin(answer));
    return &answer->w;
}

void answer_close(struct call *call, int status, struct answer *answer)
{
    json_close(&answer->w);
    answer_send(call, status, answer);
}

void call_fail_with(struct call *call, int status, const char *code, const char *detail)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    json_put_text(w, "detail", detail);
    json_put_text(w, "code", code);
    json_close(w);
    if (status == 401)
        http_add_header(call->request, "WWW-Authenticate", "Bearer");
    answer_send(call, status, &answer);
}

static const char *code_of(const struct error *err, const char *general)
{
    for (size_t i = 0; i < sizeof(narrower) / sizeof(*narrower); i++)
        if (narrower[i].kind == err->kind && str_starts_with(err->text, narrower[i].beginning))
            return narrower[i].code;
    return general;
}

/* What only the operator can mend is logged, with its place in the source. */
void call_fail(struct call *call)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        if (statuses[i].kind == call->err.kind) {
            if (statuses[i].status >= 500)
                log_error("%s %s: %s (%s:%d)", http_method(call->request), http_path(call->request),
                          call->err.text, call->err.file, call->err.line);
            call_fail_with(call, statuses[i].status, code_of(&call->err, statuses[i].code),
                           call->err.text);
            return;
        }
    log_error("%s %s: %s (%s:%d)", http_method(call->request), http_path(call->request),
              call->err.text, call->err.file, call->err.line);
    call_fail_with(call, 500, "INTERNAL", "Internal error");
}

bool call_failed(struct call *call, int result)
{
    if (result)
        call_fail(call);
    return result != 0;
}

void call_fail_taken(struct call *call)
{
    if (call->err.kind == ERR_CONFLICT)
        call_fail_with(call, 400, "CONFLICT", call->err.text);
    else
        call_fail(call);
}

/* --- what the path is about ------------------------------------------------------------------ */

bool call_may(struct call *call, enum permission permission)
{
    if (permission_has(call->user.system_role, permission))
        return true;
    call_fail_with(call, 403, "FORBIDDEN", "Not enough permissions");
    return false;
}

bool call_open_project(struct call *call, enum right right, struct project *project)
{
    return !call_failed(call, projects_open(call->app, &call->user, call->ids[0], right,
                                            call->arena, project, &call->err));
}

/* --- headers --------------------------------------------------------------------------------- */

void call_add_total(struct call *call, int64_t total)
{
    http_add_header(call->request, "X-Total-Count",
                    arena_printf(call->arena, "%lld", (long long)total));
}

void call_add_location(struct call *call, const char *path, const char *name)
{
    http_add_header(call->request, "Location",
                    arena_printf(call->arena, "/api/v1/%s/%s", path, name));
}

void call_add_location_of(struct call *call, const char *path, int64_t id)
{
    call_add_location(call, path, arena_printf(call->arena, "%lld", (long long)id));
}

void call_send_json(struct call *call, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));

    BUG_IF(!text);
    http_respond(call->request, status, "application/json", text, strlen(text));
    free(text);
    json_decref(value);
}

void call_message(struct call *call, int status, const char *text)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    json_put_text(w, "message", text);
    json_close(w);
    answer_send(call, status, &answer);
}

/* --- values ---------------------------------------------------------------------------------- */

static void put_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_raw(w, "null");
}

void put_time(struct json_writer *w, const char *key, int64_t microseconds)
{
    char text[CLOCK_TEXT_SIZE];

    if (!microseconds) {
        put_null(w, key);
        return;
    }
    clock_format_utc(microseconds, text);
    json_put_text(w, key, text);
}

void put_number_or_null(struct json_writer *w, const char *key, double value)
{
    if (isfinite(value))
        json_put_number(w, key, value);
    else
        put_null(w, key);
}

void put_id_or_null(struct json_writer *w, const char *key, int64_t id)
{
    if (id)
        json_put_int(w, key, id);
    else
        put_null(w, key);
}

void put_json_or_null(struct json_writer *w, const char *key, const char *json)
{
    json_key(w, key);
    json_raw(w, json ? json : "null");
}

void put_user(struct json_writer *w, const struct user *u)
{
    json_put_int(w, "id", u->id);
    json_put_text(w, "email", u->email);
    json_put_text(w, "full_name", u->full_name);
    json_put_text(w, "company", u->company);
    json_put_text(w, "company_custom", u->company_custom);
    json_put_text(w, "division", u->division);
    json_put_text(w, "division_custom", u->division_custom);
    json_put_text(w, "department", u->department);
    json_put_text(w, "phone_number", u->phone_number);
    json_put_text(w, "bio", u->bio);
    json_put_text(w, "system_role", u->system_role);
    json_put_bool(w, "is_active", u->is_active);
    json_put_text(w, "badge_color", u->badge_color);
    put_time(w, "created_at", u->created_at);
    put_time(w, "updated_at", u->updated_at);
}

const char *call_image_type(const char *name)
{
    static const char *const types[][2] = {
        { ".png", "image/png" },  { ".webp", "image/webp" }, { ".gif", "image/gif" },
        { ".bmp", "image/bmp" },  { ".tiff", "image/tiff" }, { ".tif", "image/tiff" },
        { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" },
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
        if (!strcasecmp(dot, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

bool call_is_true(const char *text)
{
    return text && (!strcmp(text, "1") || !strcasecmp(text, "true"));
}

/* --- the query ------------------------------------------------------------------------------- */

int call_query_flag(struct call *call, const char *name, bool fallback, bool *value)
{
    const char *text = http_query(call->request, name);

    *value = text ? call_is_true(text) : fallback;
    if (text && !*value && strcmp(text, "0") && strcasecmp(text, "false"))
        return FAIL(&call->err, INVALID, "%s must be true or false", name);
    return 0;
}

int call_query_span(struct call *call, int64_t limit_fallback, int64_t limit_most, int64_t *limit,
                    int64_t *skip)
{
    return call_query_int(call, "skip", 0, 0, INT64_MAX / 2, skip) ||
                   call_query_int(call, "limit", limit_fallback, 1, limit_most, limit)
               ? -1
               : 0;
}

int call_query_int(struct call *call, const char *name, int64_t fallback, int64_t least,
                   int64_t most, int64_t *value)
{
    const char *text = http_query(call->request, name);
    char *end = NULL;

    *value = fallback;
    if (!text)
        return 0;
    *value = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || *value < least || *value > most)
        return FAIL(&call->err, INVALID, "%s must be a number from %lld to %lld", name,
                    (long long)least, (long long)most);
    return 0;
}
