/* loader.c - threads, order and batches.
 *
 * Batches are numbered by tickets, counting on through the epochs.  A thread takes one row of the
 * lowest ticket that has rows left, so that the batch wanted next is finished by all threads
 * together.  Ticket t lives in slot t modulo the number of slots; a slot is free again when its
 * batch has been given back.  Whoever finishes a batch's last row mixes it. */
#include "data/loader.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/vec.h"
#include "data/loader_internal.h"
#include "data/loader_order.h"
#include "data/streams.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_KEPT 100

struct slot {
    struct batch batch; /* its pointers lend the arrays below */
    float *images, *targets;
    int *labels, *items;
    struct loader_targets objects; /* of scenes */
    struct {
        int *items, count, capacity;
    } failed;         /* dataset items that were met and do not decode, in any order */
    const int *order; /* of the batch's epoch */
    int rows_left;
    bool is_ready;
};

struct worker {
    struct loader *loader;
    struct loader_maker maker;
    pthread_t thread;
};

struct loader {
    struct loader_options options;
    struct loader_recipe recipe;
    int image_count, batch_count; /* per epoch */

    struct worker workers[THREAD_LIMIT];
    int worker_count, running_count;

    struct slot *slots;
    int slot_count;
    struct loader_order order;

    pthread_mutex_t lock; /* guards what follows, and slots[].is_ready, rows_left, failed */
    pthread_cond_t work, ready;
    bool is_closing, is_paused;
    int busy_count;      /* threads that are making a row */
    int64_t first_index; /* of ticket 0, counting batches from epoch 0 */
    int64_t next_ticket; /* the batch whose rows are being taken */
    int next_row;
    int64_t given_ticket; /* the next one for the consumer */
    int64_t freed_ticket; /* batches before it have been given back */
    char **messages;      /* by dataset item: why it does not decode */

    /* The consumer's own. */
    int epoch;
    bool *is_counted; /* by dataset item */
    struct loader_failure failures[FAILURES_KEPT];
    struct loader_stats stats;
    atomic_bool *is_bad; /* by dataset item; everybody's */
};

int loader_batch_count(const struct loader *loader)
{
    return loader->batch_count;
}

int loader_image_count(const struct loader *loader)
{
    return loader->image_count;
}

/* ---- one row ----------------------------------------------------------------------------- */

/* `lock` is held. */
static void note_failure(struct loader *loader, struct slot *slot, int item,
                         const struct error *err)
{
    *VEC_ADD(&slot->failed) = item;
    if (err && !loader->messages[item])
        loader->messages[item] = strdup(err->text);
    atomic_store(&loader->is_bad[item], true);
}

/* Make an item unless it is known not to decode.  Known or not, the batch notes the failure, so
 * that what is reported with a batch does not depend on which thread met the file first. */
static bool make_item(struct loader *loader, struct loader_maker *maker, struct slot *slot,
                      int item, const struct loader_row *row)
{
    bool was_bad = atomic_load(&loader->is_bad[item]);
    struct error err = { 0 };
    int epoch = slot->batch.epoch;

    if (!was_bad && !(row->boxes ? loader_make_scene(maker, item, epoch, row, &err)
                                 : loader_make(maker, item, epoch, row->values, &err)))
        return true;
    pthread_mutex_lock(&loader->lock);
    note_failure(loader, slot, item, was_bad ? NULL : &err);
    pthread_mutex_unlock(&loader->lock);
    return false;
}

static size_t image_size_of(const struct loader *loader)
{
    size_t side = (size_t)loader->options.transform.image_size;

    return 3 * side * side;
}

static void make_row(struct loader *loader, struct loader_maker *maker, struct slot *slot, int row)
{
    int place = slot->batch.index * loader->options.batch_size + row;
    struct loader_row target = loader_targets_row(&slot->objects, row);
    int tries = loader->options.shuffle ? loader->image_count : 1;

    target.values = slot->images + (size_t)row * image_size_of(loader);
    slot->items[row] = slot->labels[row] = -1;
    if (place >= loader->image_count && !loader->options.fill_last)
        return;
    for (int i = 0; i < tries; i++) {
        int item = slot->order[(place + i) % loader->image_count];

        if (make_item(loader, maker, slot, item, &target)) {
            slot->items[row] = item;
            slot->labels[row] = loader->recipe.dataset->items[item].class_id;
            return;
        }
    }
}

