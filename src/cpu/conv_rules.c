/* conv_rules.c - see conv_rules.h. */

#include "cpu/conv_rules.h"

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
