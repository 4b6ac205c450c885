/* label_edit.c - see label_edit.h. */
#include "data/label_edit.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "data/dataset.h"
#include "data/voc_objects.h"
#include "formats/json_walk.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct editor {
    struct label_edit *edits; /* sorted by where they are */
    int count, next;
};

static int compare_edits(const void *a, const void *b)
{
    const struct label_edit *first = a, *second = b;

    if (first->line != second->line && first->element < 0 && second->element < 0)
        return first->line < second->line ? -1 : 1;
    if (first->element != second->element)
        return first->element < second->element ? -1 : 1;
    /* of two for one place the one that removes comes last, and wins */
    return !first->replacement - !second->replacement;
}

/* Is there an edit for this place?  Of several the last. */
static bool find_edit(struct editor *editor, int64_t place, bool by_line, const char **replacement)
{
    bool is_found = false;

    while (editor->next < editor->count) {
        const struct label_edit *edit = &editor->edits[editor->next];
        int64_t at = by_line ? edit->line : edit->element;

        if (at > place)
            break;
        if (at == place) {
            *replacement = edit->replacement;
            is_found = true;
        }
        editor->next++;
    }
    return is_found;
}

/* ---- lines ------------------------------------------------------------------------------- */

static int edit_lines(struct editor *editor, const struct str *text, struct str *out,
                      struct error *err)
{
    int line = 0;

    (void)err;
    for (const char *at = text->text, *end = at + text->length; at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at)), *replacement = NULL;
        size_t size = (size_t)((next ? next + 1 : end) - at);

        if (!find_edit(editor, ++line, true, &replacement)) {
            str_add_bytes(out, at, size);
        } else if (replacement) {
            str_add(out, replacement);
            str_add_char(out, '\n');
        }
        at += size;
    }
    return 0;
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* Copy a list with changed elements; `shift` and `high` make an element's number of its place. */
static int edit_list(struct editor *editor, struct json_slice list, int64_t high, struct str *out,
                     struct error *err)
{
    struct json_walk walk;
    struct json_slice key, value;
    int64_t element = 0;
    bool is_first = true;
    int more;

    if (json_walk_open(&walk, list, err))
        return -1;
    str_add_char(out, '[');
    for (; (more = json_walk_next(&walk, &key, &value, err)) > 0; element++) {
        const char *replacement = NULL;
        bool is_edited = find_edit(editor, high | element, false, &replacement);

        if (is_edited && !replacement)
            continue;
        str_add(out, is_first ? "\n" : ",\n");
        is_first = false;
        if (is_edited)
            str_add(out, replacement);
        else
            str_add_bytes(out, value.text, value.length);
    }
    str_add(out, "\n]");
    return more;
}

static int edit_nested(struct editor *editor, struct json_slice images, struct str *out,
                       struct error *err)
{
    struct json_walk walk, inner;
    struct json_slice key, image, value;
    const char *copied = images.text;
    int64_t element = 0;
    int more;

    if (json_walk_open(&walk, images, err))
        return -1;
    for (; (more = json_walk_next(&walk, &key, &image, err)) > 0; element++) {
        int within = json_walk_open(&inner, image, err) ? -1 : 1;

        while (within > 0 && (within = json_walk_next(&inner, &key, &value, err)) > 0)
            if (json_slice_is(key, "annotations")) {
                str_add_bytes(out, copied, (size_t)(value.text - copied));
                if (edit_list(editor, value, element << 24, out, err))
                    return -1;
                copied = value.text + value.length;
            }
        if (within < 0)
            return -1;
    }
    str_add_bytes(out, copied, (size_t)(images.text + images.length - copied));
    return more;
}

static int edit_json(struct editor *editor, const struct str *text, struct str *out,
                     struct error *err)
{
    const struct json_slice whole = { text->text, text->length };
    struct json_walk walk;
    struct json_slice key, value, list = { 0 }, images = { 0 };
    int more, result;

