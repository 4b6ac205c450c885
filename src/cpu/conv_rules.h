/* conv_rules.h - which algorithm a convolution uses: a pure function of its shape.
 *
 * The choice decides the bits of the result, so training never times: conv_rules.def is the table
 * that measuring has led to, and conv_tune.h measures again. */
#ifndef CPU_CONV_RULES_H
#define CPU_CONV_RULES_H

#include "cpu/onednn.h"

struct conv_case {
    enum onednn_direction direction;
    enum onednn_isa isa;
    int64_t images, in, out, kernel[2], stride[2], dilation[2], groups;
    int64_t out_size[2];
};

enum conv_algorithm conv_rules_algorithm(const struct conv_case *conv);

#endif
