/* device_cpu_internal.h - the device's own struct, for the bindings to oneDNN. */
#ifndef CPU_DEVICE_CPU_INTERNAL_H
#define CPU_DEVICE_CPU_INTERNAL_H

#include "cpu/bindings.h"
#include "cpu/device_cpu.h"
#include "cpu/onednn.h"

struct device_cpu {
    struct vector_device vector; /* first: the vector bindings cast to it */
    struct onednn onednn;
    /* Layouts from LAYOUT_FIRST_PRIVATE on. */
    struct {
        struct memory_desc *items;
        int count, capacity;
    } layouts;
    /* Chosen kernels, freed with the device: offers that were not taken have no other owner. */
    struct {
        struct kernel_desc *items;
        int count, capacity;
    } chosen;
    const struct kernel **table;
    char identity[192];
};

static inline struct device_cpu *device_cpu_of(struct device *device)
{
    return (struct device_cpu *)device;
}

/* The number of a layout; equal descriptions have equal numbers. */
int device_cpu_layout(struct device_cpu *cpu, const struct memory_desc *desc);
/* What a layout number means for a value of this shape. */
struct memory_desc device_cpu_desc(struct device_cpu *cpu, int layout, const struct shape *shape,
                                   enum dtype dtype);
/* Let the device own a chosen kernel until it is closed. */
void device_cpu_keep(struct device_cpu *cpu, const struct kernel_desc *desc);

/* --- steps that run a primitive ---------------------------------------------------------------------- */

/* Which step argument is which of the primitive's. */
struct primitive_arg {
    int id;   /* DNNL_ARG_... */
    int from; /* index in step->args; STEP_SCRATCH: the scratch */
    struct memory_desc desc;
};
#define STEP_SCRATCH (-1)

/* Make the step run the kernel on these arguments (and its scratch, if it has any). */
int primitive_step(struct device_cpu *cpu, struct arena *arena, struct step *step,
                   const struct kernel_desc *desc, const struct primitive_arg *args, int count,
                   struct error *err);

/* Seconds that a kernel of this implementation needs, for comparing offers. */
double kernel_seconds(const char *implementation, double flops);

extern const struct kernel *const conv_kernels[];   /* bind_conv.c; end with NULL */
extern const struct kernel *const linear_kernels[]; /* bind_linear.c */

#endif
