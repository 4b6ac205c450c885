/* rng_normal.c - normal numbers by the ziggurat of Marsaglia and Tsang (2000), in the form of
 * Doornik (2005): initial weights are tens of millions of numbers, and the logarithm and cosine of
 * the textbook method made them a third of the time to the first training step. */

#include "base/rng.h"

#include <math.h>
#include <pthread.h>

/* Under exp(-x*x/2) lie LAYERS pieces of equal AREA; all but the lowest are rectangles. */
#define LAYERS 128
#define TAIL 3.442619855899 /* where the lowest piece goes over into the tail */
#define AREA 9.91256303526217e-3

static double edges[LAYERS + 1]; /* right edge of each layer, from the lowest up */
static double inner[LAYERS];     /* part of the layer that lies wholly under the curve */
static pthread_once_t edges_made = PTHREAD_ONCE_INIT;

static void make_edges(void)
{
    double height = exp(-0.5 * TAIL * TAIL);

    edges[0] = AREA / height; /* as wide as a rectangle of that area would be */
    edges[1] = TAIL;
    for (int i = 2; i < LAYERS; i++) {
        edges[i] = sqrt(-2 * log(AREA / edges[i - 1] + height));
        height = exp(-0.5 * edges[i] * edges[i]);
    }
    edges[LAYERS] = 0;
    for (int i = 0; i < LAYERS; i++)
        inner[i] = edges[i + 1] / edges[i];
}

/* The exponentials that the tail is made of need a number above zero. */
static double minus_log_uniform(struct rng *rng)
{
    return -log(1.0 - rng_uniform(rng));
}

static double tail(struct rng *rng)
{
    double x, y;

    do {
        x = minus_log_uniform(rng) / TAIL;
        y = minus_log_uniform(rng);
    } while (2 * y < x * x);
    return TAIL + x;
}

/* Is a point at X and at a random height of layer I under the curve?  Relative to exp(-x*x/2). */
static int under_curve(struct rng *rng, int i, double x)
{
    double bottom = exp(-0.5 * (edges[i] * edges[i] - x * x));
    double top = exp(-0.5 * (edges[i + 1] * edges[i + 1] - x * x));

    return bottom + rng_uniform(rng) * (top - bottom) < 1;
}

double rng_normal(struct rng *rng)
{
    pthread_once(&edges_made, make_edges);
    for (;;) {
        uint64_t bits = rng_next(rng);
        int i = (int)(bits % LAYERS);
        double place = 2 * ((double)(bits >> 11) * 0x1p-53) - 1, x = place * edges[i];

        if (fabs(place) < inner[i])
            return x;
        if (i == 0)
            return copysign(tail(rng), place);
        if (under_curve(rng, i, x))
            return x;
    }
}
