/* vector.h - a vector of KERNEL_LANES floats and what can be done with it.
 *
 * Only for src/cpu/kernels/, whose files are compiled once per instruction set.  `vector` is a GCC
 * vector type, so + - * / work on it and a * b + c becomes one instruction where there is one.
 * What GCC's operators cannot say is below, in three versions.  Function values are good to about
 * 3e-7 of themselves; NaN goes in and comes out.
 */
#ifndef CPU_VECTOR_H
#define CPU_VECTOR_H

#include <stdint.h>
#include <string.h>

#define LANES KERNEL_LANES
#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef int32_t vector_int __attribute__((vector_size(4 * LANES)));

/* What a comparison gives: one bit, or all bits, of each lane where it held. */
#if defined(__AVX512F__)
#include <immintrin.h>
typedef __mmask16 vector_mask;
#else
#if defined(__AVX2__)
#include <immintrin.h>
#endif
typedef vector_int vector_mask;
#endif

INLINE vector vector_set(float value)
{
    return value - (vector){ 0 };
}

INLINE vector vector_zero(void)
{
    return (vector){ 0 };
}

INLINE vector vector_load(const float *from)
{
    vector v;

    memcpy(&v, from, sizeof(v));
    return v;
}

INLINE void vector_store(float *to, vector v)
{
    memcpy(to, &v, sizeof(v));
}

/* The first `count` lanes (LANES if more); the others are 0 and stay untouched. */
INLINE vector vector_load_first(const float *from, int64_t count)
{
#if defined(__AVX512F__)
    if (count >= LANES)
        return vector_load(from);
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#else
    vector v = { 0 };

    if (count >= LANES)
        return vector_load(from);
    for (int64_t i = 0; i < count; i++)
        v[i] = from[i];
    return v;
#endif
}

INLINE void vector_store_first(float *to, vector v, int64_t count)
{
#if defined(__AVX512F__)
    if (count >= LANES)
        vector_store(to, v);
    else
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), v);
#else
    if (count >= LANES)
        vector_store(to, v);
    else
        for (int64_t i = 0; i < count; i++)
            to[i] = v[i];
#endif
}

/* Past the caches, for results that are too large to be found there by the next step; `to` is
 * aligned to the vector.  End with vector_stream_end(). */
INLINE void vector_stream(float *to, vector v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(to, v);
#elif defined(__AVX2__)
    _mm256_stream_ps(to, v);
#else
    vector_store(to, v);
#endif
}

INLINE void vector_stream_end(void)
{
#if defined(__AVX2__)
    _mm_sfence();
#endif
}

/* The larger, the smaller; the second where either is NaN. */
INLINE vector vector_max(vector a, vector b)
{
#if defined(__AVX512F__)
    return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
    return _mm256_max_ps(a, b);
#else
    vector_int larger = a > b;

    return (vector)((larger & (vector_int)a) | (~larger & (vector_int)b));
#endif
}

INLINE vector vector_min(vector a, vector b)
{
#if defined(__AVX512F__)
    return _mm512_min_ps(a, b);
#elif defined(__AVX2__)
    return _mm256_min_ps(a, b);
#else
    vector_int smaller = a < b;

    return (vector)((smaller & (vector_int)a) | (~smaller & (vector_int)b));
#endif
}

INLINE vector_mask vector_greater(vector a, vector b)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
#else
    return a > b;
#endif
}

INLINE vector_mask vector_equal_int(vector_int a, int32_t b)
{
#if defined(__AVX512F__)
    return _mm512_cmpeq_epi32_mask((__m512i)a, _mm512_set1_epi32(b));
#else
    return a == b;
#endif
}

INLINE vector vector_select(vector_mask mask, vector a, vector b)
{
#if defined(__AVX512F__)
    return _mm512_mask_mov_ps(b, mask, a);
#elif defined(__AVX2__)
    return _mm256_blendv_ps(b, a, (vector)mask);
#else
    return (vector)((mask & (vector_int)a) | (~mask & (vector_int)b));
#endif
}

/* a, or 0 where the mask is off. */
INLINE vector vector_keep(vector_mask mask, vector a)
{
#if defined(__AVX512F__)
    return _mm512_maskz_mov_ps(mask, a);
#else
    return (vector)(mask & (vector_int)a);
#endif
}

/* The first `count` lanes on. */
INLINE vector_mask vector_first(int64_t count)
{
#if defined(__AVX512F__)
    return count >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << count) - 1);
#else
    vector_mask mask = { 0 };

    for (int64_t i = 0; i < LANES && i < count; i++)
        mask[i] = -1;
    return mask;
#endif
}

INLINE vector vector_abs(vector a)
{
    return (vector)((vector_int)a & 0x7fffffff);
}

