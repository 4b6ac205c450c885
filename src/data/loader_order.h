/* loader_order.h - in which order an epoch shows its images.
 *
 * A loader runs ahead over the ends of epochs, so that several orders are wanted at a time: they
 * are kept in a ring, and an epoch's memory is used again once `epoch_count` later ones began.
 * Not thread-safe. */
#ifndef DATA_LOADER_ORDER_H
#define DATA_LOADER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct loader_order {
    uint64_t seed;
    bool shuffle;
    int *images; /* what is ordered: indices of dataset items */
    int image_count;
    int epoch_count;
    int **_orders; /* by epoch modulo epoch_count */
    int *_epochs;  /* whose order it is, -1: nobody's */
};

/* Takes `images` (malloc), also on failure. */
int loader_order_init(struct loader_order *order, int *images, int image_count, int epoch_count,
                      struct error *err);
void loader_order_release(struct loader_order *order);

/* Lent for as long as the ring keeps it. */
const int *loader_order_get(struct loader_order *order, int epoch);

#endif
