/* dataset_routes.c - data sets over HTTP: rows, files, reports and fixes. */

#include "api/dataset_json.h"
#include "api/fields.h"

#include "base/error.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 50
#define PAGE_MOST 1000
#define WAIT_SECONDS 300.0

route_handler route_datasets_get, route_datasets_available, route_datasets_check_path,
    route_dataset_get, route_dataset_put, route_dataset_delete, route_dataset_report,
    route_dataset_analyze, route_dataset_fixes, route_dataset_fixes_post;

/* --- shared ---------------------------------------------------------------------------------- */

bool call_query_is_true(struct call *call, const char *name)
{
    const char *text = http_query(call->request, name);

    return text && (!strcmp(text, "1") || !strcmp(text, "true"));
}

const char *call_written(struct call *call, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    const char *copy = arena_strdup(call->arena, text);

    free(text);
    return copy;
}

bool call_open_dataset(struct call *call, enum right right, struct dataset *dataset)
{
    if (!datasets_get(call->app, &call->user, call->texts[0], right, call->arena, dataset,
                      &call->err))
        return true;
    if (call->err.kind == ERR_NOT_FOUND)
        call_fail_with(call, 404, "DATASET_NOT_FOUND", "Dataset not found");
    else
        call_fail(call);
    return false;
}

/* Wait for the doctor where the query asks for it; false: answered. */
static bool wait_if_asked(struct call *call, struct dataset *dataset)
{
    if (!call_query_is_true(call, "wait") ||
        !datasets_wait(call->app, WAIT_SECONDS, call->arena, dataset, &call->err))
        return true;
    call_fail(call);
    return false;
}

/* --- on the wire ----------------------------------------------------------------------------- */

void put_dataset_members(struct json_writer *w, const struct dataset *d)
{
    json_put_text(w, "id", d->id);
    json_put_text(w, "name", d->name);
    json_put_text(w, "description", d->description ? d->description : "");
    json_put_text(w, "format", d->format);
    json_put_text(w, "detected_format", d->detected_format);
    json_put_text(w, "visibility", d->visibility);
    put_id_or_null(w, "project_id", d->project_id);
    put_id_or_null(w, "user_id", d->user_id);
    put_id_or_null(w, "owner_id", d->user_id);
    json_put_int(w, "file_count", d->file_count);
    json_put_int(w, "total_size_bytes", d->total_size_bytes);
    json_put_int(w, "num_images", d->num_images);
    put_id_or_null(w, "num_classes", d->num_classes);
    put_json_or_null(w, "class_names", d->class_names);
    put_json_or_null(w, "class_distribution", d->class_distribution);
    put_json_or_null(w, "object_distribution", d->object_distribution);
    json_key(w, "num_objects");
    if (d->object_distribution)
        json_int(w, d->num_objects);
    else
        json_text(w, NULL);
    put_json_or_null(w, "keypoints", d->keypoints);
    json_put_bool(w, "labeled", d->num_classes > 0);
    put_json_or_null(w, "tags", d->tags);
    json_put_text(w, "task_type", d->task_type);
    json_put_text(w, "storage_type", "local");
    json_put_text(w, "storage_path", d->storage_path);
    json_put_text(w, "content_hash", d->content_hash);
    json_put_text(w, "status", d->status);
    json_put_text(w, "status_reason", d->status_reason);
    put_time(w, "created_at", d->created_at);
    put_time(w, "updated_at", d->updated_at);
}

void put_dataset(struct json_writer *w, const struct dataset *dataset)
{
    json_object_open(w);
    put_dataset_members(w, dataset);
    json_close(w);
}

static void send_dataset(struct call *call, int status, const struct dataset *dataset)
{
    struct answer answer;

    put_dataset(answer_begin(&answer), dataset);
    answer_send(call, status, &answer);
}

void send_imported(struct call *call, int status, struct dataset *dataset,
                   const struct archive_account *account)
{
    struct answer answer;
    struct json_writer *w;

    if (!wait_if_asked(call, dataset))
        return;
    w = answer_open(&answer);
    put_dataset_members(w, dataset);
    json_key(w, "import");
    json_object_open(w);
    json_put_int(w, "files", account->files);
    json_put_int(w, "bytes", account->bytes);
    json_put_int(w, "skipped_junk", account->junk);
    json_put_int(w, "skipped_links", account->links);
    json_put_int(w, "skipped_devices", account->devices);
    json_close(w);
    answer_close(call, status, &answer);
}

/* --- lists ----------------------------------------------------------------------------------- */

