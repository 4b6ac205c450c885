/* upload_routes.c - uploads that can be resumed, over HTTP. */

#include "api/dataset_json.h"
#include "api/fields.h"

#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

route_handler route_uploads_post, route_upload_get, route_upload_put, route_upload_commit,
    route_upload_delete;

static void fail_upload(struct call *call)
{
    if (call->err.kind == ERR_NOT_FOUND)
        call_fail_with(call, 404, "NOT_FOUND", call->err.text);
    else
        call_fail(call);
}

static bool open_upload(struct call *call, struct upload *upload)
{
    if (!uploads_get(call->app, &call->user, call->texts[0], call->arena, upload, &call->err))
        return true;
    fail_upload(call);
    return false;
}

/* --- sessions -------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* The members of "dataset"; false: 422 has been answered. */
static bool read_wanted(struct call *call, const struct upload_body *b, struct upload *wanted)
{
    static const char *const names[] = { "kind", "dataset", "total_bytes" };
    static const char *const messages[] = { "kind must be files or archive",
                                            "dataset is required: with a name, or an id",
                                            "total_bytes must not be negative" };
    const char *format = text_of(b->dataset, "format");
    const char *visibility = text_of(b->dataset, "visibility");
    int bad = -1;

    *wanted = (struct upload){ .is_archive = !strcmp(b->kind, "archive"), .replace = b->replace,
                               .total_bytes = b->total_bytes,
                               .into = text_of(b->dataset, "id") };
    wanted->dataset = (struct dataset){
        .name = text_of(b->dataset, "name"), .description = text_of(b->dataset, "description"),
        .format = format ? format : "imagefolder",
        .visibility = visibility ? visibility : "private",
        .tags = call_written(call, json_object_get(b->dataset, "tags")),
        .project_id = json_integer_value(json_object_get(b->dataset, "project_id")),
    };
    if (!wanted->is_archive && strcmp(b->kind, "files") != 0)
        bad = 0;
    else if (!wanted->into && !wanted->dataset.name)
        bad = 1;
    else if (b->total_bytes < 0)
        bad = 2;
    if (bad >= 0)
        call_refuse_fields(call, names + bad, messages + bad, 1);
    return bad < 0;
}

static void put_upload(struct call *call, struct json_writer *w, const struct upload *u)
{
    json_put_text(w, "upload_id", u->id);
    json_put_text(w, "kind", u->is_archive ? "archive" : "files");
    put_id_or_null(w, "total_bytes", u->total_bytes);
    json_put_int(w, "chunk_limit", datasets_limits(call->app)->chunk_bytes);
    json_put_text(w, "dataset_id", u->into ? u->into : u->id);
    json_put_text(w, "name", u->dataset.name);
    put_time(w, "created_at", u->created_at);
    json_put_int(w, "expires_after_seconds", datasets_limits(call->app)->session_seconds);
}

void route_uploads_post(struct call *call)
{
    struct upload_body b = { 0 };
    struct upload wanted, upload;
    struct answer answer;
    struct json_writer *w;

    if (!call_read_body(call, &b) || !read_wanted(call, &b, &wanted))
        return;
    if (uploads_add(call->app, &call->user, &wanted, call->arena, &upload, &call->err)) {
        fail_upload(call);
        return;
    }
    w = answer_begin(&answer);
    json_object_open(w);
    put_upload(call, w, &upload);
    json_close(w);
    call_add_location(call, "uploads", upload.id);
    answer_send(call, 201, &answer);
}

static void add_offset(struct call *call, int64_t offset)
{
    http_add_header(call->request, "Upload-Offset",
                    arena_printf(call->arena, "%lld", (long long)offset));
}

/* HEAD: where one file ends. */
static void send_offset(struct call *call, const struct upload *upload)
{
    int64_t offset;

    if (call_failed(call, uploads_offset(call->app, upload, http_query(call->request, "path"),
                                         &offset, &call->err)))
        return;
    add_offset(call, offset);
    http_add_header(call->request, "Cache-Control", "no-store");
    http_respond(call->request, 200, "application/json", "{}", 2);
}