/* To the nearest whole number, |a| < 2^22. */
INLINE vector vector_round(vector a)
{
#if defined(__AVX512F__)
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    vector shift = vector_set(12582912.0f); /* 1.5 * 2^23: the fraction falls off the end */
    vector shifted = a + shift;

    __asm__("" : "+m"(shifted)); /* not to be simplified to a */
    return shifted - shift;
#endif
}

/* a 2^n for whole n in [-126, 127]. */
INLINE vector vector_scale(vector a, vector n)
{
#if defined(__AVX512F__)
    return _mm512_scalef_ps(a, n);
#else
    return a * (vector)((__builtin_convertvector(n, vector_int) + 127) << 23);
#endif
}

INLINE vector vector_sqrt(vector a)
{
#if defined(__AVX512F__)
    return _mm512_sqrt_ps(a);
#elif defined(__AVX2__)
    return _mm256_sqrt_ps(a);
#else
    for (int i = 0; i < LANES; i++)
        a[i] = __builtin_sqrtf(a[i]);
    return a;
#endif
}

/* 1 / a for positive a below 2^127, where division is slow by an estimate and a Newton step. */
INLINE vector vector_reciprocal(vector a)
{
#if defined(__AVX512F__)
    vector guess = _mm512_rcp14_ps(a);

    return guess * (2.0f - a * guess);
#else
    return 1.0f / a;
#endif
}

/* Over the lanes, in pairs: always in the same order. */
INLINE float vector_sum(vector v)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            v[i] += v[i + half];
    return v[0];
}

INLINE float vector_largest(vector v)
{
    float largest = v[0];

    for (int i = 1; i < LANES; i++)
        largest = v[i] > largest ? v[i] : largest;
    return largest;
}

/* --- functions: coefficients are Chebyshev fits made for these intervals --------------------- */

/* e^x; below -87 it stays at e^-87, above 88 at e^88. */
INLINE vector vector_exp(vector x)
{
    vector n, r, p;

    x = vector_min(vector_set(88.0f), vector_max(vector_set(-87.0f), x));
    n = vector_round(x * 1.44269504089f);
    r = x - n * 0.693359375f; /* log 2 in two parts, the first of them short */
    r = r + n * 2.12194440e-4f;
    p = vector_set(0.001392621347f);
    p = p * r + 0.008363202972f;
    p = p * r + 0.04166655444f;
    p = p * r + 0.1666657685f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    return vector_scale(p, n);
}

/* log(1 + u) for u in [0, 1], small ones too. */
INLINE vector vector_log1p_unit(vector u)
{
    vector p = vector_set(0.005126102144f);

    p = p * u - 0.02907406469f;
    p = p * u + 0.07751608676f;
    p = p * u - 0.1360224762f;
    p = p * u + 0.1907688074f;
    p = p * u - 0.2483539899f;
    p = p * u + 0.3331812171f;
    p = p * u - 0.4999944498f;
    return u * (p * u + 0.9999999659f);
}

/* log(1 + e^x) */
INLINE vector vector_softplus(vector x)
{
    return vector_max(x, vector_zero()) + vector_log1p_unit(vector_exp(-vector_abs(x)));
}

INLINE vector vector_sigmoid(vector x)
{
    return vector_reciprocal(1.0f + vector_exp(-x));
}

INLINE vector vector_tanh(vector x)
{
    vector square = x * x;
    vector p = vector_set(0.0154687513f), large;

    p = p * square - 0.05209665341f;
    p = p * square + 0.1331006443f;
    p = p * square - 0.3333230204f;
    p = p * square + 0.999999926f;
    large = 1.0f - 2.0f * vector_reciprocal(1.0f + vector_exp(x + x));
    return vector_select(vector_greater(vector_set(0.6f), vector_abs(x)), p * x, large);
}

/* The probability that a standard normal variable is below x, and *density, its derivative.  The
 * tail is density times a smooth function of |x| (Mills' ratio), fitted in 1 / (1 + 0.3 |x|). */
INLINE vector vector_normal_cdf(vector x, vector *density)
{
    vector t = vector_reciprocal(1.0f + 0.3f * vector_min(vector_set(13.0f), vector_abs(x)));
    vector decay = vector_exp(x * x * -0.5f), p = vector_set(0.03767065597f), tail;

    p = p * t - 0.1654667333f;
    p = p * t + 0.2204895109f;
    p = p * t - 0.06658454113f;
    p = p * t + 0.1353183738f;
    p = p * t + 0.09789039255f;
    p = p * t + 0.121073595f;
    p = p * t + 0.1196087799f;
    tail = p * t * decay;
    *density = decay * 0.398942280401f;
    return vector_select(vector_greater(x, vector_zero()), 1.0f - tail, tail);
}

#endif
