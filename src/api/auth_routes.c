/* auth_routes.c - accounts, sessions, API keys over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"
#include "api/login_limit.h"
#include "app/operations/admin.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

route_handler route_auth_register, route_auth_login, route_auth_refresh, route_auth_logout,
    route_auth_me, route_auth_update, route_auth_password, route_keys_list, route_keys_add,
    route_keys_remove;

static void send_user(struct call *call, int status, const struct user *user)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    put_user(w, user);
    answer_close(call, status, &answer);
}

/* --- accounts -------------------------------------------------------------------------------- */

/* A server on the loopback address may stand behind one that the whole world reaches. */
static bool came_by_proxy(struct call *call)
{
    return http_header(call->request, "X-Forwarded-For") ||
           http_header(call->request, "X-Real-IP") || http_header(call->request, "Forwarded");
}

int call_registration_is_open(struct call *call, bool *open)
{
    struct platform_settings settings;

    if (settings_read(call->app, call->arena, &settings, &call->err))
        return -1;
    if (settings.open_registration >= 0)
        *open = settings.open_registration;
    else
        *open = call->api->options.open_registration ||
                (call->api->options.local_registration && !came_by_proxy(call));
    return 0;
}

/* With an invitation also where registration is closed. */
static int register_user(struct call *call, const struct register_body *b,
                         const struct user *profile, struct user *user)
{
    struct platform_settings settings;
    bool open;

    if (settings_read(call->app, call->arena, &settings, &call->err) ||
        call_registration_is_open(call, &open))
        return -1;
    if (b->invitation_token)
        return invitations_register(call->app, b->invitation_token, profile, b->password,
                                    (enum role)role_find(settings.default_role), call->arena, user,
                                    &call->err);
    if (!open)
        return FAIL(&call->err, DENIED, "Accounts are made by invitation here");
    return users_register(call->app, profile, b->password,
                          (enum role)role_find(settings.default_role), call->arena, user,
                          &call->err);
}

