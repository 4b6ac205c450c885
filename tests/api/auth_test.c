/* auth_test.c - accounts and sessions over HTTP. */

#include "api_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(first_account_is_the_admin_others_are_not)
{
    struct platform p;
    char *admin, *other;
    json_t *me;

    platform_open(&p);
    admin = login(&p, "admin@example.com");
    other = login(&p, "ada@example.com");
    me = expect(&p, 200, "GET", "/api/v1/auth/me", admin, NULL);
    CHECK_TEXT(text_at(me, "system_role"), "admin");
    CHECK(!json_object_get(me, "hashed_password"));
    json_decref(me);
    me = expect(&p, 200, "GET", "/api/v1/auth/me", other, NULL);
    CHECK_TEXT(text_at(me, "system_role"), "standard_engineer");
    CHECK(strlen(text_at(me, "created_at")) == 24 && strchr(text_at(me, "created_at"), 'Z'));
    json_decref(me);
    free(admin);
    free(other);
    platform_close(&p);
}

TEST(register_refuses_in_the_contracts_words)
{
    struct platform p;
    json_t *body;

    platform_open(&p);
    expect_error(&p, 400, "Email already registered", "POST", "/api/v1/auth/register", NULL,
                 "{\"email\":\"ADMIN@example.com\",\"password\":\"12345678\"}");
    expect_error(&p, 400, "The password must have 8 to 100 characters", "POST",
                 "/api/v1/auth/register", NULL, "{\"email\":\"b@c.de\",\"password\":\"1234567\"}");
    body = expect(&p, 422, "POST", "/api/v1/auth/register", NULL,
                  "{\"emial\":\"b@c.de\",\"password\":5}");
    CHECK(json_array_size(json_object_get(body, "detail")) == 4); /* unknown, type, two missing */
    json_decref(body);
    body = expect(&p, 422, "POST", "/api/v1/auth/register", NULL, "{\"email\":");
    json_decref(body);
    body = expect(&p, 422, "POST", "/api/v1/auth/register", NULL, "[1]");
    json_decref(body);
    platform_close(&p);
}

TEST(login_takes_json_and_form_and_sets_safe_cookies)
{
    struct platform p;
    struct reply reply;

    platform_open(&p);
    fetch(&p, "POST", "/api/v1/auth/login", NULL, NULL,
          "grant_type=password&username=admin%40example.com&password=long+enough+1", &reply);
    CHECK(reply.status == 200);
    CHECK_TEXT(text_at(reply.body, "token_type"), "bearer");
    CHECK(text_at(reply.body, "refresh_token") && json_object_get(reply.body, "user"));
    CHECK(strstr(reply.headers.text, "Set-Cookie: access_token="));
    CHECK(strstr(reply.headers.text, "HttpOnly; SameSite=Lax"));
    CHECK(strstr(reply.headers.text, "Path=/api/v1/auth;"));
    reply_release(&reply);
    fetch(&p, "POST", "/api/v1/auth/login", NULL, NULL,
          "{\"email\":\"admin@example.com\",\"password\":\"wrong one\"}", &reply);
    CHECK(reply.status == 401 && strstr(reply.headers.text, "WWW-Authenticate: Bearer"));
    CHECK_TEXT(text_at(reply.body, "detail"), "Incorrect email or password");
    reply_release(&reply);
    platform_close(&p);
}

TEST(guessing_passwords_is_slowed_down)
{
    struct platform p;
    struct reply reply;

    platform_open(&p);
    for (int i = 0; i < 10; i++)
        expect_error(&p, 401, "Incorrect email or password", "POST", "/api/v1/auth/login", NULL,
                     "{\"email\":\"victim@example.com\",\"password\":\"guess number\"}");
    fetch(&p, "POST", "/api/v1/auth/login", NULL, NULL,
          "{\"email\":\"victim@example.com\",\"password\":\"guess number\"}", &reply);
    CHECK(reply.status == 429 && strstr(reply.headers.text, "Retry-After: "));
    reply_release(&reply);
    platform_close(&p);
}

TEST(requests_need_credentials_that_hold)
{
    static const char *const paths[] = { "/api/v1/auth/me", "/api/v1/projects",
                                         "/api/v1/projects/1", "/api/v1/training/jobs/1" };
    struct platform p;

    platform_open(&p);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        expect_error(&p, 401, "Not authenticated", "GET", paths[i], NULL, NULL);
        expect_error(&p, 401, "Could not validate credentials", "GET", paths[i], "no.token.this",
                     NULL);
        expect_error(&p, 401, "Could not validate credentials", "GET", paths[i],
                     "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", NULL);
    }
    platform_close(&p);
}

