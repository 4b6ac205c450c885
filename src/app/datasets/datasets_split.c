/* datasets_split.c - which images are learned from and which are kept to validate; see datasets.h.
 *
 * Where a split is a folder, changing it moves files; where it is a list, or stands in annotation
 * files, datasets_split_lists.c writes what says it.  No file is ever replaced: where a name is
 * taken it gets a number.  When the process ends in the middle, each file is still in one place,
 * and the data set is looked at again, because it was marked before. */

#include "app/datasets/datasets_split_internal.h"

#include "base/error.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

const char *const split_names[SPLIT_COUNT] = { "train", "val", "test" };

static int split_find(const char *name)
{
    for (int i = 0; name && i < SPLIT_COUNT; i++)
        if (!strcmp(name, split_names[i]))
            return i;
    return -1;
}

/* --- what there is --------------------------------------------------------------------------- */

static const char *path_at(const void *list, int index)
{
    return ((const struct split_file *)list)[index].path;
}

/* The same for the same image whichever folder of a split it is in. */
static uint64_t key_of(const char *rest, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    struct rng rng;

    for (; *rest; rest++)
        hash = (hash ^ (unsigned char)*rest) * 0x100000001b3u;
    rng = rng_for(seed, 1, hash);
    return rng_next(&rng);
}

static int read_plan(struct app *app, const struct dataset *dataset, uint64_t seed,
                     struct split_plan *plan, struct error *err)
{
    struct dataset_file_page all = { .limit = INT64_MAX };
    struct dataset_file *rows;
    int64_t total;

    if (datasets_files(app, dataset, &all, &plan->arena, &rows, &plan->count, &total, err))
        return -1;
    plan->files = ARENA_ARRAY(&plan->arena, struct split_file, plan->count + 1);
    for (int i = 0; i < plan->count; i++)
        plan->files[i].path = rows[i].path;
    layout_begin(&plan->layout, path_at, plan->files, plan->count);
    plan->has_lists = plan->has_lists || split_has_config(app, dataset, plan);
    plan->has_folders = plan->layout.has_train && !plan->has_lists;
    memcpy(plan->folders, split_names, sizeof(split_names));
    for (int i = 0; i < plan->count; i++) {
        struct split_file *f = &plan->files[i];
        bool is_used = !strcmp(rows[i].state, "used") &&
                       (plan->has_labels ? rows[i].classes != NULL : rows[i].class_name != NULL);

        f->class_name = rows[i].class_name;
        f->classes = rows[i].classes;
        f->from = f->to = is_used ? split_find(rows[i].split) : -1;
        if (f->from < 0 || strlen(f->path) <= plan->layout.wrapper_bytes)
            continue;
        f->rest = f->path + plan->layout.wrapper_bytes;
        if (plan->has_folders) {
            size_t length = strcspn(f->rest, "/");

            plan->folders[f->from] = arena_strndup(&plan->arena, f->rest, length);
            f->rest += length + 1;
        }
        f->key = key_of(f->rest, seed);
    }
    if (plan->has_labels)
        split_find_rarest(plan);
    return 0;
}

static void add_images(struct dataset_class_split *sums, const char *split_name, int64_t images)
{
    int split = split_find(split_name);

    if (split >= 0)
        *(split == SPLIT_TRAIN ? &sums->train
          : split == SPLIT_VAL ? &sums->val
                               : &sums->test) += images;
}

int datasets_split(struct app *app, const struct dataset *dataset, struct arena *arena,
                   struct dataset_class_split **classes, int *count,
                   struct dataset_class_split *all, struct error *err)
{
    struct db_value id = db_text(dataset->id);
    struct db_rows rows, counts;

    if (db_read(app->db,
                dataset->object_distribution ? STATEMENT_dataset_object_splits
                                             : STATEMENT_dataset_file_splits,
                DB_ARGS(id), arena, &rows, err) ||
        db_read(app->db, STATEMENT_dataset_split_counts, DB_ARGS(id), arena, &counts, err))
        return -1;
    *classes = ARENA_ARRAY(arena, struct dataset_class_split, rows.count + 1);
    *count = 0;
    for (int i = 0; i < rows.count; i++) {
        const char *name = db_at(&rows, i, 0)->text;
        struct dataset_class_split *last = *count ? &(*classes)[*count - 1] : NULL;

        if (!last || strcmp(last->class_name, name)) {
            last = &(*classes)[(*count)++];
            *last = (struct dataset_class_split){ .class_name = name };
        }
        add_images(last, db_at(&rows, i, 1)->text, db_at(&rows, i, 2)->integer);
    }
    *all = (struct dataset_class_split){ 0 };
    for (int i = 0; i < counts.count; i++)
        add_images(all, db_at(&counts, i, 0)->text, db_at(&counts, i, 1)->integer);
    return 0;
}

/* --- who goes where -------------------------------------------------------------------------- */

