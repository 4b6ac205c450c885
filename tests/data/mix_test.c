/* mix_test.c - soft targets, mixup and cutmix. */
#include "base/error.h"
#include "data/mix.h"
#include "test.h"

#define SIDE 8
#define SIZE (3 * SIDE * SIDE)

static void fill_images(float *images, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = 0; j < SIZE; j++)
            images[i * SIZE + j] = (float)(i + 1);
}

TEST(mix_smooths_labels)
{
    struct mix_decision none = { .share = 1 };
    const int labels[] = { 2, 0, -1 };
    float targets[12];

    mix_targets(&none, 0.1, labels, 3, 4, targets);
    CHECK_NEAR(targets[2], 0.925, 1e-6);
    CHECK_NEAR(targets[0], 0.025, 1e-6);
    CHECK_NEAR(targets[4], 0.925, 1e-6);
    for (int c = 8; c < 12; c++)
        CHECK(targets[c] == 0);
    mix_targets(&none, 0, labels, 3, 4, targets);
    CHECK(targets[2] == 1 && targets[0] == 0 && targets[4] == 1);
}

TEST(mix_up_blends_images_and_targets_alike)
{
    struct mix_decision decision = { .share = 0.75 };
    const int labels[] = { 0, 1, 2 };
    float images[3 * SIZE], targets[9];

    fill_images(images, 3);
    mix_images(&decision, images, 3, SIDE);
    mix_targets(&decision, 0, labels, 3, 3, targets);
    for (int j = 0; j < SIZE; j++) {
        CHECK_NEAR(images[j], 0.75 * 1 + 0.25 * 3, 1e-6);
        CHECK_NEAR(images[SIZE + j], 2, 1e-6); /* the middle one is its own partner */
        CHECK_NEAR(images[2 * SIZE + j], 0.75 * 3 + 0.25 * 1, 1e-6);
    }
    CHECK_NEAR(targets[0], 0.75, 1e-6);
    CHECK_NEAR(targets[2], 0.25, 1e-6);
    CHECK_NEAR(targets[4], 1, 1e-6);
    CHECK_NEAR(targets[8], 0.75, 1e-6);
}

TEST(mix_cut_area_matches_its_share)
{
    struct mix_settings settings;
    int nontrivial = 0;

    mix_settings_init(&settings);
    settings.cutmix = true;
    for (uint64_t i = 0; i < 50; i++) {
        struct rng rng = rng_for(3, 4, i);
        struct mix_decision decision = mix_decide(&settings, SIDE, &rng);
        float images[2 * SIZE];
        int own = 0;

        CHECK(decision.is_cut);
        fill_images(images, 2);
        mix_images(&decision, images, 2, SIDE);
        for (int j = 0; j < SIZE; j++) {
            own += images[j] == 1;
            CHECK(images[j] + images[SIZE + j] == 3); /* swapped, nothing lost */
        }
        CHECK_NEAR((double)own / SIZE, decision.share, 1e-9);
        nontrivial += own > 0 && own < SIZE;
    }
    CHECK(nontrivial > 25);
}

TEST(mix_chooses_per_batch_between_both)
{
    struct mix_settings settings;
    int cut = 0, up = 0;
    double sum = 0;

    mix_settings_init(&settings);
    CHECK(!mix_is_enabled(&settings));
    settings.mixup = settings.cutmix = true;
    settings.mixup_alpha = 0.2;
    CHECK(mix_is_enabled(&settings));
    for (uint64_t i = 0; i < 1000; i++) {
        struct rng rng = rng_for(3, 4, i);
        struct mix_decision decision = mix_decide(&settings, 224, &rng);

        CHECK(decision.share >= 0 && decision.share <= 1);
        cut += decision.is_cut;
        up += !decision.is_cut;
        sum += decision.is_cut ? 0 : decision.share;
    }
    CHECK_NEAR(cut, 500, 60);
    CHECK_NEAR(sum / up, 0.5, 0.06);
    settings.cutmix = false;
    settings.mixup_alpha = 0; /* the same as off */
    CHECK(!mix_is_enabled(&settings));
}

TEST(mix_settings_are_checked)
{
    struct mix_settings settings;
    struct error err = { 0 };

    mix_settings_init(&settings);
    settings.label_smoothing = 1;
    CHECK(mix_settings_check(&settings, &err));
    CHECK_TEXT(err.text, "label smoothing is 1, not within 0 and 0.99");
}
