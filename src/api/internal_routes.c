/* internal_routes.c - what training services report. */

#include "api/api_internal.h"
#include "api/fields.h"

#include "app/jobs/job_control.h"
#include "base/error.h"

#include <sodium.h>
#include <string.h>

route_handler route_internal_callback;

/* Compared as hashes: of equal length, and in constant time.  The secret is never empty. */
bool call_knows_secret(struct call *call)
{
    const char *given = http_header(call->request, "X-Internal-Auth");
    unsigned char hashes[2][crypto_generichash_BYTES];
    const char *texts[2] = { given, call->app->internal_secret };

    if (!given || !call->app->internal_secret || !*call->app->internal_secret)
        return false;
    for (int i = 0; i < 2; i++)
        crypto_generichash(hashes[i], sizeof(hashes[i]), (const unsigned char *)texts[i],
                           strlen(texts[i]), NULL, 0);
    return !sodium_memcmp(hashes[0], hashes[1], sizeof(hashes[0]));
}

/* Fields and events that this version does not know are taken and change nothing: the trainer may
 * be newer. */
void route_internal_callback(struct call *call)
{
    struct answer answer;
    struct json_writer *w;

    if (!call_knows_secret(call)) {
        call_fail_with(call, 403, "FORBIDDEN", "Forbidden");
        return;
    }
    if (!call_parse_body(call))
        return;
    if (control_event(call->app, call->body, &call->err)) {
        if (call->err.kind == ERR_INVALID)
            call_fail_with(call, 422, "VALIDATION_ERROR", call->err.text);
        else
            call_fail(call);
        return;
    }
    w = answer_open(&answer);
    json_put_text(w, "status", "received");
    json_put_int(w, "job_id", json_integer_value(json_object_get(call->body, "job_id")));
    answer_close(call, 200, &answer);
}
