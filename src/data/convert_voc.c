/* convert_voc.c - Pascal VOC: boxes alone. */
#include "base/error.h"
#include "base/map.h"
#include "data/convert_internal.h"
#include "data/voc_objects.h"
#include <string.h>

static void add_escaped(struct str *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" } };

    for (; *text; text++) {
        const char *entity = NULL;

        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++)
            entity = *text == entities[i].c ? entities[i].entity : entity;
        if (entity)
            str_add(out, entity);
        else if ((unsigned char)*text >= ' ') /* XML has no others */
            str_add_char(out, *text);
    }
}

static void add_object(struct converter *converter, const struct annotation *object,
                       struct str *out)
{
    const struct annotation_box *box = &object->box;
    const struct {
        const char *name;
        float value;
    } sides[] = {
        { "xmin", box->left }, { "ymin", box->top }, { "xmax", box->right }, { "ymax", box->bottom }
    };

    str_add(out, "  <object>\n    <name>");
    add_escaped(out, converter->dataset->classes[object->class_id]);
    str_printf(out,
               "</name>\n    <truncated>0</truncated>\n    <difficult>%d</difficult>\n"
               "    <bndbox>\n",
               object->is_crowd);
    for (int i = 0; i < 4; i++) {
        str_printf(out, "      <%s>", sides[i].name);
        converter_add_float(out, sides[i].value);
        str_printf(out, "</%s>\n", sides[i].name);
    }
    str_add(out, "    </bndbox>\n  </object>\n");
    converter->result->objects++;
    converter->result->lost_outlines += object->ring_count || object->run_count;
    converter->result->lost_keypoints += object->first_keypoint >= 0;
}

static int write_file(struct converter *converter, int item, struct error *err)
{
    const struct annotations *all = &converter->dataset->annotations;
    const struct annotation_image *image = &all->images[item];
    struct str text = STR_INIT;
    int result;

    str_add(&text, "<annotation>\n  <folder>JPEGImages</folder>\n  <filename>");
    add_escaped(&text, converter->names[item]);
    str_printf(&text,
               "</filename>\n  <size>\n    <width>%d</width>\n    <height>%d</height>\n"
               "    <depth>3</depth>\n  </size>\n",
               image->width, image->height);
    for (int i = 0; i < image->count; i++)
        add_object(converter, annotations_of(all, item) + i, &text);
    str_add(&text, "</annotation>\n");
    result = converter_write(converter,
                             arena_printf(&converter->arena, "Annotations/%s.xml",
                                          converter_stem(converter, item)),
                             &text, err);
    str_release(&text);
    return result;
}

/* The order of the classes, which objects tell by name alone. */
static int write_classes(struct converter *converter, struct error *err)
{
    const struct dataset *dataset = converter->dataset;
    struct map met = MAP_INIT;
    struct str text = STR_INIT;
    int result;

    for (int c = 0; c < dataset->class_count; c++) {
        char *line = arena_strdup(&converter->arena, dataset->classes[c]), *end = line;
        const char *name;

        for (const char *at = line; *at; at++) /* as in add_escaped() */
            if ((unsigned char)*at >= ' ')
                *end++ = *at;
        *end = '\0';
        name = voc_class_name(line);
        converter->result->reordered_classes |= !*name || map_find(&met, name);
        map_set(&met, name, converter);
        str_printf(&text, "%s\n", name);
    }
    result = converter_write(converter, VOC_CLASS_LIST, &text, err);
    map_release(&met);
    str_release(&text);
    return result;
}

static int write(struct converter *converter, struct error *err)
{
    const struct dataset *dataset = converter->dataset;
    struct str lists[DATASET_SPLIT_COUNT];
    int result = write_classes(converter, err);

    for (int split = 0; split < DATASET_SPLIT_COUNT; split++)
        str_init(&lists[split]);
    for (int i = 0; i < dataset->item_count && !result; i++) {
        str_printf(&lists[converter_split(converter, i)], "%s\n", converter_stem(converter, i));
        result = converter_copy_image(converter, i, "JPEGImages", err) ||
                 write_file(converter, i, err);
    }
    for (int split = 0; split < DATASET_SPLIT_COUNT; split++) {
        if (lists[split].length && !result)
            result = converter_write(
                converter,
                arena_printf(&converter->arena, "ImageSets/Main/%s.txt",
                             dataset_split_name((enum dataset_split)split)),
                &lists[split], err);
        str_release(&lists[split]);
    }
    return result ? -1 : 0;
}

const struct converter_format converter_voc = { "voc", false, write };
