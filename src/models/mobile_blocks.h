/* mobile_blocks.h - the blocks that MobileNet V2/V3 and EfficientNet V1/V2 are made of.
 *
 * A network is a table of rows; each row is a number of equal blocks in a stage, of which the
 * first may have a stride.  Names are those of timm: blocks.<stage>.<index>.conv_pw and so on. */
#ifndef MODELS_MOBILE_BLOCKS_H
#define MODELS_MOBILE_BLOCKS_H

#include "models/model.h"

enum block_kind {
    BLOCK_CONV,      /* convolution + norm + activation */
    BLOCK_SEPARABLE, /* depthwise, then 1x1 (MobileNet V1) */
    BLOCK_INVERTED,  /* 1x1 up, depthwise, 1x1 down (MobileNet V2) */
    BLOCK_FUSED      /* kxk up, 1x1 down (EfficientNet V2) */
};

struct block_row {
    enum block_kind kind;
    int stage, repeats, kernel, stride;
    double expand;
    int out;
    bool squeeze; /* squeeze and excitation with a quarter of the channels */
    bool relu;    /* relu instead of the network's activation */
    bool skip;    /* BLOCK_CONV only: residual around it where shapes allow */
};

struct mobile_net {
    const struct block_row *rows; /* ends with repeats 0 */
    int stem, head;
    double width, depth; /* multipliers; 0: 1 */
    enum activation activation, gate;
    enum activation squeeze_activation;
    bool squeeze_of_expanded; /* the quarter is of the expanded channels, in multiples of 8 */
    bool head_after_pool;     /* MobileNet V3: the head is a 1x1 convolution after pooling */
    bool fixed_stem_head;     /* the width multiplier spares stem and head */
};

/* A model's build function; config is a struct mobile_net. */
struct value *mobile_net_build(struct graph *g, struct value *image,
                               const struct model_options *options, const void *config);

/* The multiple of 8 nearest to channels, at least 0.9 of it (MobileNet V2's rule). */
int round_channels(double channel_count);

#endif