/* What the cookie identifies may read from anywhere, and act from this site alone. */
TEST(cookie_acts_from_this_site_alone)
{
    struct platform p;
    struct str headers = STR_INIT;
    struct reply reply;
    char *token;
    static const struct {
        const char *more;
        long status;
    } cases[] = {
        { "", 403 },
        { "\nOrigin: http://evil.example", 403 },
        { "\nSec-Fetch-Site: cross-site", 403 },
        { "\nSec-Fetch-Site: same-origin", 201 },
        { "\nOrigin: http://localhost:3000", 201 },
        { "\nOrigin: http://localhost:3000.evil.example", 403 },
        { "\nOrigin: null", 403 },
    };

    platform_open(&p);
    token = login(&p, "admin@example.com");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str body = STR_INIT;

        str_clear(&headers);
        str_printf(&headers, "Cookie: access_token=%s%s", token, cases[i].more);
        str_printf(&body, "{\"name\":\"project %zu\"}", i);
        fetch(&p, "POST", "/api/v1/projects", NULL, headers.text, body.text, &reply);
        if (reply.status != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s gave %ld", headers.text, reply.status);
        reply_release(&reply);
        fetch(&p, "GET", "/api/v1/projects", NULL, headers.text, NULL, &reply);
        CHECK(reply.status == 200);
        reply_release(&reply);
        str_release(&body);
    }
    str_release(&headers);
    free(token);
    platform_close(&p);
}

TEST(refresh_replaces_both_tokens_and_logout_ends)
{
    struct platform p;
    struct str body = STR_INIT;
    struct reply reply;
    json_t *pair;

    platform_open(&p);
    fetch(&p, "POST", "/api/v1/auth/login", NULL, NULL,
          "{\"email\":\"admin@example.com\",\"password\":\"" PLATFORM_PASSWORD "\"}", &reply);
    str_printf(&body, "{\"refresh_token\":\"%s\"}", text_at(reply.body, "refresh_token"));
    reply_release(&reply);
    pair = expect(&p, 200, "POST", "/api/v1/auth/refresh", NULL, body.text);
    expect_error(&p, 401, "Invalid refresh token", "POST", "/api/v1/auth/refresh", NULL, body.text);
    json_decref(pair);
    expect_error(&p, 401, "Invalid refresh token", "POST", "/api/v1/auth/refresh", NULL, "{}");
    pair = expect(&p, 200, "POST", "/api/v1/auth/logout", NULL, body.text);
    CHECK_TEXT(text_at(pair, "message"), "Logged out");
    json_decref(pair);
    str_release(&body);
    platform_close(&p);
}

TEST(profile_and_password_change)
{
    struct platform p;
    char *token;
    json_t *me;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    me = expect(&p, 200, "PUT", "/api/v1/auth/me", token,
                "{\"full_name\":\"김 관리자\",\"bio\":\"x\"}");
    CHECK_TEXT(text_at(me, "full_name"), "김 관리자");
    json_decref(me);
    me = expect(&p, 200, "PUT", "/api/v1/auth/me", token, "{\"bio\":null}");
    CHECK(json_is_null(json_object_get(me, "bio")));
    CHECK_TEXT(text_at(me, "full_name"), "김 관리자"); /* what is not named stays */
    json_decref(me);
    expect_error(&p, 400, "current_password is missing or wrong", "PUT", "/api/v1/auth/me", token,
                 "{\"password\":\"brand new 1\"}");
    me = expect(&p, 200, "PUT", "/api/v1/auth/me", token,
                "{\"password\":\"brand new 1\",\"current_password\":\"" PLATFORM_PASSWORD "\"}");
    json_decref(me);
    me = expect(&p, 200, "POST", "/api/v1/auth/login", NULL,
                "{\"email\":\"admin@example.com\",\"password\":\"brand new 1\"}");
    json_decref(me);
    free(token);
    platform_close(&p);
}

TEST(api_keys_serve_like_tokens)
{
    struct platform p;
    struct str header = STR_INIT;
    struct reply reply;
    char *token;
    json_t *made, *list;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    made = expect(&p, 201, "POST", "/api/v1/auth/api-keys", token, "{\"name\":\"ci\"}");
    list = expect(&p, 200, "GET", "/api/v1/auth/me", text_at(made, "key"), NULL);
    json_decref(list);
    str_printf(&header, "X-API-Key: %s", text_at(made, "key"));
    fetch(&p, "GET", "/api/v1/projects", NULL, header.text, NULL, &reply);
    CHECK(reply.status == 200);
    reply_release(&reply);
    list = expect(&p, 200, "GET", "/api/v1/auth/api-keys", token, NULL);
    CHECK(json_array_size(list) == 1 && !json_object_get(json_array_get(list, 0), "key"));
    json_decref(list);
    list = expect(&p, 200, "DELETE", "/api/v1/auth/api-keys/1", token, NULL);
    json_decref(list);
    expect_error(&p, 404, "API key not found", "DELETE", "/api/v1/auth/api-keys/1", token, NULL);
    expect_error(&p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me",
                 text_at(made, "key"), NULL);
    json_decref(made);
    str_release(&header);
    free(token);
    platform_close(&p);
}
