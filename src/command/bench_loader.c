/* bench_loader.c - see bench_loader.h. */

#include "command/bench_loader.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_EPOCHS 10000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Images per second of one epoch; negative after a failure. */
static double time_epoch(struct loader *loader, int epoch, struct error *err)
{
    const struct batch *batch;
    double start = clock_seconds();
    int64_t images = 0;
    int got;

    loader_start(loader, epoch, 0);
    while ((got = loader_next(loader, &batch, err)) == 1)
        images += batch->count;
    return got < 0 ? -1 : (double)images / (clock_seconds() - start);
}

static void print_rates(const struct loader_options *options, const double *rates, int epochs)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "mode", "load");
    json_put_int(&w, "batch", options->batch_size);
    json_put_int(&w, "image_size", options->transform.image_size);
    json_put_int(&w, "threads", options->threads);
    json_put_bool(&w, "full_decoding", options->is_exact);
    json_put_int(&w, "epochs", epochs);
    json_put_number(&w, "images_per_second", rates[epochs / 2]);
    json_put_number(&w, "images_per_second_best", rates[epochs - 1]);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

int bench_loader(const char *folder, const struct loader_options *options, double seconds,
                 struct error *err)
{
    double *rates = calloc(MAX_EPOCHS, sizeof(*rates)), begin = 0;
    struct loader *loader = NULL;
    struct dataset dataset;
    int epochs = 0, result = -1;

    BUG_IF(!rates);
    if (dataset_open(&dataset, folder, NULL, err)) {
        free(rates);
        return -1;
    }
    if (loader_open(&loader, &dataset, options, err))
        goto done;
    for (int epoch = 0; epoch < MAX_EPOCHS; epoch++) {
        double rate = time_epoch(loader, epoch, err);

        if (rate < 0)
            goto done;
        if (!epoch)
            begin = clock_seconds();
        else
            rates[epochs++] = rate;
        if (epochs && clock_seconds() - begin >= seconds)
            break;
    }
    qsort(rates, (size_t)epochs, sizeof(*rates), by_value);
    print_rates(options, rates, epochs);
    result = 0;
done:
    loader_free(loader);
    dataset_close(&dataset);
    free(rates);
    return result;
}
