/* config_fields_test.c - every row of the table of settings: ends of its range, values of another
 * type, the way to a file and back, what names of choices stand for. */

#include "base/error.h"
#include "test.h"
#include "train/config.h"
#include "train/recipe.h"

#include <stdlib.h>
#include <string.h>

struct filled {
    struct arena arena;
    struct config config;
    struct field_values values;
};

static void filled_init(struct filled *f)
{
    memset(f, 0, sizeof(*f));
    field_values_init(&f->values, config_fields, &f->config, &f->arena);
}

static void filled_release(struct filled *f)
{
    field_values_release(&f->values);
    arena_release(&f->arena);
}

static void set(struct filled *f, const struct field *field, const char *text)
{
    field_set_text(&f->values, field->name, text, ORIGIN_FLAG);
}

static void value_text(const struct filled *f, const struct field *field, struct str *text)
{
    struct json_writer w;

    str_clear(text);
    json_begin(&w, text);
    field_write_value(field, &f->config, &w);
}

/* One problem, which names the field; the value stays. */
static void expect_refused(const struct field *field, const char *text)
{
    struct str before = STR_INIT, after = STR_INIT;
    struct filled f;

    filled_init(&f);
    value_text(&f, field, &before);
    set(&f, field, text);
    value_text(&f, field, &after);
    if (f.values.problem_count != 1 || !strstr(f.values.problems.text, field->name))
        test_fail(__FILE__, __LINE__, "%s = '%s' gave %d problems: %s", field->name, text,
                  f.values.problem_count, f.values.problem_count ? f.values.problems.text : "");
    CHECK_TEXT(after.text, before.text);
    CHECK(f.values.origins[field - config_fields] == ORIGIN_DEFAULT);
    filled_release(&f);
    str_release(&before);
    str_release(&after);
}

TEST(config_numbers_take_the_ends_of_their_range)
{
    int numbers = 0;

    for (const struct field *field = config_fields; field->name; field++) {
        const double ends[] = { field->min, field->max };

        if (field->type != FIELD_INT && field->type != FIELD_REAL)
            continue;
        numbers++;
        CHECK(field->min < field->max); /* none is without bounds */
        for (int i = 0; i < 2; i++) {
            struct filled f;
            const char *at = (const char *)&f.config + field->offset;
            char text[64];

            filled_init(&f);
            snprintf(text, sizeof(text), "%.17g", ends[i]);
            set(&f, field, text);
            CHECK(!f.values.problem_count);
            CHECK((field->type == FIELD_INT ? (double)*(const int64_t *)at
                                            : *(const double *)at) == ends[i]);
            filled_release(&f);
        }
    }
    CHECK(numbers > 40);
}

TEST(config_fields_refuse_values_of_another_kind)
{
    static const char *const never[] = { "", "many", "1x", "nan", "inf", "1e999", "{}" };

    for (const struct field *field = config_fields; field->name; field++) {
        if (field->type == FIELD_TEXT)
            continue;
        for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
            expect_refused(field, never[i]);
        if (field->type == FIELD_INT)
            expect_refused(field, "1.5");
        if (field->type == FIELD_BOOL)
            expect_refused(field, "2");
        if (field->type == FIELD_REALS) {
            expect_refused(field, "0.5");
            expect_refused(field, "0.5,0.6,0.7");
            expect_refused(field, "0.5,1e9");
            expect_refused(field, "-1,0.5");
        }
    }
}

/* A value that is not the default, as text. */
static void other_value(const struct filled *f, const struct field *field, struct str *text)
{
    const char *at = (const char *)&f->config + field->offset;
    struct arena arena = ARENA_INIT;
    const char *option;

    str_clear(text);
    switch (field->type) {
    case FIELD_INT:
        str_printf(text, "%lld", (long long)(*(const int64_t *)at == (int64_t)field->max
                                                 ? (int64_t)field->min : (int64_t)field->max));
        break;
    case FIELD_REAL:
        str_printf(text, "%.17g", field->min + (field->max - field->min) / 3);
        break;
    case FIELD_BOOL:
        str_add(text, *(const bool *)at ? "false" : "true");
        break;
    case FIELD_TEXT:
        str_add(text, "a \"text\"\n");
        break;
    case FIELD_SELECT:
        option = field_option(&arena, field, *(const int *)at + 1);
        str_add(text, option ? option : field_option(&arena, field, 0));
        break;
    case FIELD_REALS:
        str_printf(text, "%.17g,%.17g", field->min + 0.1, field->max - 0.2);
        break;
    case FIELD_JSON: /* none of a configuration's */
        test_fail(__FILE__, __LINE__, "%s has no form as text", field->name);
        break;
    }
    arena_release(&arena);
}

