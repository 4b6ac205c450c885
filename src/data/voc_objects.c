/* voc_objects.c - see voc_objects.h. */
#include "data/voc_objects.h"
#include "base/error.h"
#include "base/vec.h"
#include <ctype.h>
#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 32
#define TEXT_LIMIT 1024
#define FILE_LIMIT_BYTES ((size_t)64 << 20)

struct reader {
    struct voc_file *file;
    XML_Parser parser;
    int depth;
    const char *refusal; /* why it was stopped */
    char text[TEXT_LIMIT];
    size_t length;
    bool in_object, in_part, in_box, in_size; /* a part of an object has a box of its own */
};

static void stop(struct reader *reader, const char *why)
{
    reader->refusal = why;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void on_doctype(void *context, const char *name, const char *system_id,
                       const char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    stop(context, "document types are refused");
}

static void begin_object(struct reader *reader)
{
    struct voc_file *file = reader->file;

    file->objects = vec_grow(file->objects, file->object_count, &file->_capacity,
                             sizeof(*file->objects));
    memset(&file->objects[file->object_count], 0, sizeof(*file->objects));
    file->objects[file->object_count].begin =
        (size_t)XML_GetCurrentByteIndex(reader->parser);
    file->objects[file->object_count++].line = (int)XML_GetCurrentLineNumber(reader->parser);
    reader->in_object = true;
}

static void on_begin(void *context, const char *name, const char **attributes)
{
    struct reader *reader = context;

    (void)attributes;
    if (reader->depth++ >= DEPTH_LIMIT) {
        stop(reader, "it is nested too deeply");
        return;
    }
    reader->length = 0;
    if (reader->depth == 1)
        reader->file->is_annotation = !strcmp(name, "annotation");
    if (reader->depth == 2 && !strcmp(name, "object"))
        begin_object(reader);
    reader->in_part |= reader->in_object && !strcmp(name, "part");
    reader->in_box |= reader->in_object && !reader->in_part && !strcmp(name, "bndbox");
    reader->in_size |= reader->depth == 2 && !strcmp(name, "size");
}

static void on_text(void *context, const char *text, int length)
{
    struct reader *reader = context;

    if (reader->length + (size_t)length < TEXT_LIMIT) {
        memcpy(reader->text + reader->length, text, (size_t)length);
        reader->length += (size_t)length;
    }
}

/* The text of the element that ends, without blanks around it. */
static const char *trimmed(struct reader *reader)
{
    char *text = reader->text;

    while (reader->length && isspace((unsigned char)text[reader->length - 1]))
        reader->length--;
    text[reader->length] = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static void copy(char *target, size_t size, const char *text)
{
    size_t length = strlen(text);

    length = length < size ? length : size - 1;
    memcpy(target, text, length);
    target[length] = '\0';
}

const char *voc_class_name(char *line)
{
    size_t most = sizeof(((struct voc_object *)NULL)->name) - 1, length;

    while (isspace((unsigned char)*line))
        line++;
    length = strlen(line);
    while (length && isspace((unsigned char)line[length - 1]))
        length--;
    line[length < most ? length : most] = '\0';
    return line;
}

static void end_in_object(struct reader *reader, const char *name, const char *text)
{
    static const char *const sides[4] = { "xmin", "ymin", "xmax", "ymax" };
    struct voc_object *object = &reader->file->objects[reader->file->object_count - 1];

    if (reader->depth == 3 && !strcmp(name, "name"))
        copy(object->name, sizeof(object->name), text);
    if (reader->depth == 3 && !strcmp(name, "difficult"))
        object->is_difficult = strtol(text, NULL, 10) == 1;
    for (int i = 0; i < 4 && reader->in_box; i++) {
        char *end;
        double value;

        if (strcmp(name, sides[i]))
            continue;
        value = strtod(text, &end);
        if (*text && !*end && isfinite(value)) {
            object->box[i] = value;
            object->boxes |= 1u << i;
        }
    }
}

static int read_side(const char *text)
{
    double value = strtod(text, NULL);

    return value >= 1 && value <= 1e6 ? (int)value : 0;
}

static void on_end(void *context, const char *name)
{
    struct reader *reader = context;
    const char *text = trimmed(reader);

    if (reader->in_object && !reader->in_part)
        end_in_object(reader, name, text);
    if (reader->in_size && !strcmp(name, "width"))
        reader->file->width = read_side(text);
    if (reader->in_size && !strcmp(name, "height"))
        reader->file->height = read_side(text);
    if (reader->depth == 2 && !strcmp(name, "filename"))
        copy(reader->file->filename, sizeof(reader->file->filename), text);
    if (reader->depth == 2 && !strcmp(name, "size"))
        reader->in_size = false;
    if (!strcmp(name, "bndbox"))
        reader->in_box = false;
    if (!strcmp(name, "part"))
        reader->in_part = false;
    if (reader->depth == 2 && reader->in_object) {
        reader->in_object = false;
        reader->file->objects[reader->file->object_count - 1].end =
            (size_t)XML_GetCurrentByteIndex(reader->parser) +
            (size_t)XML_GetCurrentByteCount(reader->parser);
    }
    reader->length = 0;
    reader->depth--;
}

int voc_parse(struct voc_file *file, const char *text, size_t length, struct error *err)
{
    struct reader reader = { .file = file };
    int result = 0;

    memset(file, 0, sizeof(*file));
    if (length > FILE_LIMIT_BYTES)
        return FAIL(err, TOO_LARGE, "the file has more than %zu bytes", FILE_LIMIT_BYTES);
    reader.parser = XML_ParserCreate(NULL);
    if (!reader.parser)
        return FAIL(err, NO_MEMORY, "no memory to read XML");
    XML_SetUserData(reader.parser, &reader);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    XML_SetElementHandler(reader.parser, on_begin, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    if (XML_Parse(reader.parser, text, (int)length, 1) != XML_STATUS_OK)
        result = FAIL(err, CORRUPT, "line %lu: %s",
                      (unsigned long)XML_GetCurrentLineNumber(reader.parser),
                      reader.refusal ? reader.refusal
                                     : XML_ErrorString(XML_GetErrorCode(reader.parser)));
    XML_ParserFree(reader.parser);
    return result;
}

void voc_release(struct voc_file *file)
{
    free(file->objects);
    memset(file, 0, sizeof(*file));
}
