/* flat_test.c - kernels/vector_flat.c against the plain versions. */

#include "cpu/features.h"
#include "cpu/kernels.h"
#include "kernel_support.h"
#include "test.h"

#define COUNT 1237 /* whole vectors and a rest */

struct vectors {
    float w[COUNT + 16], g[COUNT + 16], m[COUNT + 16], v[COUNT + 16];
};

static void draw(struct vectors *vectors, uint64_t seed)
{
    struct rng rng = rng_for(seed, 9, 0);

    for (int i = 0; i < COUNT + 16; i++) {
        vectors->w[i] = (float)rng_normal(&rng);
        vectors->g[i] = (float)rng_normal(&rng);
        vectors->m[i] = (float)rng_normal(&rng);
        vectors->v[i] = (float)rng_uniform(&rng);
    }
}

static void check_equal(const float *a, const float *b)
{
    for (int i = 0; i < COUNT; i++)
        CHECK_NEAR(a[i], b[i], 2e-6 * (1 + fabs((double)b[i])));
    for (int i = COUNT; i < COUNT + 16; i++)
        CHECK(a[i] == b[i]); /* not touched */
}

static void check_vectors(const struct vectors *a, const struct vectors *b)
{
    check_equal(a->w, b->w);
    check_equal(a->m, b->m);
    check_equal(a->v, b->v);
}

static void update(const struct flat_kernels *flat, int which, struct vectors *x,
                   const struct flat_update *u)
{
    if (which < 2)
        flat->sgd(x->w, x->g, x->m, COUNT, u);
    else if (which == 2)
        flat->adam(x->w, x->g, x->m, x->v, COUNT, u);
    else if (which == 3)
        flat->adamw(x->w, x->g, x->m, x->v, COUNT, u);
    else if (which == 4)
        flat->rmsprop(x->w, x->g, x->m, x->v, COUNT, u);
    else if (which == 5)
        flat->lerp(x->w, x->g, COUNT, 0.3f);
    else
        flat->add(x->w, x->g, COUNT);
}

TEST(flat_kernels_equal_the_plain_ones)
{
    for (const struct cpu_kernels *const *k = cpu_kernels_all(); *k; k++)
        for (int which = 0; which < 7; which++) {
            struct flat_update u = { .learning_rate = 0.1f, .weight_decay = 0.01f,
                                     .gradient_scale = 0.7f, .momentum = 0.9f, .beta1 = 0.9f,
                                     .beta2 = 0.99f, .eps = 1e-3f, .correction1 = 0.1f,
                                     .correction2 = 0.02f, .nesterov = which == 1 };
            struct vectors got, want;

            draw(&got, (uint64_t)which);
            want = got;
            update((*k)->flat, which, &got, &u);
            update(&flat_plain, which, &want, &u);
            check_vectors(&got, &want);
        }
}

TEST(flat_sum_of_squares_is_exact_and_shows_nan)
{
    for (const struct cpu_kernels *const *k = cpu_kernels_all(); *k; k++) {
        struct vectors x;
        double want;

        draw(&x, 4);
        want = flat_plain.sum_squares(x.g, COUNT);
        CHECK_NEAR((*k)->flat->sum_squares(x.g, COUNT), want, 1e-6 * want);
        x.g[COUNT - 1] = NAN;
        CHECK(isnan((*k)->flat->sum_squares(x.g, COUNT)));
        CHECK((*k)->flat->sum_squares(x.g, 0) == 0);
    }
}
