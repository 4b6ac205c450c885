/* reals.h - an array of numbers of any type, read as doubles.
 *
 * For sparse work, such as what is done per object, where the exact reference and the fast device
 * share one piece of code and loading costs nothing against the rest. */
#ifndef NN_REALS_H
#define NN_REALS_H

#include <stdint.h>

enum reals_type { REALS_F64, REALS_F32, REALS_I32 };

struct reals {
    const void *at;
    enum reals_type type;
};

static inline double reals_get(struct reals reals, int64_t index)
{
    return reals.type == REALS_F32   ? (double)((const float *)reals.at)[index]
           : reals.type == REALS_F64 ? ((const double *)reals.at)[index]
                                     : (double)((const int32_t *)reals.at)[index];
}

/* The array from element `index` on. */
static inline struct reals reals_from(struct reals reals, int64_t index)
{
    static const int bytes[] = { 8, 4, 4 };

    return (struct reals){ (const char *)reals.at + index * bytes[reals.type], reals.type };
}

static inline void reals_set(struct reals reals, int64_t index, double value)
{
    if (reals.type == REALS_F32)
        ((float *)reals.at)[index] = (float)value;
    else if (reals.type == REALS_F64)
        ((double *)reals.at)[index] = value;
    else
        ((int32_t *)reals.at)[index] = (int32_t)value;
}

#endif