void route_datasets_get(struct call *call)
{
    struct dataset_page page = { .format = http_query(call->request, "format") };
    struct dataset *datasets;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    int64_t total;
    int count;

    if (call_failed(call, call_query_int(call, "project_id", 0, 1, INT64_MAX, &page.project_id) ||
                              call_query_span(call, PAGE, PAGE_MOST, &page.limit, &page.offset) ||
                              (page.project_id &&
                               projects_open(call->app, &call->user, page.project_id, RIGHT_VIEW,
                                             call->arena, &project, &call->err)) ||
                              datasets_list(call->app, &call->user, &page, call->arena, &datasets,
                                            &count, &total, &call->err)))
        return;
    w = answer_open(&answer);
    json_key(w, "datasets");
    PUT_ROWS(w, datasets, count, put_dataset);
    json_put_int(w, "total", total);
    json_put_int(w, "skip", page.offset);
    json_put_int(w, "limit", page.limit);
    answer_close(call, 200, &answer);
}

/* Has the data set one of the tags "a,b"? */
static bool has_tag(const struct dataset *d, const char *wanted)
{
    struct error ignored;
    json_t *tags = d->tags ? json_parse(d->tags, strlen(d->tags), "tags", &ignored) : NULL;
    bool found = false;

    while (*wanted && !found) {
        size_t length = strcspn(wanted, ",");
        const json_t *tag;
        size_t i;

        json_array_foreach(tags, i, tag) {
            const char *text = json_string_value(tag);

            found = found || (text && strlen(text) == length && !strncmp(text, wanted, length));
        }
        wanted += length + (wanted[length] == ',');
    }
    json_decref(tags);
    return found;
}

static bool is_wanted(struct call *call, const struct dataset *d)
{
    const char *labeled = http_query(call->request, "labeled");
    const char *tags = http_query(call->request, "tags");

    if (labeled && call_query_is_true(call, "labeled") != (d->num_classes > 0))
        return false;
    return !tags || has_tag(d, tags);
}

static void put_available(struct json_writer *w, const struct dataset *d)
{
    json_object_open(w);
    put_dataset_members(w, d);
    json_put_int(w, "num_items", d->num_images);
    json_put_number(w, "size_mb", (double)d->total_size_bytes / 1e6);
    json_put_text(w, "source", "local");
    json_put_text(w, "path", d->id);
    json_close(w);
}

void route_datasets_available(struct call *call)
{
    struct dataset_page page = { .limit = INT64_MAX };
    struct dataset *datasets;
    struct answer answer;
    struct json_writer *w;
    int64_t total;
    int count;

    if (call_failed(call, datasets_list(call->app, &call->user, &page, call->arena, &datasets,
                                        &count, &total, &call->err)))
        return;
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++)
        if (is_wanted(call, &datasets[i]))
            put_available(w, &datasets[i]);
    json_close(w);
    answer_send(call, 200, &answer);
}

/* --- one ------------------------------------------------------------------------------------- */

void route_dataset_get(struct call *call)
{
    struct dataset dataset;

    if (call_open_dataset(call, RIGHT_VIEW, &dataset) && wait_if_asked(call, &dataset))
        send_dataset(call, 200, &dataset);
}

void route_dataset_put(struct call *call)
{
    struct dataset_body b = { 0 };
    struct dataset dataset, before;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) || !call_read_body(call, &b))
        return;
    before = dataset;
    if (b.name)
        dataset.name = b.name;
    if (call_has(call, "description"))
        dataset.description = b.description;
    if (b.visibility)
        dataset.visibility = b.visibility;
    if (call_has(call, "tags"))
        dataset.tags = call_written(call, b.tags);
    if (datasets_update(call->app, &before, &dataset, &call->err))
        call_fail(call);
    else if (call_open_dataset(call, RIGHT_VIEW, &dataset))
        send_dataset(call, 200, &dataset);
}

void route_dataset_delete(struct call *call)
{
    struct dataset dataset;
    struct answer answer;
    struct json_writer *w;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) ||
        call_failed(call, datasets_remove(call->app, &dataset, call_query_is_true(call, "force"),
                                          &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "message", "Dataset deleted");
    json_put_text(w, "dataset_id", dataset.id);
    json_put_int(w, "freed_bytes", dataset.total_size_bytes);
    answer_close(call, 200, &answer);
}

/* --- the doctor ------------------------------------------------------------------------------ */

static void put_sum(struct json_writer *w, const char *name, int64_t files, int64_t bytes)
{
    json_key(w, name);
    json_object_open(w);
    json_put_int(w, "files", files);
    json_put_int(w, "bytes", bytes);
    json_close(w);
}

void route_dataset_report(struct call *call)
{
    struct dataset_sums sums;
    struct dataset dataset;
    struct answer answer;
    struct json_writer *w;
    const char *report;

    if (!call_open_dataset(call, RIGHT_VIEW, &dataset) || !wait_if_asked(call, &dataset) ||
        call_failed(call, datasets_report(call->app, &dataset, call->arena, &report, &call->err) ||
                              datasets_sums(call->app, &dataset, call->arena, &sums, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "dataset_id", dataset.id);
    json_put_text(w, "status", dataset.status);
    json_put_text(w, "reason", dataset.status_reason);
    json_key(w, "files");
    json_object_open(w);
    put_sum(w, "used", sums.used_files, sums.used_bytes);
    put_sum(w, "excluded", sums.excluded_files, sums.excluded_bytes);
    put_sum(w, "fixed", sums.fixed_files, sums.fixed_bytes);
    json_close(w);
    put_json_or_null(w, "report", report);
    answer_close(call, 200, &answer);
}

void route_dataset_analyze(struct call *call)
{
    struct dataset dataset;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) ||
        call_failed(call, datasets_analyze(call->app, &dataset, &call->err)))
        return;
    if (call_open_dataset(call, RIGHT_VIEW, &dataset) && wait_if_asked(call, &dataset))
        send_dataset(call, call_query_is_true(call, "wait") ? 200 : 202, &dataset);
}

