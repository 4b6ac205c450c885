/* conv_rules.h - which algorithm a convolution uses: a pure function of its shape.
 *
 * The choice decides the bits of the result, so training never times: conv_rules.def is the table
 * that measuring has led to. */
#ifndef CPU_CONV_RULES_H
#define CPU_CONV_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct conv_shape {
    int direction; /* enum onednn_direction */
    int kernel;    /* side; 0: not square */
    int stride, in, out, groups;
    int64_t pixels; /* of the output */
};

/* May oneDNN take Winograd's algorithm?  (It still declines where it cannot.) */
bool conv_rule_winograd(const struct conv_shape *shape);

#endif
