/* onednn.c - oneDNN's kernels: chosen, generated, run; see onednn.h.  Only this file and
 * onednn_memory.c know oneDNN's version. */

#include "cpu/onednn_internal.h"

#include "base/error.h"
#include "base/vec.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kernels are made for the number of threads that OpenMP has set for the calling thread, which is
 * not what another thread has set. */
static void set_threads(int thread_count)
{
    omp_set_num_threads(thread_count);
}

static int check(dnnl_status_t status, const char *what, struct error *err)
{
    if (status == dnnl_success)
        return 0;
    if (status == dnnl_out_of_memory)
        return FAIL(err, NO_MEMORY, "oneDNN: no memory for %s", what);
    return FAIL(err, UNSUPPORTED, "oneDNN: %s: status %d", what, (int)status);
}

/* --- the library ---------------------------------------------------------------------------- */

int onednn_open(struct onednn *onednn, int thread_count, struct error *err)
{
    *onednn = (struct onednn){ .thread_count = thread_count };
    if (check(dnnl_engine_create(&onednn->engine, dnnl_cpu, 0), "engine", err) ||
        check(dnnl_stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags),
              "stream", err)) {
        onednn_close(onednn);
        return -1;
    }
    return 0;
}

void onednn_close(struct onednn *onednn)
{
    for (int i = 0; i < onednn->descs.count; i++)
        memory_desc_destroy(onednn->descs.items[i]);
    VEC_RELEASE(&onednn->descs);
    if (onednn->stream)
        dnnl_stream_destroy(onednn->stream);
    if (onednn->engine)
        dnnl_engine_destroy(onednn->engine);
    *onednn = (struct onednn){ 0 };
}

