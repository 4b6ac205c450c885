/* auth_routes.c - accounts, sessions, API keys over HTTP. */

#include "api/api_internal.h"
#include "api/fields.h"
#include "api/login_limit.h"

#include "app/password.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

route_handler route_auth_register, route_auth_login, route_auth_refresh, route_auth_logout,
    route_auth_me, route_auth_update, route_keys_list, route_keys_add, route_keys_remove;

static void send_user(struct call *call, int status, const struct user *user)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    json_object_open(w);
    put_user(w, user);
    json_close(w);
    answer_send(call, status, &answer);
}

/* --- accounts -------------------------------------------------------------------------------- */

/* The first account is the operator's: he gets to it before anybody else can reach the server. */
void route_auth_register(struct call *call)
{
    struct register_body b = { 0 };
    struct user profile, user;
    int64_t count;

    if (!call_read_body(call, &b))
        return;
    if (users_count(call->app, &count, &call->err)) {
        call_fail(call);
        return;
    }
    if (count && !call->api->options.open_registration) {
        call_fail_with(call, 403, "FORBIDDEN", "Accounts are made by invitation here");
        return;
    }
    profile = (struct user){ .email = b.email, .full_name = b.full_name, .company = b.company,
                             .company_custom = b.company_custom, .division = b.division,
                             .division_custom = b.division_custom, .department = b.department,
                             .phone_number = b.phone_number, .bio = b.bio };
    if (!users_register(call->app, &profile, b.password,
                        count ? ROLE_STANDARD_ENGINEER : ROLE_ADMIN, call->arena, &user,
                        &call->err))
        send_user(call, 201, &user);
    else if (call->err.kind == ERR_CONFLICT) /* the contract says 400 here */
        call_fail_with(call, 400, "CONFLICT", call->err.text);
    else
        call_fail(call);
}

void route_auth_me(struct call *call)
{
    send_user(call, 200, &call->user);
}

/* Who found a screen unlocked must not be able to take the account over. */
static bool set_password(struct call *call, const struct profile_body *b)
{
    if (!b->current_password ||
        !password_matches(b->current_password, call->user.hashed_password)) {
        call_fail_with(call, 400, "VALIDATION_ERROR", "current_password is missing or wrong");
        return false;
    }
    if (!users_set_password(call->app, call->user.id, b->password, &call->err))
        return true;
    call_fail(call);
    return false;
}

