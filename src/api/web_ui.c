/* web_ui.c - see web_ui.h. */

#include "api/web_ui.h"

#include "api/account_internal.h"

#include "base/str.h"
#include "net/http_compress.h"

#include <stdlib.h>
#include <string.h>

#define WEB_FILES_MOST 4096
#define LINE_PARTS 6

/* Scripts and styles are files of ours.  Styles in elements too: menus and dialogs place themselves
 * by them, and they run nothing.  blob: pictures are those just chosen for an upload. */
#define POLICY                                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                  \
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "     \
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static const char config[] =
    "{\"api_origin\":\"\",\"socket_origin\":\"\",\"version\":\"" FOVEA_VERSION "\"}";

struct web_file {
    const char *path, *type, *etag, *cache;
    const char *plain, *gzip;
    size_t plain_bytes, gzip_bytes; /* gzip 0: there is none */
};

struct web_ui {
    struct web_file *files;
    int file_count;
    const struct web_file *index;
    char *text; /* the head of the pack, cut into strings; or the reason why there are no files */
};

/* --- reading a pack -------------------------------------------------------------------------- */

/* Cuts the line into its parts; returns where the next begins, NULL: it is none of ours. */
static char *cut_line(char *line, char *parts[LINE_PARTS])
{
    char *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = 0;
    for (int i = 0; i < LINE_PARTS; i++) {
        char *tab = strchr(line, '\t');

        if (!tab != (i == LINE_PARTS - 1))
            return NULL;
        parts[i] = line;
        if (!tab)
            break;
        *tab = 0;
        line = tab + 1;
    }
    return end + 1;
}

static char *read_file_line(struct web_file *file, char *line)
{
    char *parts[LINE_PARTS], *next = cut_line(line, parts);

    if (!next)
        return NULL;
    file->path = parts[0];
    file->type = parts[1];
    file->etag = parts[2];
    file->cache = parts[3];
    file->plain_bytes = strtoul(parts[4], NULL, 10);
    file->gzip_bytes = strtoul(parts[5], NULL, 10);
    return next;
}

/* Gives each file its bytes; false: there are fewer. */
static bool place_bytes(struct web_ui *ui, const char *at, size_t left_bytes)
{
    for (int i = 0; i < ui->file_count; i++) {
        struct web_file *f = &ui->files[i];

        if (f->plain_bytes > left_bytes || f->gzip_bytes > left_bytes - f->plain_bytes)
            return false;
        f->plain = at;
        f->gzip = at + f->plain_bytes;
        at += f->plain_bytes + f->gzip_bytes;
        left_bytes -= f->plain_bytes + f->gzip_bytes;
        if (!strcmp(f->path, "/index.html"))
            ui->index = f;
    }
    return true;
}

static int read_pack(struct web_ui *ui, const char *pack, size_t size_bytes, struct error *err)
{
    const char *gap = memmem(pack, size_bytes, "\n\n", 2);
    size_t head_bytes = gap ? (size_t)(gap - pack) + 1 : size_bytes;
    int version = -1, count = 0;
    char *line;

    ui->text = strndup(pack, head_bytes);
    BUG_IF(!ui->text);
    if (sscanf(ui->text, "fovea-web %d %d", &version, &count) < 1)
        return FAIL(err, INVALID, "the web UI's pack is none");
    if (!version)
        return 0;
    line = strchr(ui->text, '\n');
    if (version != 1 || !gap || !line || count < 1 || count > WEB_FILES_MOST)
        return FAIL(err, INVALID, "the web UI's pack is of another form");
    line++;
    ui->files = calloc((size_t)count, sizeof(*ui->files));
    BUG_IF(!ui->files);
    for (; ui->file_count < count; ui->file_count++)
        if (!(line = read_file_line(&ui->files[ui->file_count], line)))
            return FAIL(err, INVALID, "line %d of the web UI's pack", ui->file_count + 2);
    if (!place_bytes(ui, gap + 2, size_bytes - head_bytes - 1) || !ui->index)
        return FAIL(err, INVALID, "the web UI's pack is cut short");
    return 0;
}

int web_ui_new(struct web_ui **out, const char *pack, size_t size_bytes, struct error *err)
{
    struct web_ui *ui = calloc(1, sizeof(*ui));

    BUG_IF(!ui);
    if (read_pack(ui, pack, size_bytes, err)) {
        web_ui_free(ui);
        return -1;
    }
    *out = ui;
    return 0;
}

void web_ui_free(struct web_ui *ui)
{
    if (!ui)
        return;
    free(ui->files);
    free(ui->text);
    free(ui);
}

/* --- answering ------------------------------------------------------------------------------- */

static const struct web_file *find_file(const struct web_ui *ui, const char *path)
{
    for (int i = 0; i < ui->file_count; i++)
        if (!strcmp(ui->files[i].path, path))
            return &ui->files[i];
    return NULL;
}

static void send_file(const struct web_file *file, struct call *call)
{
    bool is_packed = file->gzip_bytes &&
                     http_accepts_gzip(http_header(call->request, "Accept-Encoding"));

    if (str_starts_with(file->type, "text/html"))
        call_add_page_headers(call, POLICY);
    http_add_header(call->request, "ETag", file->etag);
    http_add_header(call->request, "Cache-Control", file->cache);
    if (file->gzip_bytes)
        http_add_header(call->request, "Vary", "Accept-Encoding");
    if (is_packed)
        http_add_header(call->request, "Content-Encoding", "gzip");
    http_respond(call->request, 200, file->type, is_packed ? file->gzip : file->plain,
                 is_packed ? file->gzip_bytes : file->plain_bytes);
}

/* A browser that goes somewhere says that it takes HTML; a program that asks for data does not. */
static bool is_page(struct call *call, const char *path)
{
    static const char *const others[] = { "/api/", "/ws/", "/socket.io/", "/assets/" };
    const char *accept = http_header(call->request, "Accept"), *last = strrchr(path, '/');

    if (!strcmp(path, "/"))
        return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (str_starts_with(path, others[i]))
            return false;
    return accept && strstr(accept, "text/html") && last && !strchr(last, '.');
}

static void send_reason(const struct web_ui *ui, struct call *call)
{
    const char *reason = ui->text + strlen("fovea-web 0");
    const char *text = arena_printf(
        call->arena,
        "Fovea " FOVEA_VERSION "\n\nThis server runs, but it was built without its web pages:%s\n"
        "With Node 18 or newer and npm installed, build it again to have them.\n\n"
        "The API is described at /docs.\n", reason);

    http_respond(call->request, 200, "text/plain; charset=utf-8", text, strlen(text));
}

bool web_ui_page(const struct web_ui *ui, struct call *call)
{
    if (!ui || !ui->index)
        return false;
    send_file(ui->index, call);
    return true;
}

bool web_ui_answer(const struct web_ui *ui, struct call *call)
{
    const char *method = http_method(call->request), *path = http_path(call->request);
    const struct web_file *file;

    if (!ui || (strcmp(method, "GET") && strcmp(method, "HEAD")))
        return false;
    if (!strcmp(path, "/config.json")) {
        http_add_header(call->request, "Cache-Control", "no-cache");
        http_respond(call->request, 200, "application/json", config, strlen(config));
        return true;
    }
    file = find_file(ui, path);
    if (file) {
        send_file(file, call);
        return true;
    }
    if (!ui->index && !strcmp(path, "/")) {
        send_reason(ui, call);
        return true;
    }
    return is_page(call, path) && web_ui_page(ui, call);
}
