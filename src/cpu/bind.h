/* bind.h - what the bind_*.c files share: from a node to a step over range functions.
 *
 * A binding is a work struct with the range functions of its phases.  Its sizes are filled in when
 * the step is created, its pointers whenever the plan binds the step to memory. */
#ifndef CPU_BIND_H
#define CPU_BIND_H

#include "cpu/bindings.h"
#include "cpu/kernels.h"

/* Fill in the work's pointers from step->args and step->scratch. */
typedef void bind_fn(const struct step *step, void *work);

/* --- offers ---------------------------------------------------------------------------------- */

const struct cpu_kernels *bind_kernels(const struct device *device);

/* All values plain, at the cost of moving them once. */
void offer_plain(const struct node *node, struct offer *offer);
/* Images, those are computed values and inputs of four dimensions, blocked and the rest plain;
 * reading or writing them `passes` times in all. */
void offer_blocked(const struct node *node, struct offer *offer, double passes);
/* All values in one layout, whatever it is: blocked if one of them lies so now. */
void offer_alike(const struct node *node, const int *wish, struct offer *offer);
/* Output `output` may stand in the memory of input `input`. */
void offer_in_place(struct offer *offer, int output, int input);

/* Is the value there, with four dimensions? */
bool is_image(const struct value *value);

/* --- steps ----------------------------------------------------------------------------------- */

/* Make step run `bind` and then the phases that follow; returns its zeroed work struct. */
void *bind_step(struct arena *arena, struct step *step, size_t work_size, bind_fn *bind);
/* `work` is that struct or one inside it. */
void bind_phase(struct step *step, range_fn *range, void *work, int64_t count);

/* A row whose step is told by one function: sizes, pointers (NULL until the step is bound) and
 * phases.  It runs when the step is created and whenever it is bound. */
struct setup {
    const struct device *device;
    const struct cpu_kernels *kernels;
    struct offer offer;
};
typedef void setup_fn(struct step *step, void *work, const struct setup *setup);

struct simple_row {
    struct kernel kernel; /* first; create is create_simple */
    size_t work_size;
    setup_fn *setup;
};

#define SIMPLE_ROW(op_name, offer_function, work_type, setup_function)                    \
    { { "v:" #op_name, &op_##op_name, offer_function, create_simple }, sizeof(work_type), \
      setup_function }

int create_simple(struct device *device, struct arena *arena, const struct offer *offer,
                  struct step *step, struct error *err);

static inline void *step_input(const struct step *step, int index)
{
    return step->args[index];
}

static inline void *step_output(const struct step *step, int index)
{
    return step->args[step->node->input_count + index];
}

/* --- sizes ----------------------------------------------------------------------------------- */

struct blocked blocked_of(const struct shape *shape, int lanes);
int64_t blocked_pieces(const struct blocked *size);
int64_t blocked_floats(const struct blocked *size, int lanes);

int64_t step_floats(const struct device *device, const struct value *value, int layout);

/* Is a result of so many floats better written past the caches? */
bool worth_streaming(int64_t floats);

/* How many of a batch's places hold an image: the others have a count of -1 (models/detector.h). */
static inline int64_t present_images(const int32_t *counts, int64_t places)
{
    int64_t present = 0;

    for (int64_t i = 0; i < places; i++)
        present += counts[i] >= 0;
    return present;
}

#endif