TEST(config_of_other_values_comes_back_from_its_file)
{
    struct filled written, again;
    struct str text = STR_INIT, file = STR_INIT, file_again = STR_INIT;
    struct json_writer w;
    struct error err;
    json_t *root;

    filled_init(&written);
    filled_init(&again);
    for (const struct field *field = config_fields; field->name; field++) {
        other_value(&written, field, &text);
        set(&written, field, text.text);
    }
    CHECK(!written.values.problem_count);
    json_begin(&w, &file);
    field_write_flat(&written.values, &w);
    root = json_parse(file.text, file.length, "file", &err);
    CHECK(root);
    field_set_object(&again.values, NULL, root, ORIGIN_FILE);
    json_decref(root);
    CHECK(!again.values.problem_count);
    json_begin(&w, &file_again);
    field_write_flat(&again.values, &w);
    CHECK_TEXT(file_again.text, file.text);
    for (int i = 0; i < again.values.count; i++)
        CHECK(again.values.origins[i] == ORIGIN_FILE);
    filled_release(&written);
    filled_release(&again);
    str_release(&text);
    str_release(&file);
    str_release(&file_again);
}

TEST(config_choices_reach_optimizer_and_schedule_by_name)
{
    static const struct {
        const char *name;
        enum optimizer_kind kind;
        double beta2; /* of rmsprop its own */
    } optimizers[] = { { "adam", OPTIMIZER_ADAM, 0.95 }, { "adamw", OPTIMIZER_ADAMW, 0.95 },
                       { "sgd", OPTIMIZER_SGD, 0.95 }, { "rmsprop", OPTIMIZER_RMSPROP, 0.99 } };
    static const struct {
        const char *name;
        enum schedule_kind kind;
    } schedules[] = { { "none", SCHEDULE_NONE }, { "step", SCHEDULE_STEP },
                      { "cosine", SCHEDULE_COSINE },
                      { "cosine_warm_restarts", SCHEDULE_WARM_RESTARTS },
                      { "exponential", SCHEDULE_EXPONENTIAL }, { "plateau", SCHEDULE_PLATEAU } };
    const struct recipe_data ten_batches = { 10, 1, 2 };
    struct filled f;

    filled_init(&f);
    field_set_text(&f.values, "optimizer.betas", "0.8,0.95", ORIGIN_FLAG);
    for (int i = 0; i < 4; i++) {
        struct optimizer_options o;
        struct recipe recipe;

        field_set_text(&f.values, "optimizer.type", optimizers[i].name, ORIGIN_FLAG);
        recipe_init(&recipe, &f.config, &ten_batches);
        o = recipe.optimizer;
        CHECK(o.kind == optimizers[i].kind && o.beta1 == 0.8 && o.beta2 == optimizers[i].beta2);
    }
    for (int i = 0; i < 6; i++) {
        struct recipe recipe;

        field_set_text(&f.values, "scheduler.type", schedules[i].name, ORIGIN_FLAG);
        recipe_init(&recipe, &f.config, &ten_batches);
        CHECK(recipe.schedule.kind == schedules[i].kind);
    }
    CHECK(!f.values.problem_count);
    filled_release(&f);
}

TEST(config_presets_are_sound_as_files_too)
{
    for (const struct preset *p = config_presets; p->name; p++) {
        struct filled f;
        struct error err;
        json_t *root = json_parse(p->json, strlen(p->json), p->name, &err);

        CHECK(root);
        filled_init(&f);
        field_set_object(&f.values, NULL, root, ORIGIN_FILE);
        if (f.values.problem_count)
            test_fail(__FILE__, __LINE__, "%s: %s", p->name, f.values.problems.text);
        json_decref(root);
        filled_release(&f);
    }
}