static int by_class_and_key(const void *a, const void *b)
{
    const struct split_file *x = *(struct split_file *const *)a;
    const struct split_file *y = *(struct split_file *const *)b;
    int order = strcmp(x->class_name, y->class_name);

    if (order)
        return order;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : strcmp(x->path, y->path);
}

/* At least one where there is enough, so that no class is without. */
static int share(int count, double fraction, int least_count)
{
    int images = (int)(count * fraction + 0.5);

    return !images && fraction > 0 && count >= least_count ? 1 : images;
}

static void divide(struct split_file **files, int count, const struct dataset_split_change *change)
{
    int val = share(count, change->val, 2), test = share(count, change->test, 3);

    if (val + test >= count) /* something is to be learned from */
        val = count - test - 1 > 0 ? count - test - 1 : 0;
    if (val + test >= count)
        test = count - 1;
    for (int i = 0; i < count; i++)
        files[i]->to = i < val ? SPLIT_VAL : i < val + test ? SPLIT_TEST : SPLIT_TRAIN;
}

static void divide_all(struct split_plan *plan, const struct dataset_split_change *change)
{
    struct split_file **used = ARENA_ARRAY(&plan->arena, struct split_file *, plan->count + 1);
    int count = 0, begin = 0;

    for (int i = 0; i < plan->count; i++)
        if (plan->files[i].rest)
            used[count++] = &plan->files[i];
    qsort(used, (size_t)count, sizeof(*used), by_class_and_key);
    for (int i = 1; i <= count; i++)
        if (i == count || strcmp(used[i]->class_name, used[begin]->class_name)) {
            divide(&used[begin], i - begin, change);
            begin = i;
        }
}

static int assign(struct split_plan *plan, const json_t *wanted, struct error *err)
{
    struct map files = MAP_INIT;
    const char *path;
    json_t *value;
    int result = 0;

    for (int i = 0; i < plan->count; i++)
        if (plan->files[i].rest)
            map_set(&files, plan->files[i].path, &plan->files[i]);
    json_object_foreach((json_t *)wanted, path, value) {
        struct split_file *file = map_find(&files, path);
        int split = split_find(json_string_value(value));

        if (!result && !file)
            result = FAIL(err, NOT_FOUND, "The dataset uses no image '%.200s'", path);
        else if (!result && split < 0)
            result = FAIL(err, INVALID, "'%.200s': a split is train, val or test", path);
        else if (!result)
            file->to = split;
    }
    map_release(&files);
    return result;
}

/* The engine sees a split only where there is something to learn from. */
static int check_train(const struct split_plan *plan, struct error *err)
{
    bool is_known = !plan->has_lists;

    for (int i = 0; i < plan->count && !is_known; i++)
        is_known = plan->files[i].rest != NULL;
    if (!is_known)
        return FAIL(err, CONFLICT, "The dataset has not been looked at yet");
    for (int i = 0; i < plan->count; i++)
        if (plan->files[i].rest && plan->files[i].to == SPLIT_TRAIN)
            return 0;
    return FAIL(err, INVALID, "No image would be left to train on");
}

/* --- moving ---------------------------------------------------------------------------------- */

/* "a/cat/1.jpg" -> "a/cat/1_2.jpg" where that is free, and so on. */
static const char *free_path(struct map *taken, const char *wanted, struct arena *arena)
{
    const char *dot = strrchr(wanted, '.'), *path = wanted;

    for (int i = 2; map_find(taken, path); i++)
        path = arena_printf(arena, "%.*s_%d%s", (int)(dot - wanted), wanted, i, dot);
    map_set(taken, path, (void *)1);
    return path;
}

static int move_all(struct app *app, const struct dataset *dataset, struct split_plan *plan,
                    struct error *err)
{
    struct map taken = MAP_INIT;
    int result = 0;

    for (int i = 0; i < plan->count; i++)
        map_set(&taken, plan->files[i].path, (void *)1);
    for (int i = 0; i < plan->count && !result; i++) {
        const struct split_file *f = &plan->files[i];
        const char *path;

        if (!f->rest || (plan->has_folders && f->to == f->from))
            continue;
        path = free_path(&taken,
                         arena_printf(&plan->arena, "%.*s%s/%s", (int)plan->layout.wrapper_bytes,
                                      f->path, plan->folders[f->to], f->rest),
                         &plan->arena);
        result = blob_check_key(path, err) ||
                         blob_move(app->datasets->blob,
                                   dataset_key("datasets", dataset->id, f->path, &plan->arena),
                                   dataset_key("datasets", dataset->id, path, &plan->arena), err)
                     ? -1
                     : 0;
        if (result && err->kind == ERR_NOT_FOUND)
            result = 0; /* somebody else has taken it out */
    }
    map_release(&taken);
    return result;
}

/* --- what it comes to ------------------------------------------------------------------------ */

static int by_class_name(const void *a, const void *b)
{
    return strcmp(((const struct dataset_class_split *)a)->class_name,
                  ((const struct dataset_class_split *)b)->class_name);
}

