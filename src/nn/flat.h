/* flat.h - arithmetic on long contiguous float vectors: what optimizers and averages are made of.
 *
 * A device brings its own fast versions; flat_plain is plain C and is what they are held against.
 * All work in place on [0, count); none of the vectors overlap. */
#ifndef NN_FLAT_H
#define NN_FLAT_H

#include <stdint.h>

/* The scalars of one update.  Gradients are multiplied by gradient_scale first (clipping,
 * accumulation). */
struct flat_update {
    float learning_rate, weight_decay, gradient_scale;
    float momentum;            /* sgd, rmsprop */
    float beta1, beta2, eps;   /* adam, adamw; rmsprop: beta2 is alpha */
    float correction1, correction2; /* 1 - beta1^t, 1 - beta2^t */
    int nesterov;
};

struct flat_kernels {
    /* d = g + wd w; m = mu m + d; w -= lr (nesterov ? d + mu m : m) */
    void (*sgd)(float *w, const float *g, float *m, int64_t count, const struct flat_update *u);
    /* g += wd w; m, v averages; w -= lr m' / (sqrt(v') + eps), with bias correction */
    void (*adam)(float *w, const float *g, float *m, float *v, int64_t count,
                 const struct flat_update *u);
    /* w *= 1 - lr wd, then as adam without decay (Loshchilov and Hutter 2019) */
    void (*adamw)(float *w, const float *g, float *m, float *v, int64_t count,
                  const struct flat_update *u);
    /* g += wd w; v = alpha v + (1 - alpha) g g; m = mu m + g / (sqrt(v) + eps); w -= lr m */
    void (*rmsprop)(float *w, const float *g, float *m, float *v, int64_t count,
                    const struct flat_update *u);
    void (*lerp)(float *average, const float *value, int64_t count,
                 float weight); /* a += (v - a) weight */
    void (*add)(float *sum, const float *value, int64_t count);
    double (*sum_squares)(const float *x,
                          int64_t count); /* fixed order; NaN and Inf come through */
};

extern const struct flat_kernels flat_plain;

#endif
