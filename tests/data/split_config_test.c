/* split_config_test.c - what a run and a data set say about splits, and who wins. */
#include "data/split_config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include "tree_support.h"
#include <string.h>

struct tried {
    struct arena arena;
    struct dataset dataset;
    struct dataset_options options;
};

static int try(struct tried *tried, const char *folder, const char *strategy, struct error *err)
{
    *tried = (struct tried){ .arena = ARENA_INIT };
    if (split_config_read_strategy(&tried->arena, strategy, &tried->options, err) ||
        dataset_open(&tried->dataset, folder, &tried->options, err)) {
        arena_release(&tried->arena);
        return -1;
    }
    return 0;
}

static void use(struct tried *tried, const char *folder, const char *strategy)
{
    struct error err = { 0 };

    CHECK_OK(try(tried, folder, strategy, &err), err);
}

static void done(struct tried *tried)
{
    dataset_close(&tried->dataset);
    arena_release(&tried->arena);
}

static void refuse(const char *folder, const char *strategy, const char *part)
{
    struct error err = { 0 };
    struct tried tried;

    CHECK(try(&tried, folder, strategy, &err) == -1);
    if (!strstr(err.text, part))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.text, part);
}

static void add_text(const char *folder, const char *path, const char *text)
{
    tree_add(folder, path, text, strlen(text));
}

static int split_of(const struct dataset *dataset, const char *path)
{
    for (int i = 0; i < dataset->item_count; i++)
        if (!strcmp(dataset->items[i].path, path))
            return (int)dataset->items[i].split;
    return -1;
}

#define COUNTS(tried, train, val)                                          \
    CHECK(dataset_count(&(tried).dataset, DATASET_SPLIT_TRAIN) == (train)); \
    CHECK(dataset_count(&(tried).dataset, DATASET_SPLIT_VAL) == (val))

TEST(split_config_of_the_run_beats_that_of_the_data_set_beats_the_ratio)
{
    const char *folder = test_folder();
    struct tried t;

    tree_add_many(folder, "train/a/x", 10);
    tree_add_many(folder, "train/b/x", 10);
    use(&t, folder, "{}");
    COUNTS(t, 16, 4);
    CHECK_TEXT(t.dataset.split_source, "default");
    CHECK(t.dataset.is_divided);
    done(&t);
    add_text(folder, "split_config.json",
             "{\"method\":\"manual\",\"created_by\":\"ada\",\"splits\":{\"train/a/x003.jpg\":"
             "\"val\",\"train/b/x001.jpg\":\"val\",\"train/b/x002.jpg\":null,"
             "\"train/b/gone.jpg\":\"val\"}}");
    use(&t, folder, "{\"method\":\"use_dataset\"}");
    COUNTS(t, 18, 2);
    CHECK(split_of(&t.dataset, "train/a/x003.jpg") == DATASET_SPLIT_VAL);
    CHECK_TEXT(t.dataset.split_source, "split_config");
    CHECK_TEXT(t.dataset.split_method, "manual");
    CHECK(!t.dataset.is_divided);
    CHECK(t.dataset.warning_count == 1 && strstr(t.dataset.warnings[0], "'train/b/gone.jpg'"));
    done(&t);
    use(&t, folder, "{\"method\":\"auto\",\"ratio\":0.5,\"seed\":7}");
    COUNTS(t, 10, 10);
    CHECK_TEXT(t.dataset.split_source, "split_strategy");
    CHECK(t.dataset.seed == 7);
    done(&t);
    use(&t, folder, "{\"method\":\"custom\",\"custom_splits\":{\"train/a/x003.jpg\":\"train\","
                    "\"train/a/x004.jpg\":\"val\",\"train/a/x005.jpg\":\"test\"}}");
    COUNTS(t, 17, 2);
    CHECK(split_of(&t.dataset, "train/b/x001.jpg") == DATASET_SPLIT_VAL);
    CHECK(split_of(&t.dataset, "train/a/x003.jpg") == DATASET_SPLIT_TRAIN);
    CHECK_TEXT(t.dataset.split_method, "custom");
    done(&t);
}

