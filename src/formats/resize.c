/* resize.c - weights, and the two passes. */

#include "formats/resize.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A kernel may read this far from the start of a pixel. */
#define READ_AHEAD_BYTES 16

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/* Keys' cubic with a = -1/2. */
static double bicubic(double x)
{
    x = fabs(x);
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((2.5 - 0.5 * x) * x - 4) * x + 2 : 0;
}

static const struct filter {
    double (*weight)(double x);
    double radius;
} filters[] = {
    [RESIZE_BILINEAR] = { bilinear, 1 },
    [RESIZE_BICUBIC] = { bicubic, 2 },
};

void resizer_release(struct resizer *resizer)
{
    struct resize_axis *axes[] = { &resizer->_horizontal, &resizer->_vertical };

    for (int i = 0; i < 2; i++) {
        free(axes[i]->spans);
        free(axes[i]->weights);
        free(axes[i]->split);
    }
    free(resizer->_rows);
    *resizer = (struct resizer)RESIZER_INIT;
}

/* --- weights ----------------------------------------------------------------------------- */

/* Grows *memory to `count` items, without keeping its content. */
static int reserve(void *memory, size_t *capacity, size_t count, size_t item_bytes,
                   struct error *err)
{
    void **items = memory;

    if (*items && count <= *capacity)
        return 0;
    free(*items);
    *items = calloc(count, item_bytes);
    *capacity = *items ? count : 0;
    if (!*items)
        return FAIL(err, NO_MEMORY, "no memory to resize an image");
    return 0;
}

/* What an axis is made from: outputs cover begin..end, inputs exist from `low` to below `high`. */
struct axis_plan {
    double begin, end;
    int low, high;
    int out_count;
    const struct filter *filter;
    double scale, reach; /* of the filter, in inputs */
};

/* The real weights of one output, adding up to 1. */
static struct resize_span weigh(const struct axis_plan *plan, int position, double *weights)
{
    double stretch = plan->scale > 1 ? plan->scale : 1;
    double center = plan->begin + (position + 0.5) * plan->scale, sum = 0;
    int first = (int)(center - plan->reach + 0.5), last = (int)(center + plan->reach + 0.5);
    struct resize_span span;

    first = first > plan->low ? first : plan->low;
    last = last < plan->high ? last : plan->high;
    span = (struct resize_span){ first, last - first };
    for (int i = 0; i < span.count; i++) {
        weights[i] = plan->filter->weight((first + i - center + 0.5) / stretch);
        sum += weights[i];
    }
    for (int i = 0; i < span.count && sum != 0; i++)
        weights[i] /= sum;
    return span;
}

static int32_t fixed_point(double weight)
{
    double scaled = weight * (1 << RESIZE_BITS);

    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5); /* halves away from zero */
}

/* `split` gets the same in two parts. */
static void round_weights(const double *weights, const struct resize_axis *axis, int position)
{
    int32_t *rounded = axis->weights + (size_t)position * (size_t)axis->taps;
    int16_t *split = axis->split + (size_t)position * (size_t)axis->taps * 2;

    for (int i = 0; i < axis->taps; i++) {
        int at = i / 4 * 8 + i % 4, upper;

        rounded[i] = i < axis->spans[position].count ? fixed_point(weights[i]) : 0;
        upper = (rounded[i] + (1 << (RESIZE_SPLIT_BITS - 1))) >> RESIZE_SPLIT_BITS;
        split[at] = (int16_t)upper;
        split[at + 4] = (int16_t)(rounded[i] - upper * (1 << RESIZE_SPLIT_BITS));
    }
}

static int reserve_axis(struct resize_axis *axis, size_t count, struct error *err)
{
    size_t weights = count * (size_t)axis->taps;

    if (reserve(&axis->spans, &axis->_span_capacity, count, sizeof(*axis->spans), err) ||
        reserve(&axis->weights, &axis->_weight_capacity, weights, sizeof(*axis->weights), err))
        return -1;
    return reserve(&axis->split, &axis->_split_capacity, weights * 2, sizeof(*axis->split), err);
}

