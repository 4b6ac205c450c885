/* mobilenet.c - MobileNet V2 (Sandler et al. 2018) and V3 (Howard et al. 2019). */

#include "models/mobile_blocks.h"

/* clang-format off */
static const struct block_row v2_rows[] = {
    /* kind            stage n  k  s  expand  out */
    { BLOCK_SEPARABLE, 0,    1, 3, 1, 1,      16 },
    { BLOCK_INVERTED,  1,    2, 3, 2, 6,      24 },
    { BLOCK_INVERTED,  2,    3, 3, 2, 6,      32 },
    { BLOCK_INVERTED,  3,    4, 3, 2, 6,      64 },
    { BLOCK_INVERTED,  4,    3, 3, 1, 6,      96 },
    { BLOCK_INVERTED,  5,    3, 3, 2, 6,     160 },
    { BLOCK_INVERTED,  6,    1, 3, 1, 6,     320 },
    { 0 },
};

static const struct block_row v3_small_rows[] = {
    /* kind            stage n  k  s  expand  out  squeeze      relu */
    { BLOCK_SEPARABLE, 0,    1, 3, 2, 1,      16, .squeeze = true, .relu = true },
    { BLOCK_INVERTED,  1,    1, 3, 2, 4.5,    24, .relu = true },
    { BLOCK_INVERTED,  1,    1, 3, 1, 3.67,   24, .relu = true },
    { BLOCK_INVERTED,  2,    1, 5, 2, 4,      40, .squeeze = true },
    { BLOCK_INVERTED,  2,    2, 5, 1, 6,      40, .squeeze = true },
    { BLOCK_INVERTED,  3,    2, 5, 1, 3,      48, .squeeze = true },
    { BLOCK_INVERTED,  4,    3, 5, 2, 6,      96, .squeeze = true },
    { BLOCK_CONV,      5,    1, 1, 1, 1,     576 },
    { 0 },
};

static const struct block_row v3_large_rows[] = {
    { BLOCK_SEPARABLE, 0,    1, 3, 1, 1,      16, .relu = true },
    { BLOCK_INVERTED,  1,    1, 3, 2, 4,      24, .relu = true },
    { BLOCK_INVERTED,  1,    1, 3, 1, 3,      24, .relu = true },
    { BLOCK_INVERTED,  2,    3, 5, 2, 3,      40, .squeeze = true, .relu = true },
    { BLOCK_INVERTED,  3,    1, 3, 2, 6,      80 },
    { BLOCK_INVERTED,  3,    1, 3, 1, 2.5,    80 },
    { BLOCK_INVERTED,  3,    2, 3, 1, 2.3,    80 },
    { BLOCK_INVERTED,  4,    2, 3, 1, 6,     112, .squeeze = true },
    { BLOCK_INVERTED,  5,    3, 5, 2, 6,     160, .squeeze = true },
    { BLOCK_CONV,      6,    1, 1, 1, 1,     960 },
    { 0 },
};

const struct model model_mobilenetv2_100 = {
    .name = "mobilenetv2_100", .alias = "mobilenetv2", .display_name = "MobileNet V2",
    .description = "Inverted residuals: small and fast, for phones and CPUs.",
    .paper = "Sandler et al. 2018, arXiv:1801.04381", .parameters = 3504872, .image_size = 224,
    .size_multiple = 1, .smallest_size = 32, .recommended_batch = 32,
    .recommended_learning_rate = 1e-3, .head = "classifier", .stem = "conv_stem.weight",
    .tags = "cnn mobile fast", .build = mobile_net_build,
    .config = &(const struct mobile_net){
        .rows = v2_rows, .stem = 32, .head = 1280, .activation = ACTIVATION_RELU6 },
};

#define MOBILENET_V3(size, shown, count, stem_head, table)                                       \
    const struct model model_mobilenetv3_##size##_100 = {                                        \
        .name = "mobilenetv3_" #size "_100", .alias = "mobilenetv3_" #size,                      \
        .display_name = "MobileNet V3 " shown,                                                   \
        .description = "Searched mobile network with hard-swish and squeeze-excitation.",        \
        .paper = "Howard et al. 2019, arXiv:1905.02244", .parameters = count, .image_size = 224, \
        .size_multiple = 1, .smallest_size = 32, .recommended_batch = 32,                        \
        .recommended_learning_rate = 1e-3, .head = "classifier", .stem = "conv_stem.weight",     \
        .tags = "cnn mobile fast", .build = mobile_net_build,                                    \
        .config = &(const struct mobile_net){                                                    \
            .rows = table, .stem = 16, .head = stem_head, .activation = ACTIVATION_HARD_SWISH,   \
            .gate = ACTIVATION_HARD_SIGMOID, .squeeze_activation = ACTIVATION_RELU,              \
            .squeeze_of_expanded = true, .head_after_pool = true },                              \
    }

MOBILENET_V3(small, "Small", 2542856, 1024, v3_small_rows);
MOBILENET_V3(large, "Large", 5483032, 1280, v3_large_rows);
