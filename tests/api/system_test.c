/* system_test.c - health, routes that are not there, other origins, the description. */

#include "api/api_internal.h"
#include "api/body.h"
#include "api_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(server_is_healthy_and_says_its_version)
{
    struct platform p;
    json_t *body;

    platform_open(&p);
    body = expect(&p, 200, "GET", "/health", NULL, NULL);
    CHECK_TEXT(text_at(body, "status"), "healthy");
    json_decref(body);
    body = expect(&p, 200, "GET", "/version", NULL, NULL);
    CHECK(int_at(body, "schema") >= 4);
    json_decref(body);
    platform_close(&p);
}

TEST(what_is_not_there_is_told_apart)
{
    struct platform p;
    char *token;

    platform_open(&p);
    token = login(&p, "admin@example.com");
    expect_error(&p, 404, "Not Found", "GET", "/api/v1/nothing", NULL, NULL);
    expect_error(&p, 404, "Not Found", "GET", "/api/v1/projects/", token, NULL);
    expect_error(&p, 404, "Not Found", "GET", "/api/v1/projects/x1", token, NULL);
    expect_error(&p, 404, "Not Found", "GET", "/api/v1/projects/1111111111111111111", token, NULL);
    expect_error(&p, 405, "Method Not Allowed", "PATCH", "/api/v1/projects/1", token, "{}");
    expect_error(&p, 404, "Project not found", "GET", "/api/v1/projects/77", token, NULL);
    free(token);
    platform_close(&p);
}

TEST(listed_origins_may_call_from_a_browser)
{
    struct platform p;
    struct reply reply;

    platform_open(&p);
    fetch(&p, "OPTIONS", "/api/v1/projects", NULL,
          "Origin: https://lab.example\nAccess-Control-Request-Method: POST\n"
          "Access-Control-Request-Headers: authorization,content-type", NULL, &reply);
    CHECK(reply.status == 204);
    CHECK(strstr(reply.headers.text, "Access-Control-Allow-Origin: https://lab.example"));
    CHECK(strstr(reply.headers.text, "Access-Control-Allow-Credentials: true"));
    CHECK(strstr(reply.headers.text, "Access-Control-Allow-Headers: authorization,content-type"));
    reply_release(&reply);
    fetch(&p, "GET", "/health", NULL, "Origin: https://evil.example", NULL, &reply);
    CHECK(reply.status == 200 && !strstr(reply.headers.text, "Access-Control-Allow-Origin"));
    reply_release(&reply);
    platform_close(&p);
}

TEST(description_names_every_route)
{
    struct platform p;
    json_t *body;
    const json_t *paths;

    platform_open(&p);
    body = expect(&p, 200, "GET", "/openapi.json", NULL, NULL);
    CHECK_TEXT(text_at(body, "openapi"), "3.1.0");
    paths = json_object_get(body, "paths");
    for (int i = 0; i < api_route_count; i++) {
        const json_t *path = json_object_get(paths, api_routes[i].path);
        char method[8] = "";

        for (int j = 0; api_routes[i].method[j]; j++)
            method[j] = (char)(api_routes[i].method[j] | 0x20);
        CHECK(json_object_get(path, method));
    }
    json_decref(body);
    platform_close(&p);
}

TEST(forms_are_decoded)
{
    const char text[] = "a=1&b=x+y%21&c=%ed%95%9c&d&=5&a=2&bad=%ff&nul=a%00b&half=%4";
    json_t *object = body_from_form(text, sizeof(text) - 1);

    CHECK_TEXT(text_at(object, "a"), "2");
    CHECK_TEXT(text_at(object, "b"), "x y!");
    CHECK_TEXT(text_at(object, "c"), "한");
    CHECK_TEXT(text_at(object, "half"), "%4");
    CHECK(!json_object_get(object, "d") && !json_object_get(object, "bad") &&
          !json_object_get(object, "nul"));
    json_decref(object);
}
