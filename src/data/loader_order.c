/* loader_order.c - see loader_order.h. */
#include "data/loader_order.h"
#include "base/error.h"
#include "base/rng.h"
#include "data/streams.h"
#include <stdlib.h>
#include <string.h>

int loader_order_init(struct loader_order *order, int *images, int image_count, int epoch_count,
                      struct error *err)
{
    order->images = images;
    order->image_count = image_count;
    order->epoch_count = epoch_count;
    order->_orders = calloc((size_t)epoch_count, sizeof(*order->_orders));
    order->_epochs = malloc(sizeof(*order->_epochs) * (size_t)epoch_count);
    if (!order->_orders || !order->_epochs)
        return FAIL(err, NO_MEMORY, "no memory for the order of the images");
    for (int i = 0; i < epoch_count; i++) {
        order->_epochs[i] = -1;
        order->_orders[i] = malloc(sizeof(int) * (size_t)image_count);
        if (!order->_orders[i])
            return FAIL(err, NO_MEMORY, "no memory for the order of %d images", image_count);
    }
    return 0;
}

void loader_order_release(struct loader_order *order)
{
    for (int i = 0; order->_orders && i < order->epoch_count; i++)
        free(order->_orders[i]);
    free(order->_orders);
    free(order->_epochs);
    free(order->images);
    memset(order, 0, sizeof(*order));
}

const int *loader_order_get(struct loader_order *order, int epoch)
{
    int place = epoch % order->epoch_count;

    if (order->_epochs[place] != epoch) {
        struct rng rng = rng_for(order->seed, stream_of(STREAM_SHUFFLE, epoch), 0);

        memcpy(order->_orders[place], order->images, sizeof(int) * (size_t)order->image_count);
        if (order->shuffle)
            rng_shuffle(&rng, order->_orders[place], order->image_count);
        order->_epochs[place] = epoch;
    }
    return order->_orders[place];
}
