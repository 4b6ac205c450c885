/* dataset_file_routes.c - the files of data sets over HTTP: forms, lists, bytes. */

#include "api/dataset_json.h"
#include "api/fields.h"

#include "base/error.h"
#include "base/str.h"
#include "net/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 100
#define PAGE_MOST 1000
#define SNIFF_BYTES 512
/* What is read and dropped of a form that has failed: a client that is cut off sees no answer. */
#define DROP_BYTES ((int64_t)4 << 30)

route_handler route_datasets_post, route_dataset_files_post, route_dataset_images,
    route_dataset_file, route_dataset_thumbnail;

/* --- forms ----------------------------------------------------------------------------------- */

/* A form on its way in: files go to the disk, fields to memory. */
struct form {
    struct call *call;
    struct multipart *parser;
    struct form_files *files;
    json_t *fields; /* texts by name */
    char *name;     /* of the field that is being read; NULL: none */
    struct str value;
    int64_t field_bytes, dropped_bytes;
    bool is_file, has_failed; /* call->err says why */
};

static int on_begin(void *context, const struct multipart_part *part, struct error *err)
{
    struct form *form = context;

    form->is_file = part->filename && *part->filename; /* browsers send "" for no file chosen */
    if (form->is_file)
        return form_files_begin(form->files, part->filename, err);
    free(form->name);
    form->name = part->filename ? NULL : strdup(part->name);
    str_clear(&form->value);
    return 0;
}

static int on_data(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct form *form = context;
    int64_t most = datasets_limits(form->call->app)->field_bytes;

    if (form->is_file)
        return form_files_write(form->files, data, size_bytes, err);
    form->field_bytes += (int64_t)size_bytes;
    if (form->field_bytes > most)
        return FAIL(err, TOO_LARGE, "The fields of the form have more than %lld bytes",
                    (long long)most);
    str_add_bytes(&form->value, data, size_bytes);
    return 0;
}

static int on_end(void *context, struct error *err)
{
    struct form *form = context;
    json_t *text;

    if (form->is_file)
        return form_files_end(form->files, err);
    if (!form->name)
        return 0;
    text = strlen(form->value.text) == form->value.length
               ? json_stringn(form->value.text, form->value.length)
               : NULL;
    if (!text)
        return FAIL(err, INVALID, "The field '%.100s' is not UTF-8", form->name);
    json_object_set_new(form->fields, form->name, text);
    return 0;
}

static void form_free(struct form *form)
{
    multipart_free(form->parser);
    form_files_close(form->files);
    json_decref(form->fields);
    free(form->name);
    str_release(&form->value);
    free(form);
}

static int form_new(struct call *call, const char *type)
{
    static const struct multipart_events events = { on_begin, on_data, on_end };
    struct form *form = calloc(1, sizeof(*form));

    BUG_IF(!form);
    form->call = call;
    form->fields = json_object();
    str_init(&form->value);
    if (multipart_new(&form->parser, type, &events, form, &call->err) ||
        form_files_open(call->app, &form->files, &call->err)) {
        form_free(form);
        return -1;
    }
    call->state = form;
    return 0;
}

/* --- streaming ------------------------------------------------------------------------------- */

/* What can be known before a byte is read; false: answered. */
static bool may_send(struct call *call)
{
    const char *length = http_header(call->request, "Content-Length");
    const struct dataset_limits *limits = datasets_limits(call->app);
    int64_t bytes = length ? strtoll(length, NULL, 10) : 0;
    struct dataset dataset;

    if (!permission_has(call->user.system_role, PERMISSION_make_datasets)) {
        call_fail_with(call, 403, "FORBIDDEN", "Not enough permissions");
        return false;
    }
    if (bytes > limits->bytes + limits->field_bytes) {
        call_fail_with(call, 413, "TOO_LARGE", "The upload is too large");
        return false;
    }
    if (uploads_check_space(call->app, bytes, &call->err)) {
        call_fail(call);
        return false;
    }
    return call->route->handler != route_dataset_files_post ||
           call_open_dataset(call, RIGHT_WORK, &dataset);
}

static enum http_body begin_form(struct call *call)
{
    const char *type = http_header(call->request, "Content-Type");

    if (!multipart_is_type(type)) {
        if (call->route->handler == route_datasets_post)
            return HTTP_BODY_WHOLE; /* JSON: no files */
        call_fail_with(call, 415, "UNSUPPORTED", "Files are sent as multipart/form-data");
    } else if (may_send(call) && form_new(call, type)) {
        call_fail(call);
    }
    return HTTP_BODY_STREAM;
}

