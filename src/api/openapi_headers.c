/* openapi_headers.c - which headers answers have, for /openapi.json. */

#include "api/api_internal.h"
#include "api/openapi_internal.h"

#include <string.h>

#define ANY_HANDLER ""
#define FILES "file"

/* status "": whatever the status. */
static const struct header {
    const char *handler, *status, *name, *type, *description;
    bool may_lack;
} headers[] = {
    { ANY_HANDLER, "", "X-Request-Id", "text", "The request's name in the log" },
    { ANY_HANDLER, "401", "WWW-Authenticate", "text", "Bearer" },
    { ANY_HANDLER, "429", "Retry-After", "int", "Seconds" },
    { FILES, "200", "ETag", "text", "For If-None-Match and If-Range" },
    { FILES, "200", "Last-Modified", "text", "When it was written" },
    { FILES, "200", "Accept-Ranges", "text", "bytes: a part is had by Range" },
    { FILES, "206", "ETag", "text", "Of the whole" },
    { FILES, "206", "Content-Range", "text", "bytes FIRST-LAST/ALL" },
    { FILES, "304", "ETag", "text", "The same" },
    { FILES, "416", "Content-Range", "text", "bytes */ALL" },
    { "checkpoint_download", "200", "Content-Disposition", "text", "attachment, and a file name" },
    { "projects_post", "201", "Location", "text", "The project" },
    { "jobs_post", "201", "Location", "text", "The job" },
    { "job_clone", "201", "Location", "text", "The new job" },
    { "datasets_post", "201", "Location", "text", "The data set" },
    { "uploads_post", "201", "Location", "text", "The upload" },
    { "upload_commit", "201", "Location", "text", "The data set" },
    { "admin_users_post", "201", "Location", "text", "The account" },
    { "upload_put", "200", "Upload-Offset", "int", "Where the next piece begins" },
    { "project_experiments", "200", "X-Total-Count", "int", "Of all pages" },
    { "jobs_get", "200", "X-Total-Count", "int", "Of all pages; with project_id", true },
    { "models_list", "200", "X-Total-Count", "int", "Of all models" },
    { "models_envelope", "200", "X-Total-Count", "int", "Of all models" },
    { "admin_users_get", "200", "X-Total-Count", "int", "Of all pages" },
    { "admin_projects_get", "200", "X-Total-Count", "int", "Of all pages" },
};

void openapi_put_headers(struct json_writer *w, const char *handler, const char *status,
                         bool is_file)
{
    json_key(w, "headers");
    json_object_open(w);
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        const struct header *h = &headers[i];
        bool fits = !*h->handler || !strcmp(h->handler, handler) ||
                    (is_file && !strcmp(h->handler, FILES));

        if (!fits || (*h->status && strcmp(h->status, status)))
            continue;
        json_key(w, h->name);
        json_object_open(w);
        json_put_text(w, "description", h->description);
        json_put_bool(w, "required", !h->may_lack);
        json_key(w, "schema");
        openapi_put_type(w, h->type);
        json_close(w);
    }
    json_close(w);
}
