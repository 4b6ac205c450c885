/* attention.c - multi-head self-attention without its projections, and its gradient.
 *
 * The forward pass keeps the logarithm of each row's sum of exponentials; with it the gradient
 * finds any probability again from q and k, so the T x T matrix is never stored. */

#include "nn/ops/ops_internal.h"

#include <math.h>
#include <string.h>

static const struct attribute attention_attribute_table[] = {
    ATTRIBUTE_OF_INT(attention_attributes, heads),
    ATTRIBUTE_END,
};

static bool check_qkv(struct graph *graph, const struct node *node, int heads)
{
    int64_t width;

    if (!op_has_rank(graph, node, 0, "the input", 3))
        return false;
    width = node->inputs[0]->shape.dim[2];
    if (heads >= 1 && width % (3 * (int64_t)heads) == 0)
        return true;
    graph_fail(graph, "%s: %lld features are not queries, keys and values of %d heads",
               node->op->name, (long long)width, heads);
    return false;
}

static void attention_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct attention_attributes *attention = attributes;
    const struct shape *qkv;

    if (!op_has_inputs(graph, node, 1, 1) || !check_qkv(graph, node, attention->heads))
        return;
    qkv = &node->inputs[0]->shape;
    graph_node_output(graph, node, SHAPE(qkv->dim[0], qkv->dim[1], qkv->dim[2] / 3), DTYPE_F32);
    graph_node_output(graph, node, SHAPE(qkv->dim[0], attention->heads, qkv->dim[1]), DTYPE_F32);
}

static void attention_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    const struct attention_attributes *attention = attributes;
    const struct shape *qkv;
    struct shape out, sums;

    if (!op_has_inputs(graph, node, 4, 4) || !check_qkv(graph, node, attention->heads))
        return;
    qkv = &node->inputs[0]->shape;
    out = SHAPE(qkv->dim[0], qkv->dim[1], qkv->dim[2] / 3);
    sums = SHAPE(qkv->dim[0], attention->heads, qkv->dim[1]);
    if (op_has_shape(graph, node, 1, "the output", &out) &&
        op_has_shape(graph, node, 2, "the sums", &sums) &&
        op_has_shape(graph, node, 3, "the gradient", &out))
        graph_node_output(graph, node, *qkv, DTYPE_F32);
}

static void attention_gradient(struct gradient *gradient, const struct node *node)
{
    struct value *dout = gradient_of_output(gradient, node, 0);

    if (gradient_of_output(gradient, node, 1)) {
        graph_fail(gradient->graph, "attention: log_sum_exp has no gradient");
        return;
    }
    if (dout)
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_attention_grad, node->name, node->attributes,
                                 node->inputs[0], node->outputs[0], node->outputs[1], dout));
}

/* --- reference kernels ----------------------------------------------------------------------- */

/* One head of one sample.  Row t of q, k, v stands at t * qkv_step, of out at t * out_step. */
struct head {
    int64_t tokens, size, qkv_step, out_step;
    double scale;
    int64_t qkv_at, out_at, sum_at; /* where it begins in each array; k and v follow q */
};

static struct head head_of(const struct node *node, int64_t index)
{
    int heads = ((const struct attention_attributes *)node->attributes)->heads;
    const struct shape *qkv = &node->inputs[0]->shape;
    int64_t sample = index / heads, which = index % heads;
    struct head head = { .tokens = qkv->dim[1], .qkv_step = qkv->dim[2] };

    head.out_step = head.qkv_step / 3;
    head.size = head.out_step / heads;
    head.scale = 1 / sqrt((double)head.size);
    head.qkv_at = sample * head.tokens * head.qkv_step + which * head.size;
    head.out_at = sample * head.tokens * head.out_step + which * head.size;
    head.sum_at = index * head.tokens;
    return head;
}

static int64_t head_count(const struct node *node)
{
    return node->inputs[0]->shape.dim[0] *
           ((const struct attention_attributes *)node->attributes)->heads;
}

