/* mix.h - what happens to a whole training batch: soft targets, mixup and cutmix.
 *
 * Images are paired first with last, second with last but one, and so on, so that mixing works in
 * place; one share per batch is drawn from Beta(alpha, alpha).  Mixup adds the two images of a
 * pair, cutmix copies a rectangle of one into the other; targets are added in the same shares.
 * When both are on, each batch takes one of them. */
#ifndef DATA_MIX_H
#define DATA_MIX_H

#include "base/rng.h"
#include <stdbool.h>

struct error;

struct mix_settings {
    bool mixup;
    double mixup_alpha; /* 0 is the same as off */
    bool cutmix;
    double cutmix_alpha;
    double cutmix_prob;     /* of cutmix, when both are on */
    double label_smoothing; /* total weight spread over all classes */
};

void mix_settings_init(struct mix_settings *settings); /* the schema's defaults */
int mix_settings_check(const struct mix_settings *settings, struct error *err);
bool mix_is_enabled(const struct mix_settings *settings);

/* What one batch does: images[i] = share of itself + (1 - share) of its partner, or the
 * rectangle of the partner. */
struct mix_decision {
    double share; /* 1: nothing is mixed */
    bool is_cut;
    int left, top, right, bottom;
};

struct mix_decision mix_decide(const struct mix_settings *settings, int image_size,
                               struct rng *rng);

/* images: count * 3 * image_size * image_size.  targets: count * class_count; they are written.
 * A negative label gives a row of zeros. */
void mix_images(const struct mix_decision *decision, float *images, int count, int image_size);
void mix_targets(const struct mix_decision *decision, double label_smoothing, const int *labels,
                 int count, int class_count, float *targets);

#endif