/* R's envelope, beside our own form of errors. */
static void refuse_path(struct call *call)
{
    bool is_missing = call->err.kind == ERR_NOT_FOUND;
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    json_put_text(w, "detail", call->err.text);
    json_put_text(w, "code", "VALIDATION_ERROR");
    json_put_text(w, "status", "error");
    json_put_text(w, "error_type", is_missing ? "path_not_found" : "analysis_error");
    json_put_text(w, "message", call->err.text);
    json_key(w, "suggestions");
    json_array_open(w);
    if (is_missing)
        json_text(w, "Use a folder below one of the server's DATASET_ROOTS");
    json_close(w);
    answer_close(call, 400, &answer);
}

void route_datasets_check_path(struct call *call)
{
    struct dataset_path_body b = { 0 };
    json_t *report = NULL;
    struct answer answer;
    struct json_writer *w;

    if (!call_read_body(call, &b))
        return;
    if (datasets_check_folder(call->app, b.path, b.format_hint, &report, &call->err)) {
        if (call->err.kind == ERR_NOT_FOUND || call->err.kind == ERR_INVALID)
            refuse_path(call);
        else
            call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_text(w, "status", "success");
    put_json_or_null(w, "dataset_info", call_written(call, report));
    json_close(w);
    json_decref(report);
    answer_send(call, 200, &answer);
}

/* --- fixes ----------------------------------------------------------------------------------- */

static void put_fix(struct json_writer *w, const struct dataset_fix *fix)
{
    json_object_open(w);
    json_put_text(w, "id", fix->id);
    json_put_text(w, "kind", fix->kind);
    json_put_text(w, "path", fix->path);
    put_id_or_null(w, "line", fix->line);
    json_put_text(w, "reason", fix->reason);
    json_put_text(w, "action", fix->action);
    json_put_int(w, "size", fix->size_bytes);
    json_put_bool(w, "applied", fix->applied_at != 0);
    put_time(w, "applied_at", fix->applied_at);
    json_close(w);
}

void route_dataset_fixes(struct call *call)
{
    struct dataset_fix *fixes;
    struct dataset dataset;
    struct answer answer;
    struct json_writer *w;
    int count;

    if (!call_open_dataset(call, RIGHT_VIEW, &dataset) || !wait_if_asked(call, &dataset) ||
        call_failed(call,
                    datasets_fixes(call->app, &dataset, call->arena, &fixes, &count, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "dataset_id", dataset.id);
    json_put_text(w, "status", dataset.status);
    json_key(w, "fixes");
    PUT_ROWS(w, fixes, count, put_fix);
    json_put_int(w, "total", count);
    answer_close(call, 200, &answer);
}

/* {"ids": ["..."]}, {"ids": "all"} or {"all": true}; false: 422 has been answered. */
static bool read_fix_ids(struct call *call, const char *const **ids, int *count)
{
    static const char *const name[] = { "ids" };
    static const char *const message[] = { "ids must be an array of texts, or \"all\"" };
    struct dataset_fix_body b = { 0 };
    const char **list;

    if (!call_read_body(call, &b))
        return false;
    *ids = NULL;
    *count = 0;
    if (b.all || (json_is_string(b.ids) && !strcmp(json_string_value(b.ids), "all")))
        return true;
    *count = (int)json_array_size(b.ids);
    *ids = list = ARENA_ARRAY(call->arena, const char *, *count + 1);
    for (int i = 0; i < *count; i++)
        list[i] = json_string_value(json_array_get(b.ids, (size_t)i));
    for (int i = 0; i < *count; i++)
        if (!list[i])
            *count = 0;
    if (!*count)
        call_refuse_fields(call, name, message, 1);
    return *count > 0;
}

void route_dataset_fixes_post(struct call *call)
{
    const char *const *ids;
    struct dataset dataset;
    struct answer answer;
    struct json_writer *w;
    int count, applied;

    if (!call_open_dataset(call, RIGHT_WORK, &dataset) || !read_fix_ids(call, &ids, &count) ||
        call_failed(call,
                    datasets_apply_fixes(call->app, &dataset, ids, count, &applied, &call->err)))
        return;
    if (!call_open_dataset(call, RIGHT_VIEW, &dataset) || !wait_if_asked(call, &dataset))
        return;
    w = answer_open(&answer);
    json_put_int(w, "applied", applied);
    json_key(w, "dataset");
    put_dataset(w, &dataset);
    answer_close(call, 200, &answer);
}
