/* loader_limits_test.c - how many files may be bad, and what sizes nobody has to make room for. */

#include "base/error.h"
#include "data/loader.h"
#include "data/sample.h"
#include "test.h"
#include "tree_support.h"

#define IMAGES 9 /* of the validation split */

static void make_dataset(struct dataset *dataset)
{
    const struct sample_options options = {
        .class_count = 3, .train_per_class = 3, .val_per_class = 3, .image_size = 40, .seed = 9
    };
    struct error err = { 0 };
    char path[500];

    snprintf(path, sizeof(path), "%s/data", test_folder());
    CHECK_OK(sample_write(path, &options, &err), err);
    CHECK_OK(dataset_open(dataset, path, NULL, &err), err);
}

/* Overwrites the first images of the validation split. */
static void spoil(const struct dataset *dataset, int count)
{
    for (int i = 0; i < dataset->item_count && count; i++)
        if (dataset->items[i].split == DATASET_SPLIT_VAL) {
            tree_add(dataset->root, dataset->items[i].path, "no image", 8);
            count--;
        }
}

/* An epoch of the validation split must fail and say so. */
static void check_fails(const struct dataset *dataset, double limit, const char *message)
{
    struct loader_options options = { .split = DATASET_SPLIT_VAL, .batch_size = 4, .threads = 2,
                                      .failure_limit = limit };
    const struct batch *batch;
    struct loader *loader;
    struct error err = { 0 };
    int result;

    transform_init(&options.transform, 24);
    CHECK_OK(loader_open(&loader, dataset, &options, &err), err);
    while ((result = loader_next(loader, &batch, &err)) == 1)
        ;
    CHECK(result == -1);
    if (!strstr(err.text, message))
        test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", message, err.text);
    loader_free(loader);
}

TEST(loader_with_a_limit_of_none_fails_at_the_first_bad_file)
{
    struct dataset dataset;

    make_dataset(&dataset);
    spoil(&dataset, 1);
    check_fails(&dataset, 0, "1 of the 9 val images do not decode, more than the limit of 0 %");
    spoil(&dataset, IMAGES);
    check_fails(&dataset, 1, "none of the 9 val images can be decoded"); /* but one is needed */
    dataset_close(&dataset);
}

/* The header of a bitmap that claims a size; its pixels are missing. */
static void claim_size(const struct dataset *dataset, int item, uint32_t width, uint32_t height)
{
    unsigned char header[54] = { 'B', 'M', [10] = 54, [14] = 40, [26] = 1, [28] = 24 };

    for (int i = 0; i < 4; i++) {
        header[18 + i] = (unsigned char)(width >> (8 * i));
        header[22 + i] = (unsigned char)(height >> (8 * i));
    }
    tree_add(dataset->root, dataset->items[item].path, header, sizeof(header));
}

TEST(loader_extent_leaves_out_what_is_never_decoded)
{
    struct loader_options options = { .batch_size = 4, .threads = 2 };
    struct loader_extent extent, before;
    struct dataset dataset;

    transform_init(&options.transform, 24);
    make_dataset(&dataset);
    before = loader_extent(&dataset);
    CHECK(before.pixels == 40 * 40);
    claim_size(&dataset, 0, 0x7fffffff, 0x7fffffff);
    claim_size(&dataset, 1, 60000, 60000);
    extent = loader_extent(&dataset);
    CHECK(extent.pixels == before.pixels);
    CHECK(loader_memory_bytes(&options, &extent, 3) == loader_memory_bytes(&options, &before, 3));
    claim_size(&dataset, 2, 10000, 10000); /* a size that would be decoded */
    extent = loader_extent(&dataset);
    CHECK(extent.pixels == 100000000);
    dataset_close(&dataset);
}
