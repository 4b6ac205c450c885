/* mix.c - see mix.h. */
#include "data/mix.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

void mix_settings_init(struct mix_settings *settings)
{
    *settings = (struct mix_settings){
        .mixup_alpha = 0.2,
        .cutmix_alpha = 1,
        .cutmix_prob = 0.5,
    };
}

static int check_range(const char *name, double value, double low, double high, struct error *err)
{
    if (!(value >= low && value <= high))
        return FAIL(err, INVALID, "%s is %g, not within %g and %g", name, value, low, high);
    return 0;
}

int mix_settings_check(const struct mix_settings *settings, struct error *err)
{
    if (check_range("augmentation.mixup_alpha", settings->mixup_alpha, 0, 100, err) ||
        check_range("augmentation.cutmix_alpha", settings->cutmix_alpha, 0, 100, err) ||
        check_range("the share of cutmix", settings->cutmix_prob, 0, 1, err) ||
        check_range("label smoothing", settings->label_smoothing, 0, 0.99, err))
        return -1;
    return 0;
}

static bool has_mixup(const struct mix_settings *settings)
{
    return settings->mixup && settings->mixup_alpha > 0;
}

static bool has_cutmix(const struct mix_settings *settings)
{
    return settings->cutmix && settings->cutmix_alpha > 0;
}

bool mix_is_enabled(const struct mix_settings *settings)
{
    return has_mixup(settings) || has_cutmix(settings);
}

static int clamp(int value, int limit)
{
    return value < 0 ? 0 : value > limit ? limit : value;
}

/* A rectangle around a random centre; what lies outside the image is lost, and the share is
 * corrected by what is left. */
static void place_cut(struct mix_decision *decision, int image_size, struct rng *rng)
{
    int side = (int)(image_size * sqrt(1 - decision->share));
    int x = (int)rng_below(rng, (uint32_t)image_size);
    int y = (int)rng_below(rng, (uint32_t)image_size);

    decision->is_cut = true;
    decision->left = clamp(x - side / 2, image_size);
    decision->top = clamp(y - side / 2, image_size);
    decision->right = clamp(x + side / 2, image_size);
    decision->bottom = clamp(y + side / 2, image_size);
    decision->share = 1 - (double)(decision->right - decision->left) *
                              (decision->bottom - decision->top) /
                              ((double)image_size * image_size);
}

struct mix_decision mix_decide(const struct mix_settings *settings, int image_size, struct rng *rng)
{
    struct mix_decision decision = { .share = 1 };
    bool cut = has_cutmix(settings);
    double alpha;

    if (!mix_is_enabled(settings))
        return decision;
    if (cut && has_mixup(settings))
        cut = rng_uniform(rng) < settings->cutmix_prob;
    alpha = cut ? settings->cutmix_alpha : settings->mixup_alpha;
    decision.share = rng_beta(rng, alpha, alpha);
    if (cut)
        place_cut(&decision, image_size, rng);
    return decision;
}

static void blend_pair(float *restrict a, float *restrict b, size_t count, float share)
{
    for (size_t i = 0; i < count; i++) {
        float first = a[i], second = b[i];

        a[i] = second + share * (first - second);
        b[i] = first + share * (second - first);
    }
}

static void swap_rectangle(float *a, float *b, const struct mix_decision *decision, int image_size)
{
    for (int channel = 0; channel < 3; channel++)
        for (int y = decision->top; y < decision->bottom; y++) {
            size_t row = ((size_t)channel * (size_t)image_size + (size_t)y) * (size_t)image_size;

            for (int x = decision->left; x < decision->right; x++) {
                float kept = a[row + (size_t)x];

                a[row + (size_t)x] = b[row + (size_t)x];
                b[row + (size_t)x] = kept;
            }
        }
}

void mix_images(const struct mix_decision *decision, float *images, int count, int image_size)
{
    size_t size = 3 * (size_t)image_size * (size_t)image_size;

    if (decision->share == 1)
        return;
    for (int i = 0; i < count / 2; i++) {
        float *a = images + (size_t)i * size, *b = images + (size_t)(count - 1 - i) * size;

        if (decision->is_cut)
            swap_rectangle(a, b, decision, image_size);
        else
            blend_pair(a, b, size, (float)decision->share);
    }
}

void mix_targets(const struct mix_decision *decision, double label_smoothing, const int *labels,
                 int count, int class_count, float *targets)
{
    double off = label_smoothing / class_count, on = 1 - label_smoothing;

    memset(targets, 0, sizeof(float) * (size_t)count * (size_t)class_count);
    for (int i = 0; i < count; i++) {
        float *row = targets + (size_t)i * (size_t)class_count;
        int partner = labels[count - 1 - i];

        if (labels[i] < 0)
            continue;
        for (int c = 0; c < class_count; c++) {
            double own = (c == labels[i]) * on + off, other = (c == partner) * on + off;

            row[c] = (float)(other + decision->share * (own - other));
        }
    }
}
