/* voc.c - Pascal VOC: an XML file per image. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/labelled/labelled_internal.h"
#include "data/voc_objects.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct voc {
    struct labelled *all;
    struct map stems;                       /* of image files -> file + 1 */
    struct map sheets;                      /* stems of .xml files */
    struct map listed[DATASET_SPLIT_COUNT]; /* stems of ImageSets/Main */
    bool has_lists;
    struct map class_ids;                   /* name -> id + 1 */
    struct {
        int *items, count, capacity;
    } sources; /* files */
    struct {
        int *items, count, capacity;
    } source_images; /* by source: the image's file, -1: none */
    struct {
        const char **items;
        int count, capacity;
    } names;
    int missing_count; /* images that are told of and not there */
    const char *missing;
};

/* ---- what there is ----------------------------------------------------------------------- */

static bool is_annotation(struct labelled *all, int file)
{
    struct str text = STR_INIT;
    struct voc_file parsed = { 0 };
    struct error ignored;
    bool is_one = false;

    if (!str_ends_with(all->files.items[file].path, ".xml"))
        return false;
    if (labelled_read_file(all, file, &text, &ignored) == 0) {
        voc_parse(&parsed, text.text, text.length, &ignored);
        is_one = parsed.is_annotation;
        voc_release(&parsed);
    }
    str_release(&text);
    return is_one;
}

static double judge(struct labelled *all)
{
    int tried = 0;

    for (int i = 0; i < all->files.count && tried < 20; i++) {
        tried += str_ends_with(all->files.items[i].path, ".xml");
        if (is_annotation(all, i))
            return 0.8;
    }
    return 0;
}

static void note_missing(struct voc *voc, const char *name)
{
    if (voc->missing_count++ == 0)
        voc->missing = arena_strdup(voc->all->arena, name);
}

static bool is_known(const struct voc *voc, const char *stem)
{
    return map_find(&voc->stems, stem) || map_find(&voc->sheets, stem);
}

/* What a line names.  Names may hold blanks; behind the last one may stand whether the image shows
 * a class: -1, 0 or 1.  Some write paths or extensions.  `line` is changed. */
static const char *entry_of(struct voc *voc, char *line)
{
    size_t length = strcspn(line, "\r");
    const char *name, *stem;
    char *blank;

    line[length] = '\0';
    if (is_known(voc, line))
        return line;
    while (length && isspace((unsigned char)line[length - 1]))
        line[--length] = '\0';
    line += strspn(line, " \t");
    if (is_known(voc, line))
        return line;
    blank = strpbrk(line, " \t") ? line + strlen(line) : NULL;
    while (blank && blank > line && blank[-1] != ' ' && blank[-1] != '\t')
        blank--;
    if (blank && (!strcmp(blank, "-1") || !strcmp(blank, "0") || !strcmp(blank, "1"))) {
        while (blank > line && isspace((unsigned char)blank[-1]))
            *--blank = '\0';
        if (is_known(voc, line))
            return line;
    }
    name = file_base_name(line);
    stem = file_stem(voc->all->arena, line);
    return is_known(voc, name) ? name : is_known(voc, stem) ? stem : line;
}

static int read_list(struct voc *voc, enum dataset_split split, const char *name,
                     struct error *err)
{
    struct labelled *all = voc->all;
    int file = labelled_find_inner(all, all->base, name);
    struct labelled_place place = { name, 0, -1, -1 };
    struct str text = STR_INIT;
    char *save, *line;

    if (file < 0)
        return 0;
    place.path = all->files.items[file].path;
    labelled_take(all, file);
    if (labelled_read_file(all, file, &text, err)) {
        str_release(&text);
        return -1;
    }
    voc->has_lists = true;
    save = text.text;
    while ((line = strsep(&save, "\n"))) {
        const char *entry = entry_of(voc, line);

        place.line++;
        if (!*entry)
            continue;
        map_set(&voc->listed[split], entry, voc);
        if (!is_known(voc, entry)) {
            labelled_note(all, &place, DATASET_REMARK, NULL, NULL, "no such image: '%.200s'",
                          entry);
            note_missing(voc, entry);
        }
    }
    str_release(&text);
    return 0;
}

