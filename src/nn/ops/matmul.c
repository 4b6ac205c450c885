/* matmul.c - batched matrix product. */

#include "nn/gradient.h"
#include "nn/ops.h"

static const struct attribute matmul_table[] = {
    ATTRIBUTE_OF_BOOL(matmul_attributes, transpose_a),
    ATTRIBUTE_OF_BOOL(matmul_attributes, transpose_b),
    ATTRIBUTE_OF_REAL(matmul_attributes, scale), ATTRIBUTE_END,
};

static void matmul_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct matmul_attributes *a = attributes;
    const struct shape *left = &node->inputs[0]->shape, *right = &node->inputs[1]->shape;
    struct shape out = *left;
    int rank = left->rank;
    int64_t k_left, k_right;

    if (!a->scale)
        a->scale = 1;
    if (rank < 2 || right->rank != rank) {
        graph_fail(graph, "matmul: ranks %d and %d do not fit", rank, right->rank);
        return;
    }
    k_left = left->dim[rank - (a->transpose_a ? 2 : 1)];
    k_right = right->dim[rank - (a->transpose_b ? 1 : 2)];
    for (int i = 0; i < rank - 2; i++)
        if (left->dim[i] != right->dim[i])
            k_right = -1;
    if (k_left != k_right) {
        char l[SHAPE_TEXT_SIZE], r[SHAPE_TEXT_SIZE];

        graph_fail(graph, "matmul: %s and %s do not fit", shape_text(left, l), shape_text(right, r));
        return;
    }
    out.dim[rank - 2] = left->dim[rank - (a->transpose_a ? 1 : 2)];
    out.dim[rank - 1] = right->dim[rank - (a->transpose_b ? 2 : 1)];
    graph_node_output(graph, node, out, DTYPE_F32);
}

static struct value *product(struct graph *graph, const char *name, struct value *a,
                             bool transpose_a, struct value *b, bool transpose_b, double scale)
{
    struct matmul_attributes attributes = { transpose_a, transpose_b, scale };

    return GRAPH_APPLY(graph, &op_matmul, name, &attributes, a, b);
}

/* y = s A B: dA = s dy B', dB = s A' dy; transposed operands get the transposed gradient. */
static void matmul_gradient(struct gradient *gradient, const struct node *node)
{
    const struct matmul_attributes *m = node->attributes;
    struct value *dy = gradient_of_output(gradient, node, 0);
    struct value *a = node->inputs[0], *b = node->inputs[1];
    struct graph *g = gradient->graph;

    if (gradient_wanted(gradient, node, 0))
        gradient_add(gradient, node, 0,
                     m->transpose_a ? product(g, node->name, b, m->transpose_b, dy, true, m->scale)
                                    : product(g, node->name, dy, false, b, !m->transpose_b, m->scale));
    if (gradient_wanted(gradient, node, 1))
        gradient_add(gradient, node, 1,
                     m->transpose_b ? product(g, node->name, dy, true, a, m->transpose_a, m->scale)
                                    : product(g, node->name, a, !m->transpose_a, dy, false, m->scale));
}

static void matmul_reference(const struct reference_call *call)
{
    const struct matmul_attributes *m = call->node->attributes;
    const struct shape *left = &call->node->inputs[0]->shape, *out = &call->node->outputs[0]->shape;
    int64_t rows = out->dim[out->rank - 2], columns = out->dim[out->rank - 1];
    int64_t k = left->dim[left->rank - (m->transpose_a ? 2 : 1)];
    int64_t batches = shape_count(out) / (rows * columns);

    for (int64_t n = 0; n < batches; n++) {
        const double *a = call->inputs[0] + n * rows * k, *b = call->inputs[1] + n * k * columns;
        double *y = call->outputs[0] + n * rows * columns;

        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++) {
                double sum = 0;

                for (int64_t q = 0; q < k; q++)
                    sum += a[m->transpose_a ? q * rows + i : i * k + q] *
                           b[m->transpose_b ? j * k + q : q * columns + j];
                y[i * columns + j] = m->scale * sum;
            }
    }
}

static double matmul_flops(const struct node *node)
{
    const struct matmul_attributes *m = node->attributes;
    const struct shape *left = &node->inputs[0]->shape;

    return 2.0 * (double)shape_count(&node->outputs[0]->shape) *
           (double)left->dim[left->rank - (m->transpose_a ? 2 : 1)];
}

const struct op op_matmul = {
    .name = "matmul", .version = 1, .attributes_size = sizeof(struct matmul_attributes),
    .attributes = matmul_table, .shape = matmul_shape, .gradient = matmul_gradient,
    .reference = matmul_reference, .flops = matmul_flops,
};
