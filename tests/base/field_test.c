/* field_test.c - settings as a table: parsing, checking, origins, writing. */

#include "base/error.h"
#include "base/field.h"
#include "test.h"

#include <string.h>

struct settings {
    int64_t epochs;
    double rate;
    bool on;
    const char *name;
    int kind;
    struct field_reals betas;
};

static const struct field fields[] = {
    { .name = "epochs", .type = FIELD_INT, .offset = offsetof(struct settings, epochs),
      .fallback = "50", .min = 1, .max = 1000, .group = "run", .label = "Epochs", .alias = "n" },
    { .name = "optimizer.rate", .type = FIELD_REAL, .offset = offsetof(struct settings, rate),
      .fallback = "0.001", .min = 1e-9, .max = 1, .group = "optimizer", .label = "Rate",
      .help = "how far a step goes" },
    { .name = "on", .type = FIELD_BOOL, .offset = offsetof(struct settings, on), .fallback = "true",
      .group = "run", .label = "On" },
    { .name = "model_name", .type = FIELD_TEXT, .offset = offsetof(struct settings, name),
      .required = true, .group = "run", .label = "Model" },
    { .name = "optimizer.type", .type = FIELD_SELECT, .offset = offsetof(struct settings, kind),
      .fallback = "sgd", .options = "adam=Adam|sgd=SGD", .group = "optimizer", .label = "Kind" },
    { .name = "optimizer.betas", .type = FIELD_REALS, .offset = offsetof(struct settings, betas),
      .fallback = "0.9,0.999", .min = 0, .max = 1, .item_count = 2, .group = "optimizer",
      .label = "Betas" },
    FIELD_END,
};

struct filled {
    struct arena arena;
    struct settings settings;
    struct field_values values;
};

static void filled_init(struct filled *f)
{
    memset(f, 0, sizeof(*f));
    field_values_init(&f->values, fields, &f->settings, &f->arena);
}

static void filled_release(struct filled *f)
{
    field_values_release(&f->values);
    arena_release(&f->arena);
}

static void set_object(struct filled *f, const char *text, enum field_origin origin)
{
    struct error err;
    json_t *object = json_parse(text, strlen(text), "test", &err);

    CHECK(object);
    field_set_object(&f->values, NULL, object, origin);
    json_decref(object);
}

TEST(field_defaults_are_set)
{
    struct filled f;

    filled_init(&f);
    CHECK(f.settings.epochs == 50 && f.settings.on && !f.settings.name && f.settings.kind == 1);
    CHECK_NEAR(f.settings.rate, 0.001, 0);
    CHECK(f.settings.betas.count == 2 && f.settings.betas.items[1] == 0.999);
    filled_release(&f);
}

TEST(field_text_is_taken_and_checked)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    field_set_text(&f.values, "n", "7", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer.rate", "1e-2", ORIGIN_FLAG);
    field_set_text(&f.values, "model-name", "resnet18", ORIGIN_FLAG);
    field_set_text(&f.values, "on", "false", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer.type", "adam", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer.betas", "0.5,0.6", ORIGIN_FLAG);
    CHECK_OK(field_finish(&f.values, "settings", &err), err);
    CHECK(f.settings.epochs == 7 && f.settings.rate == 0.01 && !f.settings.on);
    CHECK_TEXT(f.settings.name, "resnet18");
    CHECK(f.settings.kind == 0 && f.settings.betas.items[0] == 0.5);
    filled_release(&f);
}

TEST(field_problems_are_all_named_at_once_and_change_nothing)
{
    static const char *const bad[][2] = {
        { "epochs", "0" }, { "epochs", "1001" }, { "epochs", "7x" }, { "epochs", "1.5" },
        { "epochs", "99999999999999999999" }, { "optimizer.rate", "nan" },
        { "optimizer.rate", "2" }, { "optimizer.rate", "" }, { "on", "maybe" },
        { "optimizer.type", "sdg" }, { "optimizer.betas", "0.5" },
        { "optimizer.betas", "0.5,0.6,0.7" }, { "optimizer.betas", "0.5,2" },
    };
    int count = (int)(sizeof(bad) / sizeof(*bad));
    struct filled f;
    struct error err;

    filled_init(&f);
    for (int i = 0; i < count; i++) {
        field_set_text(&f.values, bad[i][0], bad[i][1], ORIGIN_FLAG);
        CHECK(f.values.problem_count == i + 1);
    }
    CHECK(field_finish(&f.values, "settings", &err) && err.kind == ERR_INVALID);
    CHECK(strstr(err.text, "epochs") && strstr(err.text, "optimizer.rate") &&
          strstr(err.text, "on") && strstr(err.text, "optimizer.betas"));
    CHECK(f.settings.epochs == 50 && f.settings.rate == 0.001 && f.settings.on &&
          f.settings.kind == 1 && f.settings.betas.items[0] == 0.9);
    filled_release(&f);
}

TEST(field_unknown_and_missing_names_are_problems)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    set_object(&f, "{\"epoch\":3}", ORIGIN_FILE);
    CHECK(field_finish(&f.values, "settings", &err));
    CHECK(strstr(err.text, "epoch") && strstr(err.text, "did you mean"));
    CHECK(strstr(err.text, "model_name is required"));
    filled_release(&f);
}

