/* convert_test.c - stored tensors of every type as float, against the definition of the type. */

#include "test.h"
#include "train/convert.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATTERNS 65536

/* Data in a file begins anywhere: each check starts at an odd address. */
static void convert(enum safetensors_type type, const void *data, int64_t count, float *values)
{
    size_t bytes = (size_t)count * safetensors_type_size(type);
    char *odd = malloc(bytes + 1);
    struct safetensors_tensor tensor = { .name = "x", .type = type, .rank = 1, .shape = { count },
                                         .data = odd + 1, .size_bytes = bytes };

    CHECK(odd);
    if (bytes)
        memcpy(odd + 1, data, bytes);
    tensor_to_float(&tensor, values, count);
    free(odd);
}

/* IEEE 754: sign, exponent, fraction; the smallest exponent has no hidden one, the largest is
 * infinity or no number. */
static double by_definition(unsigned bits, int exponent_bits, int fraction_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1, last = 2 * bias + 1;
    int exponent = (int)(bits >> fraction_bits) & last;
    double fraction = ldexp(bits & ((1u << fraction_bits) - 1), -fraction_bits);
    double sign = bits >> (exponent_bits + fraction_bits) ? -1 : 1;

    if (exponent == last)
        return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1 + fraction, exponent - bias) : ldexp(fraction, 1 - bias));
}

static void check_all_patterns(enum safetensors_type type, int exponent_bits, int fraction_bits)
{
    uint16_t *patterns = malloc(PATTERNS * sizeof(*patterns));
    float *values = malloc(PATTERNS * sizeof(*values));

    CHECK(patterns && values);
    for (unsigned i = 0; i < PATTERNS; i++)
        patterns[i] = (uint16_t)i;
    convert(type, patterns, PATTERNS, values);
    for (unsigned i = 0; i < PATTERNS; i++) {
        double wanted = by_definition(i, exponent_bits, fraction_bits);

        if (isnan(wanted) ? !isnan(values[i])
                          : values[i] != wanted || !signbit(values[i]) != !signbit(wanted))
            test_fail(__FILE__, __LINE__, "%s %04x is %.9g, not %.9g", safetensors_type_name(type),
                      i, values[i], wanted);
    }
    free(patterns);
    free(values);
}

TEST(every_half_and_bfloat_is_exact)
{
    check_all_patterns(SAFETENSORS_F16, 5, 10);
    check_all_patterns(SAFETENSORS_BF16, 8, 7);
}

TEST(floats_keep_their_bits_and_doubles_are_rounded)
{
    static const float floats[] = { 0, -0.0f, 1.5f, 1e-45f, -3.4e38f, INFINITY };
    static const double doubles[] = { 0.1, -1.0 / 3, 1e-46, 1e39, 16777217, 16777219 };
    static const float rounded[] = { 0.1f, -1.0f / 3, 0, INFINITY, 16777216, 16777220 };
    float values[6];

    convert(SAFETENSORS_F32, floats, 6, values);
    CHECK(!memcmp(values, floats, sizeof(floats)));
    convert(SAFETENSORS_F64, doubles, 6, values);
    for (int i = 0; i < 6; i++)
        if (values[i] != rounded[i])
            test_fail(__FILE__, __LINE__, "%.17g became %.9g", doubles[i], values[i]);
}

TEST(whole_numbers_keep_sign_and_size)
{
    static const int64_t wide[] = { INT64_MIN, -1, 0, 16777217, INT64_MAX };
    static const int32_t words[] = { INT32_MIN, -1, 0, 7, INT32_MAX };
    static const int16_t shorts[] = { INT16_MIN, -1, 0, 7, INT16_MAX };
    static const int8_t bytes[] = { INT8_MIN, -1, 0, 7, INT8_MAX };
    static const uint8_t unsigned_bytes[] = { 0, 1, 127, 128, 255 };
    static const uint8_t flags[] = { 0, 1, 2, 255, 0 };
    static const struct {
        enum safetensors_type type;
        const void *data;
        float wanted[5];
    } cases[] = {
        { SAFETENSORS_I64, wide, { -0x1p63f, -1, 0, 16777216, 0x1p63f } },
        { SAFETENSORS_I32, words, { -0x1p31f, -1, 0, 7, 0x1p31f } },
        { SAFETENSORS_I16, shorts, { -32768, -1, 0, 7, 32767 } },
        { SAFETENSORS_I8, bytes, { -128, -1, 0, 7, 127 } },
        { SAFETENSORS_U8, unsigned_bytes, { 0, 1, 127, 128, 255 } },
        { SAFETENSORS_BOOL, flags, { 0, 1, 1, 1, 0 } },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        float values[5];

        convert(cases[i].type, cases[i].data, 5, values);
        for (int k = 0; k < 5; k++)
            if (values[k] != cases[i].wanted[k])
                test_fail(__FILE__, __LINE__, "%s: element %d is %.9g, not %.9g",
                          safetensors_type_name(cases[i].type), k, values[k], cases[i].wanted[k]);
    }
}

TEST(a_tensor_without_elements_writes_nothing)
{
    float guard = 7;

    convert(SAFETENSORS_F16, NULL, 0, &guard);
    CHECK(guard == 7);
}
