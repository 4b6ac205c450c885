/* conv_rules.c - see conv_rules.h. */

#include "cpu/conv_rules.h"

#include "base/clock.h"
#include "base/error.h"
#include "tensor/slab.h"

#include <math.h>

static const struct rule {
    enum onednn_direction direction;
    enum onednn_isa least_isa;
    int64_t least_channels, least_tiles;
    enum conv_algorithm algorithm;
} rules[] = {
#define RULE(direction, least_isa, least_channels, least_tiles, algorithm) \
    { direction, least_isa, least_channels, least_tiles, algorithm },
#include "cpu/conv_rules.def"
#undef RULE
};

static bool could_be_winograd(const struct conv_case *conv)
{
    bool could = conv->isa >= ONEDNN_AVX512 && conv->groups == 1;

    for (int i = 0; i < 2; i++)
        could &= conv->kernel[i] == 3 && conv->stride[i] == 1 && conv->dilation[i] == 1;
    return could;
}

enum conv_algorithm conv_rules_algorithm(const struct conv_case *conv)
{
    enum { TILE = 4, LANES = 16, MOST_WASTE = 2 };
    int64_t tiles = conv->images, pixels = conv->images * conv->out_size[0] * conv->out_size[1];
    int64_t fewest = conv->in < conv->out ? conv->in : conv->out;

    if (!could_be_winograd(conv))
        return CONV_DIRECT;
    for (int i = 0; i < 2; i++)
        tiles *= (conv->out_size[i] + TILE - 1) / TILE;
    if (tiles * TILE * TILE > MOST_WASTE * pixels)
        return CONV_DIRECT;
    fewest = (fewest + LANES - 1) / LANES * LANES;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        if (rules[i].direction == conv->direction && conv->isa >= rules[i].least_isa &&
            fewest >= rules[i].least_channels && tiles >= rules[i].least_tiles)
            return rules[i].algorithm;
    return CONV_DIRECT;
}

/* --- measuring -------------------------------------------------------------------------------- */

/* The fastest run of several; `slab` gets all operands, zeroed. */
static int time_kernel(const struct onednn *onednn, struct kernel_desc *kernel, double *seconds,
                       struct error *err)
{
    enum { RUNS = 7 };
    const struct operands operands = kernel->operands;
    size_t scratch_bytes = slab_round(kernel->scratch_bytes), total = scratch_bytes, offset = 0;
    struct primitive *primitive = NULL;
    struct slab slab = { 0 };
    int result = -1;

    for (int i = 0; i < OPERAND_COUNT; i++)
        if (operands.of[i])
            total += slab_round(memory_desc_bytes(operands.of[i]));
    if (slab_init(&slab, total, err) || primitive_new(&primitive, onednn, kernel, err) ||
        primitive_generate(primitive, err))
        goto done;
    for (int i = 0; i < OPERAND_COUNT; i++)
        if (operands.of[i]) {
            primitive_bind(primitive, (enum operand)i, slab.base + offset);
            offset += slab_round(memory_desc_bytes(operands.of[i]));
        }
    primitive_bind_scratch(primitive, slab.base + offset);
    for (int i = 0; i < RUNS; i++) {
        double start = clock_seconds();

        if (primitive_run(primitive)) {
            FAIL(err, INVALID, "a convolution failed to run");
            goto done;
        }
        start = clock_seconds() - start;
        if (!i || start < *seconds)
            *seconds = start;
    }
    result = 0;
done:
    primitive_free(primitive);
    slab_release(&slab);
    return result;
}

int conv_rules_measure(struct onednn *onednn, const struct conv_case *conv, double seconds[3],
                       struct error *err)
{
    static const enum conv_algorithm algorithms[] = { CONV_DIRECT, CONV_AUTO,
                                                     CONV_WINOGRAD };
    const struct conv_geometry geometry = { { 1, 1 }, { 1, 1 }, { 1, 1 } };
    int block = conv->isa >= ONEDNN_AVX512 ? 16 : 8;
    struct shape x = SHAPE(conv->images, conv->in, conv->out_size[0], conv->out_size[1]);
    struct shape y = SHAPE(conv->images, conv->out, conv->out_size[0], conv->out_size[1]);
    struct operands operands = {
        { [OPERAND_X] = memory_desc_blocked(onednn, &x, DTYPE_F32, block),
          [OPERAND_Y] = memory_desc_blocked(onednn, &y, DTYPE_F32, block),
          [OPERAND_WEIGHT] = memory_desc_any(onednn, &SHAPE(conv->out, conv->in, 3, 3)) }
    };

    for (int i = 0; i < 3; i++) {
        struct kernel_desc kernel;

        seconds[i] = INFINITY;
        if (onednn_choose_conv(onednn, conv->direction, algorithms[i], &operands, &geometry,
                               &kernel, err)) {
            if (algorithms[i] == CONV_WINOGRAD)
                continue;
            return -1;
        }
        if (time_kernel(onednn, &kernel, &seconds[i], err)) {
            kernel_desc_release(&kernel);
            return -1;
        }
    }
    return 0;
}
