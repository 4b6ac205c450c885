/* convert.c - see convert.h. */

#include "train/convert.h"

#include <string.h>

static float from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, bits = half & 1023;
    union {
        uint32_t u;
        float f;
    } value;

    if (exponent == 31)
        value.u = sign | 0x7f800000 | bits << 13;
    else if (exponent)
        value.u = sign | (exponent + 112) << 23 | bits << 13;
    else {
        value.f = (float)bits / 16777216.0f; /* subnormal: bits * 2^-24 */
        value.u |= sign;
    }
    return value.f;
}

static float from_bfloat(uint16_t bits)
{
    union {
        uint32_t u;
        float f;
    } value = { (uint32_t)bits << 16 };

    return value.f;
}

/* Data in a file may be unaligned: copy element by element. */
#define CONVERT(type_name, c_type, expression)                 \
    case type_name:                                            \
        for (int64_t i = 0; i < count; i++) {                  \
            c_type v;                                          \
            memcpy(&v, at + (size_t)i * sizeof(v), sizeof(v)); \
            values[i] = (expression);                          \
        }                                                      \
        break;

void tensor_to_float(const struct safetensors_tensor *tensor, float *values, int64_t count)
{
    const char *at = tensor->data;

    switch (tensor->type) {
        CONVERT(SAFETENSORS_F64, double, (float)v)
        CONVERT(SAFETENSORS_F32, float, v)
        CONVERT(SAFETENSORS_F16, uint16_t, from_half(v))
        CONVERT(SAFETENSORS_BF16, uint16_t, from_bfloat(v))
        CONVERT(SAFETENSORS_I64, int64_t, (float)v)
        CONVERT(SAFETENSORS_I32, int32_t, (float)v)
        CONVERT(SAFETENSORS_I16, int16_t, (float)v)
        CONVERT(SAFETENSORS_I8, int8_t, (float)v)
        CONVERT(SAFETENSORS_U8, uint8_t, (float)v)
        CONVERT(SAFETENSORS_BOOL, uint8_t, v ? 1.0f : 0.0f)
    }
}