static int take_form(struct call *call, const char *data, size_t size_bytes)
{
    struct form *form = call->state;

    if (!form->has_failed && !multipart_feed(form->parser, data, size_bytes, &call->err))
        return 0;
    form->has_failed = true;
    form_files_close(form->files); /* the disk may be what is full */
    form->files = NULL;
    form->dropped_bytes += (int64_t)size_bytes;
    if (form->dropped_bytes <= DROP_BYTES)
        return 0;
    call_fail(call);
    return -1;
}

/* The whole form has come; false: answered. */
static bool is_whole(struct call *call, struct form *form)
{
    if (!form->has_failed && !multipart_finish(form->parser, &call->err))
        return true;
    call_fail(call);
    return false;
}

static void end_form(struct call *call)
{
    if (call->state)
        form_free(call->state);
}

const struct stream dataset_form_stream = { begin_form, take_form, end_form };

/* --- a form that is complete ----------------------------------------------------------------- */

static const char *text_of(const struct form *form, const char *name)
{
    return json_string_value(json_object_get(form->fields, name));
}

/* What is missing is 422, as for JSON; false: answered. */
static bool check_fields(struct call *call, const struct form *form, int64_t *project_id)
{
    const char *project = text_of(form, "project_id");
    const char *names[5], *messages[5];
    char *end = NULL;
    int count = 0;

    *project_id = project ? strtoll(project, &end, 10) : 0;
    if (!text_of(form, "name"))
        names[count] = "name", messages[count++] = "name is required";
    if (!text_of(form, "format"))
        names[count] = "format", messages[count++] = "format is required";
    if (!project)
        names[count] = "project_id", messages[count++] = "project_id is required";
    else if (!*project || *end || *project_id < 1)
        names[count] = "project_id", messages[count++] = "project_id must be a number";
    if (!form_files_count(form->files))
        names[count] = "files", messages[count++] = "files is required";
    if (count)
        call_refuse_fields(call, names, messages, count);
    return !count;
}

/* The form is whole; its files are in *folder.  -1: call->err says why not. */
static int settle(struct call *call, struct form *form, struct archive_account *account,
                  const char **folder)
{
    const char *text = text_of(form, "paths");
    json_t *paths = NULL;
    int result = -1;

    if (text && !(paths = json_parse(text, strlen(text), "paths", &call->err)))
        call->err.kind = ERR_INVALID;
    else
        result = form_files_settle(form->files, paths, account, folder, &call->err);
    json_decref(paths);
    if (!result && !account->files)
        result = FAIL(&call->err, INVALID, "There are no files in it");
    return result;
}

static void post_form(struct call *call, struct form *form)
{
    const char *visibility = text_of(form, "visibility");
    struct archive_account account = { 0 };
    struct dataset dataset, wanted = { .name = text_of(form, "name"),
                                       .description = text_of(form, "description"),
                                       .format = text_of(form, "format"),
                                       .visibility = visibility ? visibility : "private" };
    const char *folder;

    if (!is_whole(call, form) || !check_fields(call, form, &wanted.project_id))
        return;
    if (datasets_check(call->app, &call->user, &wanted, &call->err) ||
        settle(call, form, &account, &folder) ||
        datasets_import(call->app, &call->user, &wanted, folder, call->arena, &dataset,
                        &call->err))
        call_fail(call);
    else {
        call_add_location(call, "datasets", dataset.id);
        send_imported(call, 201, &dataset, &account);
    }
}

static void post_json(struct call *call)
{
    struct dataset_body b = { 0 };
    struct dataset dataset, wanted;
    struct answer answer;

    if (!call_read_body(call, &b))
        return;
    wanted = (struct dataset){ .name = b.name, .description = b.description, .format = b.format,
                               .visibility = b.visibility, .project_id = b.project_id,
                               .tags = call_written(call, b.tags) };
    if (call_failed(
            call, datasets_add(call->app, &call->user, &wanted, call->arena, &dataset, &call->err)))
        return;
    put_dataset(answer_begin(&answer), &dataset);
    call_add_location(call, "datasets", dataset.id);
    answer_send(call, 201, &answer);
}

void route_datasets_post(struct call *call)
{
    if (call->state)
        post_form(call, call->state);
    else
        post_json(call);
}

void route_dataset_files_post(struct call *call)
{
    struct archive_account account = { 0 };
    struct form *form = call->state;
    struct dataset dataset, into;
    const char *folder;

    if (!is_whole(call, form) || !call_open_dataset(call, RIGHT_WORK, &into))
        return;
    if (settle(call, form, &account, &folder) ||
        datasets_import_more(call->app, &into, folder, call_query_is_true(call, "replace"),
                             call->arena, &dataset, &call->err))
        call_fail(call);
    else
        send_imported(call, 200, &dataset, &account);
}

/* --- lists ----------------------------------------------------------------------------------- */

static void add_escaped(struct str *url, const char *path)
{
    for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || strchr("-._~/", *c);

        str_printf(url, plain ? "%c" : "%%%02X", *c);
    }
}