/* ---- one batch --------------------------------------------------------------------------- */

/* Move the rows that hold an image to the front, in order, and clear the others. */
static void close_gaps(struct loader *loader, struct slot *slot)
{
    size_t size = image_size_of(loader);
    int count = 0;

    for (int row = 0; row < slot->batch.capacity; row++) {
        if (slot->items[row] < 0)
            continue;
        if (row != count) {
            memcpy(slot->images + (size_t)count * size, slot->images + (size_t)row * size,
                   sizeof(float) * size);
            slot->items[count] = slot->items[row];
            slot->labels[count] = slot->labels[row];
            loader_targets_move(&slot->objects, count, row);
        }
        count++;
    }
    slot->batch.count = count;
    for (int row = count; row < slot->batch.capacity; row++) {
        memset(slot->images + (size_t)row * size, 0, sizeof(float) * size);
        slot->items[row] = slot->labels[row] = -1;
        loader_targets_clear(&slot->objects, row);
    }
}

static void finish_batch(struct loader *loader, struct slot *slot)
{
    const struct mix_settings *mix = &loader->recipe.mix;
    struct batch *batch = &slot->batch;
    struct rng rng =
        rng_for(loader->options.seed, stream_of(STREAM_MIX, batch->epoch), (uint64_t)batch->index);
    struct mix_decision decision = mix_decide(mix, batch->image_size, &rng);
    size_t used = (size_t)batch->class_count;

    close_gaps(loader, slot);
    if (loader->recipe.has_objects)
        return;
    used *= (size_t)batch->count;
    mix_images(&decision, slot->images, batch->count, batch->image_size);
    mix_targets(&decision, mix->label_smoothing, slot->labels, batch->count, batch->class_count,
                slot->targets);
    memset(slot->targets + used, 0,
           sizeof(float) * ((size_t)batch->capacity * (size_t)batch->class_count - used));
}

/* ---- threads ----------------------------------------------------------------------------- */

static struct slot *slot_of(struct loader *loader, int64_t ticket)
{
    return &loader->slots[ticket % loader->slot_count];
}

/* Make the slot of next_ticket ready to be filled; `lock` is held. */
static void begin_batch(struct loader *loader)
{
    struct slot *slot = slot_of(loader, loader->next_ticket);
    int64_t index = loader->first_index + loader->next_ticket;

    slot->batch.epoch = (int)(index / loader->batch_count);
    slot->batch.index = (int)(index % loader->batch_count);
    slot->order = loader_order_get(&loader->order, slot->batch.epoch);
    slot->rows_left = slot->batch.capacity;
    slot->failed.count = 0;
    slot->is_ready = false;
}

static bool has_work(const struct loader *loader)
{
    return !loader->is_paused && loader->next_ticket < loader->freed_ticket + loader->slot_count;
}

/* Take a row, make it, and finish the batch if it was the last; `lock` is held around it. */
static void work_once(struct loader *loader, struct loader_maker *maker)
{
    struct slot *slot = slot_of(loader, loader->next_ticket);
    int row = loader->next_row;

    if (row == 0)
        begin_batch(loader);
    loader->next_row++;
    if (loader->next_row == slot->batch.capacity) {
        loader->next_row = 0;
        loader->next_ticket++;
    }
    loader->busy_count++;
    pthread_mutex_unlock(&loader->lock);
    make_row(loader, maker, slot, row);
    pthread_mutex_lock(&loader->lock);
    if (--slot->rows_left == 0) {
        pthread_mutex_unlock(&loader->lock);
        finish_batch(loader, slot);
        pthread_mutex_lock(&loader->lock);
        slot->is_ready = true;
        pthread_cond_broadcast(&loader->ready);
    }
    if (--loader->busy_count == 0)
        pthread_cond_broadcast(&loader->ready);
}

