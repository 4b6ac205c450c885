/* vector_depthwise.c - depthwise convolution, forward; see depthwise.h.
 *
 * Each output row is the sum over `kernel` rows of the ring.  A tile of its pixels stays in
 * registers meanwhile, and every loaded pixel is used for all taps that meet it. */

#include "cpu/kernels/depthwise.h"
#include "cpu/kernels/moments.h"

void KERNEL(depthwise_pack)(const void *work, int64_t begin, int64_t end)
{
    const struct depthwise_work *w = work;
    int64_t taps = (int64_t)w->kernel * w->kernel;

    for (int64_t block = begin; block < end; block++)
        for (int64_t i = 0; i < LANES; i++) {
            int64_t c = block * LANES + i;
            float *packed = w->packed + block * taps * LANES + i;

            for (int64_t tap = 0; tap < taps; tap++)
                packed[tap * LANES] = c < w->channels ? w->weight[c * taps + tap] : 0;
        }
}

/* --- rows ------------------------------------------------------------------------------------ */

typedef void fill_fn(const struct before *before, const float *x, float *row, int64_t count);

#define FILL(kind)                                                                             \
    static void fill_##kind(const struct before *before, const float *x, float *row,           \
                            int64_t count)                                                     \
    {                                                                                          \
        struct before b = *before;                                                             \
                                                                                               \
        for (int64_t i = 0; i < count * LANES; i += LANES) {                                   \
            vector z = vector_load(x + i) * b.scale + b.shift;                                 \
                                                                                               \
            vector_store(row + i, activation_of(ACTIVATION_##kind, z));                        \
        }                                                                                      \
    }
FILL(NONE) FILL(RELU) FILL(RELU6) FILL(SILU) FILL(GELU)
FILL(HARD_SWISH) FILL(HARD_SIGMOID) FILL(SIGMOID) FILL(TANH)

static fill_fn *const fills[] = {
    [ACTIVATION_NONE] = fill_NONE,
    [ACTIVATION_RELU] = fill_RELU,
    [ACTIVATION_RELU6] = fill_RELU6,
    [ACTIVATION_SILU] = fill_SILU,
    [ACTIVATION_GELU] = fill_GELU,
    [ACTIVATION_HARD_SWISH] = fill_HARD_SWISH,
    [ACTIVATION_HARD_SIGMOID] = fill_HARD_SIGMOID,
    [ACTIVATION_SIGMOID] = fill_SIGMOID,
    [ACTIVATION_TANH] = fill_TANH,
};

static void fill_plain(const struct before *before, const float *x, float *row, int64_t count)
{
    (void)before;
    copy_vectors(row, x, count);
}

/* `tile` pixels of an output row from `kernel` rows. */
INLINE void convolve_tile(const float *const *rows, int64_t first, const float *weight,
                          vector bias, float *y, const int kernel, const int stride,
                          const int tile)
{
    vector sum[8];

    UNROLL
    for (int t = 0; t < tile; t++)
        sum[t] = bias;
    UNROLL
    for (int i = 0; i < kernel; i++) {
        const float *x = rows[i] + first * stride * LANES;
        vector taps[KERNEL_MAX];

        UNROLL
        for (int j = 0; j < kernel; j++)
            taps[j] = vector_load(weight + (i * kernel + j) * LANES);
        UNROLL
        for (int c = 0; c < (tile - 1) * stride + kernel; c++) {
            vector pixel = vector_load(x + c * LANES);

            UNROLL
            for (int j = 0; j < kernel; j++)
                if (c >= j && (c - j) % stride == 0 && (c - j) / stride < tile)
                    sum[(c - j) / stride] += pixel * taps[j];
        }
    }
    UNROLL
    for (int t = 0; t < tile; t++)
        vector_store(y + (first + t) * LANES, sum[t]);
}

typedef void convolve_fn(const float *const *rows, const float *weight, vector bias, float *y,
                         int64_t count);

/* Tiles of 7 fit the sizes that images of 224 pixels have on their way down. */
#define CONVOLVE(kernel, stride)                                                               \
    static void convolve_##kernel##_##stride(const float *const *rows, const float *weight,    \
                                             vector bias, float *y, int64_t count)             \
    {                                                                                          \
        int64_t i = 0;                                                                         \
                                                                                               \
        for (; i + 7 <= count; i += 7)                                                         \
            convolve_tile(rows, i, weight, bias, y, kernel, stride, 7);                        \
        for (; i + 3 <= count; i += 3)                                                         \
            convolve_tile(rows, i, weight, bias, y, kernel, stride, 3);                        \
        for (; i < count; i++)                                                                 \
            convolve_tile(rows, i, weight, bias, y, kernel, stride, 1);                        \
    }
CONVOLVE(3, 1) CONVOLVE(3, 2) CONVOLVE(5, 1) CONVOLVE(5, 2) CONVOLVE(7, 1) CONVOLVE(7, 2)

static convolve_fn *const convolutions[3][2] = { /* by (kernel - 3) / 2 and stride - 1 */
    { convolve_3_1, convolve_3_2 },
    { convolve_5_1, convolve_5_2 },
    { convolve_7_1, convolve_7_2 },
};

/* --- planes ---------------------------------------------------------------------------------- */

/* A strip of columns: outputs [first, first + count). */
struct strip {
    const struct depthwise_work *w;
    const struct before *before;
    const float *x;
    int64_t first, count;
};

/* Bring row r of the padded image into the ring. */
static void fill_row(const struct strip *strip, int64_t r, float *row)
{
    const struct depthwise_work *w = strip->w;
    int64_t length = (strip->count - 1) * w->stride + w->kernel;
    int64_t y = r - w->pad[0], x = strip->first * w->stride - w->pad[1];
    int64_t left = smaller(larger(-x, 0), length);
    int64_t inside = larger(smaller(w->width - (x + left), length - left), 0);

    if (y < 0 || y >= w->height)
        left = length, inside = 0;
    if (inside)
        prefetch_row(strip->x + ((y + 1) * w->width + x + left) * LANES, inside);
    clear_vectors(row, left);
    if (inside)
        (w->normalize ? fills[w->activation] : fill_plain)(
            strip->before, strip->x + (y * w->width + x + left) * LANES, row + left * LANES,
            inside);
    clear_vectors(row + (left + inside) * LANES, length - left - inside);
}

#define MOMENTS_AT_LEAST 64 /* vectors, for which the merging does not count */

static void forward_strip(const struct strip *strip, const float *weight, vector bias, float *y,
                          struct moments *moments)
{
    const struct depthwise_work *w = strip->w;
    convolve_fn *convolve = convolutions[(w->kernel - 3) / 2][w->stride - 1];
    float ring[KERNEL_MAX][ROW_VECTORS * LANES] __attribute__((aligned(64)));
    bool whole = strip->count == w->out_width;
    int64_t next = 0, summed = 0; /* rows that are in the ring, and in the moments */

    for (int64_t o = 0; o < w->out_height; o++) {
        const float *rows[KERNEL_MAX];
        float *out = y + (o * w->out_width + strip->first) * LANES;

        for (next = larger(next, o * w->stride); next < o * w->stride + w->kernel; next++)
            fill_row(strip, next, ring[next % w->kernel]);
        for (int i = 0; i < w->kernel; i++)
            rows[i] = ring[(o * w->stride + i) % w->kernel];
        convolve(rows, weight, bias, out, strip->count);
        if (moments && !whole) {
            moments_add(moments, out, strip->count);
        } else if (moments && ((o + 1 - summed) * strip->count >= MOMENTS_AT_LEAST ||
                               o + 1 == w->out_height)) {
            moments_add(moments, y + summed * strip->count * LANES,
                        (o + 1 - summed) * strip->count);
            summed = o + 1;
        }
    }
}

void KERNEL(depthwise_forward)(const void *work, int64_t begin, int64_t end)
{
    const struct depthwise_work *w = work;
    int64_t taps = (int64_t)w->kernel * w->kernel;
    int64_t longest = (ROW_VECTORS - w->kernel) / w->stride + 1;
    int64_t in_floats = w->height * w->width * LANES;
    int64_t out_floats = w->out_height * w->out_width * LANES;

    for (int64_t plane = begin; plane < end; plane++) {
        int64_t block = plane % w->blocks;
        struct before before = before_of(w, block);
        struct strip strip = { .w = w, .before = &before, .x = w->x + plane * in_floats };
        struct moments moments = MOMENTS_INIT;
        vector bias = vector_zero();

        if (w->bias)
            bias = vector_load_first(w->bias + block * LANES, w->channels - block * LANES);
        for (strip.first = 0; strip.first < w->out_width; strip.first += strip.count) {
            strip.count = smaller(longest, w->out_width - strip.first);
            forward_strip(&strip, w->packed + block * taps * LANES, bias, w->y + plane * out_floats,
                          w->moments ? &moments : NULL);
        }
        if (w->moments)
            moments_store(&moments, w->moments + plane * 2 * LANES);
    }
}
