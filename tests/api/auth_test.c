/* auth_test.c - accounts and sessions over HTTP. */

#include "api_support.h"
#include "app/accounts/setup.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(who_registers_becomes_an_engineer_and_nobody_administrator)
{
    struct platform p;
    char *other;
    json_t *me;

    platform_open(&p);
    other = login(&p, "ada@example.com");
    me = expect(&p, 200, "GET", "/api/v1/auth/me", other, NULL);
    CHECK_TEXT(text_at(me, "system_role"), "standard_engineer");
    CHECK(!json_object_get(me, "hashed_password"));
    CHECK(strlen(text_at(me, "created_at")) == 24 && strchr(text_at(me, "created_at"), 'Z'));
    json_decref(me);
    free(other);
    platform_close(&p);
}

TEST(first_administrator_is_made_by_the_link_alone)
{
    struct platform p;
    struct arena arena = ARENA_INIT;
    struct reply reply;
    struct error err;
    const char *link, *body;
    json_t *found;

    platform_open_empty(&p);
    CHECK_OK(setup_link(p.app, "", &arena, &link, &err), err);
    found = expect(&p, 200, "GET", "/api/v1/setup", NULL, NULL);
    CHECK(json_is_true(json_object_get(found, "needed")));
    json_decref(found);
    found = expect(&p, 201, "POST", "/api/v1/auth/register", NULL,
                   "{\"email\":\"first@example.com\",\"password\":\"12345678\"}");
    CHECK_TEXT(text_at(found, "system_role"), "standard_engineer");
    json_decref(found);
    expect_error(&p, 403, "Invalid setup token", "POST", "/api/v1/setup", NULL,
                 "{\"token\":\"00ff\",\"email\":\"a@b.cd\",\"password\":\"12345678\"}");
    body = arena_printf(&arena, "{\"token\":\"%s\",\"email\":\"a@b.cd\",\"password\":\"12345678\"}",
                        strchr(link, '=') + 1);
    fetch(&p, "POST", "/api/v1/setup", NULL, "Origin: http://evil.example", body, &reply);
    CHECK(reply.status == 403);
    reply_release(&reply);
    fetch(&p, "POST", "/api/v1/setup", NULL, NULL, body, &reply);
    CHECK(reply.status == 200 && strstr(reply.headers.text, "Set-Cookie: access_token="));
    found = expect(&p, 200, "GET", "/api/v1/admin/users", text_at(reply.body, "access_token"),
                   NULL);
    CHECK(json_array_size(found) == 2);
    json_decref(found);
    reply_release(&reply);
    expect_error(&p, 409, "Setup is done already", "POST", "/api/v1/setup", NULL, body);
    found = expect(&p, 200, "GET", "/api/v1/setup", NULL, NULL);
    CHECK(json_is_false(json_object_get(found, "needed")));
    json_decref(found);
    arena_release(&arena);
    platform_close(&p);
}

/* A server on the loopback address takes whoever is on the machine, not whom a proxy brings. */
TEST(local_registration_is_not_for_those_who_come_by_a_proxy)
{
    struct platform p;
    struct reply reply;

    platform_open_local(&p);
    fetch(&p, "POST", "/api/v1/auth/register", NULL, "X-Forwarded-For: 203.0.113.7",
          "{\"email\":\"far@example.com\",\"password\":\"12345678\"}", &reply);
    CHECK(reply.status == 403);
    reply_release(&reply);
    fetch(&p, "GET", "/api/v1/setup", NULL, "Forwarded: for=203.0.113.7", NULL, &reply);
    CHECK(json_is_false(json_object_get(reply.body, "open_registration")));
    reply_release(&reply);
    json_decref(expect(&p, 201, "POST", "/api/v1/auth/register", NULL,
                       "{\"email\":\"near@example.com\",\"password\":\"12345678\"}"));
    platform_close(&p);
}

/* One who guesses behind a proxy must not lock the others out, whatever he claims to be. */
TEST(guessing_behind_a_proxy_is_counted_by_whom_the_proxy_names)
{
    struct platform p;
    struct reply reply;

    platform_open(&p);
    for (int i = 0; i < 11; i++) {
        struct str headers = STR_INIT, body = STR_INIT;

        str_printf(&headers, "X-Forwarded-For: 198.51.100.%d, 203.0.113.7", i);
        str_printf(&body, "{\"email\":\"victim%d@example.com\",\"password\":\"guess number\"}", i);
        fetch(&p, "POST", "/api/v1/auth/login", NULL, headers.text, body.text, &reply);
        CHECK(reply.status == (i < 10 ? 401 : 429));
        reply_release(&reply);
        str_release(&headers);
        str_release(&body);
    }
    fetch(&p, "POST", "/api/v1/auth/login", NULL, "X-Forwarded-For: 203.0.113.8",
          "{\"email\":\"admin@example.com\",\"password\":\"" PLATFORM_PASSWORD "\"}", &reply);
    CHECK(reply.status == 200);
    reply_release(&reply);
    platform_close(&p);
}

