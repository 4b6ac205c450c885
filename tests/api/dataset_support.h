/* dataset_support.h - a platform with a training service, forms, and generated images. */
#ifndef API_DATASET_SUPPORT_H
#define API_DATASET_SUPPORT_H

#include "api_support.h"

struct trainer;

struct lab {
    struct platform platform; /* first: it is used as one */
    struct trainer *trainer;
    char *ada, *bob; /* tokens; ada owns project 1 */
};

/* Skips the test when the engine has not been built. */
void lab_open(struct lab *lab);
void lab_close(struct lab *lab);
/* As a restart: the same folder, everything else anew. */
void lab_reopen(struct lab *lab);

/* A data set of drawn images in a folder of the test's: 2 classes, 6 images to train and 3 to
 * validate in each, 40 pixels. */
const char *sample_folder(void);
void run_program(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- forms ----------------------------------------------------------------------------------- */

#define FORM_TYPE "multipart/form-data; boundary=xYzZY"

void form_field(struct str *form, const char *name, const char *value);
void form_file(struct str *form, const char *filename, const void *data, size_t size_bytes);
/* Every file of a folder, with its path in it. */
void form_folder(struct str *form, const char *folder);
void form_end(struct str *form);
/* name, format, visibility and project 1 */
void form_begin(struct str *form, const char *name);

/* Any bytes as a body. */
void send_bytes(struct lab *lab, const char *method, const char *path, const char *token,
                const char *type, const void *data, size_t size_bytes, struct reply *reply);
/* A form that is whole, expecting the status; the body of the reply. */
json_t *send_form(struct lab *lab, long status, const char *path, const char *token,
                  const struct str *form);

/* A data set of that folder in project 1, looked at; its id is to be freed. */
char *add_sample(struct lab *lab, const char *folder);

/* --- data sets with labels ------------------------------------------------------------------- */

#define LABELLED_SIDE 96

/* In a folder of the test's: 6 images to train and 3 to validate with, 3 classes, of this task. */
const char *labelled_folder(const char *task);
/* name, format and project 1 */
void form_begin_as(struct str *form, const char *name, const char *format);
/* Sent and looked at. */
json_t *send_labelled(struct lab *lab, struct str *form);
json_t *send_labelled_folder(struct lab *lab, const char *name, const char *format,
                             const char *folder);
/* Of the numbers in an object. */
int64_t sum_of_members(const json_t *object);

/* --- what is on the disk --------------------------------------------------------------------- */

/* Waits at most 10 seconds until the path exists, or does not. */
void wait_for_path(const char *path, bool exists);
int count_files(const char *folder);
/* An answer is out before what it has used is thrown away. */
void wait_for_no_uploads(const struct lab *lab);

#endif