static int read_lists(struct voc *voc, struct error *err)
{
    static const char *const names[DATASET_SPLIT_COUNT] = { "ImageSets/Main/train.txt",
                                                            "ImageSets/Main/val.txt",
                                                            "ImageSets/Main/test.txt" };

    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        if (read_list(voc, (enum dataset_split)split, names[split], err))
            return -1;
    if (voc->listed[DATASET_SPLIT_TRAIN].count == 0)
        return read_list(voc, DATASET_SPLIT_TRAIN, "ImageSets/Main/trainval.txt", err);
    return 0;
}

static bool find_split(struct voc *voc, const char *stem, const char *path,
                       enum dataset_split *split)
{
    *split = DATASET_SPLIT_TRAIN;
    for (int i = 0; i < DATASET_SPLIT_COUNT && voc->has_lists; i++)
        if (map_find(&voc->listed[i], stem)) {
            *split = (enum dataset_split)i;
            return true;
        }
    labelled_find_split(path, split);
    return !voc->has_lists;
}

static void note_names(struct voc *voc, const struct voc_file *parsed)
{
    for (int i = 0; i < parsed->object_count; i++) {
        const char *name = parsed->objects[i].name;

        if (!*name || map_find(&voc->class_ids, name) ||
            voc->names.count >= LABELLED_CLASS_LIMIT)
            continue;
        map_set(&voc->class_ids, name, voc);
        *VEC_ADD(&voc->names) = arena_strdup(voc->all->arena, name);
    }
}

/* The image of an annotation file: of the same name, else what it says. */
static int find_image(struct voc *voc, int source, const struct voc_file *parsed)
{
    struct labelled *all = voc->all;
    const char *stem = file_stem(all->arena, all->files.items[source].path);
    int file = (int)(intptr_t)map_find(&voc->stems, stem) - 1;

    if (file < 0 && *parsed->filename)
        file = (int)(intptr_t)map_find(&voc->stems, file_stem(all->arena, parsed->filename)) - 1;
    return file;
}

static int survey_file(struct voc *voc, int source, struct error *err)
{
    struct labelled *all = voc->all;
    const char *path = all->files.items[source].path;
    const struct labelled_place place = { path, 0, -1, -1 };
    struct str text = STR_INIT;
    struct voc_file parsed = { 0 };
    struct error problem = { 0 };
    enum dataset_split split;
    int file, result = labelled_read_file(all, source, &text, err);

    if (result)
        goto done;
    if (voc_parse(&parsed, text.text, text.length, &problem)) {
        labelled_take(all, source);
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL, "it cannot be read: %s",
                      problem.text);
    } else if (parsed.is_annotation) {
        file = find_image(voc, source, &parsed);
        labelled_take(all, source);
        note_names(voc, &parsed);
        if (file < 0) {
            labelled_note(all, &place, DATASET_REMARK, NULL, NULL, "its image is not there");
            note_missing(voc, file_stem(all->arena, path));
        } else if (!find_split(voc, file_stem(all->arena, path), all->files.items[file].path,
                               &split)) {
            labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                          "no list of ImageSets/Main has it");
        } else {
            labelled_add_image(all, file, split);
        }
        *VEC_ADD(&voc->sources) = source;
        *VEC_ADD(&voc->source_images) = file;
    }
done:
    voc_release(&parsed);
    str_release(&text);
    return result;
}

/* Images that are listed and have no file of objects show none. */
static void add_unlabelled(struct voc *voc)
{
    struct labelled *all = voc->all;

    for (int i = 0; i < all->files.count; i++) {
        enum dataset_split split;

        if (all->files.items[i].is_image && !all->files.items[i].is_taken && voc->has_lists &&
            find_split(voc, file_stem(all->arena, all->files.items[i].path),
                       all->files.items[i].path, &split))
            labelled_add_image(all, i, split);
    }
}

/* ---- objects ----------------------------------------------------------------------------- */

