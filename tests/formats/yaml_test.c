/* yaml_test.c - YAML and large JSON, as data sets have them. */
#include "formats/yaml.h"
#include "base/error.h"
#include "formats/json_walk.h"
#include "test.h"

static struct error err;

static json_t *parse(const char *text)
{
    return yaml_parse(text, strlen(text), "data.yaml", &err);
}

TEST(yaml_reads_what_data_sets_say)
{
    json_t *tree = parse("# a comment\npath: ../set\nnc: 2\nnames:\n  0: cat\n  1: 'no'\n"
                         "kpt_shape: [17, 3]\nlr: 1e-3\non: yes\nnothing:\nversion: 1.2.3\n");

    CHECK(tree);
    CHECK_TEXT(json_string_value(json_object_get(tree, "path")), "../set");
    CHECK(json_integer_value(json_object_get(tree, "nc")) == 2);
    CHECK_TEXT(json_string_value(json_object_get(json_object_get(tree, "names"), "1")), "no");
    CHECK(json_integer_value(json_array_get(json_object_get(tree, "kpt_shape"), 1)) == 3);
    CHECK_NEAR(json_real_value(json_object_get(tree, "lr")), 1e-3, 1e-12);
    CHECK(json_is_true(json_object_get(tree, "on")));
    CHECK(json_is_null(json_object_get(tree, "nothing")));
    CHECK_TEXT(json_string_value(json_object_get(tree, "version")), "1.2.3");
    json_decref(tree);
    tree = parse("");
    CHECK(json_is_null(tree));
    json_decref(tree);
}

TEST(yaml_refuses_what_is_dangerous_or_unclear)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "a: &x [1]\nb: *x\n", "line 2: aliases" },
        { "a: 1\na: 2\n", "line 2: a key that stands twice" },
        { "a: 1\n---\nb: 2\n", "more than one document" },
        { "a: [1, 2\n", "line" },
        { "? [a, b]\n: 1\n", "a key that is not a text" },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
          "nested too deeply" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CHECK(!parse(cases[i].text));
        CHECK(strstr(err.text, cases[i].message));
        CHECK(strstr(err.text, "data.yaml"));
    }
}

TEST(json_walk_gives_members_and_elements)
{
    const char *text = " {\"a\": [1, {\"b\": \"]}\\\"\"}, [ ]], \"c\" : null } ";
    struct json_walk walk, inner;
    struct json_slice key, value, element;

    CHECK_OK(json_walk_open(&walk, (struct json_slice){ text, strlen(text) }, &err), err);
    CHECK(json_walk_next(&walk, &key, &value, &err) == 1 && json_slice_is(key, "a"));
    CHECK_OK(json_walk_open(&inner, value, &err), err);
    CHECK(json_walk_next(&inner, &key, &element, &err) == 1 && json_slice_is(element, "1"));
    CHECK(json_walk_next(&inner, &key, &element, &err) == 1);
    CHECK(json_slice_is(element, "{\"b\": \"]}\\\"\"}"));
    CHECK(json_walk_next(&inner, &key, &element, &err) == 1 && json_slice_is(element, "[ ]"));
    CHECK(json_walk_next(&inner, &key, &element, &err) == 0);
    CHECK(json_walk_next(&walk, &key, &value, &err) == 1 && json_slice_is(value, "null"));
    CHECK(json_walk_next(&walk, &key, &value, &err) == 0);
}

TEST(json_walk_refuses_broken_texts)
{
    static const char *const texts[] = { "[1 2]", "[1,", "{\"a\"}", "{a:1}",
                                         "[1]]",  "[}",  "[\"a]" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct json_walk walk;
        struct json_slice key, value;
        int more = 1;

        CHECK_OK(json_walk_open(&walk, (struct json_slice){ texts[i], strlen(texts[i]) }, &err),
                 err);
        while (more > 0)
            more = json_walk_next(&walk, &key, &value, &err);
        CHECK(more == -1);
    }
}
