/* coco_set.c - see coco_set.h. */

#include "score/coco_set.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/mask.h"
#include "score/coco_set_internal.h"
#include "score/detection_metrics.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define FILE_LIMIT_BYTES ((size_t)1 << 30)

/* An object whose image is known, until all can be put in the order of images. */
struct placed {
    struct image_object object;
    int image, order;
};

struct placed_list {
    struct placed *items;
    int count, capacity;
};

/* --- images and categories -------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

/* Images and categories begin with their id, so that one search serves both. */
static int find_id(const void *items, int count, size_t size, int64_t id)
{
    const char *found = bsearch(&id, items, (size_t)count, size, compare_ids);

    return found ? (int)((size_t)(found - (const char *)items) / size) : -1;
}

static int check_unique(const void *items, int count, size_t size, const struct coco_text *text,
                        const char *what, struct error *err)
{
    const char *bytes = items;

    for (int i = 1; i < count; i++)
        if (!compare_ids(bytes + (size_t)(i - 1) * size, bytes + (size_t)i * size))
            return FAIL(err, CORRUPT, "'%s': two %s have the id %lld", text->name, what,
                        (long long)*(const int64_t *)(const void *)(bytes + (size_t)i * size));
    return 0;
}

static int list_of(const json_t *tree, const char *key, const struct coco_text *text,
                   const json_t **list, struct error *err)
{
    *list = json_object_get(tree, key);
    if (json_is_array(*list) && json_array_size(*list) <= INT_MAX)
        return 0;
    return FAIL(err, CORRUPT, "'%s': '%s' must be a list", text->name, key);
}

static int side_of(const json_t *image, const char *key)
{
    json_int_t side = json_integer_value(json_object_get(image, key));

    return side > 0 && side <= MASK_SIDE_LIMIT ? (int)side : 0;
}

static int read_images(struct coco_set *set, const json_t *tree, const struct coco_text *text,
                       struct error *err)
{
    struct coco_place place = { text->name, "image", 0 };
    const json_t *list, *entry;
    size_t i;

    if (list_of(tree, "images", text, &list, err))
        return -1;
    set->images = ARENA_ARRAY(&set->arena, struct coco_image, json_array_size(list) + 1);
    json_array_foreach((json_t *)list, i, entry) {
        struct coco_image *image = &set->images[i];

        place.index = (int64_t)i;
        if (coco_read_id(entry, "id", &place, &image->id, err))
            return -1;
        image->width = side_of(entry, "width");
        image->height = side_of(entry, "height");
    }
    set->image_count = (int)i;
    qsort(set->images, i, sizeof(*set->images), compare_ids);
    return check_unique(set->images, set->image_count, sizeof(*set->images), text, "images", err);
}

static int read_categories(struct coco_set *set, const json_t *tree, const struct coco_text *text,
                           struct error *err)
{
    struct coco_place place = { text->name, "category", 0 };
    const json_t *list, *entry;
    size_t i;

    if (list_of(tree, "categories", text, &list, err))
        return -1;
    set->categories = ARENA_ARRAY(&set->arena, struct coco_category, json_array_size(list) + 1);
    json_array_foreach((json_t *)list, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        struct coco_category *category = &set->categories[i];

        place.index = (int64_t)i;
        if (coco_read_id(entry, "id", &place, &category->id, err))
            return -1;
        category->name = name ? arena_strdup(&set->arena, name)
                              : arena_printf(&set->arena, "%lld", (long long)category->id);
    }
    set->category_count = (int)i;
    qsort(set->categories, i, sizeof(*set->categories), compare_ids);
    return check_unique(set->categories, set->category_count, sizeof(*set->categories), text,
                        "categories", err);
}

/* --- objects ---------------------------------------------------------------------------------- */

/* Image and category of an entry, and the shape that the kind asks for. */
static int read_object(struct coco_set *set, const json_t *entry, enum overlap_kind kind,
                       const struct coco_place *place, struct placed *out, struct error *err)
{
    struct image_object *object = &out->object;
    int64_t image_id, category_id;

    if (coco_read_id(entry, "image_id", place, &image_id, err) ||
        coco_read_id(entry, "category_id", place, &category_id, err))
        return -1;
    out->image = find_id(set->images, set->image_count, sizeof(*set->images), image_id);
    object->category = find_id(set->categories, set->category_count, sizeof(*set->categories),
                               category_id);
    if (out->image < 0 || object->category < 0)
        return FAIL(err, CORRUPT, "'%s': %s %lld names %s %lld, which the truth does not know",
                    place->file, place->what, (long long)place->index,
                    out->image < 0 ? "image" : "category",
                    (long long)(out->image < 0 ? image_id : category_id));
    if (kind == OVERLAP_MASK)
        return coco_read_mask(set, entry, &set->images[out->image], place, object, err);
    if (kind == OVERLAP_KEYPOINTS)
        return coco_read_keypoints(set, entry, place, object, err);
    return coco_read_box(entry, place, &object->box, err);
}

static int read_truths(struct coco_set *set, const json_t *tree, const struct coco_text *text,
                       enum overlap_kind kind, struct placed_list *out, struct error *err)
{
    struct coco_place place = { text->name, "annotation", 0 };
    const json_t *list, *entry;
    size_t i;

    if (list_of(tree, "annotations", text, &list, err))
        return -1;
    json_array_foreach((json_t *)list, i, entry) {
        const json_t *area = json_object_get(entry, "area");
        struct placed *truth = VEC_ADD(out);
        struct image_object *object = &truth->object;

        place.index = (int64_t)i;
        *truth = (struct placed){ .order = (int)i };
        if (read_object(set, entry, kind, &place, truth, err))
            return -1;
        if (kind == OVERLAP_KEYPOINTS && coco_read_box(entry, &place, &object->box, err))
            return -1; /* what an unlabelled person is found by */
        object->is_crowd = json_integer_value(json_object_get(entry, "iscrowd")) != 0;
        object->area = json_is_number(area) ? json_number_value(area)
                       : kind == OVERLAP_MASK ? (double)mask_area(object->mask)
                                              : object->box.w * object->box.h;
    }
    return 0;
}