const char *onednn_version(void)
{
    static char text[32];
    const dnnl_version_t *version = dnnl_version();

    snprintf(text, sizeof(text), "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

/* oneDNN's numbers are sets of bits: what contains all bits of AVX-512 can do AVX-512. */
static bool isa_includes(unsigned isa, unsigned part)
{
    return (isa & part) == part;
}

enum onednn_isa onednn_isa(void)
{
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();

    return isa_includes(isa, dnnl_cpu_isa_avx512_core_bf16) ? ONEDNN_AVX512_BF16
           : isa_includes(isa, dnnl_cpu_isa_avx512_core)    ? ONEDNN_AVX512
           : isa_includes(isa, dnnl_cpu_isa_avx2)           ? ONEDNN_AVX2
                                                            : ONEDNN_SSE41;
}

void onednn_limit_isa(enum onednn_isa isa)
{
    static const dnnl_cpu_isa_t limits[] = { dnnl_cpu_isa_sse41, dnnl_cpu_isa_avx2 };

    if (isa < ONEDNN_AVX512 && isa < onednn_isa())
        dnnl_set_max_cpu_isa(limits[isa]); /* fails after the first kernel: then as it is */
}

/* --- what a chosen kernel says ------------------------------------------------------------- */

static desc_ref query(dnnl_primitive_desc_t desc, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(desc, what, 0);
}

/* Replace "any" by what the kernel wants.  False: it is not an arrangement of blocks, so that
 * nothing else could read it. */
static bool settle(struct onednn *onednn, const struct kernel_desc *kernel, dnnl_query_t what,
                   const struct memory_desc **operand)
{
    desc_ref found = query(kernel->desc, what);
    dnnl_memory_desc_t desc;

    BUG_IF(!found);
#if V3
    BUG_IF(dnnl_memory_desc_clone(&desc, found));
#else
    desc = *found;
#endif
    *operand = memory_desc_intern(onednn, desc, &(*operand)->shape);
    return memory_desc_is_blocked(*operand);
}

static void describe(struct kernel_desc *out)
{
    desc_ref scratch = query(out->desc, dnnl_query_scratchpad_md);

    out->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    if (dnnl_primitive_desc_query(out->desc, dnnl_query_impl_info_str, 0, &out->name))
        out->name = "unnamed";
}

/* Scratch is ours to place, so that nothing is allocated behind the plan's back. */
static dnnl_primitive_attr_t user_scratch(void)
{
    dnnl_primitive_attr_t attr = NULL;

    BUG_IF(dnnl_primitive_attr_create(&attr) ||
           dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
    return attr;
}

void kernel_desc_release(struct kernel_desc *desc)
{
    if (desc->desc)
        dnnl_primitive_desc_destroy(desc->desc);
    *desc = (struct kernel_desc){ 0 };
}

/* --- convolution and linear ------------------------------------------------------------------ */

/* Which of oneDNN's arguments the operands are, by direction. */
static const int operand_ids[][OPERAND_COUNT] = {
    [ONEDNN_FORWARD] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST },
    [ONEDNN_INPUT_GRAD] = { DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DIFF_DST },
    [ONEDNN_WEIGHT_GRAD] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                             DNNL_ARG_DIFF_DST },
};

struct layer_call {
    dnnl_engine_t engine;
    desc_ref x, weight, bias, y;
    dnnl_primitive_attr_t attr;
    /* convolution only */
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t stride, dilation, pad; /* oneDNN counts dilation from 0 */
};

typedef dnnl_status_t layer_fn(const struct layer_call *call, enum onednn_direction direction,
                               dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out);

#if V3
static dnnl_status_t conv_desc(const struct layer_call *c, enum onednn_direction direction,
                               dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    if (direction == ONEDNN_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(
            out, c->engine, dnnl_forward_training, c->algorithm, c->x, c->weight, c->bias, c->y,
            c->stride, c->dilation, c->pad, c->pad, c->attr);
    if (direction == ONEDNN_INPUT_GRAD)
        return dnnl_convolution_backward_data_primitive_desc_create(
            out, c->engine, c->algorithm, c->x, c->weight, c->y, c->stride, c->dilation, c->pad,
            c->pad, hint, c->attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, c->engine, c->algorithm, c->x, c->weight, c->bias, c->y, c->stride, c->dilation,
        c->pad, c->pad, hint, c->attr);
}

static dnnl_status_t linear_desc(const struct layer_call *c, enum onednn_direction direction,
                                 dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    if (direction == ONEDNN_FORWARD)
        return dnnl_inner_product_forward_primitive_desc_create(
            out, c->engine, dnnl_forward_training, c->x, c->weight, c->bias, c->y, c->attr);
    if (direction == ONEDNN_INPUT_GRAD)
        return dnnl_inner_product_backward_data_primitive_desc_create(
            out, c->engine, c->x, c->weight, c->y, hint, c->attr);
    return dnnl_inner_product_backward_weights_primitive_desc_create(
        out, c->engine, c->x, c->weight, c->bias, c->y, hint, c->attr);
}
#else
static dnnl_status_t conv_desc(const struct layer_call *c, enum onednn_direction direction,
                               dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t desc;
    dnnl_status_t status;

    if (direction == ONEDNN_FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(
            &desc, dnnl_forward_training, c->algorithm, c->x, c->weight, c->bias, c->y, c->stride,
            c->dilation, c->pad, c->pad);
    else if (direction == ONEDNN_INPUT_GRAD)
        status = dnnl_dilated_convolution_backward_data_desc_init(
            &desc, c->algorithm, c->x, c->weight, c->y, c->stride, c->dilation, c->pad, c->pad);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, c->algorithm, c->x, c->weight, c->bias, c->y, c->stride, c->dilation, c->pad,
            c->pad);
    return status ? status : dnnl_primitive_desc_create(out, &desc, c->attr, c->engine, hint);
}

static dnnl_status_t linear_desc(const struct layer_call *c, enum onednn_direction direction,
                                 dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status;

    if (direction == ONEDNN_FORWARD)
        status = dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_training, c->x, c->weight,
                                                      c->bias, c->y);
    else if (direction == ONEDNN_INPUT_GRAD)
        status = dnnl_inner_product_backward_data_desc_init(&desc, c->x, c->weight, c->y);
    else
        status =
            dnnl_inner_product_backward_weights_desc_init(&desc, c->x, c->weight, c->bias, c->y);
    return status ? status : dnnl_primitive_desc_create(out, &desc, c->attr, c->engine, hint);
}
#endif

static int choose_layer(struct onednn *onednn, enum onednn_direction direction,
                        const struct operands *operands, layer_fn *make, struct layer_call *call,
                        const char *what, struct kernel_desc *out, struct error *err)
{
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = dnnl_success;
    bool has_diff_weight = direction == ONEDNN_WEIGHT_GRAD;

    set_threads(onednn->thread_count);
    *out = (struct kernel_desc){ .operands = *operands };
    memcpy(out->ids, operand_ids[direction], sizeof(out->ids));
    if (direction == ONEDNN_INPUT_GRAD)
        out->operands.of[OPERAND_BIAS] = NULL;
    call->engine = onednn->engine;
    call->attr = user_scratch();
    call->x = memory_desc_ref(operands->of[OPERAND_X]);
    call->weight = memory_desc_ref(operands->of[OPERAND_WEIGHT]);
    call->bias = memory_desc_ref(operands->of[OPERAND_BIAS]);
    call->y = memory_desc_ref(operands->of[OPERAND_Y]);
    if (direction != ONEDNN_FORWARD) /* backward kernels want to know their forward kernel */
        status = make(call, ONEDNN_FORWARD, NULL, &hint);
    if (!status)
        status = make(call, direction, hint, &out->desc);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(call->attr);
    if (check(status, what, err))
        return -1;
    if (!settle(onednn, out, has_diff_weight ? dnnl_query_diff_weights_md : dnnl_query_weights_md,
                &out->operands.of[OPERAND_WEIGHT])) {
        kernel_desc_release(out);
        return FAIL(err, UNSUPPORTED, "oneDNN: %s: the kernel hides its weights' layout", what);
    }
    describe(out);
    return 0;
}

int onednn_choose_conv(struct onednn *onednn, enum onednn_direction direction,
                       enum conv_algorithm algorithm, const struct operands *operands,
                       const struct conv_geometry *geometry, struct kernel_desc *out,
                       struct error *err)
{
    static const dnnl_alg_kind_t algorithms[] = { [CONV_DIRECT] = dnnl_convolution_direct,
                                                  [CONV_AUTO] = dnnl_convolution_auto,
                                                  [CONV_WINOGRAD] = dnnl_convolution_winograd };
    struct layer_call call = { .algorithm = algorithms[algorithm] };

    for (int i = 0; i < 2; i++) {
        call.stride[i] = geometry->stride[i];
        call.dilation[i] = geometry->dilation[i] - 1;
        call.pad[i] = geometry->pad[i];
    }
    return choose_layer(onednn, direction, operands, conv_desc, &call, "convolution", out, err);
}

int onednn_choose_linear(struct onednn *onednn, enum onednn_direction direction,
                         const struct operands *operands, struct kernel_desc *out,
                         struct error *err)
{
    struct layer_call call = { 0 };

    return choose_layer(onednn, direction, operands, linear_desc, &call, "inner product", out, err);
}

/* --- matmul and reorder ----------------------------------------------------------------------- */

/* The scale is an operation after the product: that is the same in all versions. */
static void add_scale(dnnl_primitive_attr_t attr, float scale)
{
    dnnl_post_ops_t after = NULL;

    BUG_IF(dnnl_post_ops_create(&after));
#if V3
    BUG_IF(dnnl_post_ops_append_eltwise(after, dnnl_eltwise_linear, scale, 0));
#else
    BUG_IF(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_linear, scale, 0));
#endif
    BUG_IF(dnnl_primitive_attr_set_post_ops(attr, after));
    dnnl_post_ops_destroy(after);
}

