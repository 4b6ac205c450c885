/* onednn.h - oneDNN behind one file: what differs between its versions 2 and 3 ends in onednn.c.
 *
 * A memory_desc says how an array lies in memory.  A conv_desc (and its sisters) is a kernel that
 * oneDNN has chosen but not yet generated: it knows the layouts it wants, its scratch and its
 * name.  A primitive is the generated kernel, bound to memory before it runs.
 *
 * Primitives must run with the number of threads they were made with: another number gives wrong
 * results without an error.
 */
#ifndef CPU_ONEDNN_H
#define CPU_ONEDNN_H

#include <dnnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

int onednn_open(struct onednn *onednn, struct error *err);
void onednn_close(struct onednn *onednn);
const char *onednn_version(void);

/* --- how arrays lie ---------------------------------------------------------------------------- */

#define ONEDNN_MAX_RANK 6

/* Version 2 has these as values, version 3 as objects; ours are values that own what they hold
 * until the process ends (there are a few hundred). */
struct memory_desc {
    dnnl_memory_desc_t desc;
    int rank;
    int64_t dims[ONEDNN_MAX_RANK];
};

struct memory_desc memory_desc_plain(int rank, const int64_t *dims);
struct memory_desc memory_desc_plain_int(int rank, const int64_t *dims); /* 32-bit integers */
struct memory_desc memory_desc_any(int rank, const int64_t *dims);       /* let the kernel choose */
/* (N, C/block, H, W, block), block 8 or 16 */
struct memory_desc memory_desc_blocked(const int64_t *dims, int block, bool is_int);
bool memory_desc_equal(const struct memory_desc *a, const struct memory_desc *b);
size_t memory_desc_bytes(const struct memory_desc *desc);

/* --- kernels that are chosen -------------------------------------------------------------------- */

enum onednn_direction { ONEDNN_FORWARD, ONEDNN_INPUT_GRAD, ONEDNN_WEIGHT_GRAD };

struct conv_geometry {
    int64_t stride[2], pad_begin[2], pad_end[2], dilation[2]; /* dilation 1: dense */
};

struct kernel_desc {
    dnnl_primitive_desc_t desc;
    struct memory_desc weight; /* as the kernel wants it */
    size_t scratch_bytes;
    const char *name; /* implementation, e.g. "jit:avx512_core" */
};

/* bias: NULL for none.  `winograd` lets oneDNN take Winograd's algorithm where it thinks it pays. */
int onednn_choose_conv(const struct onednn *onednn, enum onednn_direction direction, bool winograd,
                       const struct memory_desc *x, const struct memory_desc *weight,
                       const struct memory_desc *bias, const struct memory_desc *y,
                       const struct conv_geometry *geometry, struct kernel_desc *out,
                       struct error *err);
int onednn_choose_linear(const struct onednn *onednn, enum onednn_direction direction,
                         const struct memory_desc *x, const struct memory_desc *weight,
                         const struct memory_desc *bias, const struct memory_desc *y,
                         struct kernel_desc *out, struct error *err);
int onednn_choose_reorder(const struct onednn *onednn, const struct memory_desc *from,
                          const struct memory_desc *to, struct kernel_desc *out, struct error *err);
void kernel_desc_release(struct kernel_desc *desc);

/* --- kernels that run ----------------------------------------------------------------------------- */

#define PRIMITIVE_MAX_ARGS 6

struct primitive {
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    dnnl_exec_arg_t args[PRIMITIVE_MAX_ARGS];
    int arg_count;
};

int primitive_init(struct primitive *primitive, const struct onednn *onednn,
                   const struct kernel_desc *desc, struct error *err);
/* Declare argument `id` (DNNL_ARG_...); its memory is set by primitive_bind(). */
int primitive_add(struct primitive *primitive, const struct onednn *onednn, int id,
                  const struct memory_desc *desc, struct error *err);
int primitive_add_scratch(struct primitive *primitive, const struct onednn *onednn,
                          const struct kernel_desc *desc, struct error *err);
void primitive_bind(struct primitive *primitive, int arg, void *memory);
int primitive_run(const struct primitive *primitive); /* 0, or oneDNN's status */
void primitive_release(struct primitive *primitive);

#endif