struct sums {
    struct map classes; /* name to struct dataset_class_split */
    struct arena *arena;
    struct dataset_class_split **items;
    int count, capacity;
};

static void add_to_class(struct sums *sums, const char *name, int split)
{
    struct dataset_class_split *of_class = map_find(&sums->classes, name);

    if (!of_class) {
        of_class = ARENA_NEW(sums->arena, struct dataset_class_split);
        of_class->class_name = arena_strdup(sums->arena, name);
        map_set(&sums->classes, name, of_class);
        *VEC_ADD(sums) = of_class;
    }
    add_images(of_class, split_names[split], 1);
}

/* As datasets_split() will say it when the doctor has looked. */
static void sum_up(const struct split_plan *plan, struct arena *arena,
                   struct dataset_split_result *result)
{
    struct sums sums = { .classes = MAP_INIT, .arena = arena };

    for (int i = 0; i < plan->count; i++) {
        const struct split_file *file = &plan->files[i];
        json_t *classes = split_classes_of(file), *value;
        const char *name;

        if (!file->rest)
            continue;
        add_images(&result->all, split_names[file->to], 1);
        result->moved += file->to != file->from || (!plan->has_lists && !plan->has_folders);
        json_object_foreach(classes, name, value) add_to_class(&sums, name, file->to);
        if (!plan->has_labels)
            add_to_class(&sums, file->class_name, file->to);
        json_decref(classes);
    }
    result->class_count = sums.count;
    result->classes = ARENA_ARRAY(arena, struct dataset_class_split, sums.count + 1);
    for (int i = 0; i < sums.count; i++)
        result->classes[i] = *sums.items[i];
    qsort(result->classes, (size_t)sums.count, sizeof(*result->classes), by_class_name);
    map_release(&sums.classes);
    free(sums.items);
}

static int check_change(const struct dataset_split_change *c, struct error *err)
{
    double sum = c->train + c->val + c->test;

    if (!c->assign && (!(c->train > 0) || !(c->val >= 0) || !(c->test >= 0) ||
                       !(sum > 0.999 && sum < 1.001)))
        return FAIL(err, INVALID, "train, val and test must be shares that make 1, train above 0");
    return 0;
}

/* In lists an image whose split is not asked for stays where the rows say that it is, and between a
 * change and the next analysis they do not. */
static int check_known(const struct dataset *dataset, const struct dataset_split_change *change,
                       const struct split_plan *plan, struct error *err)
{
    return change->assign && plan->has_lists && !strcmp(dataset->status, "analyzing")
               ? FAIL(err, CONFLICT, "The dataset is being looked at; try again when it is ready")
               : 0;
}

static int change_split(struct app *app, const struct dataset *dataset,
                        const struct dataset_split_change *change, struct arena *arena,
                        struct dataset_split_result *after, struct error *err)
{
    const char *format = dataset->detected_format ? dataset->detected_format : dataset->format;
    bool is_unknown = !strcmp(format, "auto"); /* until somebody has looked */
    struct split_plan plan = { .has_labels = split_has_lists(format),
                               .has_lists = split_has_lists(format) || is_unknown };
    int result = -1;

    if (dataset_check_idle(app, dataset, err) ||
        read_plan(app, dataset, (uint64_t)change->seed, &plan, err))
        goto done;
    if (change->assign && assign(&plan, change->assign, err))
        goto done;
    if (!change->assign)
        divide_all(&plan, change);
    if (!change->assign && change->val > 0 && plan.has_labels)
        split_balance(&plan);
    if (check_train(&plan, err) || check_known(dataset, change, &plan, err))
        goto done;
    /* First the mark, so that a restart in between looks again; and once more, as the doctor may
     * have looked while we moved. */
    result = datasets_analyze(app, dataset, err);
    if (!result)
        result = plan.has_lists ? split_write_lists(app, dataset, &plan, err)
                                : move_all(app, dataset, &plan, err);
    if (!result && !plan.has_lists)
        result = dataset_list_by_path(app, dataset->id, err);
    if (!result)
        result = datasets_analyze(app, dataset, err);
    if (!result)
        sum_up(&plan, arena, after);
done:
    arena_release(&plan.arena);
    return result;
}

int datasets_change_split(struct app *app, const struct dataset *dataset,
                          const struct dataset_split_change *change, struct arena *arena,
                          struct dataset_split_result *after, struct error *err)
{
    struct dataset_lock lock;
    struct dataset now;
    int result;

    *after = (struct dataset_split_result){ 0 };
    if (check_change(change, err) || dataset_lock(app, dataset->id, &lock, err))
        return -1;
    result = dataset_read(app, dataset->id, arena, &now, err) ||
                     change_split(app, &now, change, arena, after, err)
                 ? -1
                 : 0;
    dataset_unlock(app, &lock);
    return result;
}