static int prepare_axis(struct resize_axis *axis, struct axis_plan *plan, struct error *err)
{
    double *weights;

    plan->scale = (plan->end - plan->begin) / plan->out_count;
    plan->reach = plan->filter->radius * (plan->scale > 1 ? plan->scale : 1);
    axis->taps = ((int)ceil(plan->reach) * 2 + 1 + 3) / 4 * 4;
    if (reserve_axis(axis, (size_t)plan->out_count, err))
        return -1;
    weights = calloc((size_t)axis->taps, sizeof(*weights));
    if (!weights)
        return FAIL(err, NO_MEMORY, "no memory to resize an image");
    for (int i = 0; i < plan->out_count; i++) {
        axis->spans[i] = weigh(plan, i, weights);
        round_weights(weights, axis, i);
    }
    free(weights);
    return 0;
}

/* --- plain kernels ----------------------------------------------------------------------- */

static uint8_t to_byte(int32_t sum)
{
    sum = (sum + (1 << (RESIZE_BITS - 1))) >> RESIZE_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void plain_horizontal(const uint8_t *in, uint8_t *out, int count,
                             const struct resize_axis *axis)
{
    for (int x = 0; x < count; x++) {
        const int32_t *weights = axis->weights + (size_t)x * (size_t)axis->taps;
        const uint8_t *from = in + (size_t)axis->spans[x].first * 3;
        int32_t red = 0, green = 0, blue = 0;

        for (int k = 0; k < axis->spans[x].count; k++, from += 3) {
            red += weights[k] * from[0];
            green += weights[k] * from[1];
            blue += weights[k] * from[2];
        }
        *out++ = to_byte(red);
        *out++ = to_byte(green);
        *out++ = to_byte(blue);
    }
}

static void plain_vertical(const uint8_t *rows, size_t stride, uint8_t *out, size_t size_bytes,
                           const struct resize_axis *axis, int y)
{
    enum { BLOCK = 256 };
    const int32_t *weights = axis->weights + (size_t)y * (size_t)axis->taps;
    int32_t sums[BLOCK];

    for (size_t at = 0; at < size_bytes; at += BLOCK) {
        size_t n = size_bytes - at < BLOCK ? size_bytes - at : BLOCK;

        memset(sums, 0, sizeof(sums));
        for (int k = 0; k < axis->spans[y].count; k++) {
            const uint8_t *row = rows + stride * (size_t)k + at;

            for (size_t i = 0; i < n; i++)
                sums[i] += weights[k] * row[i];
        }
        for (size_t i = 0; i < n; i++)
            out[at + i] = to_byte(sums[i]);
    }
}

static const struct resize_kernels plain_kernels = { "plain", plain_horizontal, plain_vertical };

/* --- AVX2 -------------------------------------------------------------------------------- */

#ifdef __x86_64__
#include <immintrin.h>

/* The multiply-add of 16-bit numbers is the widest there is, so weights come in two parts. */
__attribute__((target("avx2"))) static __m256i join_parts(__m256i upper, __m256i lower)
{
    const __m256i half = _mm256_set1_epi32(1 << (RESIZE_BITS - 1));
    __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(upper, RESIZE_SPLIT_BITS), lower);

    return _mm256_add_epi32(sum, half);
}

/* Four inputs at a time: the low half of the register takes two of them, the high half the other
 * two, each as r r g g b b 0 0 in 16 bits, so that one multiply-add serves both inputs. */