TEST(split_config_divides_what_a_partial_one_leaves_open)
{
    const char *folder = test_folder();
    struct tried t;

    tree_add_many(folder, "wrapper/a/x", 10);
    tree_add_many(folder, "wrapper/b/x", 10);
    tree_add_many(folder, "wrapper/c/x", 1);
    /* Where the layout begins, and as seen from there. */
    add_text(folder, "wrapper/split_config.json",
             "{\"method\":\"partial\",\"default_ratio\":0.7,\"seed\":3,\"splits\":{\"a/x000.jpg\":"
             "\"val\",\"a/x001.jpg\":\"val\",\"a/x002.jpg\":\"val\",\"b/x009.jpg\":\"train\","
             "\"b/x008.jpg\":\"test\"}}");
    use(&t, folder, "{}");
    for (int i = 3; i < 10; i++) { /* a has its share already */
        char path[40];

        snprintf(path, sizeof(path), "wrapper/a/x%03d.jpg", i);
        CHECK(split_of(&t.dataset, path) == DATASET_SPLIT_TRAIN);
    }
    CHECK(t.dataset.class_counts[DATASET_SPLIT_VAL][1] == 3);
    CHECK(split_of(&t.dataset, "wrapper/b/x009.jpg") == DATASET_SPLIT_TRAIN);
    CHECK(t.dataset.class_counts[DATASET_SPLIT_TRAIN][2] == 1);
    CHECK(t.dataset.seed == 3);
    CHECK_TEXT(t.dataset.split_method, "partial");
    done(&t);
}

TEST(split_config_leaves_images_out)
{
    const char *folder = test_folder();
    struct tried t;

    tree_add_many(folder, "a/x", 5);
    tree_add_many(folder, "b/x", 5);
    use(&t, folder, "{\"exclude_images\":[\"a/x000.jpg\",\"b/x004.jpg\",\"b/none.jpg\"]}");
    CHECK(t.dataset.item_count == 8);
    CHECK(split_of(&t.dataset, "b/x004.jpg") == -1);
    CHECK(t.dataset.warning_count == 1 &&
          strstr(t.dataset.warnings[0], "1 of 3 images to exclude"));
    done(&t);
}

TEST(split_config_is_refused_when_it_does_not_fit)
{
    const char *folder = test_folder();

    tree_add_many(folder, "a/x", 3);
    tree_add_many(folder, "b/x", 3);
    refuse(folder, "{\"method\":\"some\"}", "method must be use_dataset, auto or custom");
    refuse(folder, "{\"ratio\":1}", "ratio must be a number between 0 and 1");
    refuse(folder, "{\"seed\":\"x\"}", "seed must be a whole number");
    refuse(folder, "{\"splits\":[]}", "splits must be an object");
    refuse(folder, "{\"splits\":{\"a/x000.jpg\":\"dev\"}}", "'a/x000.jpg' must be train, val");
    refuse(folder, "{\"exclude_images\":[1]}", "exclude_images must be a list");
    refuse(folder, "{\"metod\":\"auto\"}", "unknown member 'metod'");
    refuse(folder, "{\"method\":", "split_strategy");
    refuse(folder, "/nowhere.json", "/nowhere.json");
    refuse(folder,
           "{\"method\":\"custom\",\"custom_splits\":{\"a/1\":\"val\",\"a/2\":\"val\",\"a/3\":"
           "\"val\",\"a/4\":\"val\",\"b/x000.jpg\":\"val\"}}",
           "names 4 paths that are no images of the dataset: 'a/1', 'a/2', 'a/3' and others");
    refuse(folder, "{\"method\":\"custom\",\"custom_splits\":{\"a/x000.jpg\":\"train\"}}",
           "leaves no image of");
    add_text(folder, "split_config.json", "{\"method\":\"manual\",\"splits\":7}");
    refuse(folder, "{}", "split_config.json: splits must be an object");
}

static const unsigned char bmp[58] = { 'B', 'M', 58, [10] = 54, [14] = 40, [18] = 1,
                                       [22] = 1, [26] = 1, [28] = 24 };

