/* device.h - what computes: a table of kernels behind one struct.
 *
 * Layouts   How a value lies in memory is a small number.  LAYOUT_PLAIN is row-major,
 *           LAYOUT_BLOCKED is (N, C/b, H, W, b) with the device's block b and zeros in the lanes
 *           past C; further numbers are the device's own (weights in the order that a kernel
 *           likes).  Only a device knows what they mean; plans compare them and ask for reorders.
 * Padding   Every buffer is rounded up to 64 bytes.  Parameter and state vectors have zeros in
 *           the padding; kernels keep padded lanes of blocked values zero.
 * Offers    A kernel looks at a node and either declines or says which layouts it takes and
 *           gives, how much scratch it needs and what it costs.  The plan picks; the choice is a
 *           pure function of shapes, instruction set, thread count and library version.
 * Threads   A step is either phases of range functions, which the executor splits among its
 *           threads with a barrier between phases, or one call that runs on all threads itself.
 */
#ifndef NN_DEVICE_H
#define NN_DEVICE_H

#include "nn/flat.h"
#include "nn/graph.h"
#include "nn/op.h"

struct device;
struct step;

enum layout { LAYOUT_PLAIN, LAYOUT_BLOCKED, LAYOUT_FIRST_PRIVATE };

/* What a step's arguments point to, in this order: the node's inputs, its outputs, the scratch. */
#define STEP_MAX_ARGS (NODE_MAX_INPUTS + NODE_MAX_OUTPUTS + 1)

struct offer {
    const struct kernel *kernel;
    int inputs[NODE_MAX_INPUTS]; /* layouts */
    int outputs[NODE_MAX_OUTPUTS];
    size_t scratch_bytes;
    double cost; /* estimated seconds; only comparisons matter */
    /* Output i may use the memory of input in_place[i] - 1 when that dies here; 0: never. */
    int in_place[NODE_MAX_OUTPUTS];
    void *choice; /* the kernel's own notes from offer to create, in the plan's arena */
};

struct kernel {
    const char *name;
    const struct op *op;
    /* false: not for this node.  `wish` holds the layouts that the inputs have now (the kernel may
     * ask for others) and, for parameters whose layout is still free, -1: then the kernel sets
     * what it likes best. */
    bool (*offer)(struct device *device, struct arena *arena, const struct node *node,
                  const int *wish, struct offer *offer);
    /* Make the step runnable; what it needs lives in the arena or is freed by step->release. */
    int (*create)(struct device *device, struct arena *arena, const struct offer *offer,
                  struct step *step, struct error *err);
};

struct phase {
    void (*run)(const struct step *step, int64_t begin, int64_t end);
    int64_t count; /* independent pieces of work */
};

#define STEP_MAX_PHASES 4

struct step {
    const struct node *node; /* NULL for a reorder */
    const char *kernel;      /* name, for profiles */
    const char *name;        /* of the layer */
    void *args[STEP_MAX_ARGS]; /* bound before a run */
    int arg_count;
    void *scratch;
    void *context; /* the kernel's own */
    const struct run_state *run;
    struct phase phases[STEP_MAX_PHASES];
    int phase_count;
    int (*call)(const struct step *step); /* instead of phases; non-zero: failed */
    void (*bound)(struct step *step);     /* the pointers in args have changed; may be NULL */
    void (*release)(struct step *step);   /* may be NULL */
    double flops, bytes;
};

/* The most that a device can do, whatever the kernel: see Williams et al. 2009. */
struct roofline {
    double flops_per_second, bytes_per_second; /* memory beyond the caches */
};

struct device {
    const char *name;
    int thread_count;
    int block; /* channels per block of LAYOUT_BLOCKED */
    bool values_are_double; /* F32 values are kept as double (the exact reference device) */
    const struct kernel *const *kernels; /* ends with NULL */
    const struct flat_kernels *flat;     /* long vectors: optimizers, averages */
    /* A short text that names everything the choice of kernels depends on. */
    const char *identity;

    size_t (*layout_bytes)(struct device *device, int layout, const struct shape *shape,
                           enum dtype dtype);
    const char *(*layout_name)(struct device *device, int layout, char *text, size_t size);
    /* Make a step that copies from one layout into another.  args[0] source, args[1] target. */
    int (*reorder)(struct device *device, struct arena *arena, const struct shape *shape,
                   enum dtype dtype, int from, int to, struct step *step, struct error *err);
    /* Runs a list of steps, in order. */
    int (*run)(struct device *device, struct step *steps, int count, const struct run_state *run,
               double *seconds, struct error *err); /* seconds: per step, added to; may be NULL */
    /* For profiles; takes about a second.  May be NULL. */
    int (*measure_roofline)(struct device *device, struct roofline *roofline, struct error *err);
    void (*close)(struct device *device);
};

/* Plain C reference kernels for every op, in double inside, one thread.  `values_are_double`:
 * values are stored as double (the exact oracle); otherwise as float between nodes. */
struct device *device_reference_open(bool values_are_double);
void device_close(struct device *device); /* NULL is fine */

#endif