__attribute__((target("avx2"))) static void
avx2_horizontal(const uint8_t *in, uint8_t *out, int count, const struct resize_axis *axis)
{
    const __m256i pairs =
        _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7,
                         -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
    const __m256i upper_halves = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const __m256i lower_halves = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    const __m128i half = _mm_set1_epi32(1 << (RESIZE_BITS - 1));
    const int16_t *split = axis->split;

    for (int x = 0; x < count; x++, split += axis->taps * 2, out += 3) {
        const uint8_t *from = in + (size_t)axis->spans[x].first * 3;
        __m256i upper = _mm256_setzero_si256(), lower = _mm256_setzero_si256(), sum;
        __m128i pixel;
        int32_t packed;

        for (int k = 0; k < axis->spans[x].count; k += 4) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(from + k * 3));
            __m256i weights =
                _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(split + (size_t)k * 2)));
            __m256i samples = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), pairs);
            __m256i high = _mm256_permutevar8x32_epi32(weights, upper_halves);
            __m256i low = _mm256_permutevar8x32_epi32(weights, lower_halves);

            upper = _mm256_add_epi32(upper, _mm256_madd_epi16(samples, high));
            lower = _mm256_add_epi32(lower, _mm256_madd_epi16(samples, low));
        }
        sum = _mm256_add_epi32(_mm256_slli_epi32(upper, RESIZE_SPLIT_BITS), lower);
        pixel = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        pixel = _mm_srai_epi32(_mm_add_epi32(pixel, half), RESIZE_BITS);
        pixel = _mm_packs_epi32(pixel, pixel);
        packed = _mm_cvtsi128_si32(_mm_packus_epi16(pixel, pixel));
        memcpy(out, &packed, 4); /* one byte too many, which the next pixel or the padding takes */
    }
}

/* The k-th pair of weights, upper or lower parts, in every place. */
__attribute__((target("avx2"))) static __m256i weight_pair(const int16_t *split, int k, int part)
{
    int32_t pair;

    memcpy(&pair, split + k / 4 * 8 + k % 4 + part * 4, sizeof(pair));
    return _mm256_set1_epi32(pair);
}

/* Two rows at a time, interleaved, for the same multiply-add. */
__attribute__((target("avx2"))) static void avx2_vertical(const uint8_t *rows, size_t stride,
                                                          uint8_t *out, size_t size_bytes,
                                                          const struct resize_axis *axis, int y)
{
    const int16_t *split = axis->split + (size_t)y * (size_t)axis->taps * 2;
    int count = axis->spans[y].count;
    size_t at = 0;

    for (; at + 16 <= size_bytes; at += 16) {
        __m256i upper[2] = { _mm256_setzero_si256(), _mm256_setzero_si256() };
        __m256i lower[2] = { _mm256_setzero_si256(), _mm256_setzero_si256() }, packed;

        for (int k = 0; k < count; k += 2) {
            const uint8_t *row = rows + stride * (size_t)k + at;
            __m128i a = _mm_loadu_si128((const __m128i *)row);
            __m128i b = k + 1 < count ? _mm_loadu_si128((const __m128i *)(row + stride)) : a;
            __m256i samples[2] = { _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)),
                                   _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)) };
            __m256i high = weight_pair(split, k, 0), low = weight_pair(split, k, 1);

            for (int i = 0; i < 2; i++) {
                upper[i] = _mm256_add_epi32(upper[i], _mm256_madd_epi16(samples[i], high));
                lower[i] = _mm256_add_epi32(lower[i], _mm256_madd_epi16(samples[i], low));
            }
        }
        packed = _mm256_packs_epi32(_mm256_srai_epi32(join_parts(upper[0], lower[0]), RESIZE_BITS),
                                    _mm256_srai_epi32(join_parts(upper[1], lower[1]), RESIZE_BITS));
        packed = _mm256_permute4x64_epi64(packed, 0xd8); /* packing works by halves */
        _mm_storeu_si128(
            (__m128i *)(out + at),
            _mm_packus_epi16(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1)));
    }
    if (at < size_bytes)
        plain_vertical(rows + at, stride, out + at, size_bytes - at, axis, y);
}

static const struct resize_kernels avx2_kernels = { "avx2", avx2_horizontal, avx2_vertical };
#endif

int resize_kernels_list(const struct resize_kernels *list[4])
{
    int count = 0;

    list[count++] = &plain_kernels;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        list[count++] = &avx2_kernels;
#endif
    return count;
}

