/* api_support.c - see api_support.h. */

#include "api_support.h"

#include "app/accounts/users.h"
#include "app/datasets/datasets.h"
#include "base/error.h"
#include "test.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static void open_with(struct platform *p, const struct api_options *options)
{
    struct app_options app = { .data_folder = test_folder() };
    struct api_options api = *options;
    struct error err;

    api.origins = "http://localhost:3000,https://lab.example";
    *p = (struct platform){ .folder = app.data_folder };
    CHECK_OK(app_open(&p->app, &app, &err), err);
    CHECK_OK(datasets_open(p->app, &err), err);
    api.app = p->app;
    CHECK_OK(api_open(&p->api, &api, &err), err);
}

void platform_open_empty(struct platform *p)
{
    open_with(p, &(struct api_options){ .open_registration = true });
}

void platform_open_local(struct platform *p)
{
    open_with(p, &(struct api_options){ .local_registration = true });
}

void platform_open(struct platform *p)
{
    struct user admin = { .email = "admin@example.com" };
    struct arena arena = ARENA_INIT;
    struct error err;

    platform_open_empty(p);
    CHECK_OK(users_register(p->app, &admin, PLATFORM_PASSWORD, ROLE_ADMIN, &arena, &admin, &err),
             err);
    arena_release(&arena);
}

void platform_close(struct platform *p)
{
    api_close(p->api);
    datasets_close(p->app);
    app_close(p->app);
}

static size_t keep(char *data, size_t size, size_t count, void *text)
{
    str_add_bytes(text, data, size * count);
    return size * count;
}

static struct curl_slist *header_list(const char *token, const char *headers)
{
    struct curl_slist *list = NULL;
    struct str line = STR_INIT;

    if (token) {
        str_printf(&line, "Authorization: Bearer %s", token);
        list = curl_slist_append(list, line.text);
    }
    while (headers && *headers) {
        size_t length = strcspn(headers, "\n");

        str_clear(&line);
        str_add_bytes(&line, headers, length);
        list = curl_slist_append(list, line.text);
        headers += length + (headers[length] == '\n');
    }
    str_release(&line);
    return list;
}

void fetch(const struct platform *p, const char *method, const char *path, const char *token,
           const char *headers, const char *body, struct reply *reply)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *list = header_list(token, headers);
    struct str url = STR_INIT;
    struct error err;

    CHECK(curl);
    *reply = (struct reply){ .headers = STR_INIT, .text = STR_INIT };
    str_printf(&url, "http://127.0.0.1:%d%s", api_port(p->api), path);
    curl_easy_setopt(curl, CURLOPT_URL, url.text);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply->headers);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CHECK(curl_easy_perform(curl) == CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (reply->text.length)
        reply->body = json_parse(reply->text.text, reply->text.length, "reply", &err);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    str_release(&url);
}

void reply_release(struct reply *reply)
{
    json_decref(reply->body);
    str_release(&reply->headers);
    str_release(&reply->text);
}

json_t *expect(const struct platform *p, long status, const char *method, const char *path,
               const char *token, const char *body)
{
    struct reply reply;
    json_t *kept;

    fetch(p, method, path, token, NULL, body, &reply);
    if (reply.status != status || !reply.body)
        test_fail(__FILE__, __LINE__, "%s %s gave %ld, not %ld: %s", method, path, reply.status,
                  status, reply.text.text);
    kept = json_incref(reply.body);
    reply_release(&reply);
    return kept;
}

void expect_error(const struct platform *p, long status, const char *detail, const char *method,
                  const char *path, const char *token, const char *body)
{
    json_t *found = expect(p, status, method, path, token, body);

    CHECK_TEXT(text_at(found, "detail"), detail);
    CHECK(json_is_string(json_object_get(found, "code")));
    json_decref(found);
}

char *login(const struct platform *p, const char *email)
{
    struct str body = STR_INIT;
    struct reply reply;
    char *token;

    str_printf(&body, "{\"email\":\"%s\",\"password\":\"" PLATFORM_PASSWORD "\"}", email);
    fetch(p, "POST", "/api/v1/auth/register", NULL, NULL, body.text, &reply);
    reply_release(&reply);
    fetch(p, "POST", "/api/v1/auth/login", NULL, NULL, body.text, &reply);
    CHECK(reply.status == 200);
    token = strdup(text_at(reply.body, "access_token"));
    reply_release(&reply);
    str_release(&body);
    return token;
}

const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t int_at(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}