TEST(field_json_comes_flat_and_nested)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    set_object(&f, "{\"model_name\":\"a\",\"optimizer\":{\"rate\":0.5,\"betas\":[0.1,0.2]}}",
               ORIGIN_FILE);
    set_object(&f, "{\"optimizer.type\":\"adam\",\"epochs\":3,\"on\":false}", ORIGIN_FILE);
    CHECK_OK(field_finish(&f.values, "settings", &err), err);
    CHECK(f.settings.rate == 0.5 && f.settings.betas.items[1] == 0.2 && f.settings.kind == 0);
    CHECK(f.settings.epochs == 3 && !f.settings.on);
    filled_release(&f);
}

TEST(field_json_of_another_type_is_a_problem)
{
    static const char *const bad[] = {
        "{\"epochs\":\"many\"}", "{\"epochs\":1.5}", "{\"epochs\":true}", "{\"on\":\"perhaps\"}",
        "{\"model_name\":3}", "{\"optimizer.betas\":0.5}", "{\"optimizer.betas\":[0.5]}",
        "{\"optimizer.betas\":[\"a\",\"b\"]}", "{\"optimizer.type\":7}", "{\"epochs\":[1]}",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct filled f;

        filled_init(&f);
        set_object(&f, bad[i], ORIGIN_FILE);
        if (f.values.problem_count != 1)
            test_fail(__FILE__, __LINE__, "%s: %d problems", bad[i], f.values.problem_count);
        filled_release(&f);
    }
}

TEST(field_later_sources_win_and_are_remembered)
{
    struct filled f;

    filled_init(&f);
    set_object(&f, "{\"epochs\":9,\"on\":false}", ORIGIN_FILE);
    field_set_text(&f.values, "epochs", "5", ORIGIN_FLAG);
    CHECK(f.settings.epochs == 5 && !f.settings.on);
    CHECK(f.values.origins[0] == ORIGIN_FLAG && f.values.origins[2] == ORIGIN_FILE &&
          f.values.origins[1] == ORIGIN_DEFAULT);
    filled_release(&f);
}

TEST(field_values_written_read_back_equal)
{
    struct filled f, again;
    struct str text = STR_INIT;
    struct json_writer w;

    filled_init(&f);
    set_object(&f, "{\"model_name\":\"a \\\"b\\\"\",\"optimizer\":{\"rate\":0.123456789012,"
                   "\"type\":\"adam\",\"betas\":[0.3,0.7]},\"epochs\":12,\"on\":false}",
               ORIGIN_FILE);
    json_begin(&w, &text);
    field_write_flat(&f.values, &w);
    filled_init(&again);
    set_object(&again, text.text, ORIGIN_FILE);
    CHECK(!again.values.problem_count);
    CHECK_TEXT(again.settings.name, f.settings.name);
    CHECK(again.settings.epochs == f.settings.epochs && again.settings.rate == f.settings.rate &&
          again.settings.on == f.settings.on && again.settings.kind == f.settings.kind &&
          again.settings.betas.items[0] == 0.3 && again.settings.betas.items[1] == 0.7);
    str_release(&text);
    filled_release(&f);
    filled_release(&again);
}

TEST(field_schema_and_help_say_what_the_table_says)
{
    struct str schema = STR_INIT, help = STR_INIT;
    struct json_writer w;
    struct error err;
    json_t *root;

    json_begin(&w, &schema);
    field_write_schema(fields, &w);
    root = json_parse(schema.text, schema.length, "schema", &err);
    CHECK(root);
    CHECK(strstr(schema.text, "\"optimizer.rate\"") && strstr(schema.text, "\"adam\""));
    json_decref(root);
    field_write_help(fields, 0, NULL, &help);
    CHECK(strstr(help.text, "--optimizer.rate") &&
          strstr(help.text, "Rate: how far a step goes (default 0.001)") &&
          strstr(help.text, "Kind: adam, sgd (default sgd)"));
    str_release(&schema);
    str_release(&help);
}

/* The same group twice, of different people: each line stands below the heading it belongs to. */
TEST(field_help_says_whom_a_field_concerns)
{
    static const char *const names[] = { "all", "cats", "dogs" };
    static const struct field scoped[] = {
        { .name = "claws", .type = FIELD_INT, .group = "paw", .label = "Claws", .scope = 1 },
        { .name = "fur", .type = FIELD_INT, .group = "paw", .label = "Fur" },
        { .name = "nails", .type = FIELD_INT, .group = "paw", .label = "Nails", .scope = 2 },
        { .name = "paws", .type = FIELD_INT, .group = "paw", .label = "Paws", .scope = 1,
          .fallback = "4", .default_words = "the animal's" },
        FIELD_END,
    };
    struct str all = STR_INIT, dogs = STR_INIT;
    char words[8][16] = { "" };

    field_write_help(scoped, 0, names, &all);
    CHECK(sscanf(all.text, " %15[^\n] --%15s %*[^\n] --%15s %*[^\n] %15[^\n] --%15s %*[^\n] "
                           "%15[^\n] --%15s", words[0], words[1], words[2], words[3], words[4],
                 words[5], words[6]) == 7);
    CHECK_TEXT(words[0], "paw (cats):");
    CHECK_TEXT(words[1], "claws");
    CHECK_TEXT(words[2], "paws");
    CHECK_TEXT(words[3], "paw:");
    CHECK_TEXT(words[4], "fur");
    CHECK_TEXT(words[5], "paw (dogs):");
    CHECK_TEXT(words[6], "nails");
    CHECK(strstr(all.text, "Paws (default: the animal's)\n"));
    field_write_help(scoped, 2, names, &dogs);
    CHECK(!strncmp(dogs.text, "\npaw:\n", 6) && strstr(dogs.text, "--fur") &&
          strstr(dogs.text, "--nails") && !strstr(dogs.text, "--claws"));
    str_release(&all);
    str_release(&dogs);
}
