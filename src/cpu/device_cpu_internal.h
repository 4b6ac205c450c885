/* device_cpu_internal.h - what the files of the processor's device share. */
#ifndef CPU_DEVICE_CPU_INTERNAL_H
#define CPU_DEVICE_CPU_INTERNAL_H

#include "cpu/bindings.h"
#include "cpu/onednn.h"

struct device_cpu {
    struct vector_device vector; /* first, so that bindings may cast */
    struct onednn onednn;
    struct { /* primitives whose code is generated before the next run, by all cores at once */
        struct primitive **items;
        int count, capacity;
    } waiting;
    struct {
        const struct kernel **items; /* ends with NULL */
        int count, capacity;
    } kernels;
    char identity[256];
};

static inline struct device_cpu *device_cpu_of(struct device *device)
{
    return (struct device_cpu *)device;
}

/* --- layouts.c ------------------------------------------------------------------------------- */

/* Numbers from LAYOUT_FIRST_PRIVATE on are oneDNN's descriptors.  A private layout may describe
 * more channels than the value has, up to whole blocks; those are zeros. */
const struct memory_desc *layout_desc(struct device *device, int layout, const struct shape *shape,
                                      enum dtype dtype);
/* LAYOUT_PLAIN if it is row-major and has no more channels than the value. */
int layout_of_desc(struct device *device, const struct memory_desc *desc,
                   const struct shape *value);

size_t cpu_layout_bytes(struct device *device, int layout, const struct shape *shape,
                        enum dtype dtype);
const char *cpu_layout_name(struct device *device, int layout, char *text, size_t size);
int cpu_reorder(struct device *device, struct arena *arena, const struct shape *shape,
                enum dtype dtype, int from, int to, struct step *step, struct error *err);

/* --- execute.c -------------------------------------------------------------------------------- */

int cpu_measure_roofline(struct device *device, struct roofline *roofline, struct error *err);
int cpu_run(struct device *device, struct step *steps, int count, const struct run_state *run,
            double *seconds, struct error *err);
/* Generate the code of what waits. */
int cpu_generate(struct device_cpu *device, struct error *err);

/* --- primitive_step.c ------------------------------------------------------------------------- */

/* Make the step run that kernel, which is taken; args[operand] is an index of step->args or -1. */
int primitive_step(struct device *device, struct arena *arena, struct kernel_desc *desc,
                   const int args[OPERAND_COUNT], struct step *step, struct error *err);

/* How a kernel of oneDNN works, told by its name. */
enum kernel_class { KERNEL_FAST, KERNEL_GEMM, KERNEL_SLOW };
enum kernel_class kernel_class_of(const char *name);
/* Estimated seconds for so many operations. */
double kernel_seconds(const struct device *device, enum kernel_class kernel_class, double flops);

/* --- rows for the table of kernels ------------------------------------------------------------ */

extern const struct kernel *const conv_kernels[];   /* bind_conv.c */
extern const struct kernel *const linear_kernels[]; /* bind_linear.c */
extern const struct kernel *const matmul_kernels[]; /* bind_matmul.c */
extern const struct kernel cpu_reference_kernel;        /* bind_reference.c: takes every op */

#endif