static const char *replace(struct labelled *all, const struct voc_object *object,
                           const struct annotation_box *box)
{
    struct str text = STR_INIT;
    const char *copy;

    str_add(&text, "<object><name>");
    for (const char *at = object->name; *at; at++)
        switch (*at) {
        case '<':
            str_add(&text, "&lt;");
            break;
        case '&':
            str_add(&text, "&amp;");
            break;
        default:
            str_add_char(&text, *at);
        }
    str_printf(&text,
               "</name><difficult>%d</difficult><bndbox><xmin>%.9g</xmin><ymin>%.9g</ymin>"
               "<xmax>%.9g</xmax><ymax>%.9g</ymax></bndbox></object>",
               object->is_difficult, (double)box->left, (double)box->top, (double)box->right,
               (double)box->bottom);
    copy = arena_strdup(all->arena, text.text);
    str_release(&text);
    return copy;
}

static int read_object(struct voc *voc, const struct labelled_place *place,
                       const struct voc_object *voc_object, struct error *err)
{
    struct labelled *all = voc->all;
    const struct labelled_image *image = &all->images.items[place->image];
    struct labelled_object object = { .is_plain_box = true };
    struct annotation_box *box = &object.base.box;
    const double *v = voc_object->box;
    struct {
        struct annotation_box box;
        int class_id, image;
    } key;
    char text[64] = "";
    int verdict;

    if (!*voc_object->name || voc_object->boxes != 15) {
        labelled_note(all, place, DATASET_EXCLUDED, "drop", NULL, "Missing required field: %s",
                      *voc_object->name ? "bndbox" : "name");
        return 0;
    }
    object.base.class_id = (int)(intptr_t)map_find(&voc->class_ids, voc_object->name) - 1;
    object.base.is_crowd = voc_object->is_difficult;
    object.base.line = voc_object->line;
    *box = (struct annotation_box){ (float)v[0], (float)v[1], (float)v[2], (float)v[3] };
    verdict = v[2] <= v[0] || v[3] <= v[1]
                  ? 2
                  : labelled_clip_box(box, image->width, image->height, text);
    memset(&key, 0, sizeof(key));
    key.box = *box;
    key.class_id = object.base.class_id;
    key.image = place->image;
    if (verdict == 2) {
        labelled_note(all, place, DATASET_EXCLUDED, "drop", NULL, "%s",
                      *text ? text : "the box has no area");
        return 0;
    }
    if (labelled_is_repeated(all, place->image, &key, sizeof(key))) {
        labelled_note(all, place, DATASET_EXCLUDED, "drop_duplicate", NULL,
                      "the same object stands above");
        return 0;
    }
    object.base.area = annotation_box_width(box) * annotation_box_height(box);
    if (labelled_add_object(all, place, &object, err))
        return -1;
    if (verdict)
        labelled_note(all, place, DATASET_FIXED, "clip", replace(all, voc_object, box), "%s",
                      text);
    else
        labelled_count_used(all);
    return 0;
}

