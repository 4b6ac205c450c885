/* predict_form.c - see predict_form.h. */

#include "trainer/predict_form.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "net/multipart.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_MOST ((size_t)4096)
#define FIELDS_MOST 50

struct predict_form {
    struct multipart *parser;
    struct str path; /* "FOLDER/image-XXXXXX"; made when there is a file */
    bool has_file;
    int fd; /* -1: not open */
    size_t image_bytes;
    char field[64]; /* the name of the field at hand; "": the file */
    struct str value;
    json_t *fields;
};

static int begin_part(void *context, const struct multipart_part *part, struct error *err)
{
    struct predict_form *form = context;

    form->field[0] = 0;
    str_clear(&form->value);
    if (!part->filename) {
        snprintf(form->field, sizeof(form->field), "%s", part->name);
        return json_object_size(form->fields) < FIELDS_MOST
                   ? 0
                   : FAIL(err, TOO_LARGE, "The form has too many fields");
    }
    if (form->has_file)
        return FAIL(err, INVALID, "One file at a time");
    form->fd = mkostemp(form->path.text, O_CLOEXEC);
    if (form->fd < 0)
        return FAIL_ERRNO(err, "a temporary file cannot be made");
    form->has_file = true;
    return 0;
}

static int take_part(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct predict_form *form = context;

    if (form->field[0]) {
        if (form->value.length + size_bytes > FIELD_MOST)
            return FAIL(err, TOO_LARGE, "The field %s is too long", form->field);
        str_add_bytes(&form->value, data, size_bytes);
        return 0;
    }
    form->image_bytes += size_bytes;
    if (form->image_bytes > PREDICT_IMAGE_MOST)
        return FAIL(err, TOO_LARGE, "The image is larger than %zu MB", PREDICT_IMAGE_MOST >> 20);
    return file_write_all(form->fd, data, size_bytes, "the image", err);
}

static int end_part(void *context, struct error *err)
{
    struct predict_form *form = context;
    json_t *text;

    if (!form->field[0]) {
        close(form->fd);
        form->fd = -1;
        return 0;
    }
    text = json_string(form->value.text ? form->value.text : "");
    if (!text)
        return FAIL(err, INVALID, "The field %s is not UTF-8", form->field);
    json_object_set_new(form->fields, form->field, text);
    return 0;
}

int predict_form_new(struct predict_form **out, const char *content_type, const char *folder,
                     struct error *err)
{
    static const struct multipart_events events = { begin_part, take_part, end_part };
    struct predict_form *form = calloc(1, sizeof(*form));

    BUG_IF(!form);
    *form = (struct predict_form){ .path = STR_INIT, .value = STR_INIT, .fd = -1,
                                   .fields = json_object() };
    BUG_IF(!form->fields);
    str_printf(&form->path, "%s/image-XXXXXX", folder);
    if (file_make_folders(folder, err) ||
        multipart_new(&form->parser, content_type, &events, form, err)) {
        predict_form_free(form);
        return -1;
    }
    *out = form;
    return 0;
}

int predict_form_feed(struct predict_form *form, const char *data, size_t size_bytes,
                      struct error *err)
{
    return multipart_feed(form->parser, data, size_bytes, err);
}

int predict_form_finish(struct predict_form *form, json_t *parameters, struct error *err)
{
    if (multipart_finish(form->parser, err))
        return -1;
    if (!form->has_file)
        return FAIL(err, INVALID, "file is required");
    json_object_update(parameters, form->fields);
    json_object_set_new(parameters, "image_path", json_string(form->path.text));
    return 0;
}

void predict_form_hide(const struct predict_form *form, json_t *answer)
{
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    const char *found = detail ? strstr(detail, form->path.text) : NULL;
    struct str text = STR_INIT;

    json_object_del(answer, "image_path");
    if (!found)
        return;
    str_printf(&text, "%.*sthe image%s", (int)(found - detail), detail, found + form->path.length);
    json_object_set_new(answer, "detail", json_string(text.text));
    str_release(&text);
}

void predict_form_free(struct predict_form *form)
{
    if (!form)
        return;
    if (form->fd >= 0)
        close(form->fd);
    if (form->has_file)
        unlink(form->path.text);
    multipart_free(form->parser);
    str_release(&form->path);
    str_release(&form->value);
    json_decref(form->fields);
    free(form);
}