/* Ten images of two classes in COCO's layout, all in one file that names no split. */
static void make_coco(const char *folder, const char *config)
{
    struct str json = STR_INIT;
    char path[60];

    str_add(&json, "{\"categories\":[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}],"
                   "\"images\":[");
    for (int i = 0; i < 10; i++) {
        snprintf(path, sizeof(path), "images/%d.bmp", i);
        tree_add(folder, path, bmp, sizeof(bmp));
        str_printf(&json, "%s{\"id\":%d,\"file_name\":\"%d.bmp\"}", i ? "," : "", i, i);
    }
    str_add(&json, "],\"annotations\":[");
    for (int i = 0; i < 10; i++)
        str_printf(&json, "%s{\"id\":%d,\"image_id\":%d,\"category_id\":%d,\"bbox\":[0,0,1,1]}",
                   i ? "," : "", i + 1, i, 1 + i % 2);
    str_printf(&json, "]%s}", config);
    add_text(folder, "annotations/all.json", json.text);
    str_release(&json);
}

static void use_coco(struct tried *t, const char *folder, const char *strategy)
{
    struct error err = { 0 };

    *t = (struct tried){ .arena = ARENA_INIT, .options.task = DATASET_TASK_DETECTION };
    CHECK_OK(split_config_read_strategy(&t->arena, strategy, &t->options, &err), err);
    CHECK_OK(dataset_open(&t->dataset, folder, &t->options, &err), err);
    CHECK_TEXT(t->dataset.format, "coco");
}

TEST(split_config_serves_data_sets_of_annotation_files)
{
    const char *folder = test_folder();
    struct tried t;

    make_coco(folder, ",\"split_config\":{\"method\":\"partial\",\"default_ratio\":0.5,\"splits\":"
                      "{\"0\":\"val\",\"1\":\"test\",\"2\":\"val\"}}");
    use_coco(&t, folder, "{}");
    CHECK(dataset_count(&t.dataset, DATASET_SPLIT_TEST) == 1);
    COUNTS(t, 4, 5); /* of a: 0, 2 and one more of 5; of b: 2 of 4 */
    CHECK(split_of(&t.dataset, "images/0.bmp") == DATASET_SPLIT_VAL);
    CHECK_TEXT(t.dataset.split_source, "split_config");
    done(&t);
    add_text(folder, "split_config.json",
             "{\"method\":\"manual\",\"splits\":{\"images/0.bmp\":\"train\",\"images/1.bmp\":"
             "\"train\",\"images/2.bmp\":\"train\",\"images/9.bmp\":\"val\"}}");
    use_coco(&t, folder, "{}");
    COUNTS(t, 9, 1);
    for (int i = 0; i < t.dataset.excluded_count; i++)
        CHECK(strcmp(t.dataset.excluded[i].path, "split_config.json"));
    done(&t);
    use_coco(&t, folder, "{\"method\":\"auto\",\"ratio\":0.6,\"exclude_images\":"
                         "[\"images/3.bmp\",\"images/4.bmp\"]}");
    CHECK(t.dataset.item_count == 8);
    COUNTS(t, 4, 4); /* of each class 0.4 of 4, rounded */
    CHECK(t.dataset.class_counts[DATASET_SPLIT_VAL][0] == 2);
    done(&t);
}

TEST(split_config_takes_the_record_of_a_run)
{
    const char *folder = test_folder();
    struct dataset_options options = { 0 };
    struct arena arena = ARENA_INIT;
    struct error err = { 0 };
    struct dataset again;
    struct tried t;
    char data[500];

    snprintf(data, sizeof(data), "%s/data", folder);
    tree_add_many(folder, "data/a b/x", 6);
    tree_add_many(folder, "data/c/x y", 6);
    use(&t, data, "{\"method\":\"auto\",\"ratio\":0.5,\"seed\":99}");
    CHECK_OK(dataset_write_splits(&t.dataset, folder, &err), err);
    add_text(data, "split_config.json", "{\"method\":\"auto\",\"default_ratio\":0.9}");
    CHECK_OK(split_config_read_record(&arena, folder, &options, &err), err);
    CHECK_OK(dataset_open(&again, data, &options, &err), err);
    CHECK(again.item_count == 12);
    for (int i = 0; i < again.item_count; i++)
        CHECK(again.items[i].split == t.dataset.items[i].split);
    dataset_close(&again);
    arena_release(&arena);
    done(&t);
}
