#include "base/rng.h"

#include "test.h"

#define DRAWS 200000

TEST(rng_repeats_for_the_same_key_and_differs_for_others)
{
    struct rng a = rng_for(1, 2, 3), same = rng_for(1, 2, 3);
    struct rng others[] = { rng_for(2, 2, 3), rng_for(1, 3, 3), rng_for(1, 2, 4),
                            rng_for(2, 1, 3), rng_for(3, 2, 1), rng_for(1, 3, 2) };
    uint64_t number = rng_next(&a);

    CHECK(rng_next(&same) == number);
    CHECK(rng_next(&a) != number);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CHECK(rng_next(&others[i]) != number);
}

/* Trained models depend on these numbers: they must not change unnoticed. */
TEST(rng_numbers_are_fixed)
{
    struct rng rng = rng_for(42, 0, 0);

    CHECK(rng_next(&rng) == 0xc1579cf7b97e2860u);
    CHECK(rng_hash(42, 1, 2) == 0x8096d284u);
}

TEST(rng_below_is_even_over_an_odd_bound)
{
    struct rng rng = rng_for(1, 1, 1);
    int counts[7] = { 0 };
    double chi_square = 0;

    for (int i = 0; i < DRAWS; i++) {
        uint32_t value = rng_below(&rng, 7);

        CHECK(value < 7);
        counts[value]++;
    }
    for (int i = 0; i < 7; i++)
        chi_square += pow(counts[i] - DRAWS / 7.0, 2) / (DRAWS / 7.0);
    CHECK(chi_square < 22.5); /* 6 degrees of freedom: exceeded once in a thousand */
    CHECK(rng_below(&rng, 1) == 0);
}

/* With this bound a plain remainder would give a third of the values twice as often. */
TEST(rng_below_is_even_over_a_huge_bound)
{
    struct rng rng = rng_for(1, 1, 2);
    uint32_t bound = 3u << 30;
    int low = 0;

    for (int i = 0; i < DRAWS; i++)
        low += rng_below(&rng, bound) < 1u << 30;
    CHECK_NEAR(low / (double)DRAWS, 1.0 / 3, 0.005);
}

static void moments(double (*draw)(struct rng *), double *mean, double *variance, double *fourth)
{
    struct rng rng = rng_for(5, 6, 7);
    double sum = 0, squares = 0, fourths = 0;

    for (int i = 0; i < DRAWS; i++) {
        double value = draw(&rng);

        sum += value;
        squares += value * value;
        fourths += value * value * value * value;
    }
    *mean = sum / DRAWS;
    *variance = squares / DRAWS - *mean * *mean;
    *fourth = fourths / DRAWS;
}

TEST(rng_uniform_has_its_moments_and_range)
{
    struct rng rng = rng_for(5, 6, 7);
    double mean, variance, fourth;

    moments(rng_uniform, &mean, &variance, &fourth);
    CHECK_NEAR(mean, 0.5, 0.003);
    CHECK_NEAR(variance, 1.0 / 12, 0.001);
    CHECK_NEAR(fourth, 0.2, 0.003);
    for (int i = 0; i < DRAWS; i++) {
        double value = rng_between(&rng, -2, 3);

        CHECK(value >= -2 && value < 3);
    }
}

TEST(rng_normal_has_its_moments)
{
    double mean, variance, fourth;

    moments(rng_normal, &mean, &variance, &fourth);
    CHECK_NEAR(mean, 0, 0.01);
    CHECK_NEAR(variance, 1, 0.015);
    CHECK_NEAR(fourth, 3, 0.12);
}

TEST(rng_beta_has_its_moments)
{
    static const struct {
        double a, b;
    } rows[] = { { 0.2, 0.2 }, { 1, 1 }, { 0.8, 0.8 }, { 2, 5 }, { 0.5, 3 } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rng rng = rng_for(8, i, 0);
        double a = rows[i].a, b = rows[i].b, sum = 0, squares = 0, mean;

        for (int j = 0; j < DRAWS; j++) {
            double value = rng_beta(&rng, a, b);

            CHECK(value >= 0 && value <= 1);
            sum += value;
            squares += value * value;
        }
        mean = sum / DRAWS;
        CHECK_NEAR(mean, a / (a + b), 0.006);
        CHECK_NEAR(squares / DRAWS - mean * mean, a * b / ((a + b) * (a + b) * (a + b + 1)), 0.003);
    }
}

TEST(rng_beta_takes_tiny_shapes)
{
    struct rng rng = rng_for(9, 9, 9);
    double sum = 0;

    for (int i = 0; i < 20000; i++) {
        double value = rng_beta(&rng, 1e-3, 1e-3);

        CHECK(value >= 0 && value <= 1);
        sum += value;
    }
    CHECK_NEAR(sum / 20000, 0.5, 0.02); /* nearly always 0 or 1, equally often */
}

TEST(rng_neighbouring_keys_are_independent)
{
    double product = 0;
    int bits[64] = { 0 };

    for (int i = 0; i < DRAWS; i++) {
        struct rng a = rng_for(1, 1, (uint64_t)i), b = rng_for(1, 1, (uint64_t)i + 1);
        uint64_t difference;

        product += (rng_uniform(&a) - 0.5) * (rng_uniform(&b) - 0.5);
        difference = rng_next(&a) ^ rng_next(&b);
        for (int bit = 0; bit < 64; bit++)
            bits[bit] += (int)(difference >> bit & 1);
    }
    CHECK_NEAR(product / DRAWS * 12, 0, 0.01);
    for (int bit = 0; bit < 64; bit++)
        CHECK_NEAR(bits[bit] / (double)DRAWS, 0.5, 0.006);
}

TEST(rng_hash_is_even_in_all_bits)
{
    int bits[32] = { 0 }, below = 0;

    for (int i = 0; i < DRAWS; i++) {
        uint32_t hash = rng_hash(3, 17, (uint64_t)i);

        below += hash < 0.2 * 4294967296.0; /* a dropout mask of 20 % */
        for (int bit = 0; bit < 32; bit++)
            bits[bit] += (int)(hash >> bit & 1);
    }
    CHECK_NEAR(below / (double)DRAWS, 0.2, 0.004);
    for (int bit = 0; bit < 32; bit++)
        CHECK_NEAR(bits[bit] / (double)DRAWS, 0.5, 0.006);
}

TEST(rng_shuffle_permutes_evenly)
{
    struct rng rng = rng_for(4, 4, 4);
    int counts[24] = { 0 };
    double chi_square = 0;

    for (int i = 0; i < 48000; i++) {
        int items[] = { 0, 1, 2, 3 }, seen = 0;

        rng_shuffle(&rng, items, 4);
        for (int j = 0; j < 4; j++)
            seen |= 1 << items[j];
        CHECK(seen == 15);
        counts[items[0] * 6 + (items[1] - (items[1] > items[0])) * 2 + (items[2] > items[3])]++;
    }
    for (int i = 0; i < 24; i++)
        chi_square += pow(counts[i] - 2000, 2) / 2000;
    CHECK(chi_square < 49.8); /* 23 degrees of freedom: exceeded once in a thousand */
    rng_shuffle(&rng, NULL, 0);
}
