/* vector_depthwise_grad.c - depthwise convolution, backward; see depthwise.h.
 *
 * For each image row: load it (through the batch norm and activation before), then meet each row
 * of dy that it had a part in.  A pair of pixels gives two products: with the tap, for the
 * gradient of the image; with the image, for the gradient of the tap.
 *
 * Padded column j meets dy's column o in tap j - stride * o.  With j = stride * q + phase these are
 * the taps phase + stride * m, for o = q - m: for each phase a convolution of stride 1. */

#include "cpu/kernels/depthwise.h"

#if LANES == 16
#define TILE 8 /* columns q in registers */
#else
#define TILE 4
#endif

/* Rows of a strip in the first cache.  Index 0 of `image` is column first * stride, of a row of
 * `dy` column first - reach. */
struct scratch {
    float image[ROW_VECTORS * LANES], slope[ROW_VECTORS * LANES], gradient[ROW_VECTORS * LANES];
    float dy[KERNEL_MAX][ROW_VECTORS * LANES];
} __attribute__((aligned(64)));

/* A strip of columns q: [first, first + count), count a multiple of TILE. */
struct strip {
    const struct depthwise_work *w;
    const float *x, *dy, *weight;
    struct before before;
    float *dx;
    int64_t first, count;
    int64_t reach; /* rows and columns of dy before its own that an image pixel meets */
    vector sum, product;                     /* of dx; of dx and x - mean */
    vector taps[KERNEL_MAX * KERNEL_MAX + 1]; /* gradients of the weight and the bias */
};

/* --- one row of the image with one row of dy ------------------------------------------------- */

/* `kernel` taps of weight and their gradients; which of image, gradient and taps is wanted. */
INLINE void meet(const float *image, const float *dy, const float *weight, float *gradient,
                 vector *taps, int64_t count, const int kernel, const int stride)
{
    const int reach = (kernel - 1) / stride;
    vector sum[KERNEL_MAX], tap[KERNEL_MAX];

    UNROLL
    for (int j = 0; j < kernel; j++) {
        sum[j] = taps[j];
        tap[j] = vector_load(weight + j * LANES);
    }
    for (int64_t q = 0; q < count; q += TILE) {
        UNROLL
        for (int phase = 0; phase < stride; phase++) {
            vector x[TILE], g[TILE];

            UNROLL
            for (int t = 0; t < TILE; t++) {
                x[t] = vector_load(image + ((q + t) * stride + phase) * LANES);
                g[t] = vector_load(gradient + ((q + t) * stride + phase) * LANES);
            }
            UNROLL
            for (int o = 0; o < TILE + reach; o++) { /* column q + o - reach */
                vector d = vector_load(dy + (q + o) * LANES);

                UNROLL
                for (int m = 0; m <= reach; m++) {
                    const int t = o - reach + m, j = phase + stride * m;

                    if (t >= 0 && t < TILE && j < kernel) {
                        g[t] += d * tap[j];
                        sum[j] += d * x[t];
                    }
                }
            }
            UNROLL
            for (int t = 0; t < TILE; t++)
                vector_store(gradient + ((q + t) * stride + phase) * LANES, g[t]);
        }
    }
    UNROLL
    for (int j = 0; j < kernel; j++)
        taps[j] = sum[j];
}

typedef void meet_fn(const float *image, const float *dy, const float *weight, float *gradient,
                     vector *taps, int64_t count);

#define MEET(kernel, stride)                                                                  \
    static void meet_##kernel##_##stride(const float *image, const float *dy,                 \
                                         const float *weight, float *gradient, vector *taps,  \
                                         int64_t count)                                       \
    {                                                                                         \
        meet(image, dy, weight, gradient, taps, count, kernel, stride);                       \
    }
MEET(3, 1) MEET(3, 2) MEET(5, 1) MEET(5, 2) MEET(7, 1) MEET(7, 2)

static meet_fn *const meetings[3][2] = { /* by (kernel - 3) / 2 and stride - 1 */
    { meet_3_1, meet_3_2 },
    { meet_5_1, meet_5_2 },
    { meet_7_1, meet_7_2 },
};

/* --- what comes before the convolution ------------------------------------------------------- */

typedef void open_fn(const struct before *before, const float *x, float *image, float *slope,
                     int64_t count);

