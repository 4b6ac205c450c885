/* api.h - HTTP in front of app/.
 *
 * One table of routes (routes.def) says method, path, who may call, which fields a body has, and
 * what answers; it drives dispatch, access, validation and /openapi.json.
 *
 * Errors are {"detail": "text", "code": "NOT_FOUND"}; a body of the wrong shape is 422 with
 * {"detail": [{"loc": ["body", "epochs"], "msg": "...", "type": "..."}]}.
 * Credentials come as "Authorization: Bearer TOKEN", as an API key in the same place or in
 * X-API-Key, or as the cookie that a login sets.  Requests that change something and are identified
 * by the cookie alone must say by Origin or Sec-Fetch-Site that they come from this site.
 */
#ifndef API_API_H
#define API_API_H

#include "app/app.h"

struct api;
struct str;

struct api_options {
    struct app *app;     /* borrowed */
    const char *address; /* NULL: 127.0.0.1 */
    int port;
    const char *origins; /* that browsers may call from, separated by commas; NULL: none */
    bool open_registration;  /* anybody who can reach the server may make an account */
    bool local_registration; /* anybody who comes without a proxy may: the address is loopback */
    bool access_log;
    const char *web_pack; /* the web UI (web_ui.h), borrowed; NULL: none */
    size_t web_pack_bytes;
};

int api_open(struct api **out, const struct api_options *options, struct error *err);
int api_port(const struct api *api);

/* The document that /openapi.json answers with. */
void api_write_openapi(struct str *text);

/* Let running requests end, then close. */
void api_close(struct api *api);

#endif
