/* loader_make.c - one image, from its file to a row of a batch. */
#include "base/error.h"
#include "data/loader_internal.h"
#include "data/streams.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Crops are cut from cached images; so much larger than the network's input they still are. */
#define KEPT_SCALE 2

int loader_maker_init(struct loader_maker *maker, const struct loader_recipe *recipe,
                      struct error *err)
{
    size_t side = (size_t)recipe->transform.image_size;

    memset(maker, 0, sizeof(*maker));
    maker->recipe = recipe;
    maker->pixels = malloc(3 * side * side);
    maker->spare = malloc(3 * side * side);
    maker->decoder = decoder_new();
    maker->kit = recipe->has_objects ? scene_kit_new() : NULL;
    if (maker->pixels && maker->spare && maker->decoder && (maker->kit || !recipe->has_objects))
        return 0;
    loader_maker_release(maker);
    return FAIL(err, NO_MEMORY, "no memory for a loader thread");
}

void loader_maker_release(struct loader_maker *maker)
{
    decoder_free(maker->decoder);
    scene_kit_free(maker->kit);
    free(maker->pixels);
    free(maker->spare);
    free(maker->kept);
    free(maker->path);
    memset(maker, 0, sizeof(*maker));
}

static int reserve(void **buffer, size_t *capacity, size_t needed, struct error *err)
{
    void *larger;

    if (needed <= *capacity)
        return 0;
    larger = realloc(*buffer, needed);
    if (!larger)
        return FAIL(err, NO_MEMORY, "no memory for %zu bytes", needed);
    *buffer = larger;
    *capacity = needed;
    return 0;
}

int loader_open_item(struct loader_maker *maker, int item, struct decode_info *info,
                     struct error *err)
{
    const struct dataset *dataset = maker->recipe->dataset;
    size_t length = strlen(dataset->root) + strlen(dataset->items[item].path) + 2;

    if (reserve((void **)&maker->path, &maker->path_capacity, length, err))
        return -1;
    snprintf(maker->path, length, "%s/%s", dataset->root, dataset->items[item].path);
    return decoder_open(maker->decoder, maker->path, info, err);
}

static struct decode_view view_of(const struct loader_recipe *recipe, struct augment_rectangle part)
{
    return (struct decode_view){
        .part = part,
        .width = recipe->transform.image_size,
        .height = recipe->transform.image_size,
        .interpolation = recipe->transform.interpolation,
        .is_cut = recipe->has_random_crop,
        .is_exact = recipe->is_exact || !recipe->has_random_crop,
    };
}

/* What is kept of an image in the cache: its final pixels, or when crops are cut from it the
 * whole of it, shrunk. */
static struct decode_view kept_view(const struct loader_recipe *recipe, int width, int height)
{
    struct decode_view view =
        view_of(recipe, transform_rectangle(&recipe->transform, width, height));
    double shorter = width < height ? width : height;
    double scale = fmin(1, KEPT_SCALE * recipe->transform.image_size / shorter);

    if (recipe->has_random_crop) {
        view.part = (struct augment_rectangle){ 0, 0, width, height };
        view.width = (int)fmax(1, round(width * scale));
        view.height = (int)fmax(1, round(height * scale));
    }
    return view;
}

/* The cached form of an item: from the cache, or made now and offered to it. */
static int find_or_keep(struct loader_maker *maker, int item, struct cached_image *description,
                        const uint8_t **pixels, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    const struct cached_image *cached = loader_cache_find(recipe->cache, item);
    struct decode_info info;
    struct decode_view view;

    if (cached) {
        *description = *cached;
        *pixels = cached->pixels;
        return 0;
    }
    if (loader_open_item(maker, item, &info, err))
        return -1;
    view = kept_view(recipe, info.width, info.height);
    if (reserve((void **)&maker->kept, &maker->kept_size_bytes,
                3 * (size_t)view.width * (size_t)view.height + DECODE_SLACK_BYTES, err) ||
        decoder_draw(maker->decoder, &view, maker->kept, err))
        return -1;
    *description = (struct cached_image){ info.width, info.height, view.width, view.height };
    *pixels = maker->kept;
    loader_cache_add(recipe->cache, item, description, maker->kept);
    return 0;
}

/* Choose what part of a source image of this size is shown. */
static void choose_part(const struct loader_recipe *recipe, struct augment_image *image, int width,
                        int height, struct rng *rng)
{
    image->source_width = width;
    image->source_height = height;
    image->crop = transform_rectangle(&recipe->transform, width, height);
    augment_apply(image, AUGMENT_CROP, &recipe->augment, rng);
}

static int draw_cached(struct loader_maker *maker, int item, struct augment_image *image,
                       struct rng *rng, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    struct cached_image kept;
    struct decode_view view;
    const uint8_t *pixels;
    double scale_x, scale_y;

    if (find_or_keep(maker, item, &kept, &pixels, err))
        return -1;
    choose_part(recipe, image, kept.source_width, kept.source_height, rng);
    if (!recipe->has_random_crop) { /* the final pixels are kept */
        memcpy(image->pixels, pixels, 3 * (size_t)kept.width * (size_t)kept.height);
        return 0;
    }
    scale_x = (double)kept.width / kept.source_width;
    scale_y = (double)kept.height / kept.source_height;
    view = view_of(recipe, (struct augment_rectangle){
                               image->crop.x * scale_x, image->crop.y * scale_y,
                               image->crop.width * scale_x, image->crop.height * scale_y });
    return decoder_draw_pixels(maker->decoder, pixels, kept.width, kept.height, &view,
                               image->pixels, err);
}

static int draw_fresh(struct loader_maker *maker, int item, struct augment_image *image,
                      struct rng *rng, struct error *err)
{
    struct decode_info info;
    struct decode_view view;

    if (loader_open_item(maker, item, &info, err))
        return -1;
    choose_part(maker->recipe, image, info.width, info.height, rng);
    view = view_of(maker->recipe, image->crop);
    return decoder_draw(maker->decoder, &view, image->pixels, err);
}

int loader_make(struct loader_maker *maker, int item, int epoch, float *values, struct error *err)
{
    const struct loader_recipe *recipe = maker->recipe;
    struct rng rng = rng_for(recipe->seed, stream_of(STREAM_AUGMENT, epoch), (uint64_t)item);
    struct augment_image image = {
        .width = recipe->transform.image_size,
        .height = recipe->transform.image_size,
        .pixels = maker->pixels,
        .spare = maker->spare,
        .values = values,
    };

    for (int i = 0; i < 3; i++)
        image.fill[i] = (uint8_t)(255 * recipe->transform.mean[i] + 0.5);
    if (recipe->cache ? draw_cached(maker, item, &image, &rng, err)
                      : draw_fresh(maker, item, &image, &rng, err))
        return -1;
    augment_apply(&image, AUGMENT_PIXELS, &recipe->augment, &rng);
    transform_normalise(&recipe->table, &image);
    augment_apply(&image, AUGMENT_VALUES, &recipe->augment, &rng);
    return 0;
}