#define OPEN(kind)                                                                            \
    static void open_##kind(const struct before *before, const float *x, float *image,        \
                            float *slope, int64_t count)                                      \
    {                                                                                         \
        struct before b = *before;                                                            \
                                                                                              \
        for (int64_t i = 0; i < count * LANES; i += LANES) {                                  \
            vector z = vector_load(x + i) * b.scale + b.shift;                                \
                                                                                              \
            vector_store(image + i, activation_of(ACTIVATION_##kind, z));                     \
            vector_store(slope + i, activation_slope(ACTIVATION_##kind, z, vector_set(1)));   \
        }                                                                                     \
    }
OPEN(NONE) OPEN(RELU) OPEN(RELU6) OPEN(SILU) OPEN(GELU)
OPEN(HARD_SWISH) OPEN(HARD_SIGMOID) OPEN(SIGMOID) OPEN(TANH)

static open_fn *const opens[] = {
    [ACTIVATION_NONE] = open_NONE,
    [ACTIVATION_RELU] = open_RELU,
    [ACTIVATION_RELU6] = open_RELU6,
    [ACTIVATION_SILU] = open_SILU,
    [ACTIVATION_GELU] = open_GELU,
    [ACTIVATION_HARD_SWISH] = open_HARD_SWISH,
    [ACTIVATION_HARD_SIGMOID] = open_HARD_SIGMOID,
    [ACTIVATION_SIGMOID] = open_SIGMOID,
    [ACTIVATION_TANH] = open_TANH,
};

/* Gradient of the row before the activation, and its sums. */
static void close_row(struct strip *strip, const struct scratch *s, int64_t skip, const float *x,
                      float *dx, int64_t count)
{
    vector mean = strip->before.mean, sum = strip->sum, product = strip->product;
    const float *gradient = s->gradient + skip * LANES, *slope = s->slope + skip * LANES;
    bool stream = strip->w->stream;

    for (int64_t i = 0; i < count * LANES; i += LANES) {
        vector d = vector_load(gradient + i) * vector_load(slope + i);

        sum += d;
        product += d * (vector_load(x + i) - mean);
        if (stream)
            vector_stream(dx + i, d);
        else
            vector_store(dx + i, d);
    }
    strip->sum = sum;
    strip->product = product;
}

/* --- planes ---------------------------------------------------------------------------------- */

/* Bring row o of dy into the ring, with zeros around it. */
static void fetch_dy(struct strip *strip, int64_t o, float *row)
{
    const struct depthwise_work *w = strip->w;
    int64_t length = strip->count + strip->reach, x = strip->first - strip->reach;
    int64_t left = smaller(larger(-x, 0), length);
    int64_t inside = larger(smaller(w->out_width - (x + left), length - left), 0);
    const float *from = strip->dy + (o * w->out_width + x + left) * LANES;

    prefetch_row(from + w->out_width * LANES, inside);
    clear_vectors(row, left);
    copy_vectors(row + left * LANES, from, inside);
    clear_vectors(row + (left + inside) * LANES, length - left - inside);
}

static void backward_row(struct strip *strip, struct scratch *s, int64_t r)
{
    const struct depthwise_work *w = strip->w;
    meet_fn *meet_rows = meetings[(w->kernel - 3) / 2][w->stride - 1];
    int64_t length = strip->count * w->stride, x = strip->first * w->stride - w->pad[1];
    int64_t left = smaller(larger(-x, 0), length);
    int64_t inside = larger(smaller(w->width - (x + left), length - left), 0);
    int64_t offset = ((r - w->pad[0]) * w->width + x + left) * LANES;

    if (strip->x)
        prefetch_row(strip->x + offset + w->width * LANES, inside);
    if (strip->dx && !w->stream)
        prefetch_row_to_write(strip->dx + offset + w->width * LANES, inside);
    clear_vectors(s->gradient, length);
    clear_vectors(s->image, left);
    clear_vectors(s->image + (left + inside) * LANES, length - left - inside);
    if (w->normalize)
        opens[w->activation](&strip->before, strip->x + offset, s->image + left * LANES,
                             s->slope + left * LANES, inside);
    else if (strip->x)
        copy_vectors(s->image + left * LANES, strip->x + offset, inside);
    for (int64_t i = r % w->stride; i < w->kernel; i += w->stride) {
        int64_t o = (r - i) / w->stride;

        if (r >= i && o < w->out_height)
            meet_rows(s->image, s->dy[o % (strip->reach + 1)],
                      strip->weight + i * w->kernel * LANES, s->gradient,
                      strip->taps + i * w->kernel, strip->count);
    }
    if (w->normalize)
        close_row(strip, s, left, strip->x + offset, strip->dx + offset, inside);
    else if (strip->dx)
        copy_vectors(strip->dx + offset, s->gradient + left * LANES, inside);
}

static void backward_strip(struct strip *strip, struct scratch *s)
{
    const struct depthwise_work *w = strip->w;
    int64_t next = 0; /* row of dy */

    for (int64_t r = w->pad[0]; r < w->pad[0] + w->height; r++) {
        for (; next < w->out_height && next * w->stride <= r; next++)
            fetch_dy(strip, next, s->dy[next % (strip->reach + 1)]);
        backward_row(strip, s, r);
    }
}

static void sum_bias(struct strip *strip)
{
    const struct depthwise_work *w = strip->w;
    vector sum = vector_zero();

    for (int64_t i = 0; i < w->out_height * w->out_width; i++)
        sum += vector_load(strip->dy + i * LANES);
    strip->taps[w->kernel * w->kernel] = sum;
}

static void backward_plane(struct strip *strip, struct scratch *s, int64_t plane)
{
    const struct depthwise_work *w = strip->w;
    int64_t first = w->pad[1] / w->stride;
    int64_t end = (w->pad[1] + w->width - 1) / w->stride + 1;
    int64_t longest = (ROW_VECTORS / w->stride - strip->reach) / TILE * TILE;
    int64_t taps = (int64_t)w->kernel * w->kernel + 1;

    strip->sum = strip->product = vector_zero();
    for (int64_t i = 0; i < taps; i++)
        strip->taps[i] = vector_zero();
    for (strip->first = first; strip->first < end; strip->first += strip->count) {
        strip->count = smaller(longest, (end - strip->first + TILE - 1) / TILE * TILE);
        backward_strip(strip, s);
    }
    if (w->dbias)
        sum_bias(strip);
    for (int64_t i = 0; w->weight_partial && i < taps; i++)
        vector_store(w->weight_partial + (plane * taps + i) * LANES, strip->taps[i]);
    if (w->moments) {
        vector_store(w->moments + plane * 2 * LANES, strip->sum);
        vector_store(w->moments + plane * 2 * LANES + LANES, strip->product * strip->before.istd);
    }
}

void KERNEL(depthwise_backward)(const void *work, int64_t begin, int64_t end)
{
    const struct depthwise_work *w = work;
    int64_t taps = (int64_t)w->kernel * w->kernel;
    int64_t in_floats = w->height * w->width * LANES;
    int64_t out_floats = w->out_height * w->out_width * LANES;
    struct scratch scratch;

    clear_vectors(scratch.image, ROW_VECTORS); /* stays so where there is no image */
    for (int64_t plane = begin; plane < end; plane++) {
        int64_t block = plane % w->blocks;
        struct strip strip = { .w = w,
                               .x = w->x ? w->x + plane * in_floats : NULL,
                               .dy = w->dy + plane * out_floats,
                               .weight = w->packed + block * taps * LANES,
                               .before = before_of(w, block),
                               .dx = w->dx ? w->dx + plane * in_floats : NULL,
                               .reach = (w->kernel - 1) / w->stride };

        backward_plane(&strip, &scratch, plane);
    }
    if (w->stream)
        vector_stream_end();
}

void KERNEL(depthwise_weight_finish)(const void *work, int64_t begin, int64_t end)
{
    const struct depthwise_work *w = work;
    int64_t taps = (int64_t)w->kernel * w->kernel;

    for (int64_t block = begin; block < end; block++)
        for (int64_t tap = 0; tap <= taps; tap++) {
            double sum[LANES] = { 0 };

            for (int64_t image = 0; image < w->images; image++)
                for (int i = 0; i < LANES; i++)
                    sum[i] += w->weight_partial[((image * w->blocks + block) * (taps + 1) + tap) *
                                                    LANES + i];
            for (int64_t i = 0, c = block * LANES; i < LANES && c < w->channels; i++, c++) {
                if (tap < taps)
                    w->dweight[c * taps + tap] = (float)sum[i];
                else if (w->dbias)
                    w->dbias[c] = (float)sum[i];
            }
        }
}