/* --- the passes -------------------------------------------------------------------------- */

/* Output rows of the horizontal pass are padded for kernels that write four bytes a pixel. */
static size_t padded_stride(int width)
{
    return ((size_t)width * 3 + 4 + 31) / 32 * 32;
}

/* Rows at the end of the image are copied, so that reading ahead stays within our memory. */
static void pass_horizontal(struct resizer *resizer, const struct image *image, int first_row,
                            int row_count, int width)
{
    size_t in_stride = (size_t)image->width * 3, out_stride = padded_stride(width);
    size_t image_bytes = in_stride * (size_t)image->height;
    uint8_t *copy = resizer->_rows + out_stride * (size_t)row_count;

    for (int y = 0; y < row_count; y++) {
        size_t at = in_stride * (size_t)(first_row + y);
        const uint8_t *in = image->pixels + at;

        if (at + in_stride + READ_AHEAD_BYTES > image_bytes)
            in = memcpy(copy, in, in_stride);
        resizer->kernels->horizontal(in, resizer->_rows + out_stride * (size_t)y, width,
                                     &resizer->_horizontal);
    }
}

static void pass_vertical(struct resizer *resizer, int first_row, uint8_t *pixels, int width,
                          int height)
{
    const struct resize_axis *axis = &resizer->_vertical;
    size_t stride = padded_stride(width), row_bytes = (size_t)width * 3;

    for (int y = 0; y < height; y++)
        resizer->kernels->vertical(resizer->_rows +
                                       stride * (size_t)(axis->spans[y].first - first_row),
                                   stride, pixels + (size_t)y * row_bytes, row_bytes, axis, y);
}

static int check_box(const struct image *image, const struct image_box *box, struct error *err)
{
    if (box->left >= 0 && box->top >= 0 && box->left < box->right && box->top < box->bottom &&
        box->right <= image->width && box->bottom <= image->height)
        return 0;
    return FAIL(err, INVALID, "the box %g %g %g %g is not inside the image of %d x %d pixels",
                box->left, box->top, box->right, box->bottom, image->width, image->height);
}

int resize_image(struct resizer *resizer, const struct image *image,
                 const struct resize_options *options, uint8_t *pixels, int width, int height,
                 struct error *err)
{
    const struct filter *filter = &filters[options->filter];
    struct image_box box = options->box;
    int first_row, row_count;

    if (box.right == 0)
        box = (struct image_box){ 0, 0, image->width, image->height };
    if (check_box(image, &box, err))
        return -1;
    if (width < 1 || height < 1 || width > INT16_MAX * 2 || height > INT16_MAX * 2)
        return FAIL(err, INVALID, "an image cannot be resized to %d x %d pixels", width, height);

    struct axis_plan across = { box.left, box.right, 0, image->width, width, filter };
    struct axis_plan down = { box.top, box.bottom, 0, image->height, height, filter };
    if (options->cropped) {
        across.low = (int)floor(box.left);
        across.high = (int)ceil(box.right);
        down.low = (int)floor(box.top);
        down.high = (int)ceil(box.bottom);
    }
    if (prepare_axis(&resizer->_horizontal, &across, err) ||
        prepare_axis(&resizer->_vertical, &down, err))
        return -1;

    first_row = resizer->_vertical.spans[0].first;
    row_count = resizer->_vertical.spans[height - 1].first +
                resizer->_vertical.spans[height - 1].count - first_row;
    if (reserve(&resizer->_rows, &resizer->_rows_capacity,
                padded_stride(width) * (size_t)row_count + padded_stride(image->width) +
                    READ_AHEAD_BYTES,
                1, err))
        return -1;
    if (!resizer->kernels) {
        const struct resize_kernels *list[4];

        resizer->kernels = list[resize_kernels_list(list) - 1];
    }
    pass_horizontal(resizer, image, first_row, row_count, width);
    pass_vertical(resizer, first_row, pixels, width, height);
    return 0;
}
