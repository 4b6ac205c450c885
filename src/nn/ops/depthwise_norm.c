/* depthwise_norm.c - batch norm and activation, depthwise convolution, and the statistics of its
 * result, as one op; see passes/fuse_depthwise.c for why.
 *
 * The reference kernels are put together from those of the ops that it stands for. */

#include "nn/ops/ops_internal.h"

#include <stdlib.h>
#include <string.h>

static const struct attribute depthwise_table[] = {
    ATTRIBUTE_OF_INTS(depthwise_norm_attributes, conv.kernel, 2),
    ATTRIBUTE_OF_INTS(depthwise_norm_attributes, conv.stride, 2),
    ATTRIBUTE_OF_INTS(depthwise_norm_attributes, conv.pad, 2),
    ATTRIBUTE_OF_INTS(depthwise_norm_attributes, conv.dilation, 2),
    ATTRIBUTE_OF_INT(depthwise_norm_attributes, conv.groups),
    ATTRIBUTE_OF_INTS(depthwise_norm_attributes, conv.input_size, 2),
    ATTRIBUTE_OF_BOOL(depthwise_norm_attributes, conv.has_bias),
    ATTRIBUTE_OF_INT(depthwise_norm_attributes, activation),
    ATTRIBUTE_OF_REAL(depthwise_norm_attributes, eps),
    ATTRIBUTE_OF_REAL(depthwise_norm_attributes, momentum), ATTRIBUTE_END,
};

/* --- shape rules ----------------------------------------------------------------------------- */

/* Complete the convolution for images x and its weight. */
static bool settle_conv(struct graph *graph, const struct node *node, struct conv_attributes *conv)
{
    const struct shape *x = &node->inputs[0]->shape, *weight = &node->inputs[5]->shape;

    for (int i = 0; i < 2; i++) {
        conv->input_size[i] = (int)x->dim[2 + i];
        if (!conv->kernel[i])
            conv->kernel[i] = (int)weight->dim[2 + i];
        if (!conv->stride[i])
            conv->stride[i] = 1;
        if (!conv->dilation[i])
            conv->dilation[i] = 1;
        if (conv->kernel[i] < 1 || conv->stride[i] < 1 || conv->dilation[i] < 1 ||
            conv->pad[i] < 0) {
            graph_fail(graph, "%s: a kernel of %d with stride %d, padding %d and dilation %d",
                       node->op->name, conv->kernel[i], conv->stride[i], conv->pad[i],
                       conv->dilation[i]);
            return false;
        }
    }
    conv->groups = (int)x->dim[1];
    if (conv->has_bias) {
        graph_fail(graph, "%s: the convolution has a bias, which it must not", node->op->name);
        return false;
    }
    return op_has_shape(graph, node, 5, "the weight",
                        &SHAPE(conv->groups, 1, conv->kernel[0], conv->kernel[1]));
}

static struct shape convolved(const struct value *x, const struct conv_attributes *conv)
{
    struct shape y = x->shape;

    for (int i = 0; i < 2; i++)
        y.dim[2 + i] = window_count(conv->input_size[i], conv->kernel[i], conv->stride[i],
                                    conv->pad[i], conv->dilation[i]);
    return y;
}

/* What the op and its gradient have in common: inputs 0 to 5. */
static bool check_inputs(struct graph *graph, const struct node *node,
                         struct depthwise_norm_attributes *a)
{
    static const char *const names[] = { "the mean", "the deviation", "the norm's weight",
                                         "the norm's bias" };
    struct shape vector;

    if (!op_has_rank(graph, node, 0, "the input", 4) ||
        !op_has_rank(graph, node, 5, "the weight", 4))
        return false;
    vector = SHAPE(node->inputs[0]->shape.dim[1]);
    for (int i = 0; i < 4; i++)
        if (!op_has_shape(graph, node, 1 + i, names[i], &vector))
            return false;
    return op_has_activation(graph, node, a->activation) && settle_conv(graph, node, &a->conv);
}

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct depthwise_norm_attributes *a = attributes;
    struct shape y, vector;

    if (!op_has_inputs(graph, node, 8, 8) || !check_inputs(graph, node, a))
        return;
    if (!a->eps)
        a->eps = 1e-5;
    if (!a->momentum)
        a->momentum = 0.1;
    y = convolved(node->inputs[0], &a->conv);
    vector = SHAPE(y.dim[1]);
    if (!op_has_shape(graph, node, 6, "the running mean", &vector) ||
        !op_has_shape(graph, node, 7, "the running variance", &vector))
        return;
    if (y.dim[0] * y.dim[2] * y.dim[3] == 1) {
        graph_fail(graph, "batch norm needs more than one value per channel: "
                          "use a larger batch or image");
        return;
    }
    graph_node_output(graph, node, y, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
}

static void grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct depthwise_norm_attributes *a = attributes;
    struct shape x, y;

    if (!op_has_inputs(graph, node, 7, 7) || !check_inputs(graph, node, a))
        return;
    x = node->inputs[0]->shape;
    y = convolved(node->inputs[0], &a->conv);
    if (!op_has_shape(graph, node, 6, "the gradient", &y))
        return;
    graph_node_output(graph, node, x, DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x.dim[1]), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(x.dim[1]), DTYPE_F32);
    graph_node_output(graph, node, node->inputs[5]->shape, DTYPE_F32);
}

/* --- gradient -------------------------------------------------------------------------------- */

