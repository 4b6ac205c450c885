/* trainer_internal.h - what the files of this folder share. */
#ifndef TRAINER_TRAINER_INTERNAL_H
#define TRAINER_TRAINER_INTERNAL_H

#include "trainer/trainer.h"

#include "base/arena.h"
#include "base/error.h"
#include "trainer/launch.h"

#include <stdatomic.h>

struct catalogue;
struct engine_runs;
struct residents;

struct trainer {
    char *framework; /* NULL: all */
    char *engine, *data_folder, *dataset_folder, *state_folder, *weights_folder; /* absolute */
    struct trainer_sink sink;
    const struct launcher *launcher;
    atomic_bool is_stopping; /* calls that wait give up */
    struct engine_runs *runs;
    struct catalogue *catalogue;
    struct residents *residents;
};

/* --- parameters (train_arguments.c) ---------------------------------------------------------- */

/* "classification" -> "image_classification"; others as they are. */
const char *task_type_of(const char *name);

/* A path from a request, absolute: relative ones lie below data_folder; none has "..".  INVALID. */
int trainer_path(const struct trainer *trainer, const char *given, struct arena *arena,
                 const char **path, struct error *err);

/* The same for a data set: a value without a slash is an id below dataset_folder. */
int trainer_dataset_path(const struct trainer *trainer, const char *given, struct arena *arena,
                         const char **path, struct error *err);

/* The engine's command line for what a start request asks: in the arena, ended by NULL.  extra:
 * words to add, ended by NULL.  INVALID names what does not fit. */
int trainer_arguments(const struct trainer *trainer, const json_t *request,
                      const char *const *extra, struct arena *arena, const char *const **argv,
                      struct error *err);

/* --- answers (trainer.c) --------------------------------------------------------------------- */

void answer_error(struct trainer_answer *answer, const struct error *err);
void answer_detail(struct trainer_answer *answer, int status, const char *code, const char *detail);

/* A text or a whole number of a request; a number may be written as text, as queries have it. */
const char *parameter_text(const json_t *parameters, const char *name); /* NULL: absent */
int64_t parameter_integer(const json_t *parameters, const char *name, int64_t fallback);
double parameter_number(const json_t *parameters, const char *name, double fallback);
bool parameter_flag(const json_t *parameters, const char *name);

#endif
