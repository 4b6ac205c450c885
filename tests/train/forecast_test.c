/* forecast_test.c - the memory that a run announces counts what it will take. */

#include "base/arena.h"
#include "data/sample.h"
#include "test.h"
#include "train/run_internal.h"

#define SIDE 64
#define BATCH 4
#define SLOTS 3 /* batches of a loader */

struct opened {
    struct config config;
    struct field_values values;
    struct arena arena;
    struct run run;
    struct device *device;
};

static void set(struct opened *o, const char *name, const char *value)
{
    field_set_text(&o->values, name, value, ORIGIN_FLAG);
}

/* Of segmentation, without its network's memory: that is exact, and another test's. */
static void opened_init(struct opened *o, const char *folder, const char *mosaic)
{
    struct run_options options = { .config = &o->config, .values = &o->values, .quiet = true };
    struct error err = { 0 };

    *o = (struct opened){ 0 };
    o->device = device_reference_open(false);
    options.device = o->device;
    field_values_init(&o->values, config_fields, &o->config, &o->arena);
    set(o, "model_name", "yolo11n-seg");
    set(o, "dataset_path", folder);
    set(o, "epochs", "1");
    set(o, "image_size", "64");
    set(o, "batch_size", "4");
    set(o, "loader_threads", "2");
    set(o, "mosaic", mosaic);
    config_settle_task(&o->values, &o->config);
    config_settle(&o->values, &o->config);
    CHECK(!o->values.problem_count);
    CHECK_OK(run_open(&o->run, &options, &err), err);
}

static void opened_release(struct opened *o)
{
    run_close(&o->run);
    device_close(o->device);
    field_values_release(&o->values);
    arena_release(&o->arena);
}

TEST(forecast_of_a_detector_counts_targets_canvases_and_what_validation_keeps)
{
    const struct sample_options sample = { .task = DATASET_TASK_SEGMENTATION, .train_count = 8,
                                           .val_count = 5, .image_size = SIDE };
    const char *folder = test_folder();
    struct opened mosaic, plain;
    struct run bare;
    struct error err = { 0 };
    int64_t targets, canvases = 2 * (4 - 1) * 3 * SIDE * SIDE, rows;
    char data[500];

    snprintf(data, sizeof(data), "%s/data", folder);
    CHECK_OK(sample_write(data, &sample, &err), err);
    opened_init(&mosaic, data, "1");
    opened_init(&plain, data, "0");

    /* Without mosaic there are a fourth of the boxes, and no canvas of four images. */
    CHECK(mosaic.run.most_boxes == 4 * plain.run.most_boxes);
    rows = 2 * SLOTS * BATCH;
    targets = rows * (mosaic.run.most_boxes - plain.run.most_boxes) * 20;
    CHECK(run_peak_bytes(&mosaic.run) - (int64_t)mosaic.run.network.memory.total -
              (run_peak_bytes(&plain.run) - (int64_t)plain.run.network.memory.total) ==
          targets + canvases);

    /* A mask of a fourth of the side is part of every row. */
    bare = plain.run;
    bare.most_boxes = 0;
    CHECK(run_peak_bytes(&plain.run) - run_peak_bytes(&bare) >=
          rows * (plain.run.most_boxes * 20 + SIDE * SIDE / 16 * 4));

    bare = plain.run;
    bare.dataset.annotations.point_count += 1000;
    CHECK(run_peak_bytes(&bare) - run_peak_bytes(&plain.run) == 8000);
    bare = plain.run;
    bare.dataset.class_count += 100;
    CHECK(run_peak_bytes(&bare) - run_peak_bytes(&plain.run) > 8 * 100 * 100);

    opened_release(&mosaic);
    opened_release(&plain);
}
