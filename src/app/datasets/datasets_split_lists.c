/* datasets_split_lists.c - splits of data sets with labels; see datasets_split_internal.h.
 *
 * Where labels belong to paths, images are not moved: lists of them say who is in which split.
 *
 *   yolo   train.txt, val.txt and test.txt, which data.yaml, if there is one, then names
 *   voc    ImageSets/Main/train.txt and so on, of names without their ends
 *   coco, dice   split_config.json, as their annotation files may be large and say other things;
 *          where there is one, it is written for the other formats too, as it has the last word
 *
 * Of a file that is replaced the first version goes to the quarantine, beside what fixes edit. */

#include "app/datasets/datasets_split_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define YAML_MOST ((size_t)4 << 20)
#define EDITED ".edited"
#define NAMES "ImageSets/Main/"
#define CONFIG "split_config.json" /* the engine's data/split_config.h */

/* --- classes --------------------------------------------------------------------------------- */

struct class_images {
    int all, splits[SPLIT_COUNT];
};

struct class_counts {
    struct map map; /* name to struct class_images */
    struct arena arena;
};

static struct class_images *images_of(struct class_counts *counts, const char *name)
{
    struct class_images *images = map_find(&counts->map, name);

    if (!images) {
        images = ARENA_NEW(&counts->arena, struct class_images);
        map_set(&counts->map, name, images);
    }
    return images;
}

json_t *split_classes_of(const struct split_file *file)
{
    struct error ignored;

    return file->rest && file->classes
               ? json_parse(file->classes, strlen(file->classes), "classes", &ignored)
               : NULL;
}

static void count(struct class_counts *counts, const struct split_plan *plan)
{
    const char *name;
    json_t *value;

    for (int i = 0; i < plan->count; i++) {
        json_t *classes = split_classes_of(&plan->files[i]);

        json_object_foreach(classes, name, value)
        {
            struct class_images *images = images_of(counts, name);

            images->all++;
            images->splits[plan->files[i].to]++;
        }
        json_decref(classes);
    }
}

static void forget(struct class_counts *counts)
{
    map_release(&counts->map);
    arena_release(&counts->arena);
}

void split_find_rarest(struct split_plan *plan)
{
    struct class_counts counts = { .map = MAP_INIT };
    const char *name;
    json_t *value;

    count(&counts, plan);
    for (int i = 0; i < plan->count; i++) {
        struct split_file *file = &plan->files[i];
        json_t *classes = split_classes_of(file);
        int fewest = INT_MAX;

        file->class_name = "";
        json_object_foreach(classes, name, value)
        {
            int images = images_of(&counts, name)->all;

            if (images < fewest || (images == fewest && strcmp(name, file->class_name) < 0)) {
                fewest = images;
                file->class_name = arena_strdup(&plan->arena, name);
            }
        }
        json_decref(classes);
    }
    forget(&counts);
}

/* What an image of `from` takes away must not be the last of another class. */
static bool can_leave(struct class_counts *counts, const json_t *classes, int from)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)classes, name, value)
    {
        const struct class_images *images = images_of(counts, name);

        if (images->splits[from] < 2)
            return false;
    }
    return true;
}

/* Has the image a class that no image of the split has? */
static bool is_wanted(struct class_counts *counts, const json_t *classes, int split)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)classes, name, value)
    {
        if (!images_of(counts, name)->splits[split])
            return true;
    }
    return false;
}

static void move_over(struct class_counts *counts, struct split_file *file, const json_t *classes,
                      int to)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)classes, name, value)
    {
        images_of(counts, name)->splits[file->to]--;
        images_of(counts, name)->splits[to]++;
    }
    file->to = to;
}

void split_balance(struct split_plan *plan)
{
    struct class_counts counts = { .map = MAP_INIT };

    count(&counts, plan);
    for (int i = 0; i < plan->count; i++) {
        struct split_file *file = &plan->files[i];
        json_t *classes = split_classes_of(file);
        int to = file->to == SPLIT_TRAIN ? SPLIT_VAL : SPLIT_TRAIN;

        if (file->to != SPLIT_TEST && is_wanted(&counts, classes, to) &&
            can_leave(&counts, classes, file->to))
            move_over(&counts, file, classes, to);
        json_decref(classes);
    }
    forget(&counts);
}

/* --- files ----------------------------------------------------------------------------------- */

struct lists {
    struct app *app;
    const struct dataset *dataset;
    const struct split_plan *plan;
    const char *base; /* the folder around it all, with its slash, or "" */
    struct arena arena;
};

