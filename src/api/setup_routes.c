/* setup_routes.c - the first administrator over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"
#include "app/accounts/setup.h"

#include "base/error.h"

route_handler route_setup_get, route_setup_post;

void route_setup_get(struct call *call)
{
    struct answer answer;
    struct json_writer *w;
    bool needed, open;

    if (call_failed(call, setup_is_needed(call->app, &needed, &call->err) ||
                              call_registration_is_open(call, &open)))
        return;
    w = answer_open(&answer);
    json_put_bool(w, "needed", needed);
    json_put_bool(w, "open_registration", open);
    answer_close(call, 200, &answer);
}

/* Failures are counted by address alone: nobody must be able to keep the operator out. */
void route_setup_post(struct call *call)
{
    struct setup_body b = { 0 };
    struct user profile, user;

    if (call_refuse_other_site(call) || !call_read_body(call, &b) ||
        call_has_failed_often(call, NULL))
        return;
    profile = (struct user){ .email = b.email, .full_name = b.full_name };
    if (!setup_finish(call->app, b.token, &profile, b.password, call->arena, &user, &call->err)) {
        call_send_session(call, &user);
        return;
    }
    if (call->err.kind == ERR_DENIED)
        call_count_failure(call, NULL);
    call_fail(call);
}
