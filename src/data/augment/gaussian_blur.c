/* gaussian_blur.c - a small Gaussian of random width; borders are reflected. */
#include "data/augment/pixels.h"
#include <math.h>

#define KERNEL_LIMIT 63 /* augment_settings_check() */
#define KERNEL_ONE 4096 /* weights are fixed-point, so that any machine gives the same bytes */

static bool is_enabled(const struct augment_settings *settings)
{
    return settings->gaussian_blur > 0;
}

static void make_kernel(int kernel[KERNEL_LIMIT], int count, double sigma)
{
    double weights[KERNEL_LIMIT], sum = 0;
    int rest = KERNEL_ONE;

    for (int i = 0; i < count; i++) {
        double distance = i - (count - 1) / 2;

        weights[i] = exp(-distance * distance / (2 * sigma * sigma));
        sum += weights[i];
    }
    for (int i = 0; i < count; i++) {
        kernel[i] = (int)lrint(KERNEL_ONE * weights[i] / sum);
        rest -= kernel[i];
    }
    kernel[(count - 1) / 2] += rest; /* grey stays grey */
}

/* Mirror an index at both ends; images may be smaller than the kernel. */
static int reflect(int i, int count)
{
    if (count == 1)
        return 0;
    while (i < 0 || i >= count)
        i = i < 0 ? -i : 2 * (count - 1) - i;
    return i;
}

/* Blur along one direction: `length` pixels `step` bytes apart, in each of `lines` lines. */
static void blur_lines(const uint8_t *in, uint8_t *out, int length, size_t step, int lines,
                       size_t line_step, const int *kernel, int count)
{
    int reach = (count - 1) / 2;

    for (int i = 0; i < length; i++) {
        size_t sources[KERNEL_LIMIT];

        for (int k = 0; k < count; k++)
            sources[k] = (size_t)reflect(i + k - reach, length) * step;
        for (int line = 0; line < lines; line++) {
            size_t base = (size_t)line * line_step;

            for (size_t channel = base; channel < base + 3; channel++) {
                int sum = KERNEL_ONE / 2;

                for (int k = 0; k < count; k++)
                    sum += kernel[k] * in[sources[k] + channel];
                out[(size_t)i * step + channel] = (uint8_t)(sum / KERNEL_ONE);
            }
        }
    }
}

static void apply(struct augment_image *image, const struct augment_settings *settings,
                  struct rng *rng)
{
    size_t stride = 3 * (size_t)image->width;
    int kernel[KERNEL_LIMIT], count = settings->blur_kernel;

    if (rng_uniform(rng) >= settings->gaussian_blur)
        return;
    make_kernel(kernel, count, rng_between(rng, settings->blur_sigma[0], settings->blur_sigma[1]));
    blur_lines(image->pixels, image->spare, image->width, 3, image->height, stride, kernel, count);
    blur_lines(image->spare, image->pixels, image->height, stride, image->width, 3, kernel, count);
}

const struct augmentation augmentation_gaussian_blur = {
    .name = "gaussian_blur",
    .stage = AUGMENT_PIXELS,
    .is_enabled = is_enabled,
    .apply = apply,
};
