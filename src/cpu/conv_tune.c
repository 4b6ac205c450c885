/* conv_tune.c - see conv_tune.h. */

#include "cpu/conv_tune.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "cpu/conv_rules.h"
#include "tensor/slab.h"

#include <math.h>

#define IMAGES 16
#define ALGORITHMS 3 /* of enum conv_algorithm */

static const char *const algorithm_names[ALGORITHMS] = { "CONV_DIRECT", "CONV_AUTO",
                                                         "CONV_WINOGRAD" };
static const char *const isa_names[] = { "ONEDNN_SSE41", "ONEDNN_AVX2", "ONEDNN_AVX512",
                                         "ONEDNN_AVX512_BF16" };
static const char *const direction_names[] = { "ONEDNN_FORWARD", "ONEDNN_INPUT_GRAD",
                                               "ONEDNN_WEIGHT_GRAD" };

/* The shapes that networks have: few pixels where there are many channels.  Images are as many as
 * in training, and one as in predicting. */
static const struct point {
    int64_t images, channels, side;
} points[] = {
    { IMAGES, 16, 56 },  { IMAGES, 32, 56 },  { IMAGES, 64, 56 },  { IMAGES, 64, 28 },
    { IMAGES, 128, 28 }, { IMAGES, 128, 14 }, { IMAGES, 256, 14 }, { IMAGES, 256, 7 },
    { IMAGES, 512, 7 },  { 1, 64, 56 },       { 1, 128, 28 },      { 1, 256, 14 },
    { 1, 512, 7 },       { 4, 256, 14 },      { 4, 512, 7 },
};
#define POINTS (int)(sizeof(points) / sizeof(*points))

static int64_t tiles_of(const struct point *point)
{
    int64_t side = (point->side + 3) / 4;

    return point->images * side * side;
}

/* The fastest run of several; `slab` gets all operands, zeroed. */
static int time_kernel(const struct onednn *onednn, struct kernel_desc *kernel, double *seconds,
                       struct error *err)
{
    enum { RUNS = 7 };
    const struct operands operands = kernel->operands;
    size_t scratch_bytes = slab_round(kernel->scratch_bytes), total = scratch_bytes, offset = 0;
    struct primitive *primitive = NULL;
    struct slab slab = { 0 };
    int result = -1;

    for (int i = 0; i < OPERAND_COUNT; i++)
        if (operands.of[i])
            total += slab_round(memory_desc_bytes(operands.of[i]));
    if (slab_init(&slab, total, err) || primitive_new(&primitive, onednn, kernel, err) ||
        primitive_generate(primitive, err))
        goto done;
    for (int i = 0; i < OPERAND_COUNT; i++)
        if (operands.of[i]) {
            primitive_bind(primitive, (enum operand)i, slab.base + offset);
            offset += slab_round(memory_desc_bytes(operands.of[i]));
        }
    primitive_bind_scratch(primitive, slab.base + offset);
    for (int i = 0; i < RUNS; i++) {
        double start = clock_seconds();

        if (primitive_run(primitive)) {
            FAIL(err, INVALID, "a convolution failed to run");
            goto done;
        }
        start = clock_seconds() - start;
        if (!i || start < *seconds)
            *seconds = start;
    }
    result = 0;
done:
    primitive_free(primitive);
    slab_release(&slab);
    return result;
}

