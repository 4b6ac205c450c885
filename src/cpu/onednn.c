/* onednn.c - the only file that knows oneDNN's version; see onednn.h. */

#include "cpu/onednn.h"

#include "base/error.h"

#include <string.h>

#define V3 (DNNL_VERSION_MAJOR >= 3)
#if V3
#define REF(memory) ((memory)->desc)
#else
#define REF(memory) (&(memory)->desc)
#endif

static int check(dnnl_status_t status, const char *what, struct error *err)
{
    if (status == dnnl_success)
        return 0;
    if (status == dnnl_out_of_memory)
        return FAIL(err, NO_MEMORY, "oneDNN: no memory for %s", what);
    return FAIL(err, UNSUPPORTED, "oneDNN: %s: status %d", what, (int)status);
}

int onednn_open(struct onednn *onednn, struct error *err)
{
    *onednn = (struct onednn){ 0 };
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

/* --- how arrays lie ---------------------------------------------------------------------------- */

static struct memory_desc tagged(int rank, const int64_t *dims, dnnl_data_type_t type,
                                 dnnl_format_tag_t tag)
{
    struct memory_desc memory = { .rank = rank };
    dnnl_dims_t extents = { 0 };

    for (int i = 0; i < rank; i++)
        memory.dims[i] = extents[i] = dims[i];
#if V3
    BUG_IF(dnnl_memory_desc_create_with_tag(&memory.desc, rank, extents, type, tag));
#else
    BUG_IF(dnnl_memory_desc_init_by_tag(&memory.desc, rank, extents, type, tag));
#endif
    return memory;
}

static dnnl_format_tag_t plain_tag(int rank)
{
    static const dnnl_format_tag_t tags[] = { dnnl_a, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd,
                                              dnnl_abcde, dnnl_abcdef };

    return tags[rank];
}

struct memory_desc memory_desc_plain(int rank, const int64_t *dims)
{
    static const int64_t one = 1;

    return rank ? tagged(rank, dims, dnnl_f32, plain_tag(rank)) : tagged(1, &one, dnnl_f32, dnnl_a);
}

struct memory_desc memory_desc_plain_int(int rank, const int64_t *dims)
{
    return tagged(rank, dims, dnnl_s32, plain_tag(rank));
}

struct memory_desc memory_desc_any(int rank, const int64_t *dims)
{
    return tagged(rank, dims, dnnl_f32, dnnl_format_tag_any);
}

struct memory_desc memory_desc_blocked(const int64_t *dims, int block, bool is_int)
{
    return tagged(4, dims, is_int ? dnnl_s32 : dnnl_f32, block == 16 ? dnnl_nChw16c : dnnl_nChw8c);
}

bool memory_desc_equal(const struct memory_desc *a, const struct memory_desc *b)
{
    return dnnl_memory_desc_equal(REF(a), REF(b));
}

size_t memory_desc_bytes(const struct memory_desc *desc)
{
    return dnnl_memory_desc_get_size(REF(desc));
}

/* What a chosen kernel says of one of its arrays. */
static struct memory_desc queried(dnnl_primitive_desc_t desc, dnnl_query_t what, int rank,
                                  const int64_t *dims)
{
    struct memory_desc memory = { .rank = rank };

    memcpy(memory.dims, dims, (size_t)rank * sizeof(*dims));
#if V3
    const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(desc, what, 0);

    BUG_IF(!found || dnnl_memory_desc_clone(&memory.desc, found));
#else
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(desc, what, 0);

    BUG_IF(!found);
    memory.desc = *found;
#endif
    return memory;
}

static size_t scratch_bytes(dnnl_primitive_desc_t desc)
{
#if V3
    const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
#else
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
#endif

    return found ? dnnl_memory_desc_get_size(found) : 0;
}

/* Scratch is ours to place, so that nothing is allocated behind the plan's back. */
static dnnl_primitive_attr_t user_scratch(void)
{
    dnnl_primitive_attr_t attr = NULL;

    BUG_IF(dnnl_primitive_attr_create(&attr) ||
           dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
    return attr;
}

static void describe(struct kernel_desc *out)
{
    const char *name = NULL;

    out->scratch_bytes = scratch_bytes(out->desc);
    dnnl_primitive_desc_query(out->desc, dnnl_query_impl_info_str, 0, &name);
    out->name = name ? name : "onednn";
}

/* --- convolution ---------------------------------------------------------------------------------- */

struct conv_call {
    dnnl_alg_kind_t algorithm;
    const struct memory_desc *x, *weight, *bias, *y;
    dnnl_dims_t stride, dilation, pad_begin, pad_end; /* oneDNN counts dilation from 0 */
    dnnl_primitive_attr_t attr;
};

static dnnl_status_t conv_desc(const struct onednn *o, const struct conv_call *c,
                               enum onednn_direction direction, dnnl_primitive_desc_t hint,
                               dnnl_primitive_desc_t *out)
{
    const struct memory_desc *bias = direction == ONEDNN_INPUT_GRAD ? NULL : c->bias;
#if V3
    const_dnnl_memory_desc_t b = bias ? bias->desc : NULL;

    if (direction == ONEDNN_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(
            out, o->engine, dnnl_forward_training, c->algorithm, REF(c->x), REF(c->weight), b,
            REF(c->y), c->stride, c->dilation, c->pad_begin, c->pad_end, c->attr);
    if (direction == ONEDNN_INPUT_GRAD)
        return dnnl_convolution_backward_data_primitive_desc_create(
            out, o->engine, c->algorithm, REF(c->x), REF(c->weight), REF(c->y), c->stride,
            c->dilation, c->pad_begin, c->pad_end, hint, c->attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, o->engine, c->algorithm, REF(c->x), REF(c->weight), b, REF(c->y), c->stride,
        c->dilation, c->pad_begin, c->pad_end, hint, c->attr);
#else
    const dnnl_memory_desc_t *b = bias ? &bias->desc : NULL;
    dnnl_convolution_desc_t desc;
    dnnl_status_t status;

    if (direction == ONEDNN_FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(
            &desc, dnnl_forward_training, c->algorithm, REF(c->x), REF(c->weight), b, REF(c->y),
            c->stride, c->dilation, c->pad_begin, c->pad_end);
    else if (direction == ONEDNN_INPUT_GRAD)
        status = dnnl_dilated_convolution_backward_data_desc_init(
            &desc, c->algorithm, REF(c->x), REF(c->weight), REF(c->y), c->stride, c->dilation,
            c->pad_begin, c->pad_end);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, c->algorithm, REF(c->x), REF(c->weight), b, REF(c->y), c->stride, c->dilation,
            c->pad_begin, c->pad_end);
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(out, &desc, c->attr, o->engine, hint);
#endif
}

int onednn_choose_conv(const struct onednn *o, enum onednn_direction direction, bool winograd,
                       const struct memory_desc *x, const struct memory_desc *weight,
                       const struct memory_desc *bias, const struct memory_desc *y,
                       const struct conv_geometry *g, struct kernel_desc *out, struct error *err)
{
    struct conv_call call = { .algorithm = winograd ? dnnl_convolution_auto : dnnl_convolution_direct,
                              .x = x, .weight = weight, .bias = bias, .y = y,
                              .attr = user_scratch() };
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = dnnl_success;

    *out = (struct kernel_desc){ 0 };
    for (int i = 0; i < 2; i++) {
        call.stride[i] = g->stride[i];
        call.dilation[i] = g->dilation[i] - 1;
        call.pad_begin[i] = g->pad_begin[i];
        call.pad_end[i] = g->pad_end[i];
    }
    if (direction != ONEDNN_FORWARD) /* backward kernels ask what forward did */
        status = conv_desc(o, &call, ONEDNN_FORWARD, NULL, &hint);
    if (status == dnnl_success)
        status = conv_desc(o, &call, direction, hint, &out->desc);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(call.attr);
    if (check(status, "convolution", err))
        return -1;
    out->weight = queried(out->desc,
                          direction == ONEDNN_WEIGHT_GRAD ? dnnl_query_diff_weights_md
                                                          : dnnl_query_weights_md,
                          weight->rank, weight->dims);
    describe(out);
    return 0;
}

/* --- linear ---------------------------------------------------------------------------------------- */

static dnnl_status_t linear_desc(const struct onednn *o, enum onednn_direction direction,
                                 const struct memory_desc *x, const struct memory_desc *weight,
                                 const struct memory_desc *bias, const struct memory_desc *y,
                                 dnnl_primitive_attr_t attr, dnnl_primitive_desc_t hint,
                                 dnnl_primitive_desc_t *out)
{
    if (direction == ONEDNN_INPUT_GRAD)
        bias = NULL;
#if V3
    const_dnnl_memory_desc_t b = bias ? bias->desc : NULL;

    if (direction == ONEDNN_FORWARD)
        return dnnl_inner_product_forward_primitive_desc_create(
            out, o->engine, dnnl_forward_training, REF(x), REF(weight), b, REF(y), attr);
    if (direction == ONEDNN_INPUT_GRAD)
        return dnnl_inner_product_backward_data_primitive_desc_create(
            out, o->engine, REF(x), REF(weight), REF(y), hint, attr);
    return dnnl_inner_product_backward_weights_primitive_desc_create(out, o->engine, REF(x),
                                                                     REF(weight), b, REF(y), hint,
                                                                     attr);
#else
    const dnnl_memory_desc_t *b = bias ? &bias->desc : NULL;
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status;

    if (direction == ONEDNN_FORWARD)
        status = dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_training, REF(x),
                                                      REF(weight), b, REF(y));
    else if (direction == ONEDNN_INPUT_GRAD)
        status = dnnl_inner_product_backward_data_desc_init(&desc, REF(x), REF(weight), REF(y));
    else
        status = dnnl_inner_product_backward_weights_desc_init(&desc, REF(x), REF(weight), b, REF(y));
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(out, &desc, attr, o->engine, hint);
#endif
}

int onednn_choose_linear(const struct onednn *o, enum onednn_direction direction,
                         const struct memory_desc *x, const struct memory_desc *weight,
                         const struct memory_desc *bias, const struct memory_desc *y,
                         struct kernel_desc *out, struct error *err)
{
    dnnl_primitive_attr_t attr = user_scratch();
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = dnnl_success;

    *out = (struct kernel_desc){ 0 };
    if (direction != ONEDNN_FORWARD)
        status = linear_desc(o, ONEDNN_FORWARD, x, weight, bias, y, attr, NULL, &hint);
    if (status == dnnl_success)
        status = linear_desc(o, direction, x, weight, bias, y, attr, hint, &out->desc);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    if (check(status, "inner product", err))
        return -1;
    out->weight = queried(out->desc,
                          direction == ONEDNN_WEIGHT_GRAD ? dnnl_query_diff_weights_md
                                                          : dnnl_query_weights_md,
                          weight->rank, weight->dims);
    describe(out);
    return 0;
}

int onednn_choose_reorder(const struct onednn *o, const struct memory_desc *from,
                          const struct memory_desc *to, struct kernel_desc *out, struct error *err)
{
    dnnl_primitive_attr_t attr = user_scratch();
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(&out->desc, REF(from), o->engine,
                                                              REF(to), o->engine, attr);

    dnnl_primitive_attr_destroy(attr);
    if (check(status, "reorder", err))
        return -1;
    out->weight = *to;
    describe(out);
    return 0;
}

void kernel_desc_release(struct kernel_desc *desc)
{
    if (desc->desc)
        dnnl_primitive_desc_destroy(desc->desc);
    desc->desc = NULL;
}

/* --- kernels that run ----------------------------------------------------------------------------- */

int primitive_init(struct primitive *primitive, const struct onednn *o,
                   const struct kernel_desc *desc, struct error *err)
{
    *primitive = (struct primitive){ .stream = o->stream };
    return check(dnnl_primitive_create(&primitive->primitive, desc->desc), desc->name, err);
}

static int add(struct primitive *primitive, const struct onednn *o, int id,
#if V3
               const_dnnl_memory_desc_t desc,
#else
               const dnnl_memory_desc_t *desc,
#endif
               struct error *err)
{
    dnnl_exec_arg_t *arg = &primitive->args[primitive->arg_count];

    BUG_IF(primitive->arg_count == PRIMITIVE_MAX_ARGS);
    arg->arg = id;
    if (check(dnnl_memory_create(&arg->memory, desc, o->engine, DNNL_MEMORY_NONE), "memory", err))
        return -1;
    primitive->arg_count++;
    return 0;
}

int primitive_add(struct primitive *primitive, const struct onednn *o, int id,
                  const struct memory_desc *desc, struct error *err)
{
    return add(primitive, o, id, REF(desc), err);
}

int primitive_add_scratch(struct primitive *primitive, const struct onednn *o,
                          const struct kernel_desc *desc, struct error *err)
{
    return add(primitive, o, DNNL_ARG_SCRATCHPAD,
               dnnl_primitive_desc_query_md(desc->desc, dnnl_query_scratchpad_md, 0), err);
}

void primitive_bind(struct primitive *primitive, int arg, void *memory)
{
    BUG_IF(dnnl_memory_set_data_handle(primitive->args[arg].memory, memory));
}

int primitive_run(const struct primitive *primitive)
{
    return (int)dnnl_primitive_execute(primitive->primitive, primitive->stream,
                                       primitive->arg_count, primitive->args);
}

void primitive_release(struct primitive *primitive)
{
    for (int i = 0; i < primitive->arg_count; i++)
        dnnl_memory_destroy(primitive->args[i].memory);
    if (primitive->primitive)
        dnnl_primitive_destroy(primitive->primitive);
    *primitive = (struct primitive){ 0 };
}
