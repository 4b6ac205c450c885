/* forecast.c - what a run would need: exact memory by the plan, time by a few real batches. */

#include "train/run_internal.h"

#include "base/clock.h"

#include <string.h>

#define TIMED_BATCHES 3

static int time_batches(struct run *run, double *seconds_per_batch, struct error *err)
{
    struct network *n = &run->network;
    const struct batch *batch;
    double start = 0;
    int done = 0;

    network_bind_training(n);
    while (done <= TIMED_BATCHES) {
        struct run_state state = { .seed = 1, .step = done, .training = true };
        int got = loader_next(run->train_loader, &batch, err);
        float loss;

        if (got < 0)
            return -1;
        if (!got)
            continue; /* the end of a short epoch: the next call begins another */
        run->task->feed(&n->train, n->train_plan, batch);
        if (network_gradients(n, &state, &loss, err))
            return -1;
        optimizer_step(n->optimizer, &n->live, &n->gradients, 0, 1);
        if (!done++)
            start = clock_seconds(); /* the first touches fresh memory */
    }
    *seconds_per_batch = (clock_seconds() - start) / (done - 1);
    return 0;
}

int run_forecast(const struct run_options *options, struct run_forecast *f, struct error *err)
{
    struct run run;
    double per_batch = 0;
    int status = -1;

    *f = (struct run_forecast){ 0 };
    if (run_open(&run, options, err) ||
        weights_start(&run.network.weights, &run.network.live, 1, err))
        goto done;
    f->available_bytes = options->config->memory_limit_mb ? options->config->memory_limit_mb << 20
                                                          : memory_available_bytes();
    if (time_batches(&run, &per_batch, err))
        goto done;
    f->peak_bytes = run_peak_bytes(&run);
    f->slab_bytes = (int64_t)run.network.memory.slab;
    f->weights_bytes = (int64_t)run.network.memory.weights;
    f->loader_bytes = f->peak_bytes - (int64_t)run.network.memory.total;
    f->train_images = dataset_count(&run.dataset, DATASET_SPLIT_TRAIN);
    f->largest_batch = run_largest_batch(
        &run, f->available_bytes, (int)(f->train_images < 512 ? f->train_images : 512) + 1);
    f->val_images = dataset_count(&run.dataset, DATASET_SPLIT_VAL);
    f->parameters = graph_parameter_count(&run.network.model_graph);
    f->class_count = run.dataset.class_count;
    /* A validation image costs about a third of a training image: one pass of three. */
    f->seconds_per_epoch = per_batch * ((double)loader_batch_count(run.train_loader) +
                                        (double)loader_batch_count(run.val_loader) / 3);
    status = 0;
done:
    run_close(&run);
    return status;
}