    if (json_walk_open(&walk, whole, err))
        return -1;
    while ((more = json_walk_next(&walk, &key, &value, err)) > 0) {
        if (json_slice_is(key, "annotations"))
            list = value;
        if (json_slice_is(key, "images"))
            images = value;
    }
    if (more < 0)
        return -1;
    if (!list.text)
        list = images;
    if (!list.text)
        return FAIL(err, CORRUPT, "there are no annotations in the file");
    str_add_bytes(out, text->text, (size_t)(list.text - text->text));
    result = list.text == images.text ? edit_nested(editor, list, out, err)
                                      : edit_list(editor, list, 0, out, err);
    str_add_bytes(out, list.text + list.length,
                  (size_t)(text->text + text->length - list.text - list.length));
    return result;
}

/* ---- VOC --------------------------------------------------------------------------------- */

static int edit_voc(struct editor *editor, const struct str *text, struct str *out,
                    struct error *err)
{
    struct voc_file file = { 0 };
    size_t copied = 0;

    if (voc_parse(&file, text->text, text->length, err)) {
        voc_release(&file);
        return -1;
    }
    for (int i = 0; i < file.object_count; i++) {
        const struct voc_object *object = &file.objects[i];
        const char *replacement = NULL;

        if (!find_edit(editor, i, false, &replacement))
            continue;
        str_add_bytes(out, text->text + copied, object->begin - copied);
        if (replacement)
            str_add(out, replacement);
        copied = object->end;
    }
    str_add_bytes(out, text->text + copied, text->length - copied);
    voc_release(&file);
    return 0;
}

int label_edit_apply(const char *format, const struct str *text, const struct label_edit *edits,
                     int count, struct str *out, struct error *err)
{
    struct editor editor = { .count = count };
    int result;

    editor.edits = malloc(sizeof(*edits) * (size_t)(count + 1));
    if (!editor.edits)
        return FAIL(err, NO_MEMORY, "no memory for %d changes", count);
    memcpy(editor.edits, edits, sizeof(*edits) * (size_t)count);
    qsort(editor.edits, (size_t)count, sizeof(*edits), compare_edits);
    if (!strcmp(format, "yolo"))
        result = edit_lines(&editor, text, out, err);
    else if (!strcmp(format, "voc"))
        result = edit_voc(&editor, text, out, err);
    else
        result = edit_json(&editor, text, out, err);
    free(editor.edits);
    return result;
}

/* ---- YAML -------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    static const char *const words[] = { "null", "true", "false", "yes", "no",
                                         "on",   "off",  "y",     "n" };

    if (!isalpha((unsigned char)*text) && *text != '.' && *text != '_')
        return false;
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_-./ ", *at))
            return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (!strcasecmp(text, words[i]))
            return false;
    return text[strlen(text) - 1] != ' ';
}

void label_write_yaml_text(struct str *out, const char *text)
{
    struct json_writer w;

    if (is_plain(text)) {
        str_add(out, text);
    } else { /* a JSON text is a YAML text */
        json_begin(&w, out);
        json_text(&w, text);
    }
}

void label_write_yaml_keypoints(const struct dataset *dataset, struct str *out)
{
    int count = dataset->annotations.keypoint_count;

    if (count == 0)
        return;
    str_printf(out, "\nkpt_shape: [%d, %d]\n", count, dataset->keypoint_size);
    if (dataset->flip_index) {
        str_add(out, "flip_idx: [");
        for (int i = 0; i < count; i++)
            str_printf(out, "%s%d", i ? ", " : "", dataset->flip_index[i]);
        str_add(out, "]\n");
    }
    if (dataset->keypoint_names) {
        str_add(out, "kpt_names:\n  0:\n");
        for (int i = 0; i < count; i++) {
            str_add(out, "    - ");
            label_write_yaml_text(out, dataset->keypoint_names[i]);
            str_add_char(out, '\n');
        }
    }
    if (dataset->skeleton_count) {
        str_add(out, "skeleton: [");
        for (int i = 0; i < dataset->skeleton_count; i++)
            str_printf(out, "%s[%d, %d]", i ? ", " : "", dataset->skeleton[i][0],
                       dataset->skeleton[i][1]);
        str_add(out, "]\n");
    }
}
