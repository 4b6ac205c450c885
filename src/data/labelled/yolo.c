/* yolo.c - data sets in the YOLO layout. */
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/yolo_internal.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* What fewer rows use is a slip of the pen and no class. */
#define CLASS_ROWS_LEAST 2
#define CLASS_SHARE_LEAST 0.01
/* Where no class is named ids may lie this far apart, as small parts of large sets use few. */
#define GAP_LEAST 100
#define GAP_LEAST_OF_RARE 20

static double judge(struct labelled *all)
{
    struct yolo yolo = { .all = all };
    bool has_images = false, has_labels = false, has_siblings = false;

    for (int i = 0; i < all->files.count; i++) {
        const char *path = all->files.items[i].path, *name = strrchr(path, '/');

        name = name ? name + 1 : path;
        if (!strchr(path + strlen(all->base) + (*all->base != 0), '/') &&
            (!strcmp(name, "data.yaml") || !strcmp(name, "data.yml")))
            return 0.95;
        has_images |= all->files.items[i].is_image;
        has_labels |= str_ends_with(name, ".txt") && (strstr(path, "/labels/") != NULL ||
                                                      str_starts_with(path, "labels/"));
        if (all->files.items[i].is_image && !has_siblings)
            has_siblings = yolo_find_label(&yolo, path) >= 0;
    }
    return has_images && (has_labels || has_siblings) ? 0.9 : 0;
}

/* A file of names, one a line, as labelling tools leave it beside the labels. */
static int read_class_list(struct yolo *yolo, struct error *err)
{
    static const char *const names[] = { "classes.txt", "labels/classes.txt", "obj.names" };
    struct labelled *all = yolo->all;
    struct str text = STR_INIT;
    int file = -1, id = 0, result;
    char *save, *line;

    for (size_t i = 0; i < 3 && file < 0; i++)
        file = labelled_find_inner(all, all->base, names[i]);
    if (file < 0 || all->classes.count)
        return 0;
    result = labelled_read_file(all, file, &text, err);
    save = text.text;
    while (!result && (line = strsep(&save, "\n")) && id < LABELLED_CLASS_LIMIT) {
        size_t length = strlen(line);

        while (length && isspace((unsigned char)line[length - 1]))
            line[--length] = '\0';
        if (length)
            labelled_set_class(all, id++, line);
    }
    labelled_take(all, file);
    yolo->class_count = id;
    str_release(&text);
    return result;
}

/* Without names the classes are those that rows use, but for strays: one row of class 9999 behind 0
 * and 1 makes no ten thousand classes. */
static int count_used_classes(const struct yolo *yolo)
{
    int wanted = 0;

    for (int id = 0; id < yolo->class_rows.count; id++) {
        int64_t rows = yolo->class_rows.items[id];
        bool is_rare = (double)rows < CLASS_SHARE_LEAST * (double)yolo->row_count;
        int gap = is_rare ? GAP_LEAST_OF_RARE : GAP_LEAST;

        if (rows && (wanted == 0 || id - wanted <= (wanted > gap ? wanted : gap)))
            wanted = id + 1;
    }
    return wanted;
}

static void name_used_classes(struct yolo *yolo)
{
    struct labelled *all = yolo->all;
    struct str text = STR_INIT;
    struct error ignored;
    char name[32];

    for (int i = 0; i < all->images.count; i++) {
        int file = yolo_find_label(yolo, all->files.items[all->images.items[i].file].path);

        if (file >= 0 && !labelled_read_file(all, file, &text, &ignored))
            yolo_count_classes(yolo, text.text, text.length);
    }
    str_release(&text);
    yolo->class_count = count_used_classes(yolo);
    yolo->are_classes_guessed = true;
    for (int id = 0; id < yolo->class_count; id++) {
        snprintf(name, sizeof(name), "class_%d", id);
        labelled_set_class(all, id, name);
    }
    yolo->row_count = yolo->class_rows.count = 0;
}