/* Scores are computed twice, once for the largest, rather than kept. */
static void attend(const struct head *head, const double *qkv, double *out, double *log_sum_exp)
{
    const double *k = qkv + head->out_step, *v = k + head->out_step;

    for (int64_t i = 0; i < head->tokens; i++) {
        const double *q = qkv + i * head->qkv_step;
        double *row = out + i * head->out_step, largest = -INFINITY, sum = 0;

        for (int64_t j = 0; j < head->tokens; j++)
            largest = fmax(largest,
                           head->scale * vector_dot(q, k + j * head->qkv_step, head->size));
        memset(row, 0, (size_t)head->size * sizeof(double));
        for (int64_t j = 0; j < head->tokens; j++) {
            double score = head->scale * vector_dot(q, k + j * head->qkv_step, head->size);
            double weight = exp(score - largest);

            sum += weight;
            vector_add(row, weight, v + j * head->qkv_step, head->size);
        }
        for (int64_t j = 0; j < head->size; j++)
            row[j] /= sum;
        log_sum_exp[i] = largest + log(sum);
    }
}

static void attention_reference(const struct reference_call *call)
{
    for (int64_t i = 0; i < head_count(call->node); i++) {
        struct head head = head_of(call->node, i);

        attend(&head, call->inputs[0] + head.qkv_at, call->outputs[0] + head.out_at,
               call->outputs[1] + head.sum_at);
    }
}

static void attend_grad(const struct head *head, const double *qkv, const double *out,
                        const double *log_sum_exp, const double *dout, double *dqkv)
{
    int64_t step = head->qkv_step;
    const double *k = qkv + head->out_step, *v = k + head->out_step;
    double *dk = dqkv + head->out_step, *dv = dk + head->out_step;

    for (int64_t i = 0; i < head->tokens; i++) {
        const double *q = qkv + i * step, *drow = dout + i * head->out_step;
        /* the mean of dprobability over the row, as in softmax_grad, found from out */
        double mean = vector_dot(drow, out + i * head->out_step, head->size);

        for (int64_t j = 0; j < head->tokens; j++) {
            double score = head->scale * vector_dot(q, k + j * step, head->size);
            double probability = exp(score - log_sum_exp[i]);
            double dprobability = vector_dot(drow, v + j * step, head->size);
            double dscore = head->scale * probability * (dprobability - mean);

            vector_add(dv + j * step, probability, drow, head->size);
            vector_add(dk + j * step, dscore, q, head->size);
            vector_add(dqkv + i * step, dscore, k + j * step, head->size);
        }
    }
}

static void attention_grad_reference(const struct reference_call *call)
{
    memset(call->outputs[0], 0,
           (size_t)shape_count(&call->node->outputs[0]->shape) * sizeof(double));
    for (int64_t i = 0; i < head_count(call->node); i++) {
        struct head head = head_of(call->node, i);

        attend_grad(&head, call->inputs[0] + head.qkv_at, call->inputs[1] + head.out_at,
                    call->inputs[2] + head.sum_at, call->inputs[3] + head.out_at,
                    call->outputs[0] + head.qkv_at);
    }
}

/* Products of T x T x C: two forward; five backward, one of them the scores again. */
static double attention_flops(const struct node *node)
{
    const struct shape *qkv = &node->inputs[0]->shape;
    int products = node->op == &op_attention ? 2 : 5;

    return 2.0 * products * (double)qkv->dim[1] / 3 * (double)shape_count(qkv);
}

const struct op op_attention = {
    .name = "attention",
    .version = 1,
    .attributes_size = sizeof(struct attention_attributes),
    .attributes = attention_attribute_table,
    .shape = attention_shape,
    .gradient = attention_gradient,
    .reference = attention_reference,
    .flops = attention_flops,
};

const struct op op_attention_grad = {
    .name = "attention_grad",
    .version = 1,
    .attributes_size = sizeof(struct attention_attributes),
    .attributes = attention_attribute_table,
    .shape = attention_grad_shape,
    .reference = attention_grad_reference,
    .flops = attention_flops,
};