static dnnl_status_t matmul_desc(const struct onednn *onednn, const struct operands *operands,
                                 dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
    desc_ref x = memory_desc_ref(operands->of[OPERAND_X]),
             weight = memory_desc_ref(operands->of[OPERAND_WEIGHT]);
    desc_ref bias = memory_desc_ref(operands->of[OPERAND_BIAS]),
             y = memory_desc_ref(operands->of[OPERAND_Y]);
#if V3
    return dnnl_matmul_primitive_desc_create(out, onednn->engine, x, weight, bias, y, attr);
#else
    dnnl_matmul_desc_t desc;
    dnnl_status_t status = dnnl_matmul_desc_init(&desc, x, weight, bias, y);

    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, onednn->engine, NULL);
#endif
}

int onednn_choose_matmul(struct onednn *onednn, const struct operands *operands, float scale,
                         struct kernel_desc *out, struct error *err)
{
    dnnl_primitive_attr_t attr = user_scratch();
    dnnl_status_t status;

    set_threads(onednn->thread_count);
    *out = (struct kernel_desc){ .operands = *operands };
    memcpy(out->ids, operand_ids[ONEDNN_FORWARD], sizeof(out->ids));
    if (scale != 1)
        add_scale(attr, scale);
    status = matmul_desc(onednn, operands, attr, &out->desc);
    dnnl_primitive_attr_destroy(attr);
    if (check(status, "matmul", err))
        return -1;
    settle(onednn, out, dnnl_query_weights_md, &out->operands.of[OPERAND_WEIGHT]);
    describe(out);
    return 0;
}

