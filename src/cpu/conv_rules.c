/* conv_rules.c - see conv_rules.h. */

#include "cpu/conv_rules.h"

#include <stddef.h>

static const struct rule {
    int directions, least_in, least_out;
    int64_t most_pixels;
    bool winograd;
} rules[] = {
#define RULE(directions, least_in, least_out, most_pixels, winograd) \
    { directions, least_in, least_out, most_pixels, winograd },
#include "cpu/conv_rules.def"
#undef RULE
};

bool conv_rule_winograd(const struct conv_shape *shape)
{
    if (shape->kernel != 3 || shape->stride != 1 || shape->groups != 1)
        return false;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        if (rules[i].directions >> shape->direction & 1 && shape->in >= rules[i].least_in &&
            shape->out >= rules[i].least_out && shape->pixels <= rules[i].most_pixels)
            return rules[i].winograd;
    return false;
}
