/* run_test.c - the course of a run: stopping, resuming, what is best, folders that are used again,
 * and what is said of values that are not finite. */

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cpu/device_cpu.h"
#include "data/sample.h"
#include "test.h"
#include "train/run_internal.h"
#include "train/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS 2 /* of an epoch: 12 images, 6 a batch */

struct trial {
    struct arena arena;
    struct config config;
    struct field_values values;
    struct device *device;
    const char *folder; /* has data/ and out/ */
    int64_t stop_after;
    struct run_result result;
};

static void set(struct trial *t, const char *name, const char *value)
{
    field_set_text(&t->values, name, value, ORIGIN_FLAG);
}

static char *in(struct trial *t, const char *name)
{
    return file_join(&t->arena, t->folder, name);
}

/* `out`: the folder of the run, in t->folder. */
static void trial_init(struct trial *t, const char *folder, const char *out)
{
    static const char *const settings[][2] = {
        { "model_name", "mobilenetv3_small_100" }, { "image_size", "32" }, { "batch_size", "6" },
        { "loader_threads", "1" },                 { "epochs", "2" },
    };

    *t = (struct trial){ .folder = folder };
    field_values_init(&t->values, config_fields, &t->config, &t->arena);
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
        set(t, settings[i][0], settings[i][1]);
    set(t, "dataset_path", in(t, "data"));
    set(t, "output_dir", in(t, out));
}

static void trial_release(struct trial *t)
{
    field_values_release(&t->values);
    arena_release(&t->arena);
}

static void draw(const char *folder)
{
    struct sample_options options = { .class_count = 3, .train_per_class = 4, .val_per_class = 2,
                                      .image_size = 32, .seed = 1 };
    struct str path = STR_INIT;
    struct error err;

    str_printf(&path, "%s/data", folder);
    CHECK_OK(sample_write(path.text, &options, &err), err);
    str_release(&path);
}

static struct run_options options_of(struct trial *t)
{
    struct device_cpu_options cpu = { .threads = 1 }; /* no waiting where cores are few */
    struct error err = { 0 };

    config_settle_task(&t->values, &t->config);
    config_settle(&t->values, &t->config);
    CHECK_OK(field_finish(&t->values, "the configuration", &err), err);
    t->device = device_cpu_open(&cpu, &err);
    CHECK(t->device);
    return (struct run_options){ .config = &t->config, .values = &t->values, .device = t->device,
                                 .quiet = true, .stop_after_steps = t->stop_after };
}

static int train(struct trial *t, struct error *err)
{
    struct run_options options = options_of(t);
    int result = run_train(&options, &t->result, err);

    device_close(t->device);
    return result;
}

static void train_to(struct trial *t, const char *status)
{
    struct error err = { 0 };

    CHECK_OK(train(t, &err), err);
    CHECK_TEXT(t->result.status, status);
}

/* A run of its own, from settings "name=value ...". */
static void run_with(const char *folder, const char *out, int64_t stop_after, const char *settings,
                     const char *status)
{
    struct trial t;
    char *text, *word, *rest = NULL;

    trial_init(&t, folder, out);
    t.stop_after = stop_after;
    text = arena_strdup(&t.arena, settings);
    for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');

        *value++ = 0;
        set(&t, word, value);
    }
    train_to(&t, status);
    trial_release(&t);
}

static void latest_open(struct checkpoint *c, const char *folder, const char *out)
{
    struct str path = STR_INIT;
    struct error err;

    str_printf(&path, "%s/%s/checkpoints/latest.safetensors", folder, out);
    CHECK_OK(checkpoint_open(c, path.text, &err), err);
    str_release(&path);
}

static void check_same_weights(const char *folder, const char *a, const char *b)
{
    char first[65], second[65];
    struct checkpoint c;

    latest_open(&c, folder, a);
    checkpoint_weights_hash(&c.file, first);
    checkpoint_close(&c);
    latest_open(&c, folder, b);
    checkpoint_weights_hash(&c.file, second);
    checkpoint_close(&c);
    CHECK_TEXT(first, second);
}

static bool holds(const char *folder, const char *file, const char *text)
{
    struct str path = STR_INIT, content = STR_INIT;
    struct error err;
    bool result;

    str_printf(&path, "%s/%s", folder, file);
    CHECK_OK(file_read(path.text, 1 << 20, &content, &err), err);
    result = strstr(content.text, text) != NULL;
    str_release(&path);
    str_release(&content);
    return result;
}

static bool is_there(const char *folder, const char *file)
{
    struct str path = STR_INIT;
    bool result;

    str_printf(&path, "%s/%s", folder, file);
    result = file_exists(path.text);
    str_release(&path);
    return result;
}

/* --- stopping --------------------------------------------------------------------------------- */

