/* http_client.c - see http_client.h. */

#include "net/http_client.h"

#include "base/error.h"
#include "base/str.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_SECONDS 30.0
#define LIMIT_BYTES ((size_t)16 << 20)

struct http_client {
    CURL *curl;
    struct str body;
    size_t limit_bytes;
    bool is_too_large;
    char problem[CURL_ERROR_SIZE];
};

static void start_library(void)
{
    BUG_IF(curl_global_init(CURL_GLOBAL_DEFAULT));
}

struct http_client *http_client_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct http_client *client = calloc(1, sizeof(*client));

    pthread_once(&once, start_library);
    BUG_IF(!client);
    client->curl = curl_easy_init();
    BUG_IF(!client->curl);
    str_init(&client->body);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    str_release(&client->body);
    free(client);
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct http_client *client = context;
    size_t bytes = size * count;

    if (client->body.length + bytes > client->limit_bytes) {
        client->is_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    str_add_bytes(&client->body, data, bytes);
    return bytes;
}

/* "http://user:secret@host/path" without what stands before the @. */
static void shown_url(const char *url, struct str *out)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    const char *at = memchr(host, '@', strcspn(host, "/?#"));

    str_add_bytes(out, url, (size_t)(host - url));
    str_add_bytes(out, at ? at + 1 : host, strcspn(at ? at + 1 : host, "?#"));
}

static int refuse(const struct http_client *client, const struct http_call *call, CURLcode code,
                  struct error *err)
{
    struct str url = STR_INIT;

    shown_url(call->url, &url);
    if (client->is_too_large)
        FAIL(err, TOO_LARGE, "the answer of %s has more than %zu bytes", url.text,
             client->limit_bytes);
    else
        FAIL(err, UNAVAILABLE, "no answer from %s: %s", url.text,
             *client->problem ? client->problem : curl_easy_strerror(code));
    str_release(&url);
    return -1;
}

static struct curl_slist *headers_of(const struct http_call *call)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");

    if (call->body)
        list = curl_slist_append(list, "Content-Type: application/json");
    list = curl_slist_append(list, "Expect:"); /* else a pause of a second before large bodies */
    for (int i = 0; call->headers && call->headers[i]; i++)
        list = curl_slist_append(list, call->headers[i]);
    BUG_IF(!list);
    return list;
}

static void prepare(struct http_client *client, const struct http_call *call, const char *body,
                    struct curl_slist *headers)
{
    double seconds = call->timeout_seconds > 0 ? call->timeout_seconds : TIMEOUT_SECONDS;
    CURL *curl = client->curl;

    curl_easy_reset(curl); /* connections stay */
    str_clear(&client->body);
    client->is_too_large = false;
    client->problem[0] = '\0';
    client->limit_bytes = call->limit_bytes ? call->limit_bytes : LIMIT_BYTES;
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(1000 * seconds));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(1000 * seconds));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fovea/" FOVEA_VERSION);
    if (!strcmp(call->method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (body || !strcmp(call->method, "POST")) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(body ? strlen(body) : 0));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body ? body : "");
    }
}

int http_client_call(struct http_client *client, const struct http_call *call, int *status,
                     json_t **answer, struct error *err)
{
    char *body = call->body ? json_dumps(call->body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct curl_slist *headers = headers_of(call);
    struct error ignored;
    long code_of_http = 0;
    CURLcode code;

    BUG_IF(call->body && !body);
    prepare(client, call, body, headers);
    code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &code_of_http);
    curl_slist_free_all(headers);
    free(body);
    if (code || !code_of_http)
        return refuse(client, call, code, err);
    *status = (int)code_of_http;
    *answer = client->body.length
                  ? json_parse(client->body.text, client->body.length, "the answer", &ignored)
                  : NULL;
    return 0;
}
