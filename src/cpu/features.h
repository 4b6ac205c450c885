/* features.h - which of the compiled instruction sets this machine runs. */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

struct cpu_kernels;
struct error;

/* All tables that this machine can run, the best first; ends with NULL. */
const struct cpu_kernels *const *cpu_kernels_all(void);

/* The best of them.  The environment variable FOVEA_MAX_ISA (generic, avx2 or avx512) limits the
 * choice; another value is an error. */
int cpu_kernels_pick(const struct cpu_kernels **kernels, struct error *err);

#endif