static void *run_thread(void *argument)
{
    struct worker *worker = argument;
    struct loader *loader = worker->loader;

    pthread_mutex_lock(&loader->lock);
    while (!loader->is_closing) {
        if (has_work(loader))
            work_once(loader, &worker->maker);
        else
            pthread_cond_wait(&loader->work, &loader->lock);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* Signals are for the thread that trains. */
static int start_threads(struct loader *loader, struct error *err)
{
    sigset_t all, before;
    int result = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (!result && loader->running_count < loader->worker_count) {
        struct worker *worker = &loader->workers[loader->running_count];

        if (pthread_create(&worker->thread, NULL, run_thread, worker))
            result = FAIL(err, UNAVAILABLE, "cannot start a loader thread");
        else
            loader->running_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* ---- opening ----------------------------------------------------------------------------- */

static int check_options(const struct loader_options *options, struct error *err)
{
    if (transform_check(&options->transform, err))
        return -1;
    if (options->augment && augment_settings_check(options->augment, err))
        return -1;
    if (options->mix && mix_settings_check(options->mix, err))
        return -1;
    if (options->scene && scene_settings_check(options->scene, err))
        return -1;
    if (options->batch_size < 1 || options->batch_size > 1 << 20)
        return FAIL(err, INVALID, "the batch size is %d", options->batch_size);
    if (options->threads < 0 || options->threads > THREAD_LIMIT)
        return FAIL(err, INVALID, "the number of loader threads is %d, not within 0 and %d",
                    options->threads, THREAD_LIMIT);
    if (options->ahead < 0 || options->ahead > 1000)
        return FAIL(err, INVALID, "the number of batches kept ready is %d, not within 0 and 1000",
                    options->ahead);
    if (!(options->failure_limit >= 0 && options->failure_limit <= 1))
        return FAIL(err, INVALID, "the limit of bad images is %g, not within 0 and 1",
                    options->failure_limit);
    return 0;
}

/* The images of the split, in the order of the dataset, and how many batches they make. */
static int collect_images(struct loader *loader, struct error *err)
{
    const struct dataset *dataset = loader->recipe.dataset;
    const struct loader_options *options = &loader->options;
    int count = dataset_count(dataset, options->split), batches;
    int *images;

    if (count == 0)
        return FAIL(err, INVALID, "'%s' has no images in its %s split", dataset->root,
                    dataset_split_name(options->split));
    if (options->drop_last && count < options->batch_size)
        return FAIL(err, INVALID, "the batch size %d is larger than the %s split of %d images",
                    options->batch_size, dataset_split_name(options->split), count);
    images = malloc(sizeof(int) * (size_t)count);
    if (!images)
        return FAIL(err, NO_MEMORY, "no memory for a list of %d images", count);
    for (int i = 0, n = 0; i < dataset->item_count; i++)
        if (dataset->items[i].split == options->split)
            images[n++] = i;
    loader->image_count = count;
    loader->recipe.image_count = count;
    loader->recipe.images = images; /* owned by the order from here on */
    batches = options->drop_last ? count / options->batch_size
                                 : (count + options->batch_size - 1) / options->batch_size;
    loader->batch_count = batches;
    loader->order.seed = options->seed;
    loader->order.shuffle = options->shuffle;
    /* More epochs than the slots can span at a time. */
    return loader_order_init(&loader->order, images, count,
                             1 + (loader->slot_count + batches - 1) / batches, err);
}

static int make_slot(struct loader *loader, struct slot *slot, struct error *err)
{
    size_t rows = (size_t)loader->options.batch_size;
    size_t classes = (size_t)loader->recipe.dataset->class_count;

    slot->images = malloc(sizeof(float) * rows * image_size_of(loader));
    slot->targets = malloc(sizeof(float) * (rows * classes + 1));
    slot->labels = malloc(sizeof(int) * rows);
    slot->items = malloc(sizeof(int) * rows);
    if (!slot->images || !slot->targets || !slot->labels || !slot->items)
        return FAIL(err, NO_MEMORY, "no memory for a batch of %zu images of %d x %d", rows,
                    loader->options.transform.image_size, loader->options.transform.image_size);
    slot->batch = (struct batch){
        .capacity = loader->options.batch_size,
        .image_size = loader->options.transform.image_size,
        .class_count = loader->recipe.dataset->class_count,
        .images = slot->images,
        .labels = slot->labels,
        .targets = slot->targets,
        .items = slot->items,
    };
    if (!loader->recipe.has_objects)
        return 0;
    if (loader_targets_init(&slot->objects, &loader->recipe, loader->options.batch_size, err))
        return -1;
    loader_targets_lend(&slot->objects, &slot->batch);
    return 0;
}

static int make_memory(struct loader *loader, struct error *err)
{
    size_t items = (size_t)loader->recipe.dataset->item_count;

    loader->messages = calloc(items, sizeof(*loader->messages));
    loader->is_counted = calloc(items, sizeof(*loader->is_counted));
    loader->is_bad = calloc(items, sizeof(*loader->is_bad));
    loader->slots = calloc((size_t)loader->slot_count, sizeof(*loader->slots));
    if (!loader->messages || !loader->is_counted || !loader->is_bad || !loader->slots)
        return FAIL(err, NO_MEMORY, "no memory for a loader of %zu images", items);
    for (int i = 0; i < loader->slot_count; i++)
        if (make_slot(loader, &loader->slots[i], err))
            return -1;
    if (loader->options.cache_limit_bytes > 0) {
        loader->recipe.cache = loader_cache_new((int)items, loader->options.cache_limit_bytes);
        if (!loader->recipe.cache)
            return FAIL(err, NO_MEMORY, "no memory for the cache of images");
    }
    return 0;
}

static void make_recipe(struct loader *loader, const struct dataset *dataset)
{
    const struct loader_options *options = &loader->options;
    struct loader_recipe *recipe = &loader->recipe;

    recipe->dataset = dataset;
    recipe->transform = options->transform;
    recipe->seed = options->seed;
    recipe->is_exact = options->is_exact;
    if (options->augment)
        recipe->augment = *options->augment;
    if (options->mix)
        recipe->mix = *options->mix;
    recipe->has_random_crop = recipe->augment.enabled && recipe->augment.random_crop;
    recipe->has_objects = dataset->task != DATASET_TASK_CLASSIFICATION;
    recipe->is_training = options->scene != NULL;
    if (options->scene)
        recipe->scene = *options->scene;
    if (recipe->has_objects) {
        recipe->keypoint_count = dataset->annotations.keypoint_count;
        recipe->most_boxes = options->most_boxes
                                 ? options->most_boxes
                                 : scene_most_objects(dataset, options->split, options->scene);
    }
    transform_table_init(&recipe->table, &recipe->transform);
}

int loader_open(struct loader **out, const struct dataset *dataset,
                const struct loader_options *options, struct error *err)
{
    int threads = loader_threads(options);
    struct loader *loader;

    if (check_options(options, err))
        return -1;
    loader = calloc(1, sizeof(*loader));
    if (!loader)
        return FAIL(err, NO_MEMORY, "no memory for a loader");
    loader->options = *options;
    loader->slot_count = 1 + loader_ahead(options);
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->work, NULL);
    pthread_cond_init(&loader->ready, NULL);
    make_recipe(loader, dataset);
    if (collect_images(loader, err) || make_memory(loader, err))
        goto failed;
    for (; loader->worker_count < threads; loader->worker_count++) {
        struct worker *worker = &loader->workers[loader->worker_count];

        worker->loader = loader;
        if (loader_maker_init(&worker->maker, &loader->recipe, err))
            goto failed;
    }
    if (start_threads(loader, err))
        goto failed;
    *out = loader;
    return 0;
failed:
    loader_free(loader);
    return -1;
}

static void free_memory(struct loader *loader)
{
    for (int i = 0; loader->slots && i < loader->slot_count; i++) {
        struct slot *slot = &loader->slots[i];

        free(slot->images);
        free(slot->targets);
        free(slot->labels);
        free(slot->items);
        loader_targets_release(&slot->objects);
        VEC_RELEASE(&slot->failed);
    }
    for (int i = 0; loader->messages && i < loader->recipe.dataset->item_count; i++)
        free(loader->messages[i]);
    loader_cache_free(loader->recipe.cache);
    free(loader->messages);
    free(loader->is_counted);
    free(loader->is_bad);
    free(loader->slots);
    loader_order_release(&loader->order);
}

void loader_free(struct loader *loader)
{
    if (!loader)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->is_closing = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->running_count; i++)
        pthread_join(loader->workers[i].thread, NULL);
    for (int i = 0; i < loader->worker_count; i++)
        loader_maker_release(&loader->workers[i].maker);
    free_memory(loader);
    pthread_cond_destroy(&loader->work);
    pthread_cond_destroy(&loader->ready);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

/* ---- the consumer ------------------------------------------------------------------------ */

void loader_start(struct loader *loader, int epoch, int batch)
{
    BUG_IF(epoch < 0 || batch < 0 || batch > loader->batch_count);
    pthread_mutex_lock(&loader->lock);
    loader->is_paused = true;
    while (loader->busy_count > 0)
        pthread_cond_wait(&loader->ready, &loader->lock);
    for (int i = 0; i < loader->slot_count; i++)
        loader->slots[i].is_ready = false;
    loader->first_index = (int64_t)epoch * loader->batch_count + batch;
    loader->next_ticket = loader->given_ticket = loader->freed_ticket = 0;
    loader->next_row = 0;
    loader->epoch = epoch;
    loader->is_paused = false;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
}

/* Count the failures met on the way to this batch; `lock` is held. */
static int count_failures(struct loader *loader, const struct slot *slot, struct error *err)
{
    for (int i = 0; i < slot->failed.count; i++) {
        int item = slot->failed.items[i];

        if (loader->is_counted[item])
            continue;
        loader->is_counted[item] = true;
        if (loader->stats.failed_count < FAILURES_KEPT)
            loader->failures[loader->stats.failed_count] =
                (struct loader_failure){ item, loader->messages[item] };
        loader->stats.failed_count++;
    }
    if (loader->stats.failed_count == loader->image_count)
        return FAIL(err, CORRUPT, "none of the %d %s images can be decoded; the first: %s",
                    loader->image_count, dataset_split_name(loader->options.split),
                    loader->failures[0].message);
    if (loader->stats.failed_count > loader->options.failure_limit * loader->image_count)
        return FAIL(err, CORRUPT,
                    "%d of the %d %s images do not decode, more than the limit of %g %%; the "
                    "first: %s",
                    loader->stats.failed_count, loader->image_count,
                    dataset_split_name(loader->options.split), 100 * loader->options.failure_limit,
                    loader->failures[0].message);
    return 0;
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static void wait_until_ready(struct loader *loader, const struct slot *slot)
{
    double begin = clock_seconds();

    while (!slot->is_ready)
        pthread_cond_wait(&loader->ready, &loader->lock);
    loader->stats.waited_seconds += clock_seconds() - begin;
}

int loader_next(struct loader *loader, const struct batch **batch, struct error *err)
{
    int64_t index;
    struct slot *slot;
    int result = -1;

    pthread_mutex_lock(&loader->lock);
    loader->freed_ticket = loader->given_ticket;
    pthread_cond_broadcast(&loader->work);
    index = loader->first_index + loader->given_ticket;
    if (index / loader->batch_count > loader->epoch) {
        loader->epoch++;
        result = 0;
        goto done;
    }
    slot = slot_of(loader, loader->given_ticket);
    wait_until_ready(loader, slot);
    if (slot->failed.count)
        qsort(slot->failed.items, (size_t)slot->failed.count, sizeof(int), compare_ints);
    if (count_failures(loader, slot, err))
        goto done;
    slot->is_ready = false;
    loader->given_ticket++;
    loader->stats.batch_count++;
    loader->stats.image_count += slot->batch.count;
    *batch = &slot->batch;
    result = 1;
done:
    pthread_mutex_unlock(&loader->lock);
    return result;
}

const struct loader_failure *loader_failures(const struct loader *loader, int *count)
{
    *count =
        loader->stats.failed_count < FAILURES_KEPT ? loader->stats.failed_count : FAILURES_KEPT;
    return loader->failures;
}

struct loader_stats loader_stats(const struct loader *loader)
{
    struct loader_stats stats = loader->stats;

    if (loader->recipe.cache) {
        stats.cache_bytes = loader_cache_bytes(loader->recipe.cache);
        stats.cached_count = loader_cache_count(loader->recipe.cache);
    }
    return stats;
}