static void put_url(struct json_writer *w, const char *key, const struct dataset *d,
                    const char *kind, const char *path)
{
    struct str url = STR_INIT;

    str_printf(&url, "/api/v1/datasets/%s/%s/", d->id, kind);
    add_escaped(&url, path);
    json_put_text(w, key, url.text);
    str_release(&url);
}

static void put_file(struct json_writer *w, const struct dataset *d, const struct dataset_file *f)
{
    json_object_open(w);
    json_put_text(w, "filename", f->path);
    put_url(w, "url", d, "file", f->path);
    put_url(w, "presigned_url", d, "file", f->path);
    put_url(w, "thumbnail_url", d, "thumbnail", f->path);
    json_put_int(w, "size", f->size_bytes);
    json_put_text(w, "split", f->split);
    json_put_text(w, "class", f->class_name);
    put_json_or_null(w, "classes", f->classes);
    json_key(w, "objects");
    if (f->classes)
        json_int(w, f->objects);
    else
        json_text(w, NULL);
    put_id_or_null(w, "width", f->width);
    put_id_or_null(w, "height", f->height);
    json_put_text(w, "state", f->state);
    json_put_text(w, "reason", f->reason);
    json_close(w);
}

void route_dataset_images(struct call *call)
{
    const char *state = http_query(call->request, "state");
    struct dataset_file_page page = { .split = http_query(call->request, "split"),
                                      .class_name = http_query(call->request, "class"),
                                      .state = state ? state : "used" };
    struct dataset_file *files;
    struct dataset dataset;
    struct answer answer;
    struct json_writer *w;
    int64_t total;
    int count;

    if (!call_open_dataset(call, RIGHT_VIEW, &dataset))
        return;
    if (!strcmp(page.state, "all"))
        page.state = NULL;
    if (call_failed(call, call_query_span(call, PAGE, PAGE_MOST, &page.limit, &page.offset) ||
                              datasets_files(call->app, &dataset, &page, call->arena, &files,
                                             &count, &total, &call->err)))
        return;
    w = answer_open(&answer);
    json_put_text(w, "status", "success");
    json_put_text(w, "dataset_id", dataset.id);
    json_put_int(w, "total_images", total);
    json_put_int(w, "total", total);
    json_put_int(w, "skip", page.offset);
    json_put_int(w, "limit", page.limit);
    json_key(w, "images");
    json_array_open(w);
    for (int i = 0; i < count; i++)
        put_file(w, &dataset, &files[i]);
    json_close(w);
    answer_close(call, 200, &answer);
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *type, *begins;
    size_t length, offset;
} magics[] = {
    { "image/jpeg", "\xff\xd8\xff", 3, 0 },
    { "image/png",  "\x89PNG\r\n\x1a\n", 8, 0 },
    { "image/gif",  "GIF8", 4, 0 },
    { "image/webp", "WEBP", 4, 8 },
    { "image/bmp",  "BM", 2, 0 },
    { "image/tiff", "II*\0", 4, 0 },
    { "image/tiff", "MM\0*", 4, 0 },
};
/* clang-format on */

static bool is_text(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] < 0x20 && !strchr("\t\n\r\f", bytes[i]))
            return false;
        else if (!bytes[i])
            return false;
    return true;
}

/* By what is in it: a name says nothing about who wrote the file.  NULL: nothing that a browser
 * should show. */
static const char *content_type(int fd)
{
    unsigned char bytes[SNIFF_BYTES];
    ssize_t count = pread(fd, bytes, sizeof(bytes), 0);

    for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
        if (count >= (ssize_t)(magics[i].offset + magics[i].length) &&
            !memcmp(bytes + magics[i].offset, magics[i].begins, magics[i].length))
            return magics[i].type;
    return count >= 0 && is_text(bytes, (size_t)count) ? "text/plain; charset=utf-8" : NULL;
}

static void send_file(struct call *call,
                      int (*open_file)(struct app *app, const struct dataset *dataset,
                                       const char *path, int *fd, struct error *err))
{
    const char *type, *name;
    struct dataset dataset;
    int fd;

    if (!call_open_dataset(call, RIGHT_VIEW, &dataset) ||
        call_failed(call, open_file(call->app, &dataset, call->texts[1], &fd, &call->err)))
        return;
    type = content_type(fd);
    name = strrchr(call->texts[1], '/');
    http_add_header(call->request, "Cache-Control", "private, no-cache");
    http_add_header(call->request, "Content-Security-Policy", "sandbox; default-src 'none'");
    http_respond_file(call->request, type ? type : "application/octet-stream", fd,
                      type ? NULL : name ? name + 1 : call->texts[1]);
}

void route_dataset_file(struct call *call)
{
    send_file(call, datasets_open_file);
}

void route_dataset_thumbnail(struct call *call)
{
    send_file(call, datasets_open_thumbnail);
}
