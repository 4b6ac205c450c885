/* api_support.h - a platform in a folder of the test's, and a client. */
#ifndef API_API_SUPPORT_H
#define API_API_SUPPORT_H

#include "api/api.h"
#include "base/json.h"
#include "base/str.h"

struct platform {
    const char *folder;
    struct app *app;
    struct api *api;
};

/* With the first account, admin@example.com, which is an admin. */
void platform_open(struct platform *platform);
/* Without any account. */
void platform_open_empty(struct platform *platform);
/* The same as `fovea serve` is on its own machine: registration is open to who is there. */
void platform_open_local(struct platform *platform);
void platform_close(struct platform *platform);

#define PLATFORM_PASSWORD "long enough 1"

struct reply {
    long status;
    struct str headers, text;
    json_t *body; /* NULL: no JSON */
};

/* token: NULL, or what stands after "Bearer ".  body: NULL, or JSON, or a form.  headers: more of
 * them, one per line, or NULL.  Release the reply. */
void fetch(const struct platform *platform, const char *method, const char *path, const char *token,
           const char *headers, const char *body, struct reply *reply);
void reply_release(struct reply *reply);

/* Fetch, expect the status, and return the reply's body; json_decref() it. */
json_t *expect(const struct platform *platform, long status, const char *method, const char *path,
               const char *token, const char *body);
/* The same of an error, whose "detail" must be this text. */
void expect_error(const struct platform *platform, long status, const char *detail,
                  const char *method, const char *path, const char *token, const char *body);

/* Make an account (unless it exists) and log in; free() the token. */
char *login(const struct platform *platform, const char *email);

const char *text_at(const json_t *object, const char *key);
int64_t int_at(const json_t *object, const char *key);

#endif