TEST(run_stopped_in_validation_goes_on_there)
{
    const char *folder = test_folder();
    struct checkpoint c;

    draw(folder);
    run_with(folder, "a", 0, "", "completed");
    run_with(folder, "b", STEPS, "", "stopped");
    latest_open(&c, folder, "b");
    CHECK(c.state.epoch == 1 && c.state.batch == STEPS && c.state.best_epoch == 0);
    checkpoint_close(&c);
    CHECK(!is_there(folder, "b/results/last.json"));
    run_with(folder, "b", 2 * STEPS, "resume=true", "stopped"); /* of the last epoch, too */
    CHECK(holds(folder, "b/results.csv", "\n1,") && !holds(folder, "b/results.csv", "\n2,"));
    run_with(folder, "b", 0, "resume=true", "completed");
    CHECK(holds(folder, "b/results.csv", "\n2,"));
    check_same_weights(folder, "a", "b");
}

/* --- best, and patience ----------------------------------------------------------------------- */

/* The loss of so small a run only grows, by far less than 1 an epoch: here that is better. */
#define GROWING "primary_metric=val_loss primary_metric_mode=max optimizer.learning_rate=0.0001 "

TEST(run_best_is_any_improvement_whatever_is_worth_waiting_for)
{
    const char *folder = test_folder();
    struct checkpoint c;

    draw(folder);
    run_with(folder, "a", 0, GROWING "validation.early_stopping_min_delta=1", "completed");
    latest_open(&c, folder, "a");
    CHECK(c.state.best_epoch == 2 && c.state.best > c.state.gain_base);
    CHECK(c.state.epochs_without_gain == 1);
    checkpoint_close(&c);
}

#define PATIENT                                                                     \
    GROWING "epochs=6 validation.early_stopping=true "                              \
            "validation.early_stopping_patience=2 validation.early_stopping_min_delta=1"

TEST(run_that_gains_no_more_is_over_for_good)
{
    const char *folder = test_folder();
    struct checkpoint c;

    draw(folder);
    /* Epoch 1 is the only gain, and the count goes on after a stop. */
    run_with(folder, "a", STEPS + 1, PATIENT, "stopped");
    run_with(folder, "a", 0, PATIENT " resume=true", "early_stopped");
    run_with(folder, "a", 0, PATIENT " resume=true", "early_stopped");
    latest_open(&c, folder, "a");
    CHECK(c.state.epoch == 3);
    checkpoint_close(&c);
    CHECK(!holds(folder, "a/results.csv", "\n4,"));
}

/* --- a folder that is used again -------------------------------------------------------------- */

TEST(run_from_the_beginning_keeps_the_checkpoints_of_an_earlier_one)
{
    const char *folder = test_folder();
    struct checkpoint c;
    struct trial t;

    draw(folder);
    run_with(folder, "a", 0, "", "completed");
    CHECK(!is_there(folder, "a/checkpoints-1"));
    /* It may start from one of them. */
    trial_init(&t, folder, "a");
    set(&t, "checkpoint_path", in(&t, "a/checkpoints/best.safetensors"));
    set(&t, "seed", "7");
    t.stop_after = 1;
    train_to(&t, "stopped");
    trial_release(&t);
    CHECK(is_there(folder, "a/checkpoints-1/best.safetensors"));
    CHECK(is_there(folder, "a/checkpoints-1/latest.safetensors"));
    CHECK(!is_there(folder, "a/checkpoints/best.safetensors"));
    CHECK(holds(folder, "a/events.jsonl", "a/checkpoints-1'"));
    CHECK(holds(folder, "a/events.jsonl", "tensors from"));
    latest_open(&c, folder, "a");
    CHECK(c.state.epoch == 1 && c.state.batch == 1);
    checkpoint_close(&c);
    run_with(folder, "a", 0, "epochs=1", "completed");
    CHECK(is_there(folder, "a/checkpoints-2/latest.safetensors"));
    /* A run that goes on leaves everything where it is. */
    run_with(folder, "a", 0, "epochs=2 resume=true", "completed");
    CHECK(!is_there(folder, "a/checkpoints-3"));
}

/* --- resuming with something else ------------------------------------------------------------- */

static void check_refused(const char *folder, const char *name, const char *value, const char *text)
{
    struct error err = { 0 };
    struct trial t;

    trial_init(&t, folder, "a");
    set(&t, "resume", "true");
    set(&t, name, value);
    CHECK(train(&t, &err) && err.kind == ERR_INVALID);
    if (!strstr(err.text, text))
        test_fail(__FILE__, __LINE__, "'%s' lacks '%s'", err.text, text);
    trial_release(&t);
}

