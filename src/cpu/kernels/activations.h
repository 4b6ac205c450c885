/* activations.h - activations and their slopes on vectors.
 *
 * `kind` is a constant wherever these are used: FOR_ACTIVATION turns the kind of a work struct
 * into one, outside of the loops. */
#ifndef CPU_KERNELS_ACTIVATIONS_H
#define CPU_KERNELS_ACTIVATIONS_H

#include "cpu/vector.h"
#include "nn/ops.h"

/* body(kind) with the kind spelled as a constant. */
#define FOR_ACTIVATION(kind, body)                                                      \
    switch (kind) {                                                                     \
    case ACTIVATION_RELU: body(ACTIVATION_RELU); break;                                 \
    case ACTIVATION_RELU6: body(ACTIVATION_RELU6); break;                               \
    case ACTIVATION_SILU: body(ACTIVATION_SILU); break;                                 \
    case ACTIVATION_GELU: body(ACTIVATION_GELU); break;                                 \
    case ACTIVATION_HARD_SWISH: body(ACTIVATION_HARD_SWISH); break;                     \
    case ACTIVATION_HARD_SIGMOID: body(ACTIVATION_HARD_SIGMOID); break;                 \
    case ACTIVATION_SIGMOID: body(ACTIVATION_SIGMOID); break;                           \
    case ACTIVATION_TANH: body(ACTIVATION_TANH); break;                                 \
    default: body(ACTIVATION_NONE); break;                                              \
    }

/* Is act(0) something else than 0?  Then padded lanes have to be cleared. */
INLINE bool activation_lifts_zero(int kind)
{
    return kind == ACTIVATION_SIGMOID || kind == ACTIVATION_HARD_SIGMOID;
}

INLINE vector clamp_unit(vector z) /* hard_sigmoid */
{
    vector shifted = vector_max(vector_zero(), z + 3.0f);

    return vector_min(vector_set(6.0f), shifted) * (1.0f / 6.0f);
}

INLINE vector activation_of(int kind, vector z)
{
    vector density;

    switch (kind) {
    case ACTIVATION_RELU:
        return vector_max(vector_zero(), z);
    case ACTIVATION_RELU6:
        return vector_min(vector_set(6.0f), vector_max(vector_zero(), z));
    case ACTIVATION_SILU:
        return z * vector_sigmoid(z);
    case ACTIVATION_GELU:
        return z * vector_normal_cdf(z, &density);
    case ACTIVATION_HARD_SWISH:
        return z * clamp_unit(z);
    case ACTIVATION_HARD_SIGMOID:
        return clamp_unit(z);
    case ACTIVATION_SIGMOID:
        return vector_sigmoid(z);
    case ACTIVATION_TANH:
        return vector_tanh(z);
    default:
        return z;
    }
}

/* a where low < z < high, else 0. */
INLINE vector keep_between(float low, float high, vector z, vector a)
{
    a = vector_keep(vector_greater(z, vector_set(low)), a);
    return vector_keep(vector_greater(vector_set(high), z), a);
}

/* dy times the derivative at z. */
INLINE vector activation_slope(int kind, vector z, vector dy)
{
    vector one = vector_set(1.0f), s, cdf, density;

    switch (kind) {
    case ACTIVATION_RELU:
        return vector_keep(vector_greater(z, vector_zero()), dy);
    case ACTIVATION_RELU6:
        return keep_between(0, 6, z, dy);
    case ACTIVATION_SILU:
        s = vector_sigmoid(z);
        return dy * s * (one + z * (one - s));
    case ACTIVATION_GELU:
        cdf = vector_normal_cdf(z, &density);
        return dy * (cdf + z * density);
    case ACTIVATION_HARD_SWISH:
        s = vector_select(vector_greater(vector_set(3.0f), z), (z + 1.5f) * (1.0f / 3.0f), one);
        return dy * vector_keep(vector_greater(z, vector_set(-3.0f)), s);
    case ACTIVATION_HARD_SIGMOID:
        return keep_between(-3, 3, z, dy * (1.0f / 6.0f));
    case ACTIVATION_SIGMOID:
        s = vector_sigmoid(z);
        return dy * (s - s * s);
    case ACTIVATION_TANH:
        s = vector_tanh(z);
        return dy * (one - s * s);
    default:
        return dy;
    }
}

#endif