static int read_labels(struct yolo *yolo, struct error *err)
{
    struct labelled *all = yolo->all;
    struct str text = STR_INIT;
    int result = 0;

    if (yolo->class_count == 0)
        name_used_classes(yolo);
    for (int i = 0; i < all->images.count && !result; i++) {
        int file = yolo_find_label(yolo, all->files.items[all->images.items[i].file].path);
        struct labelled_place place = { NULL, 0, -1, i };
        struct error problem = { 0 };

        if (file < 0)
            continue;
        place.path = all->files.items[file].path;
        if (all->files.items[file].is_taken)
            labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                          "two images have this label file");
        labelled_take(all, file);
        if (labelled_read_file(all, file, &text, &problem))
            labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                          "its image counts as one without objects: %s", problem.text);
        else
            result = yolo_read_rows(yolo, i, file, text.text, text.length, err);
    }
    str_release(&text);
    return result;
}

/* Label files that belong to no image, and what is not a label at all. */
static void explain_rest(struct yolo *yolo)
{
    struct labelled *all = yolo->all;

    for (int i = 0; i < all->files.count; i++) {
        struct labelled_file *file = &all->files.items[i];
        bool is_label = strstr(file->path, "/labels/") || str_starts_with(file->path, "labels/");

        if (file->is_taken || file->reason)
            continue;
        if (is_label && str_ends_with(file->path, ".txt"))
            file->reason = "a label file without an image";
        else if (str_ends_with(file->path, ".cache"))
            file->reason = "another program's cache: never read";
    }
}

/* The named classes, and behind them those that labels use.  A gap wider than all that is named
 * leads nowhere: 3999 after 0 and 1 is no class of this set. */
static int count_wanted_classes(const struct yolo *yolo)
{
    int wanted = yolo->class_count;

    for (int id = wanted; id < yolo->class_rows.count; id++) {
        int64_t rows = yolo->class_rows.items[id];

        if (rows < CLASS_ROWS_LEAST || (double)rows < CLASS_SHARE_LEAST * (double)yolo->row_count)
            continue;
        if (id - wanted > yolo->class_count)
            break;
        wanted = id + 1;
    }
    return wanted;
}

static void note_classes(struct yolo *yolo)
{
    struct str text = STR_INIT;
    int64_t waiting = 0;
    int wanted;

    wanted = yolo->are_classes_guessed ? yolo->class_count : count_wanted_classes(yolo);
    yolo->all->dataset->wanted_class_count = wanted;
    for (int i = 0; i < yolo->unknown.count; i++)
        yolo->all->findings.items[yolo->unknown.items[i].finding].remedy =
            yolo->unknown.items[i].class_id < wanted ? "add_classes" : "drop";
    for (int id = yolo->class_count; id < wanted; id++)
        waiting += yolo->class_rows.items[id];
    if (waiting && yolo->all->options->is_lenient) { /* a proposal: a run leaves them out */
        str_printf(&text, "classes: %d named, but %" PRId64 " rows use ids up to %d: names are "
                          "added up to class_%d",
                   yolo->class_count, waiting, wanted - 1, wanted - 1);
        yolo_note(yolo, "add_classes", text.text);
    }
    str_release(&text);
}

static int read(struct labelled *all, struct error *err)
{
    struct yolo yolo = { .all = all };
    int result = -1;

    all->is_box_or_shape = true;
    if (yolo_read_config(&yolo, err) || read_class_list(&yolo, err) ||
        yolo_find_images(&yolo, err) || read_labels(&yolo, err))
        goto done;
    note_classes(&yolo);
    explain_rest(&yolo);
    result = 0;
done:
    json_decref(yolo.yaml);
    VEC_RELEASE(&yolo.class_rows);
    VEC_RELEASE(&yolo.unknown);
    return result;
}

const struct labelled_format labelled_yolo = { "yolo", judge, read };
