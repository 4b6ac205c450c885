/* config_test.c - the settings of a run: defaults, bounds, presets, what several fields mean. */

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

static int finish_of(struct filled *f, const char *model, struct error *err)
{
    field_set_text(&f->values, "model_name", model, ORIGIN_FLAG);
    field_set_text(&f->values, "dataset_path", "data", ORIGIN_FLAG);
    config_settle_task(&f->values, &f->config);
    config_settle(&f->values, &f->config);
    return field_finish(&f->values, "the configuration", err);
}

static int finish(struct filled *f, struct error *err)
{
    return finish_of(f, "resnet18", err);
}

TEST(config_defaults_are_valid_and_described)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    CHECK_OK(finish(&f, &err), err);
    CHECK(f.config.epochs == 50 && f.config.batch_size == 32 && f.config.seed == 42);
    for (const struct field *field = config_fields; field->name; field++) {
        CHECK(field->label && field->group);
        CHECK(field_find(&f.values, field->name) == field); /* no name stands twice */
    }
    filled_release(&f);
}

/* Both bounds of every number are kept. */
TEST(config_bounds_are_kept_by_every_field)
{
    for (const struct field *field = config_fields; field->name; field++) {
        const double outside[] = { field->min - 1, field->max + 1 };

        if ((field->type != FIELD_INT && field->type != FIELD_REAL) || field->min == field->max)
            continue;
        for (int i = 0; i < 2; i++) {
            struct filled f;
            struct error err;
            char text[64];

            filled_init(&f);
            snprintf(text, sizeof(text), "%.17g", outside[i]);
            field_set_text(&f.values, field->name, text, ORIGIN_FLAG);
            CHECK(finish(&f, &err) && strstr(err.text, field->name));
            filled_release(&f);
        }
    }
}

TEST(config_presets_are_valid_and_weigh_less_than_flags)
{
    int presets = 0;

    for (const struct preset *p = config_presets; p->name; p++, presets++) {
        struct filled f;
        struct error err;

        filled_init(&f);
        field_set_text(&f.values, "learning_rate", "0.25", ORIGIN_FLAG);
        config_apply_preset(&f.values, p, true);
        CHECK_OK(finish_of(&f, p->scope == SCOPE_DETECTORS ? "yolo11n" : "resnet18", &err), err);
        CHECK_NEAR(f.config.learning_rate, 0.25, 0);
        CHECK(config_preset_find(p->name, p->scope) == p && p->description);
        filled_release(&f);
    }
    CHECK(presets >= 12);
    CHECK(!config_preset_find("none such", SCOPE_CLASSIFIERS));
}

TEST(config_wire_names_give_way_to_the_advanced_ones)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    field_set_text(&f.values, "learning_rate", "0.5", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer", "sgd", ORIGIN_FLAG);
    CHECK_OK(finish(&f, &err), err);
    CHECK(f.config.optimizer.learning_rate == 0.5 && f.config.optimizer.type == OPTIMIZER_SGD);
    filled_release(&f);

    filled_init(&f);
    field_set_text(&f.values, "learning_rate", "0.5", ORIGIN_FILE);
    field_set_text(&f.values, "optimizer.learning_rate", "0.125", ORIGIN_FILE);
    CHECK_OK(finish(&f, &err), err);
    CHECK(f.config.optimizer.learning_rate == 0.125 && f.config.learning_rate == 0.125);
    filled_release(&f);
}

TEST(config_says_what_does_not_fit_together)
{
    struct filled f;
    struct error err;

    filled_init(&f);
    field_set_text(&f.values, "augmentation.crop_scale", "0.9,0.1", ORIGIN_FLAG);
    field_set_text(&f.values, "primary_metric", "beauty", ORIGIN_FLAG);
    field_set_text(&f.values, "epochs", "0", ORIGIN_FLAG);
    CHECK(finish(&f, &err) && err.kind == ERR_INVALID);
    CHECK(strstr(err.text, "crop_scale") && strstr(err.text, "primary_metric") &&
          strstr(err.text, "epochs"));
    filled_release(&f);
}

TEST(config_refuses_a_beta_of_one)
{
    static const struct {
        const char *model, *name, *value, *optimizer;
        const char *text; /* NULL: fine */
    } cases[] = {
        { "resnet18", "optimizer.betas", "1,0.999", "adamw", "optimizer.betas.0 must lie" },
        { "resnet18", "optimizer.betas", "0,0", "adamw", NULL },
        { "yolo11n", "momentum", "1", "adamw", "momentum is beta1 of adam and adamw" },
        { "yolo11n", "momentum", "1", "adam", "momentum is beta1 of adam and adamw" },
        { "yolo11n", "momentum", "0", "adam", NULL },
        { "yolo11n", "momentum", "1", "sgd", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool is_detector = cases[i].model[0] == 'y';
        struct filled f;
        struct error err;

        filled_init(&f);
        field_set_text(&f.values, is_detector ? "optimizer_type" : "optimizer.type",
                       cases[i].optimizer, ORIGIN_FLAG);
        field_set_text(&f.values, cases[i].name, cases[i].value, ORIGIN_FLAG);
        if (!!finish_of(&f, cases[i].model, &err) != !!cases[i].text)
            test_fail(__FILE__, __LINE__, "case %zu: %s", i, err.text);
        if (cases[i].text && !strstr(err.text, cases[i].text))
            test_fail(__FILE__, __LINE__, "case %zu: %s", i, err.text);
        filled_release(&f);
    }
}

TEST(config_options_reach_optimizer_and_schedule)
{
    struct filled f;
    struct error err;
    struct recipe recipe;
    struct optimizer_options o;
    struct schedule_options s;

    filled_init(&f);
    field_set_text(&f.values, "optimizer.type", "sgd", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer.nesterov", "false", ORIGIN_FLAG);
    field_set_text(&f.values, "optimizer.momentum", "0.8", ORIGIN_FLAG);
    field_set_text(&f.values, "scheduler.type", "step", ORIGIN_FLAG);
    field_set_text(&f.values, "scheduler.step_size", "4", ORIGIN_FLAG);
    field_set_text(&f.values, "epochs", "12", ORIGIN_FLAG);
    CHECK_OK(finish(&f, &err), err);
    recipe_init(&recipe, &f.config, &(struct recipe_data){ 10, 1, 2 });
    o = recipe.optimizer;
    s = recipe.schedule;
    CHECK(o.kind == OPTIMIZER_SGD && o.plain_momentum && o.momentum == 0.8);
    CHECK(s.kind == SCHEDULE_STEP && s.step_size == 4 && s.total_steps == 120);
    filled_release(&f);
}
