/* efficientnet.c - EfficientNet (Tan and Le 2019) and EfficientNet V2 (Tan and Le 2021). */

#include "models/mobile_blocks.h"

/* clang-format off */
static const struct block_row v1_rows[] = {
    /* kind            stage n  k  s  expand out */
    { BLOCK_SEPARABLE, 0,    1, 3, 1, 1,     16, .squeeze = true },
    { BLOCK_INVERTED,  1,    2, 3, 2, 6,     24, .squeeze = true },
    { BLOCK_INVERTED,  2,    2, 5, 2, 6,     40, .squeeze = true },
    { BLOCK_INVERTED,  3,    3, 3, 2, 6,     80, .squeeze = true },
    { BLOCK_INVERTED,  4,    3, 5, 1, 6,    112, .squeeze = true },
    { BLOCK_INVERTED,  5,    4, 5, 2, 6,    192, .squeeze = true },
    { BLOCK_INVERTED,  6,    1, 3, 1, 6,    320, .squeeze = true },
    { 0 },
};

static const struct block_row v2_s_rows[] = {
    { BLOCK_CONV,      0,    2, 3, 1, 1,     24, .skip = true },
    { BLOCK_FUSED,     1,    4, 3, 2, 4,     48 },
    { BLOCK_FUSED,     2,    4, 3, 2, 4,     64 },
    { BLOCK_INVERTED,  3,    6, 3, 2, 4,    128, .squeeze = true },
    { BLOCK_INVERTED,  4,    9, 3, 1, 6,    160, .squeeze = true },
    { BLOCK_INVERTED,  5,   15, 3, 2, 6,    256, .squeeze = true },
    { 0 },
};

#define EFFICIENTNET(id, shown, count, size, batch_, lr, about, source, ...)                     \
    const struct model model_##id = {                                                            \
        .name = #id, .display_name = shown, .description = about, .paper = source,               \
        .parameters = count, .image_size = size, .size_multiple = 1, .smallest_size = 32,        \
        .recommended_batch = batch_, .recommended_learning_rate = lr, .head = "classifier",      \
        .stem = "conv_stem.weight", .tags = "cnn efficient", .build = mobile_net_build,          \
        .config = &(const struct mobile_net){                                                    \
            .activation = ACTIVATION_SILU, .gate = ACTIVATION_SIGMOID,                           \
            .squeeze_activation = ACTIVATION_SILU, __VA_ARGS__ },                                \
    }
#define V1_ABOUT "Depth, width and resolution scaled together: accurate for its size."
#define V1_PAPER "Tan and Le 2019, arXiv:1905.11946"

EFFICIENTNET(efficientnet_b0, "EfficientNet-B0", 5288548, 224, 32, 1e-3, V1_ABOUT, V1_PAPER,
             .rows = v1_rows, .stem = 32, .head = 1280);
EFFICIENTNET(efficientnet_b1, "EfficientNet-B1", 7794184, 240, 16, 1e-3, V1_ABOUT, V1_PAPER,
             .rows = v1_rows, .stem = 32, .head = 1280, .depth = 1.1);
EFFICIENTNET(efficientnet_b2, "EfficientNet-B2", 9109994, 260, 16, 1e-3, V1_ABOUT, V1_PAPER,
             .rows = v1_rows, .stem = 32, .head = 1280, .width = 1.1, .depth = 1.2);
EFFICIENTNET(efficientnet_b3, "EfficientNet-B3", 12233232, 300, 16, 1e-3, V1_ABOUT, V1_PAPER,
             .rows = v1_rows, .stem = 32, .head = 1280, .width = 1.2, .depth = 1.4);
EFFICIENTNET(efficientnetv2_s, "EfficientNet V2 S", 21458488, 224, 16, 1e-3,
             "Fused blocks early, inverted residuals late: trains faster than V1.",
             "Tan and Le 2021, arXiv:2104.00298",
             .rows = v2_s_rows, .stem = 24, .head = 1280);