void route_auth_update(struct call *call)
{
    struct profile_body b = { 0 };
    struct user *u = &call->user;

    if (!call_read_body(call, &b) || (b.password && !set_password(call, &b)))
        return;
#define TAKE(member)            \
    if (call_has(call, #member)) \
        u->member = b.member
    TAKE(full_name);
    TAKE(company);
    TAKE(company_custom);
    TAKE(division);
    TAKE(division_custom);
    TAKE(department);
    TAKE(phone_number);
    TAKE(bio);
    TAKE(badge_color);
#undef TAKE
    if (users_update_profile(call->app, u, &call->err) ||
        users_get(call->app, u->id, call->arena, u, &call->err))
        call_fail(call);
    else
        send_user(call, 200, u);
}

/* --- sessions -------------------------------------------------------------------------------- */

static bool is_https(struct call *call)
{
    const char *scheme = http_header(call->request, "X-Forwarded-Proto");

    return scheme && !strcmp(scheme, "https");
}

/* value "": the cookie goes. */
static void set_cookie(struct call *call, const char *name, const char *value, const char *path,
                       int seconds)
{
    const char *secure = is_https(call) ? "; Secure" : "";

    http_add_header(call->request, "Set-Cookie",
                    arena_printf(call->arena,
                                 "%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Lax%s", name,
                                 value, path, seconds, secure));
}

static void send_session(struct call *call, const struct user *user, const struct session *session)
{
    struct answer answer;
    struct json_writer *w = answer_begin(&answer);

    set_cookie(call, "access_token", session->access_token, "/", SESSION_ACCESS_SECONDS);
    set_cookie(call, "refresh_token", session->refresh_token, "/api/v1/auth",
               SESSION_REFRESH_SECONDS);
    http_add_header(call->request, "Cache-Control", "no-store");
    json_object_open(w);
    json_put_text(w, "access_token", session->access_token);
    json_put_text(w, "refresh_token", session->refresh_token);
    json_put_text(w, "token_type", "bearer");
    json_put_int(w, "expires_in", SESSION_ACCESS_SECONDS);
    json_key(w, "user");
    json_object_open(w);
    put_user(w, user);
    json_close(w);
    json_close(w);
    answer_send(call, 200, &answer);
}

static bool too_many_logins(struct call *call, const char *email)
{
    double wait = login_limit_wait(call->api->logins, http_address(call->request), email,
                                   clock_seconds());

    if (wait <= 0)
        return false;
    http_add_header(call->request, "Retry-After",
                    arena_printf(call->arena, "%d", (int)ceil(wait)));
    call_fail_with(call, 429, "TOO_MANY_REQUESTS", "Too many failed logins; try again later");
    return true;
}

void route_auth_login(struct call *call)
{
    struct login_body b = { 0 };
    struct session session;
    struct user user;
    const char *email;

    if (!call_read_body(call, &b))
        return;
    email = b.email ? b.email : b.username ? b.username : "";
    if (too_many_logins(call, email))
        return;
    if (!sessions_login(call->app, email, b.password, call->arena, &user, &session, &call->err)) {
        login_limit_passed(call->api->logins, email);
        send_session(call, &user, &session);
        return;
    }
    if (call->err.kind != ERR_DENIED) {
        call_fail(call);
        return;
    }
    login_limit_failed(call->api->logins, http_address(call->request), email, clock_seconds());
    call_fail_with(call, 401, "UNAUTHORIZED", call->err.text);
}

/* In the body, or as the cookie that only these paths get. */
static const char *given_refresh_token(struct call *call, const struct refresh_body *b)
{
    return b->refresh_token ? b->refresh_token : http_cookie(call->request, "refresh_token");
}

void route_auth_refresh(struct call *call)
{
    struct refresh_body b = { 0 };
    struct session session;
    struct user user;

    if (!call_read_body(call, &b))
        return;
    if (!sessions_refresh(call->app, given_refresh_token(call, &b), call->arena, &user, &session,
                          &call->err))
        send_session(call, &user, &session);
    else if (call->err.kind == ERR_DENIED)
        call_fail_with(call, 401, "UNAUTHORIZED", call->err.text);
    else
        call_fail(call);
}

void route_auth_logout(struct call *call)
{
    struct refresh_body b = { 0 };

    if (!call_read_body(call, &b))
        return;
    if (sessions_end(call->app, given_refresh_token(call, &b), &call->err)) {
        call_fail(call);
        return;
    }
    set_cookie(call, "access_token", "", "/", 0);
    set_cookie(call, "refresh_token", "", "/api/v1/auth", 0);
    call_message(call, 200, "Logged out");
}

/* --- API keys -------------------------------------------------------------------------------- */

void route_keys_list(struct call *call)
{
    struct api_key *keys;
    struct answer answer;
    struct json_writer *w;
    int count;

    if (api_keys_list(call->app, call->user.id, call->arena, &keys, &count, &call->err)) {
        call_fail(call);
        return;
    }
    w = answer_begin(&answer);
    json_array_open(w);
    for (int i = 0; i < count; i++) {
        json_object_open(w);
        json_put_int(w, "id", keys[i].id);
        json_put_text(w, "name", keys[i].name);
        json_put_text(w, "prefix", keys[i].prefix);
        put_time(w, "created_at", keys[i].created_at);
        put_time(w, "last_used_at", keys[i].last_used_at);
        json_close(w);
    }
    json_close(w);
    answer_send(call, 200, &answer);
}

void route_keys_add(struct call *call)
{
    struct key_body b = { 0 };
    struct answer answer;
    struct json_writer *w;
    const char *key;

    if (!call_read_body(call, &b))
        return;
    if (api_keys_add(call->app, call->user.id, b.name, call->arena, &key, &call->err)) {
        call_fail(call);
        return;
    }
    http_add_header(call->request, "Cache-Control", "no-store");
    w = answer_begin(&answer);
    json_object_open(w);
    json_put_text(w, "name", b.name);
    json_put_text(w, "key", key);
    json_close(w);
    answer_send(call, 201, &answer);
}

void route_keys_remove(struct call *call)
{
    if (api_keys_remove(call->app, call->user.id, call->ids[0], &call->err))
        call_fail(call);
    else
        call_message(call, 200, "API key removed");
}