static int read_objects(struct voc *voc, int index, struct error *err)
{
    struct labelled *all = voc->all;
    int file = voc->source_images.items[index], source = voc->sources.items[index];
    int image = file < 0 ? -1 : labelled_find_image(all, file);
    struct labelled_place place = { all->files.items[source].path, 0, -1, image };
    struct str text = STR_INIT;
    struct voc_file parsed = { 0 };
    int result = image < 0 ? 0 : labelled_read_file(all, source, &text, err);

    if (image >= 0 && !result)
        result = voc_parse(&parsed, text.text, text.length, err);
    if (image >= 0 && !result && parsed.width &&
        (parsed.width != all->images.items[image].width ||
         parsed.height != all->images.items[image].height))
        labelled_note(all, &place, DATASET_REMARK, NULL, NULL,
                      "the image is %d x %d, not %d x %d", all->images.items[image].width,
                      all->images.items[image].height, parsed.width, parsed.height);
    for (int i = 0; i < parsed.object_count && image >= 0 && !result; i++) {
        place.line = parsed.objects[i].line;
        place.element = i;
        result = read_object(voc, &place, &parsed.objects[i], err);
    }
    voc_release(&parsed);
    str_release(&text);
    return result;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file of names, one a line, gives the classes their order.  One that knows no object's name is
 * about something else. */
static int read_class_list(struct voc *voc, const char *inner, struct error *err)
{
    struct labelled *all = voc->all;
    int file = labelled_find_inner(all, all->base, inner), known = 0;
    struct map met = MAP_INIT;
    struct str text = STR_INIT;
    char *save, *line;
    int result;

    if (file < 0 || all->classes.count)
        return 0;
    result = labelled_read_file(all, file, &text, err);
    for (save = result ? NULL : text.text; (line = strsep(&save, "\n"));)
        known += map_find(&voc->class_ids, voc_class_name(line)) != NULL;
    if (!result)
        result = labelled_read_file(all, file, &text, err);
    save = result || (!known && voc->names.count) ? NULL : text.text;
    while ((line = strsep(&save, "\n")) &&
           all->classes.count + voc->names.count < LABELLED_CLASS_LIMIT) {
        const char *name = voc_class_name(line);

        if (!*name || map_find(&met, name))
            continue;
        map_set(&met, name, voc);
        map_set(&voc->class_ids, name, (void *)(intptr_t)(all->classes.count + 1));
        labelled_set_class(all, all->classes.count, name);
        labelled_take(all, file);
    }
    for (int i = 0; i < voc->names.count && met.count; i++)
        if (map_find(&met, voc->names.items[i]))
            voc->names.items[i] = NULL;
    map_release(&met);
    str_release(&text);
    return result;
}

/* In the order of a list, and behind it, or without one, sorted by name. */
static int settle_classes(struct voc *voc, struct error *err)
{
    struct labelled *all = voc->all;

    if (voc->names.count)
        qsort(voc->names.items, (size_t)voc->names.count, sizeof(*voc->names.items),
              compare_names);
    if (read_class_list(voc, VOC_CLASS_LIST, err) || read_class_list(voc, "classes.txt", err))
        return -1;
    for (int i = 0; i < voc->names.count; i++)
        if (voc->names.items[i]) {
            map_set(&voc->class_ids, voc->names.items[i],
                    (void *)(intptr_t)(all->classes.count + 1));
            labelled_set_class(all, all->classes.count, voc->names.items[i]);
        }
    return 0;
}

static int read_all(struct voc *voc, struct error *err)
{
    struct labelled *all = voc->all;

    for (int i = 0; i < all->files.count; i++) {
        const char *path = all->files.items[i].path;

        if (all->files.items[i].is_image)
            map_set(&voc->stems, file_stem(all->arena, path), (void *)(intptr_t)(i + 1));
        else if (str_ends_with(path, ".xml"))
            map_set(&voc->sheets, file_stem(all->arena, path), voc);
    }
    if (read_lists(voc, err))
        return -1;
    for (int i = 0; i < all->files.count; i++)
        if (str_ends_with(all->files.items[i].path, ".xml") && survey_file(voc, i, err))
            return -1;
    if (settle_classes(voc, err))
        return -1;
    add_unlabelled(voc);
    if (voc->missing_count)
        dataset_warn(all->builder, "images that are listed or labelled and not there: %d, the "
                                   "first is '%.200s'",
                     voc->missing_count, voc->missing);
    if (labelled_settle(all, err))
        return -1;
    for (int i = 0; i < voc->sources.count; i++)
        if (read_objects(voc, i, err))
            return -1;
    return 0;
}

static int read(struct labelled *all, struct error *err)
{
    struct voc voc = { .all = all };
    int result = read_all(&voc, err);

    map_release(&voc.stems);
    map_release(&voc.sheets);
    map_release(&voc.class_ids);
    for (int i = 0; i < DATASET_SPLIT_COUNT; i++)
        map_release(&voc.listed[i]);
    VEC_RELEASE(&voc.sources);
    VEC_RELEASE(&voc.source_images);
    VEC_RELEASE(&voc.names);
    return result;
}

const struct labelled_format labelled_voc = { "voc", judge, read };
