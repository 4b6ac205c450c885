/* image_form.c - see image_form.h. */

#include "net/image_form.h"

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
#define BODY_MOST (IMAGE_FORM_MOST + ((size_t)2 << 20)) /* fields and headers too */

struct image_form {
    struct multipart *parser;
    struct str path; /* "FOLDER/image-XXXXXX"; made when there is a file */
    char *name;      /* what the sender calls it; NULL: there is none */
    int fd;          /* -1: not open */
    size_t body_bytes, image_bytes;
    char field[64]; /* the name of the field at hand */
    struct str value;
    json_t *fields;
};

static int begin_part(void *context, const struct multipart_part *part, struct error *err)
{
    struct image_form *form = context;

    str_clear(&form->value);
    if (!part->filename) {
        snprintf(form->field, sizeof(form->field), "%s", part->name);
        return json_object_size(form->fields) < FIELDS_MOST
                   ? 0
                   : FAIL(err, TOO_LARGE, "The form has too many fields");
    }
    if (form->name)
        return FAIL(err, INVALID, "One file at a time");
    form->fd = mkostemp(form->path.text, O_CLOEXEC);
    if (form->fd < 0)
        return FAIL_ERRNO(err, "a temporary file cannot be made");
    form->name = strdup(file_base_name(part->filename));
    BUG_IF(!form->name);
    return 0;
}

static int take_part(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct image_form *form = context;

    if (form->fd < 0) {
        if (form->value.length + size_bytes > FIELD_MOST)
            return FAIL(err, TOO_LARGE, "The field %s is too long", form->field);
        str_add_bytes(&form->value, data, size_bytes);
        return 0;
    }
    form->image_bytes += size_bytes;
    if (form->image_bytes > IMAGE_FORM_MOST)
        return FAIL(err, TOO_LARGE, "The image is larger than %zu MB", IMAGE_FORM_MOST >> 20);
    return file_write_all(form->fd, data, size_bytes, "the image", err);
}

static int end_part(void *context, struct error *err)
{
    struct image_form *form = context;
    json_t *text;

    if (form->fd >= 0) {
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

int image_form_new(struct image_form **out, const char *content_type, const char *folder,
                     struct error *err)
{
    static const struct multipart_events events = { begin_part, take_part, end_part };
    struct image_form *form = calloc(1, sizeof(*form));

    BUG_IF(!form);
    *form = (struct image_form){ .path = STR_INIT, .value = STR_INIT, .fd = -1,
                                   .fields = json_object() };
    BUG_IF(!form->fields);
    str_printf(&form->path, "%s/image-XXXXXX", folder);
    if (file_make_folders(folder, err) ||
        multipart_new(&form->parser, content_type, &events, form, err)) {
        image_form_free(form);
        return -1;
    }
    *out = form;
    return 0;
}

int image_form_feed(struct image_form *form, const char *data, size_t size_bytes,
                      struct error *err)
{
    form->body_bytes += size_bytes;
    if (form->body_bytes > BODY_MOST)
        return FAIL(err, TOO_LARGE, "The form is too large");
    return multipart_feed(form->parser, data, size_bytes, err);
}

int image_form_finish(struct image_form *form, struct error *err)
{
    return multipart_finish(form->parser, err);
}

const json_t *image_form_fields(const struct image_form *form)
{
    return form->fields;
}

const char *image_form_path(const struct image_form *form)
{
    return form->name ? form->path.text : NULL;
}

const char *image_form_name(const struct image_form *form)
{
    return form->name;
}

void image_form_free(struct image_form *form)
{
    if (!form)
        return;
    if (form->fd >= 0)
        close(form->fd);
    if (form->name)
        unlink(form->path.text);
    free(form->name);
    multipart_free(form->parser);
    str_release(&form->path);
    str_release(&form->value);
    json_decref(form->fields);
    free(form);
}