/* What was there at first is kept; a copy, so that there is a file at every moment. */
static int put(struct lists *l, const char *name, const struct str *text, struct error *err)
{
    struct blob *blob = l->app->datasets->blob;
    const char *id = l->dataset->id, *path = arena_printf(&l->arena, "%s%s", l->base, name);
    const char *key = dataset_key("datasets", id, path, &l->arena);
    const char *kept =
        dataset_key("quarantine", id, arena_printf(&l->arena, EDITED "/%s", path), &l->arena);
    const char *folder = app_path(l->app, "tmp", &l->arena);
    const char *made = arena_printf(&l->arena, "%s/split_%s", folder, id);

    if (file_make_folders(folder, err) ||
        file_replace(made, text->text ? text->text : "", text->length, err))
        return -1;
    if ((blob_has(blob, key) && !blob_has(blob, kept) && blob_copy(blob, key, kept, err)) ||
        blob_put(blob, key, made, err)) {
        unlink(made);
        return -1;
    }
    return 0;
}

/* The first folder of all paths, unless its name means something; as the engine sees it. */
static const char *find_base(const struct split_plan *plan, struct arena *arena)
{
    static const char *const telling[] = { "images", "labels", "annotations", "jpegimages",
                                           "imagesets" };
    const char *first = NULL;
    size_t length = 0;

    for (int i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;

        if (*path == '.')
            continue;
        if (!first) {
            first = path;
            length = strcspn(path, "/");
        }
        if (!first[length] || strncmp(path, first, length + 1))
            return "";
    }
    for (size_t i = 0; first && i < sizeof(telling) / sizeof(*telling); i++)
        if (strlen(telling[i]) == length && !strncasecmp(first, telling[i], length))
            return "";
    return !first || layout_split(first, length) ? "" : arena_strndup(arena, first, length + 1);
}

static bool has_file(const struct lists *l, const char *name, struct arena *arena)
{
    return blob_has(
        l->app->datasets->blob,
        dataset_key("datasets", l->dataset->id, arena_printf(arena, "%s%s", l->base, name), arena));
}

/* A list of train and val in any case; of test where there are images, or were. */
static int put_list(struct lists *l, int split, const char *folder,
                    void (*add)(struct str *text, const char *path), bool *written,
                    struct error *err)
{
    const char *name = arena_printf(&l->arena, "%s%s.txt", folder, split_names[split]);
    struct str text = STR_INIT;
    int result = 0;

    for (int i = 0; i < l->plan->count; i++)
        if (l->plan->files[i].rest && l->plan->files[i].to == split)
            add(&text, l->plan->files[i].path + strlen(l->base));
    *written = split != SPLIT_TEST || text.length > 0;
    if (*written || has_file(l, name, &l->arena))
        result = put(l, name, &text, err);
    str_release(&text);
    return result;
}

/* --- YOLO ------------------------------------------------------------------------------------ */

static void add_path(struct str *text, const char *path)
{
    str_printf(text, "./%s\n", path);
}

/* Does the line begin with one of the keys? */
static bool has_key(const char *line, const char *const *keys, int count)
{
    for (int i = 0; i < count; i++) {
        size_t length = strlen(keys[i]);

        if (!strncmp(line, keys[i], length) && line[length + strspn(line + length, " ")] == ':')
            return true;
    }
    return false;
}

/* Data sets are what names classes, or both of train and val, as for the engine. */
static bool describes_dataset(const char *text)
{
    static const char *const names[] = { "names", "nc" };
    static const char *const train[] = { "train" }, *const val[] = { "val" };
    bool has_train = false, has_val = false;

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (has_key(line, names, 2))
            return true;
        has_train = has_train || has_key(line, train, 1);
        has_val = has_val || has_key(line, val, 1);
    }
    return has_train && has_val;
}

/* Without its places, which are those of the lists from here on. */
static void rewrite(const char *text, bool has_test, struct str *out)
{
    static const char *const places[] = { "path", "train", "val", "test" };
    bool is_left_out = false;

    while (*text) {
        size_t length = strcspn(text, "\n"), whole = length + (text[length] == '\n');

        /* What belongs to a key stands further in, or is an item of its list. */
        if (!isspace((unsigned char)*text) && *text != '-' && length)
            is_left_out = has_key(text, places, 4);
        if (!is_left_out)
            str_add_bytes(out, text, whole);
        text += whole;
    }
    if (out->length && out->text[out->length - 1] != '\n')
        str_add_char(out, '\n');
    str_printf(out, "train: train.txt\nval: val.txt\n%s", has_test ? "test: test.txt\n" : "");
}

static int read_yaml(struct lists *l, const char *path, struct str *text, struct error *err)
{
    const char *key = dataset_key("datasets", l->dataset->id, path, &l->arena);
    const char *real = blob_local_path(l->app->datasets->blob, key, &l->arena);

    str_clear(text);
    return file_read(real, YAML_MOST, text, err);
}

