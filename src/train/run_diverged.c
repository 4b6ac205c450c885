/* run_diverged.c - where a value that is not finite came from; see run_internal.h. */

#include "train/run_internal.h"

#define FILES_SHOWN 4

static const char advice[] = "a smaller learning rate or gradient_clip_value may help";

/* The batch again, step by step: the plan has overwritten its inputs and all that it computed. */
static bool find(struct run *run, const struct batch *batch, struct plan_not_finite *found)
{
    struct error ignored;

    run_feed(run, batch);
    return !plan_run_to_not_finite(run->network.train_plan, &run->run_state, found, &ignored) &&
           found->step;
}

static void add_files(const struct run *run, const struct batch *batch, struct str *files)
{
    for (int i = 0; i < batch->count && i < FILES_SHOWN; i++)
        str_printf(files, i ? ", %s" : "%s", run->dataset.items[batch->items[i]].path);
    if (batch->count > FILES_SHOWN)
        str_add(files, ", ...");
}

static int report(const struct run *run, const struct batch *batch,
                  const struct plan_not_finite *found, struct error *err)
{
    struct str files = STR_INIT;

    add_files(run, batch, &files);
    if (found->step)
        FAIL(err, NOT_FINITE,
             "training diverged: %s in %s of layer '%s' at step %lld of epoch %lld (files: %s); %s",
             found->what, found->step->node->op->name, found->step->name,
             (long long)run->state.step + 1, (long long)run->state.epoch, files.text, advice);
    else
        FAIL(err, NOT_FINITE,
             "training diverged: the loss or the gradients of step %lld of epoch %lld are not "
             "finite (files: %s); %s", (long long)run->state.step + 1,
             (long long)run->state.epoch, files.text, advice);
    str_release(&files);
    return -1;
}

/* The weights are still those that all batches of the sum have seen, and the loader makes any batch
 * again, so nothing needs to be kept of them while all is well. */
static int search_sum(struct run *run, int64_t last, int64_t count, struct error *err)
{
    int64_t per_epoch = loader_batch_count(run->train_loader);
    struct plan_not_finite found = { 0 };
    const struct batch *batch;
    struct error ignored;

    for (int64_t at = last < count ? 0 : last - count + 1; at <= last; at++) {
        loader_start(run->train_loader, (int)(at / per_epoch), (int)(at % per_epoch));
        if (loader_next(run->train_loader, &batch, &ignored) != 1)
            break;
        if (find(run, batch, &found))
            return report(run, batch, &found, err);
    }
    return FAIL(err, NOT_FINITE,
                "training diverged: the sum of the gradients of %lld batches is not finite at step "
                "%lld of epoch %lld; %s", (long long)count, (long long)run->state.step + 1,
                (long long)run->state.epoch, advice);
}

int run_diverged(struct run *run, const struct batch *batch, int64_t count, struct error *err)
{
    struct plan_not_finite found = { 0 };

    if (count > 1)
        return search_sum(run, (run->state.epoch - 1) * loader_batch_count(run->train_loader) +
                                   batch->index, count, err);
    find(run, batch, &found);
    return report(run, batch, &found, err);
}
