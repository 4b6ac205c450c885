/* predict_form.h - an image to predict that comes as multipart/form-data.
 *
 * The part with a file name goes to a temporary file as it arrives, the others become parameters.
 */
#ifndef TRAINER_PREDICT_FORM_H
#define TRAINER_PREDICT_FORM_H

#include "base/json.h"

#include <stddef.h>

struct error;
struct predict_form;

#define PREDICT_IMAGE_MOST ((size_t)64 << 20)

/* folder is made when it is missing. */
int predict_form_new(struct predict_form **out, const char *content_type, const char *folder,
                     struct error *err);
/* INVALID for what is no form, TOO_LARGE. */
int predict_form_feed(struct predict_form *form, const char *data, size_t size_bytes,
                      struct error *err);
/* Into the parameters: the fields, and image_path.  INVALID "file is required". */
int predict_form_finish(struct predict_form *form, json_t *parameters, struct error *err);
/* The answer as the sender may see it, who does not know the temporary file. */
void predict_form_hide(const struct predict_form *form, json_t *answer);
/* Removes the file.  NULL is fine. */
void predict_form_free(struct predict_form *form);

#endif