/* The new statistics' gradients belong to whoever reads them, as with batch_stats. */
static void norm_gradient(struct gradient *gradient, const struct node *node)
{
    struct graph *graph = gradient->graph;
    struct value *const *in = node->inputs;
    struct node *grad = graph_node(graph, &op_depthwise_norm_grad, node->name,
                                   (struct value *[]){ in[0], in[1], in[2], in[3], in[4], in[5],
                                                       gradient_of_output(gradient, node, 0) },
                                   7, node->attributes);

    if (!grad)
        return;
    gradient_add(gradient, node, 3, grad->outputs[1]);
    gradient_add(gradient, node, 4, grad->outputs[2]);
    gradient_add(gradient, node, 5, grad->outputs[3]);
    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_batch_apply_grad_input, node->name, NULL, in[0], in[1],
                                 in[2], in[3], grad->outputs[1], grad->outputs[2],
                                 grad->outputs[0]));
}

/* --- reference kernels ----------------------------------------------------------------------- */

/* act(batch norm of x), into a new array that the caller frees. */
static double *activated(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    struct value *x = call->node->inputs[0];
    struct batch_apply_attributes apply = { .activation = a->activation };
    struct node node = { .op = &op_batch_apply, .attributes = &apply, .input_count = 5,
                         .output_count = 1, .outputs = { x } }; /* of the same shape */
    double *inputs[NODE_MAX_INPUTS] = { 0 };
    double *y = malloc((size_t)shape_count(&x->shape) * sizeof(double));
    struct reference_call inner = { &node, inputs, &y, call->run };

    BUG_IF(!y);
    for (int i = 0; i < 5; i++) {
        node.inputs[i] = call->node->inputs[i];
        inputs[i] = call->inputs[i];
    }
    op_batch_apply.reference(&inner);
    return y;
}

/* A value with its numbers. */
struct operand {
    struct value *value;
    double *data;
};

static void call_conv(const struct op *op, const struct conv_attributes *conv, struct operand a,
                      struct operand b, struct operand out)
{
    struct node node = { .op = op, .attributes = conv, .inputs = { a.value, b.value },
                         .input_count = 2, .outputs = { out.value }, .output_count = 1 };
    double *inputs[NODE_MAX_INPUTS] = { a.data, b.data };

    op->reference(&(struct reference_call){ &node, inputs, &out.data, NULL });
}

static void norm_reference(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    struct batch_norm_attributes norm = { a->eps, a->momentum };
    struct value *const *in = call->node->inputs, *const *out = call->node->outputs;
    struct node stats = { .op = &op_batch_stats, .attributes = &norm,
                          .inputs = { out[0], in[6], in[7] }, .input_count = 3,
                          .outputs = { out[1], out[2] }, .output_count = 2 };
    double *inputs[NODE_MAX_INPUTS] = { call->outputs[0], call->inputs[6], call->inputs[7] };
    double *activated_x = activated(call);

    call_conv(&op_conv2d, &a->conv, (struct operand){ in[0], activated_x },
              (struct operand){ in[5], call->inputs[5] },
              (struct operand){ out[0], call->outputs[0] });
    op_batch_stats.reference(&(struct reference_call){ &stats, inputs, call->outputs + 1,
                                                       call->run });
    free(activated_x);
}

/* What has become of the activated x goes through the activation, in place. */
static void grad_of_activation(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    const struct shape *x = &call->node->inputs[0]->shape;
    int64_t channel_count = x->dim[1], plane = x->dim[2] * x->dim[3];
    double *const *in = call->inputs, *const *out = call->outputs;

    memset(out[1], 0, (size_t)channel_count * sizeof(double));
    memset(out[2], 0, (size_t)channel_count * sizeof(double));
    for (int64_t i = 0; i < x->dim[0] * channel_count; i++) {
        int64_t c = i % channel_count;
        double dgamma = 0, dbeta = 0;

        for (int64_t j = i * plane; j < (i + 1) * plane; j++) {
            double xhat = (in[0][j] - in[1][c]) * in[2][c];

            out[0][j] *= activation_derivative(a->activation, xhat * in[3][c] + in[4][c]);
            dgamma += out[0][j] * xhat;
            dbeta += out[0][j];
        }
        out[1][c] += dgamma;
        out[2][c] += dbeta;
    }
}

static void grad_reference(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    struct value *const *in = call->node->inputs, *const *out = call->node->outputs;
    struct operand dy = { in[6], call->inputs[6] };
    double *activated_x = activated(call);

    call_conv(&op_conv2d_weight_grad, &a->conv, (struct operand){ in[0], activated_x }, dy,
              (struct operand){ out[3], call->outputs[3] });
    call_conv(&op_conv2d_input_grad, &a->conv, dy, (struct operand){ in[5], call->inputs[5] },
              (struct operand){ out[0], call->outputs[0] });
    grad_of_activation(call);
    free(activated_x);
}

/* --- ops ------------------------------------------------------------------------------------- */

/* Of one convolution of outputs as large as `y`. */
static double conv_flops(const struct node *node, const struct value *y)
{
    const struct shape *weight = &node->inputs[5]->shape;

    return 2.0 * (double)shape_count(&y->shape) * (double)(weight->dim[2] * weight->dim[3]);
}

static double norm_flops(const struct node *node)
{
    return conv_flops(node, node->outputs[0]);
}

static double grad_flops(const struct node *node)
{
    return 2 * conv_flops(node, node->inputs[6]);
}

const struct op op_depthwise_norm = {
    .name = "depthwise_norm", .version = 1, .mutates = 1u << 6 | 1u << 7,
    .attributes_size = sizeof(struct depthwise_norm_attributes), .attributes = depthwise_table,
    .shape = norm_shape, .gradient = norm_gradient, .reference = norm_reference,
    .flops = norm_flops,
};

const struct op op_depthwise_norm_grad = {
    .name = "depthwise_norm_grad", .version = 1,
    .attributes_size = sizeof(struct depthwise_norm_attributes), .attributes = depthwise_table,
    .shape = grad_shape, .reference = grad_reference, .flops = grad_flops,
};
