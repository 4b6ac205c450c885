#include "base/json.h"

#include "base/error.h"
#include "base/str.h"
#include "test.h"

#include <float.h>
#include <stdlib.h>

TEST(json_writes_nested_values_with_commas)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_int(&w, "epoch", -3);
    json_key(&w, "list");
    json_array_open(&w);
    json_int(&w, INT64_MIN);
    json_array_open(&w);
    json_close(&w);
    json_object_open(&w);
    json_close(&w);
    json_raw(&w, "[1]");
    json_close(&w);
    json_put_bool(&w, "yes", true);
    json_put_bool(&w, "no", false);
    json_put_text(&w, "none", NULL);
    json_put_number(&w, "loss", 0.1);
    json_close(&w);
    CHECK_TEXT(text.text, "{\"epoch\":-3,\"list\":[-9223372036854775808,[],{},[1]],\"yes\":true,"
                          "\"no\":false,\"none\":null,\"loss\":0.1}");
    str_release(&text);
}

static void check_text(const char *value, const char *expected)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_text(&w, value);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

TEST(json_escapes_texts)
{
    check_text("", "\"\"");
    check_text("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    check_text("\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    check_text("\xED\x95\x9C\xC3\xA9\xF0\x9F\x90\xB6", "\"\xED\x95\x9C\xC3\xA9\xF0\x9F\x90\xB6\"");
}

#define FFFD "\xEF\xBF\xBD"

TEST(json_replaces_invalid_utf8)
{
    check_text("a\xFFz", "\"a" FFFD "z\"");
    check_text("\x80", "\"" FFFD "\"");
    check_text("\xC0\xAF", "\"" FFFD FFFD "\"");             /* overlong '/' */
    check_text("\xE0\x80\xAF", "\"" FFFD FFFD FFFD "\"");    /* overlong too */
    check_text("\xED\xA0\x80", "\"" FFFD FFFD FFFD "\"");    /* surrogate */
    check_text("\xF4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\""); /* above U+10FFFF */
    check_text("\xE2\x82", "\"" FFFD "\"");                  /* cut off */
    check_text("\xE2\x82x", "\"" FFFD "x\"");
    check_text("\xF0\x9F\x90\"", "\"" FFFD "\\\"\"");
}

TEST(json_text_reads_back_whatever_the_bytes_were)
{
    struct str text = STR_INIT;
    unsigned random = 12345;

    for (int round = 0; round < 500; round++) {
        char bytes[40];
        struct json_writer w;
        struct error err;
        json_t *tree;

        for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (char)((random >> 24) ? (random >> 24) : 1);
        }
        bytes[sizeof(bytes) - 1] = '\0';
        str_clear(&text);
        json_begin(&w, &text);
        json_array_open(&w);
        json_text(&w, bytes);
        json_close(&w);
        tree = json_parse(text.text, text.length, "random", &err);
        CHECK(tree && json_is_string(json_array_get(tree, 0)));
        json_decref(tree);
    }
    str_release(&text);
}

static void check_number(double value, const char *expected)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_number(&w, value);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

TEST(json_numbers_are_short_and_exact)
{
    check_number(0, "0");
    check_number(3, "3");
    check_number(0.1, "0.1");
    check_number(-2.5e-10, "-2.5e-10");
    check_number(1.0 / 3, "0.3333333333333333");
    check_number(0.1 + 0.2, "0.30000000000000004");
    check_number(5e-324, "5e-324");
    check_number(1e22, "1e+22");
    check_number(DBL_MAX, "1.7976931348623157e+308");
    check_number(NAN, "null");
    check_number(INFINITY, "null");
    check_number(-INFINITY, "null");
}

TEST(json_numbers_read_back_equal)
{
    struct str text = STR_INIT;
    uint64_t random = 7;

    for (int i = 0; i < 20000; i++) {
        struct json_writer w;
        double value;

        random = random * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &random, sizeof(value));
        if (!isfinite(value))
            continue;
        str_clear(&text);
        json_begin(&w, &text);
        json_number(&w, value);
        CHECK(strtod(text.text, NULL) == value);
    }
    str_release(&text);
}

TEST(json_parse_gives_a_tree)
{
    static const char text[] = "{\"a\": [1, 2.5, \"x\"]}and more";
    struct error err;
    json_t *tree = json_parse(text, strlen(text) - strlen("and more"), "config.json", &err);

    CHECK(tree);
    CHECK(json_integer_value(json_array_get(json_object_get(tree, "a"), 0)) == 1);
    json_decref(tree);
}

TEST(json_parse_refuses_and_says_where)
{
    static const char *const broken[] = {
        "", "{", "{\"a\":1,}", "[1] 2", "nul", "{\"a\":1,\"a\":2}", "[\"\xFF\"]", "[\"\xC0\xAF\"]",
        "[\"\xED\xA0\x80\"]", "[\"\\u0000\"]", "[1e999]", "[NaN]", "{'a':1}",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct error err;

        CHECK(!json_parse(broken[i], strlen(broken[i]), "config.json", &err));
        CHECK(err.kind == ERR_CORRUPT);
        CHECK(strstr(err.text, "'config.json' as JSON: line "));
    }
}

TEST(json_parse_survives_deep_nesting)
{
    struct str text = STR_INIT;
    struct error err;

    for (int i = 0; i < 100000; i++)
        str_add_char(&text, '[');
    CHECK(!json_parse(text.text, text.length, "deep.json", &err));
    CHECK(err.kind == ERR_CORRUPT);
    str_release(&text);
}