TEST(run_goes_on_inside_an_epoch_with_the_same_only)
{
    const char *folder = test_folder();
    struct str path = STR_INIT;

    draw(folder);
    run_with(folder, "a", 1, "", "stopped");
    check_refused(folder, "batch_size", "4", "batch size 6 (now 4)");
    check_refused(folder, "seed", "7", "seed 42 (now 7)");
    str_printf(&path, "%s/data/train/%s/0001.jpg", folder, sample_class_name(3, 0));
    CHECK(!truncate(path.text, 400));
    check_refused(folder, "seed", "42", "a data set with hash ");
    str_release(&path);
}

TEST(run_goes_on_between_epochs_with_something_else_and_says_so)
{
    const char *folder = test_folder();

    draw(folder);
    run_with(folder, "a", 0, "epochs=1", "completed");
    run_with(folder, "a", 0, "epochs=2 resume=true seed=7 batch_size=4", "completed");
    CHECK(holds(folder, "a/events.jsonl", "batch size 6 (now 4), seed 42 (now 7)"));
}

TEST(run_that_is_resumed_leaves_new_images_out)
{
    const char *folder = test_folder();
    struct str old = STR_INIT, path = STR_INIT;
    struct error err;

    draw(folder);
    run_with(folder, "a", 0, "", "completed");
    run_with(folder, "b", 1, "", "stopped");
    str_printf(&path, "%s/data/train/%s/0001.jpg", folder, sample_class_name(3, 0));
    CHECK_OK(file_read(path.text, 1 << 20, &old, &err), err);
    for (int i = 0; i < 2; i++) { /* in a class that is there, and in one that is not */
        str_clear(&path);
        str_printf(&path, "%s/data/train/%s", folder, i ? "new" : sample_class_name(3, 0));
        CHECK_OK(file_make_folders(path.text, &err), err);
        str_add(&path, "/more.jpg");
        CHECK_OK(file_replace(path.text, old.text, old.length, &err), err);
    }
    run_with(folder, "b", 0, "resume=true", "completed");
    check_same_weights(folder, "a", "b");
    CHECK(holds(folder, "b/events.jsonl", "2 images are in no list"));
    str_release(&old);
    str_release(&path);
}

/* --- values that are not finite --------------------------------------------------------------- */

static int bad_batch; /* its first pixel is infinite; -1: none */

static void feed_bad(const struct network_ends *ends, struct plan *plan, const struct batch *batch)
{
    task_classification.feed(ends, plan, batch);
    if (batch->index == bad_batch)
        *(float *)plan_value(plan, ends->image).data = INFINITY;
}

/* The failure of a sum of `count` batches, after the last batch of the epoch has run. */
static void diverge(struct run *run, int64_t count, struct error *err)
{
    const struct batch *batch;
    float loss;

    loader_start(run->train_loader, 0, STEPS - 1);
    CHECK(loader_next(run->train_loader, &batch, err) == 1);
    network_bind_training(&run->network);
    run_feed(run, batch);
    CHECK_OK(network_gradients(&run->network, &run->run_state, &loss, err), *err);
    CHECK(run_diverged(run, batch, count, err) && err->kind == ERR_NOT_FINITE);
}

/* The first layer that a batch's images meet. */
#define FIRST_LAYER "layer 'conv_stem"

TEST(run_that_diverges_names_the_batch_and_the_layer)
{
    struct task_type task = task_classification;
    const char *folder = test_folder();
    struct run_options options;
    struct error err = { 0 };
    const struct batch *batch;
    struct trial t;
    struct run run;
    char first[2][256];

    draw(folder);
    trial_init(&t, folder, "a");
    options = options_of(&t);
    CHECK_OK(run_open(&run, &options, &err), err);
    CHECK_OK(weights_start(&run.network.weights, &run.network.live, 1, &err), err);
    task.feed = feed_bad;
    run.task = &task;
    run.state.epoch = 1;
    for (int i = 0; i < 2; i++) {
        loader_start(run.train_loader, 0, i);
        CHECK(loader_next(run.train_loader, &batch, &err) == 1);
        snprintf(first[i], sizeof(first[i]), "%s", run.dataset.items[batch->items[0]].path);
    }
    bad_batch = 1; /* alone: fed again, as its memory is others' by now */
    diverge(&run, 1, &err);
    CHECK(strstr(err.text, FIRST_LAYER) && strstr(err.text, first[1]));
    bad_batch = 0; /* in a sum: not the last */
    diverge(&run, 2, &err);
    CHECK(strstr(err.text, FIRST_LAYER) && strstr(err.text, first[0]));
    bad_batch = -1; /* nowhere: no layer is to blame */
    diverge(&run, 1, &err);
    CHECK(!strstr(err.text, "layer") && strstr(err.text, first[1]));
    diverge(&run, 2, &err);
    CHECK(!strstr(err.text, "layer") && strstr(err.text, "sum of the gradients of 2 batches"));
    run_close(&run);
    device_close(t.device);
    trial_release(&t);
}
