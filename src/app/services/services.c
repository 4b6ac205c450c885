/* services.c - calling the training services; see services.h. */

#include "app/services/services.h"

#include "app/services/services_internal.h"
#include "base/error.h"
#include "base/log.h"
#include "net/http_client.h"

#include <stdlib.h>
#include <string.h>

const char *const framework_names[FRAMEWORKS] = { "timm", "ultralytics", "huggingface" };

static char *copy_or_null(const char *text)
{
    char *copy = text && *text ? strdup(text) : NULL;

    BUG_IF(text && *text && !copy);
    return copy;
}

static double or_default(double value, double fallback)
{
    return value > 0 ? value : fallback;
}

struct services *services_new(const struct services_options *options)
{
    struct services *s = calloc(1, sizeof(*s));

    BUG_IF(!s || pthread_mutex_init(&s->lock, NULL));
    s->options = *options;
    s->options.list_seconds = or_default(options->list_seconds, 5);
    s->options.schema_seconds = or_default(options->schema_seconds, 10);
    s->options.start_seconds = or_default(options->start_seconds, 30);
    s->options.cache_seconds = or_default(options->cache_seconds, 3600);
    for (int i = 0; i < FRAMEWORKS; i++) {
        s->urls[i] = copy_or_null(options->urls[i]);
        while (s->urls[i] && *s->urls[i] && s->urls[i][strlen(s->urls[i]) - 1] == '/')
            s->urls[i][strlen(s->urls[i]) - 1] = 0;
    }
    return s;
}

double services_start_seconds(const struct services *services)
{
    return services->options.start_seconds;
}

void services_free(struct services *services)
{
    if (!services)
        return;
    for (int i = 0; i < FRAMEWORKS; i++)
        free(services->urls[i]);
    json_decref(services->models);
    pthread_mutex_destroy(&services->lock);
    free(services);
}

static int framework_index(const char *framework)
{
    for (int i = 0; framework && i < FRAMEWORKS; i++)
        if (!strcmp(framework, framework_names[i]))
            return i;
    return -1;
}

bool services_know(const struct services *services, const char *framework)
{
    int i = framework_index(framework);

    return i >= 0 && (services->urls[i] || services->options.module);
}

/* --- one call -------------------------------------------------------------------------------- */

/* ?a=1&b=x from an object, for methods that have no body. */
static void add_query(struct str *url, const json_t *parameters)
{
    static const char plain[] = "-_.~/:";
    const char *key, *text;
    json_t *value;
    char separator = '?';

    json_object_foreach((json_t *)parameters, key, value)
    {
        char number[32];

        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        text = json_is_string(value) ? json_string_value(value)
               : json_is_true(value) ? "true"
               : json_is_integer(value) ? number
                                        : NULL;
        if (!text)
            continue;
        str_printf(url, "%c%s=", separator, key);
        separator = '&';
        for (; *text; text++) {
            unsigned char c = (unsigned char)*text;

            if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                strchr(plain, c))
                str_add_char(url, (char)c);
            else
                str_printf(url, "%%%02X", c);
        }
    }
}

static int call_http(struct app *app, const char *base, const char *method, const char *path,
                     const json_t *parameters, double timeout, int *status, json_t **answer,
                     struct error *err)
{
    struct str url = STR_INIT, secret = STR_INIT;
    struct http_client *client = http_client_new();
    bool has_body = strcmp(method, "GET") != 0;
    const char *headers[] = { NULL, NULL };
    int result;

    str_printf(&url, "%s%s", base, path);
    if (!has_body)
        add_query(&url, parameters);
    str_printf(&secret, "X-Internal-Auth: %s", app->internal_secret);
    headers[0] = secret.text;
    result = http_client_call(client,
                              &(struct http_call){ .method = method, .url = url.text,
                                                   .headers = headers,
                                                   .body = has_body ? parameters : NULL,
                                                   .timeout_seconds = timeout },
                              status, answer, err);
    http_client_free(client);
    str_release(&secret);
    str_release(&url);
    return result;
}

int services_call(struct app *app, const char *framework, const char *method, const char *path,
                  const json_t *parameters, double timeout_seconds, int *status, json_t **answer,
                  struct error *err)
{
    struct services *s = app->services;
    int i = framework_index(framework), result = 0;

    *answer = NULL;
    if (i < 0 || !s || !services_know(s, framework))
        return FAIL(err, UNAVAILABLE, "no training service for framework '%s'", framework);
    if (s->urls[i]) {
        result = call_http(app, s->urls[i], method, path, parameters, timeout_seconds, status,
                           answer, err);
        if (result) { /* where it runs is for the operator alone */
            log_warn("%s %s of the %s service: %s", method, path, framework, err->text);
            FAIL(err, UNAVAILABLE, "the training service for %s cannot be reached", framework);
        }
    } else {
        s->options.module(s->options.module_context, method, path, parameters, status, answer);
    }
    if (!result && !*answer)
        *answer = json_object();
    return result;
}

int services_schema(struct app *app, const char *framework, const char *task_type, json_t **schema,
                    struct error *err)
{
    json_t *parameters = json_object(), *answer = NULL;
    int status, result;

    json_object_set_new(parameters, "framework", json_string(framework));
    if (task_type)
        json_object_set_new(parameters, "task_type", json_string(task_type_full(task_type)));
    if (framework_index(framework) < 0) {
        result = FAIL(err, NOT_FOUND, "Framework '%s' not found", framework);
    } else if (services_call(app, framework, "GET", "/config/schema", parameters,
                             app->services->options.schema_seconds, &status, &answer, err)) {
        result = error_prefix(err, "Training Service unavailable");
        err->kind = ERR_UNAVAILABLE;
    } else if (status == 404 || status == 400) {
        const char *detail = json_string_value(json_object_get(answer, "detail"));

        result = FAIL(err, NOT_FOUND, "%s", detail ? detail : "Unknown framework or task type");
    } else if (status != 200) {
        result = FAIL(err, UNAVAILABLE, "Training Service unavailable: status %d", status);
    } else {
        *schema = json_incref(answer);
        result = 0;
    }
    json_decref(parameters);
    json_decref(answer);
    return result;
}
