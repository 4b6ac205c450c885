/* vector_table.c - the table of one instruction set. */

#include "cpu/kernels/kernel.h"

#define TEXT_OF(isa) #isa
#define TEXT(isa) TEXT_OF(isa)

const struct cpu_kernels KERNEL(kernels) = {
    .name = TEXT(KERNEL_ISA),
    .lanes = KERNEL_LANES,
#define RANGE(name) .name = KERNEL(name),
#include "cpu/kernels.def"
#undef RANGE
    .flat = &KERNEL(flat),
};
