/* stream_test.c - writing past the caches, which only large values do, gives the same. */

#include "base/rng.h"
#include "cpu/features.h"
#include "cpu/kernels.h"
#include "nn/ops.h"
#include "test.h"

#define CHANNELS 16 /* one or two blocks */
#define SIDE 9
#define FLOATS (CHANNELS * SIDE * SIDE)

static _Alignas(64) float x[FLOATS], dy[FLOATS], first[FLOATS], second[FLOATS];
static _Alignas(64) float vectors[4][CHANNELS], sums[2][CHANNELS];
static _Alignas(64) float packed[9 * CHANNELS], partial[64 * CHANNELS], moments[4 * CHANNELS];

static void draw(float *data, int count)
{
    struct rng rng = rng_for(1, 1, (uint64_t)count);

    for (int i = 0; i < count; i++)
        data[i] = (float)rng_between(&rng, 0.2, 2);
}

static void draw_all(void)
{
    draw(x, FLOATS);
    draw(dy, FLOATS);
    draw(packed, 9 * CHANNELS);
    for (int i = 0; i < 4; i++)
        draw(vectors[i], CHANNELS);
    for (int i = 0; i < 2; i++)
        draw(sums[i], CHANNELS);
    memset(first, 0xff, sizeof(first));
    memset(second, 0, sizeof(second));
}

static struct batch_norm_work norm_work(int blocks, bool stream, float *out)
{
    return (struct batch_norm_work){
        .size = { 1, CHANNELS, blocks, SIDE * SIDE, 1 }, .activation = ACTIVATION_SILU,
        .stream = stream, .x = x, .dy = dy, .mean = vectors[0], .istd = vectors[1],
        .gamma = vectors[2], .beta = vectors[3], .y = out, .dx = out, .dgamma = sums[0],
        .dbeta = sums[1] };
}

TEST(streamed_batch_norm_is_the_same)
{
    for (const struct cpu_kernels *const *k = cpu_kernels_all(); *k; k++) {
        int blocks = CHANNELS / (*k)->lanes;
        struct batch_norm_work plain = norm_work(blocks, false, first);
        struct batch_norm_work stream = norm_work(blocks, true, second);

        draw_all();
        (*k)->batch_apply(&plain, 0, blocks);
        (*k)->batch_apply(&stream, 0, blocks);
        CHECK(!memcmp(first, second, sizeof(first)));
        (*k)->batch_grad_input(&plain, 0, blocks);
        CHECK(memcmp(first, second, sizeof(first)));
        (*k)->batch_grad_input(&stream, 0, blocks);
        CHECK(!memcmp(first, second, sizeof(first)));
    }
}

TEST(streamed_depthwise_gradient_is_the_same)
{
    for (const struct cpu_kernels *const *k = cpu_kernels_all(); *k; k++) {
        int blocks = CHANNELS / (*k)->lanes;
        struct depthwise_work work = {
            .images = 1, .channels = CHANNELS, .blocks = blocks, .height = SIDE, .width = SIDE,
            .out_height = SIDE, .out_width = SIDE, .kernel = 3, .stride = 1, .pad = { 1, 1 },
            .activation = ACTIVATION_SILU, .normalize = true, .x = x, .mean = vectors[0],
            .istd = vectors[1], .gamma = vectors[2], .beta = vectors[3], .dy = dy, .packed = packed,
            .dx = first, .moments = moments, .weight_partial = partial };

        draw_all();
        (*k)->depthwise_backward(&work, 0, blocks);
        work.dx = second;
        work.stream = true;
        (*k)->depthwise_backward(&work, 0, blocks);
        CHECK(!memcmp(first, second, sizeof(first)));
    }
}