static int read_result(struct coco_set *set, const json_t *entry, enum overlap_kind kind,
                       const struct coco_place *place, struct placed *out, struct error *err)
{
    const json_t *score = json_object_get(entry, "score");

    *out = (struct placed){ .order = (int)place->index };
    if (read_object(set, entry, kind, place, out, err))
        return -1;
    if (!json_is_number(score))
        return FAIL(err, CORRUPT, "'%s': %s %lld has no 'score'", place->file, place->what,
                    (long long)place->index);
    out->object.score = json_number_value(score);
    return 0;
}

static size_t skip_space(const struct coco_text *text, size_t at)
{
    while (at < text->length && strchr(" \t\r\n", text->text[at]) && text->text[at])
        at++;
    return at;
}

static int read_results(struct coco_set *set, const struct coco_text *text, enum overlap_kind kind,
                        struct placed_list *out, struct error *err)
{
    struct coco_place place = { text->name, "result", 0 };
    size_t at = skip_space(text, 0);
    char expected = '[';

    while (at < text->length && text->text[at] == expected) {
        json_error_t problem;
        json_t *entry;
        int result;

        at = skip_space(text, at + 1);
        if (expected == '[' && at < text->length && text->text[at] == ']')
            break;
        entry = json_loadb(text->text + at, text->length - at,
                           JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &problem);
        if (!entry)
            return FAIL(err, CORRUPT, "'%s': result %lld is no JSON: %s", text->name,
                        (long long)place.index, problem.text);
        result = read_result(set, entry, kind, &place, VEC_ADD(out), err);
        json_decref(entry);
        if (result)
            return -1;
        at = skip_space(text, at + (size_t)problem.position);
        place.index++;
        expected = ',';
    }
    if (at >= text->length || text->text[at] != ']' || skip_space(text, at + 1) != text->length)
        return FAIL(err, CORRUPT, "'%s' must be a JSON list of results: it breaks off after %lld",
                    text->name, (long long)place.index);
    return 0;
}

static int compare_placed(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void arrange(struct coco_set *set, struct placed_list *list, struct coco_objects *out)
{
    if (list->count)
        qsort(list->items, (size_t)list->count, sizeof(*list->items), compare_placed);
    out->first = ARENA_ARRAY(&set->arena, int, set->image_count + 1);
    for (int i = 0; i < list->count; i++) {
        *VEC_ADD(out) = list->items[i].object;
        out->first[list->items[i].image + 1]++;
    }
    for (int i = 0; i < set->image_count; i++)
        out->first[i + 1] += out->first[i];
    VEC_RELEASE(list);
}

/* --- whole ------------------------------------------------------------------------------------ */

int coco_set_init(struct coco_set *set, const struct coco_text *truth,
                  const struct coco_text *results, enum overlap_kind kind, struct error *err)
{
    struct placed_list truths = { 0 }, found = { 0 };
    json_t *tree = json_parse(truth->text, truth->length, truth->name, err);
    int result = -1;

    *set = (struct coco_set){ 0 };
    if (!tree)
        return -1;
    if (!read_images(set, tree, truth, err) && !read_categories(set, tree, truth, err) &&
        !read_truths(set, tree, truth, kind, &truths, err) &&
        !read_results(set, results, kind, &found, err)) {
        arrange(set, &truths, &set->truths);
        arrange(set, &found, &set->results);
        result = 0;
    }
    json_decref(tree);
    VEC_RELEASE(&truths);
    VEC_RELEASE(&found);
    return result;
}

int coco_set_open(struct coco_set *set, const char *truth_path, const char *results_path,
                  enum overlap_kind kind, struct error *err)
{
    struct str truth = STR_INIT, results = STR_INIT;
    int status = -1;

    *set = (struct coco_set){ 0 };
    if (!file_read(truth_path, FILE_LIMIT_BYTES, &truth, err) &&
        !file_read(results_path, FILE_LIMIT_BYTES, &results, err))
        status = coco_set_init(set, &(struct coco_text){ truth_path, truth.text, truth.length },
                               &(struct coco_text){ results_path, results.text, results.length },
                               kind, err);
    str_release(&truth);
    str_release(&results);
    return status;
}

void coco_set_rule(const struct coco_set *set, enum overlap_kind kind, struct overlap_rule *rule)
{
    *rule = (struct overlap_rule){ .kind = kind };
    if (kind == OVERLAP_KEYPOINTS)
        overlap_rule_set_keypoints(rule, set->keypoint_count ? set->keypoint_count : 1, 3);
}

void coco_set_measure(const struct coco_set *set, struct detection_metrics *metrics)
{
    for (int i = 0; i < set->image_count; i++) {
        const int *truth = set->truths.first + i, *found = set->results.first + i;
        int truth_count = truth[1] - truth[0], found_count = found[1] - found[0];

        detection_metrics_add(metrics, truth_count ? set->truths.items + truth[0] : NULL,
                              truth_count, found_count ? set->results.items + found[0] : NULL,
                              found_count);
    }
}

void coco_set_release(struct coco_set *set)
{
    for (int i = 0; i < set->_mask_count; i++)
        mask_release(set->_masks[i]);
    free(set->_masks);
    VEC_RELEASE(&set->truths);
    VEC_RELEASE(&set->results);
    arena_release(&set->arena);
    *set = (struct coco_set){ 0 };
}
