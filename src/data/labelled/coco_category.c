/* coco_category.c - categories: ids with holes become classes without. */
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/coco_internal.h"
#include <stdlib.h>
#include <string.h>

static void note(struct coco *coco, const struct coco_source *source, const char *text)
{
    const struct labelled_place place = { coco->all->files.items[source->file].path, 0, -1, -1 };

    labelled_note(coco->all, &place, DATASET_REMARK, NULL, NULL, "%s", text);
}

/* "left_eye" and "right_eye" are partners; a point without one is its own. */
static void find_partners(struct coco *coco)
{
    static const char *const sides[2] = { "left", "right" };
    int *flip = ARENA_ARRAY(coco->all->arena, int, coco->keypoint_count);
    bool has_any = false;

    for (int i = 0; i < coco->keypoint_count; i++)
        flip[i] = i;
    for (int i = 0; i < coco->keypoint_count; i++)
        for (int side = 0; side < 2; side++) {
            const char *name = coco->keypoint_names[i], *found = strstr(name, sides[side]);
            struct str other = STR_INIT;

            if (!found)
                continue;
            str_add_bytes(&other, name, (size_t)(found - name));
            str_add(&other, sides[1 - side]);
            str_add(&other, found + strlen(sides[side]));
            for (int j = 0; j < coco->keypoint_count; j++)
                if (!strcmp(coco->keypoint_names[j], other.text)) {
                    flip[i] = j;
                    flip[j] = i;
                    has_any = true;
                }
            str_release(&other);
        }
    if (has_any)
        coco->all->dataset->flip_index = flip;
}

static void read_skeleton(struct coco *coco, const json_t *list)
{
    struct dataset *dataset = coco->all->dataset;
    size_t count = json_array_size(list), used = 0;
    int(*pairs)[2] = arena_alloc(coco->all->arena, sizeof(*pairs) * (count + 1));

    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(list, i);
        json_int_t a = json_integer_value(json_array_get(pair, 0));
        json_int_t b = json_integer_value(json_array_get(pair, 1));

        if (a < 1 || b < 1 || a > coco->keypoint_count || b > coco->keypoint_count)
            continue;
        pairs[used][0] = (int)a - 1;
        pairs[used++][1] = (int)b - 1;
    }
    dataset->skeleton = (const int(*)[2])pairs;
    dataset->skeleton_count = (int)used;
}

static int read_keypoints(struct coco *coco, const struct coco_source *source, const json_t *json,
                          struct error *err)
{
    const json_t *names = json_object_get(json, "keypoints");
    size_t count = json_array_size(names);
    enum dataset_task task = coco->all->options->task;

    if (count == 0 || (task != DATASET_TASK_POSE && task != DATASET_TASK_BY_CONTENT))
        return 0;
    if (count > ANNOTATION_KEYPOINTS_MOST)
        return FAIL(err, UNSUPPORTED, "a category in '%s' has %zu key points: at most %d can be "
                                      "learned",
                    coco->all->files.items[source->file].path, count, ANNOTATION_KEYPOINTS_MOST);
    if (coco->keypoint_count && (size_t)coco->keypoint_count != count) {
        note(coco, source, "categories have different numbers of key points: the first counts");
        return 0;
    }
    if (coco->keypoint_count)
        return 0;
    coco->keypoint_count = (int)count;
    coco->keypoint_names = ARENA_ARRAY(coco->all->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));

        coco->keypoint_names[i] = name ? arena_strdup(coco->all->arena, name)
                                       : arena_printf(coco->all->arena, "point_%zu", i);
    }
    coco->all->dataset->keypoint_names = coco->keypoint_names;
    coco->all->dataset->keypoint_size = 3;
    coco->all->dataset->annotations.keypoint_count = coco->keypoint_count;
    find_partners(coco);
    read_skeleton(coco, json_object_get(json, "skeleton"));
    return 0;
}

static int read_category(struct coco *coco, const struct coco_source *source, const json_t *json,
                         struct error *err)
{
    const char *path = coco->all->files.items[source->file].path;
    const json_t *id = json_object_get(json, "id");
    const char *name = json_string_value(json_object_get(json, "name"));
    struct str text = STR_INIT;

    if (!json_is_integer(id) || json_integer_value(id) < 0 || !name || !*name)
        return FAIL(err, CORRUPT, "a category in '%s' lacks an id of 0 or more or a name", path);
    for (int i = 0; i < coco->categories.count; i++) {
        const struct coco_category *other = &coco->categories.items[i];

        if (other->id != json_integer_value(id))
            continue;
        if (!strcmp(other->name, name))
            return 0;
        str_printf(&text, "category %lld is '%.80s' here and '%.80s' in another file or place",
                   (long long)other->id, name, other->name);
        note(coco, source, text.text);
        str_release(&text);
        return 0;
    }
    if (coco->categories.count >= LABELLED_CLASS_LIMIT)
        return FAIL(err, TOO_LARGE, "'%s' has more than %d categories", path,
                    LABELLED_CLASS_LIMIT);
    *VEC_ADD(&coco->categories) =
        (struct coco_category){ json_integer_value(id), arena_strdup(coco->all->arena, name),
                                !strcmp(name, "__background__"), -1 };
    return read_keypoints(coco, source, json, err);
}

int coco_read_categories(struct coco *coco, const struct coco_source *source,
                         struct json_slice list, struct error *err)
{
    struct json_walk walk;
    struct json_slice key, value;
    int more;

    if (json_walk_open(&walk, list, err))
        return -1;
    while ((more = json_walk_next(&walk, &key, &value, err)) > 0) {
        json_t *json = json_slice_parse(value, err);
        int result = json ? read_category(coco, source, json, err) : -1;

        json_decref(json);
        if (result)
            return -1;
    }
    return more;
}

static int compare_categories(const void *a, const void *b)
{
    int64_t x = ((const struct coco_category *)a)->id, y = ((const struct coco_category *)b)->id;

    return x < y ? -1 : x > y;
}

void coco_settle_categories(struct coco *coco)
{
    int64_t *ids = ARENA_ARRAY(coco->all->arena, int64_t, coco->categories.count + 1);
    int class_id = 0;

    if (coco->categories.count)
        qsort(coco->categories.items, (size_t)coco->categories.count,
              sizeof(struct coco_category), compare_categories);
    for (int i = 0; i < coco->categories.count; i++) {
        struct coco_category *category = &coco->categories.items[i];

        if (category->is_background)
            continue;
        labelled_set_class(coco->all, class_id, category->name);
        ids[class_id] = category->id;
        category->class_id = class_id++;
    }
    coco->all->dataset->category_ids = ids;
}

const struct coco_category *coco_find_category(const struct coco *coco, int64_t id)
{
    int low = 0, high = coco->categories.count - 1;

    while (low <= high) {
        int middle = low + (high - low) / 2;
        const struct coco_category *category = &coco->categories.items[middle];

        if (category->id == id)
            return category;
        if (category->id < id)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return NULL;
}
