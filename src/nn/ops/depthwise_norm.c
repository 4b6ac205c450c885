/* depthwise_norm.c - batch norm and activation, depthwise convolution, and the statistics of its
 * result, as one op; see passes/fuse_depthwise.c for why.
 *
 * The reference kernels are put together from those of the ops that it stands for. */

#include "nn/gradient.h"
#include "nn/ops.h"

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

static int64_t side(const struct conv_attributes *c, const struct value *x, int axis)
{
    return (x->shape.dim[2 + axis] + 2 * c->pad[axis] - c->kernel[axis]) / c->stride[axis] + 1;
}

static void norm_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct depthwise_norm_attributes *a = attributes;
    const struct value *x = node->inputs[0];
    int64_t channel_count = x->shape.dim[1];

    a->conv.groups = (int)channel_count;
    a->conv.input_size[0] = (int)x->shape.dim[2];
    a->conv.input_size[1] = (int)x->shape.dim[3];
    if (node->inputs[5]->shape.dim[0] != channel_count || node->inputs[5]->shape.dim[1] != 1) {
        graph_fail(graph, "depthwise_norm: the weight does not fit %d channels",
                   (int)channel_count);
        return;
    }
    graph_node_output(graph, node,
                      SHAPE(x->shape.dim[0], channel_count, side(&a->conv, x, 0),
                            side(&a->conv, x, 1)),
                      DTYPE_F32);
    graph_node_output(graph, node, SHAPE(channel_count), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(channel_count), DTYPE_F32);
}

/* The statistics' gradients belong to whoever reads them, as with batch_stats. */
static void norm_gradient(struct gradient *gradient, const struct node *node)
{
    struct graph *graph = gradient->graph;
    struct node *grad = graph_node(graph, &op_depthwise_norm_grad, node->name,
                                   (struct value *[]){ node->inputs[0], node->inputs[1],
                                                       node->inputs[2], node->inputs[3],
                                                       node->inputs[4], node->inputs[5],
                                                       gradient_of_output(gradient, node, 0) },
                                   7, node->attributes);

    if (!grad)
        return;
    gradient_add(gradient, node, 3, grad->outputs[1]);
    gradient_add(gradient, node, 4, grad->outputs[2]);
    gradient_add(gradient, node, 5, grad->outputs[3]);
    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(graph, &op_batch_apply_grad_input, node->name, NULL,
                                 node->inputs[0], node->inputs[1], node->inputs[2],
                                 node->inputs[3], grad->outputs[1], grad->outputs[2],
                                 grad->outputs[0]));
}

/* --- reference -------------------------------------------------------------------------------- */

/* A value and a node that exist only to call another op's kernel. */
static struct value value_like(const struct shape *shape)
{
    return (struct value){ .shape = *shape };
}

/* act(batch norm of x), into a new array. */
static double *activated(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    const struct value *x = call->node->inputs[0];
    struct batch_apply_attributes apply = { .activation = a->activation };
    struct value out = value_like(&x->shape);
    struct node node = { .op = &op_batch_apply, .attributes = &apply, .input_count = 6,
                         .output_count = 1, .outputs = { &out } };
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

static void call_conv(const struct op *op, const struct conv_attributes *conv, struct value *a,
                      double *a_data, struct value *b, double *b_data, struct value *out,
                      double *out_data)
{
    struct node node = { .op = op, .attributes = conv, .inputs = { a, b, NULL }, .input_count = 3,
                         .outputs = { out }, .output_count = 1 };
    double *inputs[NODE_MAX_INPUTS] = { a_data, b_data, NULL };
    struct reference_call inner = { &node, inputs, &out_data, NULL };

    op->reference(&inner);
}

static void norm_reference(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    struct batch_norm_attributes norm = { a->eps, a->momentum };
    struct node stats = { .op = &op_batch_stats, .attributes = &norm, .input_count = 3,
                          .inputs = { call->node->outputs[0], call->node->inputs[6],
                                      call->node->inputs[7] },
                          .output_count = 2,
                          .outputs = { call->node->outputs[1], call->node->outputs[2] } };
    double *inputs[NODE_MAX_INPUTS] = { call->outputs[0], call->inputs[6], call->inputs[7] };
    struct reference_call inner = { &stats, inputs, call->outputs + 1, call->run };
    double *y = activated(call);

    call_conv(&op_conv2d, &a->conv, call->node->inputs[0], y, call->node->inputs[5],
              call->inputs[5], call->node->outputs[0], call->outputs[0]);
    op_batch_stats.reference(&inner);
    free(y);
}

static double norm_flops(const struct node *node)
{
    const struct shape *w = &node->inputs[5]->shape;

    return 2.0 * (double)shape_count(&node->outputs[0]->shape) * (double)(w->dim[2] * w->dim[3]);
}

const struct op op_depthwise_norm = {
    .name = "depthwise_norm", .version = 1, .mutates = 1u << 6 | 1u << 7,
    .attributes_size = sizeof(struct depthwise_norm_attributes), .attributes = depthwise_table,
    .shape = norm_shape, .gradient = norm_gradient, .reference = norm_reference,
    .flops = norm_flops,
};

static void grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct shape vector = SHAPE(node->inputs[0]->shape.dim[1]);

    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    graph_node_output(graph, node, vector, DTYPE_F32);
    graph_node_output(graph, node, node->inputs[5]->shape, DTYPE_F32);
}

static void grad_reference(const struct reference_call *call)
{
    const struct depthwise_norm_attributes *a = call->node->attributes;
    struct value *x = call->node->inputs[0], *weight = call->node->inputs[5];
    struct value *dy = call->node->inputs[6];
    int64_t c_count = x->shape.dim[1], plane = x->shape.dim[2] * x->shape.dim[3];
    double *const *in = call->inputs, *const *out = call->outputs;
    double *y = activated(call);

    call_conv(&op_conv2d_weight_grad, &a->conv, x, y, dy, in[6], call->node->outputs[3], out[3]);
    call_conv(&op_conv2d_input_grad, &a->conv, dy, in[6], weight, in[5], call->node->outputs[0],
              out[0]);
    memset(out[1], 0, (size_t)c_count * sizeof(double));
    memset(out[2], 0, (size_t)c_count * sizeof(double));
    for (int64_t i = 0; i < x->shape.dim[0] * c_count; i++) {
        int64_t c = i % c_count;

        for (int64_t j = i * plane; j < (i + 1) * plane; j++) {
            double xhat = (in[0][j] - in[1][c]) * in[2][c];

            out[0][j] *= activation_derivative(a->activation, xhat * in[3][c] + in[4][c]);
            out[1][c] += out[0][j] * xhat;
            out[2][c] += out[0][j];
        }
    }
    free(y);
}

static double grad_flops(const struct node *node)
{
    const struct shape *w = &node->inputs[5]->shape;

    return 4.0 * (double)shape_count(&node->inputs[6]->shape) * (double)(w->dim[2] * w->dim[3]);
}

const struct op op_depthwise_norm_grad = {
    .name = "depthwise_norm_grad", .version = 1,
    .attributes_size = sizeof(struct depthwise_norm_attributes), .attributes = depthwise_table,
    .shape = grad_shape, .reference = grad_reference, .flops = grad_flops,
};