/* data.yaml first, then the others by name. */
static int find_yaml(struct lists *l, const char **name, struct str *text, struct error *err)
{
    *name = NULL;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < l->plan->count; i++) {
            const char *path = l->plan->files[i].path, *inner = path + strlen(l->base);

            if (*path == '.' || strchr(inner, '/') ||
                (!str_ends_with(inner, ".yaml") && !str_ends_with(inner, ".yml")) ||
                str_ends_with(inner, "data.yaml") != (pass == 0))
                continue;
            if (read_yaml(l, path, text, err))
                return -1;
            *name = inner;
            if (describes_dataset(text->text))
                return 0;
            *name = NULL;
        }
    return 0;
}

static int write_yolo(struct lists *l, struct error *err)
{
    struct str text = STR_INIT, changed = STR_INIT;
    bool has_test = false, written;
    const char *name;
    int result = find_yaml(l, &name, &text, err);

    if (!result && name && strchr("{%", text.text[strspn(text.text, " \n")]))
        result = FAIL(err, INVALID, "'%s' is written in a way that cannot be changed here", name);
    for (int split = 0; split < SPLIT_COUNT && !result; split++) {
        result = put_list(l, split, "", add_path, &written, err);
        has_test = written && split == SPLIT_TEST;
    }
    if (!result && name) {
        rewrite(text.text, has_test, &changed);
        result = put(l, name, &changed, err);
    }
    str_release(&text);
    str_release(&changed);
    return result;
}

/* --- VOC ------------------------------------------------------------------------------------- */

static void add_name(struct str *text, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    str_add_bytes(text, name, dot ? (size_t)(dot - name) : strlen(name));
    str_add_char(text, '\n');
}

static int write_voc(struct lists *l, struct error *err)
{
    int result = 0;
    bool written;

    for (int split = 0; split < SPLIT_COUNT && !result; split++)
        result = put_list(l, split, NAMES, add_name, &written, err);
    return result;
}

/* --- annotation files ------------------------------------------------------------------------ */

static int write_config(struct lists *l, struct error *err)
{
    struct str text = STR_INIT;
    char now[CLOCK_TEXT_SIZE];
    struct json_writer w;
    int result;

    clock_format_utc(clock_unix_microseconds(), now);
    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "method", "manual");
    json_put_text(&w, "created_at", now);
    json_key(&w, "splits");
    json_object_open(&w);
    for (int i = 0; i < l->plan->count; i++)
        if (l->plan->files[i].rest)
            json_put_text(&w, l->plan->files[i].path + strlen(l->base),
                          split_names[l->plan->files[i].to]);
    json_close(&w);
    json_close(&w);
    result = put(l, CONFIG, &text, err);
    str_release(&text);
    return result;
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct {
    const char *format;
    int (*write)(struct lists *l, struct error *err);
} formats[] = { { "yolo", write_yolo },
                { "voc", write_voc },
                { "coco", write_config },
                { "dice", write_config } };

/* Class folders may stand in any folder; of the rest the labels tell. */
static const char *base_of(const struct split_plan *plan, struct arena *arena)
{
    size_t length = plan->layout.wrapper_bytes;

    if (plan->has_labels)
        return find_base(plan, arena);
    for (int i = 0; i < plan->count && length; i++)
        if (strlen(plan->files[i].path) > length && plan->files[i].path[length - 1] == '/')
            return arena_strndup(arena, plan->files[i].path, length);
    return "";
}

bool split_has_config(struct app *app, const struct dataset *dataset,
                      const struct split_plan *plan)
{
    struct lists l = { .app = app, .dataset = dataset, .plan = plan };
    bool result;

    l.base = base_of(plan, &l.arena);
    result = has_file(&l, CONFIG, &l.arena);
    arena_release(&l.arena);
    return result;
}

bool split_has_lists(const char *format)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (!strcmp(formats[i].format, format))
            return true;
    return false;
}

int split_write_lists(struct app *app, const struct dataset *dataset, const struct split_plan *plan,
                      struct error *err)
{
    struct lists l = { .app = app, .dataset = dataset, .plan = plan };
    const char *format = dataset->detected_format ? dataset->detected_format : dataset->format;
    int (*write)(struct lists *l, struct error *err) = write_config, result;

    l.base = base_of(plan, &l.arena);
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (!strcmp(formats[i].format, format))
            write = formats[i].write;
    if (has_file(&l, CONFIG, &l.arena))
        write = write_config;
    result = write(&l, err);
    arena_release(&l.arena);
    return result;
}