TEST(guessing_the_setup_token_is_slowed_down)
{
    struct platform p;
    struct reply reply;

    platform_open_empty(&p);
    for (int i = 0; i < 10; i++)
        expect_error(&p, 403, "Invalid setup token", "POST", "/api/v1/setup", NULL,
                     "{\"token\":\"00ff\",\"email\":\"a@b.cd\",\"password\":\"12345678\"}");
    fetch(&p, "POST", "/api/v1/setup", NULL, NULL,
          "{\"token\":\"00ff\",\"email\":\"a@b.cd\",\"password\":\"12345678\"}", &reply);
    CHECK(reply.status == 429 && strstr(reply.headers.text, "Retry-After: "));
    reply_release(&reply);
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

/* A known address with a wrong password and an unknown one take the same time and read the same. */
TEST(login_does_not_tell_who_has_an_account)
{
    struct {
        const char *email;
        double least;
    } who[] = { { "admin@example.com", 1e9 }, { "nobody@example.com", 1e9 } };
    struct platform p;

    platform_open(&p);
    for (int turn = 0; turn < 4; turn++)
        for (int i = 0; i < 2; i++) {
            struct str body = STR_INIT;
            double begin = clock_seconds(), took;

            str_printf(&body, "{\"email\":\"%s\",\"password\":\"wrong one\"}", who[i].email);
            expect_error(&p, 401, "Incorrect email or password", "POST", "/api/v1/auth/login", NULL,
                         body.text);
            took = clock_seconds() - begin;
            who[i].least = took < who[i].least ? took : who[i].least;
            str_release(&body);
        }
    CHECK(who[1].least > 0.6 * who[0].least && who[0].least > 0.6 * who[1].least);
    platform_close(&p);
}

/* The links that are given out lead somewhere, and the page may run what is its own alone. */
TEST(links_lead_to_a_page)
{
    static const char *const paths[] = { "/setup?token=x", "/set-password?token=x",
                                         "/invite?token=x" };
    struct platform p;
    struct reply reply;

    platform_open(&p);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        fetch(&p, "GET", paths[i], NULL, NULL, NULL, &reply);
        CHECK(reply.status == 200 && strstr(reply.headers.text, "text/html"));
        CHECK(strstr(reply.headers.text, "default-src 'none'; script-src 'nonce-"));
        CHECK(strstr(reply.text.text, "<script nonce=\"") && !strstr(reply.text.text, "@NONCE@"));
        reply_release(&reply);
    }
    platform_close(&p);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static const char *make_token(struct platform *p, struct arena *arena, enum token_type type,
                              int64_t expires_in, const unsigned char *secret, int64_t generation)
{
    int64_t now = clock_unix_microseconds() / 1000000;
    struct token token = { .user_id = 1, .type = type, .issued = now - 10,
                           .expires = now + expires_in, .generation = generation };
    struct str text = STR_INIT;
    const char *copy;

    token_new_id(token.id);
    token_write(&token, secret ? secret : p->app->token_secret, &text);
    copy = arena_strdup(arena, text.text);
    str_release(&text);
    return copy;
}

TEST(tokens_that_do_not_hold_are_refused_alike)
{
    static const unsigned char other_secret[TOKEN_SECRET_BYTES] = "not the server's, but as long..";
    struct arena arena = ARENA_INIT;
    struct platform p;

    platform_open(&p);
    json_decref(expect(&p, 200, "GET", "/api/v1/auth/me",
                       make_token(&p, &arena, TOKEN_ACCESS, 60, NULL, 0), NULL));
    const char *const bad[] = {
        make_token(&p, &arena, TOKEN_ACCESS, 60, other_secret, 0),
        make_token(&p, &arena, TOKEN_ACCESS, -1, NULL, 0),
        make_token(&p, &arena, TOKEN_REFRESH, 60, NULL, 0),
        make_token(&p, &arena, TOKEN_ACCESS, 60, NULL, 1), /* of another generation */
        /* {"alg":"none"} with {"sub":"1","type":"access","iat":1,"exp":9999999999,"jti":...} */
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIiwidHlwZSI6ImFjY2VzcyIsImlhdCI6MSwiZXhwIj"
        "o5OTk5OTk5OTk5LCJqdGkiOiIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJ9.",
        "fvk_0000000000000000000000000000000000000000", "", " ", "a.b.c", "..",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        expect_error(&p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", bad[i],
                     NULL);
    arena_release(&arena);
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

/* A page of another site must neither log its visitor in as somebody else nor out. */
TEST(sessions_begin_and_end_from_this_site_alone)
{
    static const struct {
        const char *path, *headers;
        long status;
    } cases[] = {
        { "login", "Origin: http://evil.example", 403 },
        { "login", "Sec-Fetch-Site: cross-site", 403 },
        { "login", "Sec-Fetch-Site: same-site", 403 },
        { "login", "Origin: null", 403 },
        { "login", "Origin: http://localhost:3000", 200 },
        { "login", "Sec-Fetch-Site: same-origin", 200 },
        { "login", NULL, 200 },
        { "logout", "Origin: http://evil.example", 403 },
        { "refresh", "Origin: http://evil.example", 403 },
        { "register", "Origin: http://evil.example", 403 },
    };
    struct platform p;
    struct reply reply;

    platform_open(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str path = STR_INIT;

        str_printf(&path, "/api/v1/auth/%s", cases[i].path);
        fetch(&p, "POST", path.text, NULL, cases[i].headers,
              "username=admin%40example.com&password=long+enough+1", &reply);
        if (reply.status != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s with %s gave %ld", cases[i].path,
                      cases[i].headers ? cases[i].headers : "nothing", reply.status);
        CHECK(!strstr(reply.headers.text, "Set-Cookie") == (cases[i].status != 200));
        reply_release(&reply);
        str_release(&path);
    }
    platform_close(&p);
}

TEST(refresh_replaces_both_tokens_and_logout_ends)
{
    struct platform p;
    struct str body = STR_INIT, next = STR_INIT;
    struct reply reply;
    json_t *pair;

    platform_open(&p);
    fetch(&p, "POST", "/api/v1/auth/login", NULL, NULL,
          "{\"email\":\"admin@example.com\",\"password\":\"" PLATFORM_PASSWORD "\"}", &reply);
    str_printf(&body, "{\"refresh_token\":\"%s\"}", text_at(reply.body, "refresh_token"));
    reply_release(&reply);
    json_decref(expect(&p, 200, "POST", "/api/v1/auth/refresh", NULL, body.text));
    pair = expect(&p, 200, "POST", "/api/v1/auth/refresh", NULL, body.text); /* another tab */
    str_printf(&next, "{\"refresh_token\":\"%s\"}", text_at(pair, "refresh_token"));
    json_decref(pair);
    expect_error(&p, 401, "Invalid refresh token", "POST", "/api/v1/auth/refresh", NULL, "{}");
    pair = expect(&p, 200, "POST", "/api/v1/auth/logout", NULL, body.text);
    CHECK_TEXT(text_at(pair, "message"), "Logged out");
    json_decref(pair);
    expect_error(&p, 401, "Invalid refresh token", "POST", "/api/v1/auth/refresh", NULL, next.text);
    str_release(&next);
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
    expect_error(&p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me", token, NULL);
    json_decref(expect(&p, 200, "GET", "/api/v1/auth/me", text_at(me, "access_token"), NULL));
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
    struct arena arena = ARENA_INIT;
    struct str header = STR_INIT;
    struct reply reply;
    char *token;
    json_t *made, *list;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    made = expect(&p, 201, "POST", "/api/v1/auth/api-keys", token, "{\"name\":\"ci\"}");
    CHECK(!strncmp(text_at(made, "key"), text_at(made, "prefix"), 8));
    list = expect(&p, 200, "GET", "/api/v1/auth/me", text_at(made, "key"), NULL);
    json_decref(list);
    str_printf(&header, "X-API-Key: %s", text_at(made, "key"));
    fetch(&p, "GET", "/api/v1/projects", NULL, header.text, NULL, &reply);
    CHECK(reply.status == 200);
    reply_release(&reply);
    list = expect(&p, 200, "GET", "/api/v1/auth/api-keys", token, NULL);
    CHECK(json_array_size(list) == 1 && !json_object_get(json_array_get(list, 0), "key"));
    json_decref(list);
    list = expect(&p, 200, "DELETE",
                  arena_printf(&arena, "/api/v1/auth/api-keys/%lld", (long long)int_at(made, "id")),
                  token, NULL);
    json_decref(list);
    expect_error(&p, 404, "API key not found", "DELETE", "/api/v1/auth/api-keys/1", token, NULL);
    expect_error(&p, 401, "Could not validate credentials", "GET", "/api/v1/auth/me",
                 text_at(made, "key"), NULL);
    json_decref(made);
    arena_release(&arena);
    str_release(&header);
    free(token);
    platform_close(&p);
}