int onednn_choose_reorder(struct onednn *onednn, const struct memory_desc *from,
                          const struct memory_desc *to, struct kernel_desc *out, struct error *err)
{
    dnnl_primitive_attr_t attr = user_scratch();
    dnnl_status_t status;

    set_threads(onednn->thread_count);
    *out =
        (struct kernel_desc){ .operands.of = { [OPERAND_X] = from, [OPERAND_Y] = to },
                              .ids = { [OPERAND_X] = DNNL_ARG_FROM, [OPERAND_Y] = DNNL_ARG_TO } };
    status = dnnl_reorder_primitive_desc_create(&out->desc, memory_desc_ref(from), onednn->engine,
                                                memory_desc_ref(to), onednn->engine, attr);
    dnnl_primitive_attr_destroy(attr);
    if (check(status, "reorder", err))
        return -1;
    describe(out);
    return 0;
}

/* --- kernels that run ------------------------------------------------------------------------- */

struct primitive {
    dnnl_stream_t stream;
    int thread_count;
    struct kernel_desc kernel;
    dnnl_primitive_t primitive; /* NULL until generated */
    dnnl_exec_arg_t args[OPERAND_COUNT + 1];
    int arg_of[OPERAND_COUNT + 1]; /* by operand, the last one is the scratch; -1: absent */
    int arg_count;
};

static int add_arg(struct primitive *primitive, const struct onednn *onednn, int operand, int id,
                   desc_ref desc, struct error *err)
{
    dnnl_exec_arg_t *arg = &primitive->args[primitive->arg_count];

    arg->arg = id;
    if (check(dnnl_memory_create(&arg->memory, desc, onednn->engine, DNNL_MEMORY_NONE), "memory",
              err))
        return -1;
    primitive->arg_of[operand] = primitive->arg_count++;
    return 0;
}

int primitive_new(struct primitive **out, const struct onednn *onednn, struct kernel_desc *desc,
                  struct error *err)
{
    struct primitive *primitive = calloc(1, sizeof(*primitive));
    const struct kernel_desc *kernel = &primitive->kernel;

    BUG_IF(!primitive);
    primitive->stream = onednn->stream;
    primitive->thread_count = onednn->thread_count;
    primitive->kernel = *desc;
    *desc = (struct kernel_desc){ 0 };
    memset(primitive->arg_of, -1, sizeof(primitive->arg_of));
    for (int i = 0; i < OPERAND_COUNT; i++)
        if (kernel->operands.of[i] && add_arg(primitive, onednn, i, kernel->ids[i],
                                              memory_desc_ref(kernel->operands.of[i]), err))
            goto failed;
    if (kernel->scratch_bytes && add_arg(primitive, onednn, OPERAND_COUNT, DNNL_ARG_SCRATCHPAD,
                                         query(kernel->desc, dnnl_query_scratchpad_md), err))
        goto failed;
    *out = primitive;
    return 0;
failed:
    primitive_free(primitive);
    return -1;
}

int primitive_generate(struct primitive *primitive, struct error *err)
{
    if (primitive->primitive)
        return 0;
    set_threads(primitive->thread_count);
    return check(dnnl_primitive_create(&primitive->primitive, primitive->kernel.desc),
                 primitive->kernel.name, err);
}

static void bind(struct primitive *primitive, int operand, void *memory)
{
    int arg = primitive->arg_of[operand];

    if (arg >= 0)
        BUG_IF(dnnl_memory_set_data_handle(primitive->args[arg].memory, memory));
}

void primitive_bind(struct primitive *primitive, enum operand operand, void *memory)
{
    bind(primitive, (int)operand, memory);
}

void primitive_bind_scratch(struct primitive *primitive, void *memory)
{
    bind(primitive, OPERAND_COUNT, memory);
}

int primitive_run(const struct primitive *primitive)
{
    return (int)dnnl_primitive_execute(primitive->primitive, primitive->stream,
                                       primitive->arg_count, primitive->args);
}

void primitive_free(struct primitive *primitive)
{
    if (!primitive)
        return;
    for (int i = 0; i < primitive->arg_count; i++)
        dnnl_memory_destroy(primitive->args[i].memory);
    if (primitive->primitive)
        dnnl_primitive_destroy(primitive->primitive);
    kernel_desc_release(&primitive->kernel);
    free(primitive);
}