void route_upload_get(struct call *call)
{
    struct upload_file *files;
    struct upload upload;
    struct answer answer;
    struct json_writer *w;
    int64_t bytes = 0;
    int count;

    if (!open_upload(call, &upload))
        return;
    if (!strcmp(http_method(call->request), "HEAD")) {
        send_offset(call, &upload);
        return;
    }
    if (call_failed(call,
                    uploads_files(call->app, &upload, call->arena, &files, &count, &call->err)))
        return;
    w = answer_open(&answer);
    put_upload(call, w, &upload);
    json_key(w, "files");
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        json_object_open(w);
        json_put_text(w, "path", files[i].path);
        json_put_int(w, "offset", files[i].offset);
        json_close(w);
        bytes += files[i].offset;
    }
    json_close(w);
    json_put_int(w, "received_bytes", bytes);
    answer_close(call, 200, &answer);
}

void route_upload_delete(struct call *call)
{
    struct upload upload;

    if (!open_upload(call, &upload))
        return;
    if (uploads_remove(call->app, &upload, &call->err))
        call_fail(call);
    else
        call_message(call, 200, "Upload deleted");
}

void route_upload_commit(struct call *call)
{
    struct archive_account account = { 0 };
    struct dataset dataset;

    if (uploads_commit(call->app, &call->user, call->texts[0], call->arena, &account, &dataset,
                       &call->err)) {
        fail_upload(call);
        return;
    }
    if (!account.files) {
        account.files = dataset.file_count;
        account.bytes = dataset.total_size_bytes;
    }
    call_add_location(call, "datasets", dataset.id);
    send_imported(call, 201, &dataset, &account);
}

/* --- pieces ---------------------------------------------------------------------------------- */

static int read_offset(struct call *call, int64_t *offset)
{
    const char *text = http_query(call->request, "offset");
    char *end = NULL;

    *offset = text ? strtoll(text, &end, 10) : 0;
    if (text && (!isdigit((unsigned char)*text) || *end || strlen(text) > 18))
        return FAIL(&call->err, INVALID, "offset must be a number");
    return 0;
}

static enum http_body begin_piece(struct call *call)
{
    const char *length = http_header(call->request, "Content-Length");
    int64_t offset, size_bytes = length ? strtoll(length, NULL, 10) : -1;
    struct upload_piece *piece;
    struct upload upload;

    if (!open_upload(call, &upload))
        return HTTP_BODY_STREAM;
    if (size_bytes > datasets_limits(call->app)->chunk_bytes) {
        call_fail_with(call, 413, "TOO_LARGE", "The piece is larger than chunk_limit");
        return HTTP_BODY_STREAM;
    }
    piece = calloc(1, sizeof(*piece));
    BUG_IF(!piece);
    if (!read_offset(call, &offset) &&
        !upload_piece_open(call->app, &upload, http_query(call->request, "path"), &offset,
                           size_bytes, piece, &call->err)) {
        call->state = piece;
        return HTTP_BODY_STREAM;
    }
    free(piece);
    if (call->err.kind == ERR_CONFLICT)
        add_offset(call, offset);
    fail_upload(call);
    return HTTP_BODY_STREAM;
}

static int take_piece(struct call *call, const char *data, size_t size_bytes)
{
    struct upload_piece *piece = call->state;

    if (!upload_piece_write(piece, data, size_bytes, &call->err))
        return 0;
    add_offset(call, piece->offset);
    call_fail(call);
    return -1;
}

static void end_piece(struct call *call)
{
    if (call->state)
        upload_piece_close(call->state);
    free(call->state);
}

const struct stream upload_piece_stream = { begin_piece, take_piece, end_piece };

void route_upload_put(struct call *call)
{
    struct upload_piece *piece = call->state;
    struct answer answer;
    struct json_writer *w;

    upload_piece_finish(piece);
    add_offset(call, piece->offset);
    w = answer_open(&answer);
    json_put_int(w, "offset", piece->offset);
    answer_close(call, 200, &answer);
}
