/* schedule_test.c - learning rates against PyTorch's in golden/optimizers.json. */

#include "nn/golden_numbers_support.h"
#include "nn/schedule.h"
#include "test.h"

#include <string.h>

#define EPOCHS 5
#define STEPS 7 /* of each */

static struct schedule_options options_of(const json_t *item)
{
    static const char *const kinds[] = { "none", "step", "cosine", "warm_restarts", "exponential" };
    const char *kind = json_string_value(json_object_get(item, "kind"));
    struct schedule_options o = {
        .learning_rate = numbers_at(item, "learning_rate"), .steps_per_epoch = STEPS,
        .total_steps = EPOCHS * STEPS, .step_size = (int)numbers_at(item, "step_size"),
        .gamma = numbers_at(item, "gamma"), .eta_min = numbers_at(item, "eta_min"),
        .t_max = (int)numbers_at(item, "T_max"), .t_0 = (int)numbers_at(item, "T_0"),
        .t_mult = (int)numbers_at(item, "T_mult"),
    };

    for (int i = 0; i < 5; i++)
        if (!strcmp(kind, kinds[i]))
            o.kind = (enum schedule_kind)i;
    /* An epoch of warm-up is cut to a tenth of all steps, which is what the file has. */
    o.warmup_epochs = numbers_at(item, "warmup_steps") > 0 ? 1 : 0;
    CHECK(schedule_warmup_steps(&o) == (int64_t)numbers_at(item, "warmup_steps"));
    return o;
}

TEST(schedules_give_pytorchs_rates)
{
    json_t *root = numbers_open("optimizers");
    const json_t *items = json_object_get(root, "schedules");

    CHECK(json_array_size(items) > 5);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i), *rates = json_object_get(item, "rates");
        struct schedule_options options = options_of(item);

        CHECK(json_array_size(rates) == EPOCHS * STEPS);
        for (size_t step = 0; step < EPOCHS * STEPS; step++)
            CHECK_NEAR(schedule_rate(&options, (int64_t)step, 1),
                       json_number_value(json_array_get(rates, step)), 1e-12);
    }
    json_decref(root);
}

TEST(plateau_waits_and_lowers_as_pytorch_does)
{
    json_t *root = numbers_open("optimizers");
    const json_t *items = json_object_get(root, "plateau");

    CHECK(json_array_size(items) > 1);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i), *rates = json_object_get(item, "rates");
        const json_t *metrics = json_object_get(item, "metrics");
        bool higher = !strcmp(json_string_value(json_object_get(item, "mode")), "max");
        struct schedule_options options = {
            .kind = SCHEDULE_PLATEAU, .learning_rate = numbers_at(item, "learning_rate"),
            .steps_per_epoch = 1, .total_steps = 1000, .eta_min = numbers_at(item, "eta_min"),
            .plateau_factor = numbers_at(item, "factor"),
            .plateau_patience = (int)numbers_at(item, "patience"),
            .plateau_threshold = numbers_at(item, "threshold"),
        };
        struct plateau plateau = { .scale = 1 };

        for (size_t epoch = 0; epoch < json_array_size(rates); epoch++) {
            CHECK_NEAR(schedule_rate(&options, (int64_t)epoch, plateau.scale),
                       json_number_value(json_array_get(rates, epoch)), 1e-12);
            plateau_update(&plateau, &options, json_number_value(json_array_get(metrics, epoch)),
                           higher);
        }
    }
    json_decref(root);
}

TEST(warm_up_takes_at_most_a_tenth_of_the_steps)
{
    struct schedule_options options = { .learning_rate = 1, .steps_per_epoch = 100,
                                        .total_steps = 2000, .warmup_epochs = 5 };

    CHECK(schedule_warmup_steps(&options) == 200);
    CHECK_NEAR(schedule_rate(&options, 0, 1), 1.0 / 200, 1e-15);
    CHECK_NEAR(schedule_rate(&options, 199, 1), 1, 1e-15);
    options.total_steps = 100000;
    CHECK(schedule_warmup_steps(&options) == 500);
    options.total_steps = 9; /* too few for any */
    CHECK(schedule_warmup_steps(&options) == 0);
}