void route_auth_register(struct call *call)
{
    struct register_body b = { 0 };
    struct user profile, user;

    if (call_refuse_other_site(call) || !call_read_body(call, &b))
        return;
    profile = (struct user){ .email = b.email, .full_name = b.full_name, .company = b.company,
                             .company_custom = b.company_custom, .division = b.division,
                             .division_custom = b.division_custom, .department = b.department,
                             .phone_number = b.phone_number, .bio = b.bio };
    if (!register_user(call, &b, &profile, &user))
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

/* --- sessions -------------------------------------------------------------------------------- */

static bool is_https(struct call *call)
{
    const char *scheme = http_header(call->request, "X-Forwarded-Proto");

    return scheme && !strcmp(scheme, "https");
}

const char *call_base_url(struct call *call)
{
    const char *host = http_header(call->request, "Host");

    return arena_printf(call->arena, "%s://%s", is_https(call) ? "https" : "http",
                        host ? host : "localhost");
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

static void put_tokens(struct call *call, struct json_writer *w, const struct session *session)
{
    set_cookie(call, "access_token", session->access_token, "/", call->app->access_seconds);
    set_cookie(call, "refresh_token", session->refresh_token, "/api/v1/auth",
               SESSION_REFRESH_SECONDS);
    http_add_header(call->request, "Cache-Control", "no-store");
    json_put_text(w, "access_token", session->access_token);
    json_put_text(w, "refresh_token", session->refresh_token);
    json_put_text(w, "token_type", "bearer");
    json_put_int(w, "expires_in", call->app->access_seconds);
}

static void send_session(struct call *call, const struct user *user, const struct session *session)
{
    struct answer answer;
    struct json_writer *w = answer_open(&answer);

    put_tokens(call, w, session);
    json_key(w, "user");
    json_object_open(w);
    put_user(w, user);
    json_close(w);
    answer_close(call, 200, &answer);
}

void call_send_session(struct call *call, const struct user *user)
{
    struct session session;

    if (sessions_begin(call->app, user, call->arena, &session, &call->err))
        call_fail(call);
    else
        send_session(call, user, &session);
}

static void send_user_and_session(struct call *call, const struct user *user)
{
    struct session session;
    struct answer answer;
    struct json_writer *w;

    if (call_failed(call, sessions_begin(call->app, user, call->arena, &session, &call->err)))
        return;
    w = answer_open(&answer);
    put_user(w, user);
    put_tokens(call, w, &session);
    answer_close(call, 200, &answer);
}

/* Whom failures are counted against.  Behind a proxy on this machine that is whom the proxy names
 * last; what stands before it anybody may have written. */
static const char *client_address(struct call *call)
{
    const char *address = http_address(call->request), *comma;
    const char *forwarded = http_header(call->request, "X-Forwarded-For");

    if (!forwarded || (strcmp(address, "127.0.0.1") && strcmp(address, "::1")))
        return address;
    comma = strrchr(forwarded, ',');
    return comma ? comma + 1 + strspn(comma + 1, " ") : forwarded;
}

bool call_has_failed_often(struct call *call, const char *name)
{
    const char *address = client_address(call);
    double wait = login_limit_wait(call->api->logins, address, name ? name : address,
                                   clock_seconds());

    if (wait <= 0)
        return false;
    http_add_header(call->request, "Retry-After",
                    arena_printf(call->arena, "%d", (int)ceil(wait)));
    call_fail_with(call, 429, "TOO_MANY_REQUESTS", "Too many failed attempts; try again later");
    return true;
}

void call_count_failure(struct call *call, const char *name)
{
    const char *address = client_address(call);

    login_limit_failed(call->api->logins, address, name ? name : address, clock_seconds());
}

void route_auth_login(struct call *call)
{
    struct login_body b = { 0 };
    struct session session;
    struct user user;
    const char *email;

    if (call_refuse_other_site(call) || !call_read_body(call, &b))
        return;
    email = b.email ? b.email : b.username ? b.username : "";
    if (call_has_failed_often(call, email))
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
    call_count_failure(call, email);
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

    if (call_refuse_other_site(call) || !call_read_body(call, &b))
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

    if (call_refuse_other_site(call) || !call_read_body(call, &b) ||
        call_failed(call, sessions_end(call->app, given_refresh_token(call, &b), &call->err)))
        return;
    set_cookie(call, "access_token", "", "/", 0);
    set_cookie(call, "refresh_token", "", "/api/v1/auth", 0);
    call_message(call, 200, "Logged out");
}

/* A link that an administrator has handed out. */
void route_auth_password(struct call *call)
{
    struct password_link_body b = { 0 };
    struct user user;

    if (call_refuse_other_site(call) || !call_read_body(call, &b) ||
        call_has_failed_often(call, NULL))
        return;
    if (!password_links_use(call->app, b.token, b.password, call->arena, &user, &call->err)) {
        if (user.is_active)
            call_send_session(call, &user);
        else
            call_fail_with(call, 400, "VALIDATION_ERROR", "Inactive user");
        return;
    }
    if (call->err.kind == ERR_DENIED)
        call_count_failure(call, NULL);
    call_fail(call);
}

/* --- the own account ------------------------------------------------------------------------- */

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
    struct user *u = &call->user, before = *u;

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
    if (users_update_profile(call->app, &before, u, &call->err) ||
        users_get(call->app, u->id, call->arena, u, &call->err))
        call_fail(call);
    else if (b.password) /* all tokens have ended: this one stays logged in by new ones */
        send_user_and_session(call, u);
    else
        send_user(call, 200, u);
}

/* --- API keys -------------------------------------------------------------------------------- */

static void put_key_members(struct json_writer *w, const struct api_key *key)
{
    json_put_int(w, "id", key->id);
    json_put_text(w, "name", key->name);
    json_put_text(w, "prefix", key->prefix);
    put_time(w, "created_at", key->created_at);
    put_time(w, "last_used_at", key->last_used_at);
}

static void put_key(struct json_writer *w, const struct api_key *key)
{
    json_object_open(w);
    put_key_members(w, key);
    json_close(w);
}

void route_keys_list(struct call *call)
{
    struct api_key *keys;
    int count;

    if (call_failed(
            call, api_keys_list(call->app, call->user.id, call->arena, &keys, &count, &call->err)))
        return;
    SEND_ROWS(call, keys, count, put_key);
}

void route_keys_add(struct call *call)
{
    struct key_body b = { 0 };
    struct answer answer;
    struct json_writer *w;
    struct api_key key;
    const char *secret;

    if (!call_read_body(call, &b) ||
        call_failed(call, api_keys_add(call->app, call->user.id, b.name, call->arena, &key, &secret,
                                       &call->err)))
        return;
    http_add_header(call->request, "Cache-Control", "no-store");
    w = answer_open(&answer);
    put_key_members(w, &key);
    json_put_text(w, "key", secret);
    answer_close(call, 201, &answer);
}

void route_keys_remove(struct call *call)
{
    if (api_keys_remove(call->app, call->user.id, call->ids[0], &call->err))
        call_fail(call);
    else
        call_message(call, 200, "API key removed");
}
