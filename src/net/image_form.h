/* image_form.h - an image that comes as multipart/form-data, with fields beside it.
 *
 * The part with a file name goes to a temporary file as it arrives; the fields are kept, few and
 * short as they must be. */
#ifndef NET_IMAGE_FORM_H
#define NET_IMAGE_FORM_H

#include "base/json.h"

#include <stddef.h>

struct error;
struct image_form;

#define IMAGE_FORM_MOST ((size_t)64 << 20) /* bytes of the image */

/* folder is made when it is missing.  INVALID when the type is no form's. */
int image_form_new(struct image_form **out, const char *content_type, const char *folder,
                   struct error *err);
/* INVALID for what is no form, a second file or a field that is no UTF-8; TOO_LARGE. */
int image_form_feed(struct image_form *form, const char *data, size_t size_bytes,
                    struct error *err);
/* All has come: was it the whole form? */
int image_form_finish(struct image_form *form, struct error *err);

/* Lent until the form is freed. */
const json_t *image_form_fields(const struct image_form *form);
const char *image_form_path(const struct image_form *form); /* NULL: no file has come */
const char *image_form_name(const struct image_form *form); /* what its sender calls the file */

/* Removes the file.  NULL is fine. */
void image_form_free(struct image_form *form);

#endif
