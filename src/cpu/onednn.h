/* onednn.h - oneDNN behind a few functions; its two versions differ only in onednn.c
 * and onednn_memory.c.
 *
 * A memory_desc says how an array lies in memory.  They are interned: equal ones are the same
 * pointer, which lives as long as the struct onednn.
 *
 * A kernel_desc is a kernel that oneDNN has chosen but not yet generated: it knows the layouts it
 * wants, its scratch and its name.  A primitive is the generated kernel with its memory.
 *
 * Primitives must run with the number of threads they were chosen with: another number gives wrong
 * results without an error.
 */
#ifndef CPU_ONEDNN_H
#define CPU_ONEDNN_H

#include "tensor/shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct dnnl_engine;
struct dnnl_stream;
struct dnnl_primitive_desc;
struct memory_desc;
struct primitive;

struct onednn {
    struct dnnl_engine *engine;
    struct dnnl_stream *stream;
    int thread_count;
    struct {
        struct memory_desc **items;
        int count, capacity;
    } descs;
};

/* Instruction sets, each with all before it. */
enum onednn_isa { ONEDNN_SSE41, ONEDNN_AVX2, ONEDNN_AVX512, ONEDNN_AVX512_BF16 };

int onednn_open(struct onednn *onednn, int thread_count, struct error *err);
void onednn_close(struct onednn *onednn);
const char *onednn_version(void);
/* What oneDNN would use; the environment variable ONEDNN_MAX_CPU_ISA may have lowered it. */
enum onednn_isa onednn_isa(void);
/* Use no more than that; effective only before the first kernel is chosen. */
void onednn_limit_isa(enum onednn_isa isa);

/* --- how arrays lie ------------------------------------------------------------------------ */

/* Elements are of four bytes. */
const struct memory_desc *memory_desc_plain(struct onednn *onednn, const struct shape *shape,
                                            enum dtype dtype);
const struct memory_desc *memory_desc_strided(struct onednn *onednn, const struct shape *shape,
                                              const int64_t *strides);
/* (N, C/block, H, W, block), block 8 or 16; zeros past C. */
const struct memory_desc *memory_desc_blocked(struct onednn *onednn, const struct shape *shape,
                                              enum dtype dtype, int block);
/* For kernels to choose. */
const struct memory_desc *memory_desc_any(struct onednn *onednn, const struct shape *shape);

int memory_desc_id(const struct memory_desc *desc); /* small and dense; see memory_desc_by_id() */
const struct memory_desc *memory_desc_by_id(const struct onednn *onednn, int id);
const struct shape *memory_desc_shape(const struct memory_desc *desc);
size_t memory_desc_bytes(const struct memory_desc *desc);
/* In oneDNN's letters: "ABcd16b16a". */
const char *memory_desc_text(const struct memory_desc *desc, char *text, size_t size);

/* --- kernels that are chosen ------------------------------------------------------------------ */

enum onednn_direction { ONEDNN_FORWARD, ONEDNN_INPUT_GRAD, ONEDNN_WEIGHT_GRAD };
/* Auto: Winograd's where oneDNN thinks that it pays.  Winograd: wherever it can be had. */
enum conv_algorithm { CONV_DIRECT, CONV_AUTO, CONV_WINOGRAD };

/* What kernels work on.  Gradients take the place of what they are gradients of; matmul's b is the
 * weight; a reorder goes from x to y. */
enum operand { OPERAND_X, OPERAND_WEIGHT, OPERAND_BIAS, OPERAND_Y, OPERAND_COUNT };

struct operands {
    const struct memory_desc *of[OPERAND_COUNT]; /* NULL: absent */
};

struct conv_geometry {
    int64_t stride[2], pad[2], dilation[2]; /* dilation 1: dense */
};

struct kernel_desc {
    struct dnnl_primitive_desc *desc;
    struct operands operands; /* as the kernel takes them */
    int ids[OPERAND_COUNT];   /* oneDNN's numbers for them */
    size_t scratch_bytes;
    const char *name; /* of the implementation: "jit:avx512_core"; valid as long as desc */
};

/* UNSUPPORTED where oneDNN has no kernel.  A bias with input gradients is ignored. */
int onednn_choose_conv(struct onednn *onednn, enum onednn_direction direction,
                       enum conv_algorithm algorithm, const struct operands *operands,
                       const struct conv_geometry *geometry, struct kernel_desc *out,
                       struct error *err);
int onednn_choose_linear(struct onednn *onednn, enum onednn_direction direction,
                         const struct operands *operands, struct kernel_desc *out,
                         struct error *err);
/* y = scale * x weight + bias over the last two dimensions */
int onednn_choose_matmul(struct onednn *onednn, const struct operands *operands, float scale,
                         struct kernel_desc *out, struct error *err);
int onednn_choose_reorder(struct onednn *onednn, const struct memory_desc *from,
                          const struct memory_desc *to, struct kernel_desc *out, struct error *err);
void kernel_desc_release(struct kernel_desc *desc);

/* --- kernels that run ------------------------------------------------------------------------- */

/* Takes the kernel_desc.  The code is generated by primitive_generate(), which several threads may
 * do for different primitives, and which does nothing the second time. */
int primitive_new(struct primitive **out, const struct onednn *onednn, struct kernel_desc *desc,
                  struct error *err);
int primitive_generate(struct primitive *primitive, struct error *err);
void primitive_bind(struct primitive *primitive, enum operand operand, void *memory);
void primitive_bind_scratch(struct primitive *primitive, void *memory);
int primitive_run(const struct primitive *primitive); /* 0, or oneDNN's status */
void primitive_free(struct primitive *primitive);     /* NULL is fine */

#endif
