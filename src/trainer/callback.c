/* callback.c - see callback.h. */

#include "trainer/callback.h"

#include "base/error.h"
#include "base/queue.h"
#include "base/str.h"
#include "net/http_client.h"

#include <stdlib.h>
#include <string.h>

#define PATH "/api/v1/internal/training/callback"
#define CLIENTS 4
#define TIMEOUT_SECONDS 5.0

struct callback {
    char *url, *header;
    struct queue *clients; /* those that are idle */
};

struct callback *callback_new(const char *backend_url, const char *secret)
{
    struct callback *callback = calloc(1, sizeof(*callback));
    struct str url = STR_INIT, header = STR_INIT;
    size_t length = strlen(backend_url);

    BUG_IF(!callback);
    while (length && backend_url[length - 1] == '/')
        length--;
    str_add_bytes(&url, backend_url, length);
    str_add(&url, PATH);
    callback->url = str_detach(&url);
    if (secret) {
        str_printf(&header, "X-Internal-Auth: %s", secret);
        callback->header = str_detach(&header);
    }
    callback->clients = queue_new(CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        queue_put(callback->clients, http_client_new());
    return callback;
}

void callback_free(struct callback *callback)
{
    struct http_client *client;

    if (!callback)
        return;
    queue_close(callback->clients);
    while ((client = queue_get(callback->clients)))
        http_client_free(client);
    queue_free(callback->clients);
    free(callback->url);
    free(callback->header);
    free(callback);
}

static const char *detail_of(const json_t *answer)
{
    const char *detail = json_string_value(json_object_get(answer, "detail"));

    return detail ? detail : "no reason is given";
}

/* 404 is about the job only if our backend says so; anything else may stand at that address. */
static int judge(int status, const json_t *answer, struct error *err)
{
    const char *detail = detail_of(answer);

    if (status >= 200 && status < 300)
        return 0;
    if (status == 404 && strstr(detail, "job"))
        return FAIL(err, NOT_FOUND, "%s", detail);
    if (status == 400 || status == 413 || status == 422)
        return FAIL(err, INVALID, "the backend answers %d: %s", status, detail);
    return FAIL(err, UNAVAILABLE, "the backend answers %d: %s", status, detail);
}

static int deliver(void *context, const json_t *message, struct error *err)
{
    struct callback *callback = context;
    const char *const headers[] = { callback->header, NULL };
    struct http_call call = { .method = "POST", .url = callback->url, .headers = headers,
                              .body = message, .timeout_seconds = TIMEOUT_SECONDS };
    struct http_client *client = queue_get(callback->clients);
    json_t *answer = NULL;
    int status, result;

    result = http_client_call(client, &call, &status, &answer, err) || judge(status, answer, err)
                 ? -1
                 : 0;
    queue_put(callback->clients, client);
    json_decref(answer);
    return result;
}

struct trainer_sink callback_sink(struct callback *callback)
{
    return (struct trainer_sink){ deliver, callback };
}