/* Seconds by enum conv_algorithm, infinity where an algorithm cannot be had. */
static int measure(struct onednn *onednn, enum onednn_direction direction,
                   const struct point *point, double seconds[ALGORITHMS], struct error *err)
{
    const struct conv_geometry geometry = { { 1, 1 }, { 1, 1 }, { 1, 1 } };
    int block = onednn_isa() >= ONEDNN_AVX512 ? 16 : 8;
    struct shape image = SHAPE(point->images, point->channels, point->side, point->side);
    struct shape weight = SHAPE(point->channels, point->channels, 3, 3);
    struct operands operands = {
        { [OPERAND_X] = memory_desc_blocked(onednn, &image, DTYPE_F32, block),
          [OPERAND_Y] = memory_desc_blocked(onednn, &image, DTYPE_F32, block),
          [OPERAND_WEIGHT] = memory_desc_any(onednn, &weight) }
    };

    for (int i = 0; i < ALGORITHMS; i++) {
        struct kernel_desc kernel;

        seconds[i] = INFINITY;
        if (onednn_choose_conv(onednn, direction, (enum conv_algorithm)i, &operands, &geometry,
                               &kernel, err)) {
            if (i == CONV_DIRECT)
                return -1;
            continue;
        }
        if (time_kernel(onednn, &kernel, &seconds[i], err)) {
            kernel_desc_release(&kernel);
            return -1;
        }
    }
    return 0;
}

/* Time of all points, as multiples of direct, when a rule with these thresholds decides. */
static double cost(const double seconds[POINTS][ALGORITHMS], const struct point *least,
                   enum conv_algorithm algorithm)
{
    double sum = 0;

    for (int i = 0; i < POINTS; i++) {
        bool fits =
            points[i].channels >= least->channels && tiles_of(&points[i]) >= tiles_of(least);

        sum += seconds[i][fits ? algorithm : CONV_DIRECT] / seconds[i][CONV_DIRECT];
    }
    return sum;
}

/* The thresholds are tried at the measured channels and tiles. */
static void write_rule(const double seconds[POINTS][ALGORITHMS], enum onednn_direction direction,
                       struct str *out)
{
    double best = POINTS * 0.98; /* less than 2 % is not worth a rule */
    int64_t channels = 0, tiles = 0;
    enum conv_algorithm chosen = CONV_DIRECT;

    for (int algorithm = CONV_AUTO; algorithm < ALGORITHMS; algorithm++)
        for (int i = 0; i < POINTS; i++)
            for (int j = 0; j < POINTS; j++) {
                struct point least = { points[j].images, points[i].channels, points[j].side };
                double sum = cost(seconds, &least, (enum conv_algorithm)algorithm);

                if (!(sum < best))
                    continue;
                best = sum;
                chosen = (enum conv_algorithm)algorithm;
                channels = least.channels;
                tiles = tiles_of(&least);
            }
    if (chosen == CONV_DIRECT)
        str_printf(out, "/* %s: direct everywhere */\n", direction_names[direction]);
    else
        str_printf(out, "RULE(%s, %s, %lld, %lld, %s)\n", direction_names[direction],
                   isa_names[onednn_isa()], (long long)channels, (long long)tiles,
                   algorithm_names[chosen]);
}

static int tune_direction(struct onednn *onednn, enum onednn_direction direction, struct str *out,
                          struct error *err)
{
    double seconds[POINTS][ALGORITHMS];

    str_printf(out, "/* %s: images x channels x pixels, direct ms, then the others' share of it\n",
               direction_names[direction]);
    for (int i = 0; i < POINTS; i++) {
        const struct point *p = &points[i];

        if (measure(onednn, direction, p, seconds[i], err))
            return -1;
        str_printf(out, " * %3lld x %3lld x %2lld^2  %8.3f  auto %.2f  winograd %.2f\n",
                   (long long)p->images, (long long)p->channels, (long long)p->side,
                   1e3 * seconds[i][CONV_DIRECT],
                   seconds[i][CONV_AUTO] / seconds[i][CONV_DIRECT],
                   seconds[i][CONV_WINOGRAD] / seconds[i][CONV_DIRECT]);
    }
    str_add(out, " */\n");
    write_rule(seconds, direction, out);
    return 0;
}

int conv_tune(int threads, struct str *out, struct error *err)
{
    struct onednn onednn;
    int result = 0;

    if (onednn_open(&onednn, threads, err))
        return -1;
    for (int i = ONEDNN_FORWARD; i <= ONEDNN_WEIGHT_GRAD && !result; i++)
        result = tune_direction(&onednn, (enum onednn_direction)i, out, err);
    onednn_close(&onednn);
    return result;
}
