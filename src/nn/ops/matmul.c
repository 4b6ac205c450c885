/* matmul.c - products of two computed matrices, one for each leading index. */

#include "nn/ops/ops_internal.h"

#include <string.h>

static const struct attribute matmul_attribute_table[] = {
    ATTRIBUTE_OF_BOOL(matmul_attributes, transpose_a),
    ATTRIBUTE_OF_BOOL(matmul_attributes, transpose_b),
    ATTRIBUTE_OF_REAL(matmul_attributes, scale),
    ATTRIBUTE_END,
};

/* One operand as stored: element (row, column) of what is multiplied lies at
 * row * row_step + column * column_step. */
struct operand {
    int64_t rows, columns, row_step, column_step;
};

static struct operand operand_of(const struct shape *shape, bool transpose)
{
    int64_t rows = shape->dim[shape->rank - 2], columns = shape->dim[shape->rank - 1];

    if (transpose)
        return (struct operand){ columns, rows, 1, columns };
    return (struct operand){ rows, columns, columns, 1 };
}

static bool same_leading(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank || a->rank < 2)
        return false;
    for (int i = 0; i < a->rank - 2; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static void matmul_shape(struct graph *graph, struct node *node, void *attributes)
{
    struct matmul_attributes *matmul = attributes;
    char text_a[SHAPE_TEXT_SIZE], text_b[SHAPE_TEXT_SIZE];
    struct operand a, b;
    struct shape c;

    if (!op_has_inputs(graph, node, 2, 2))
        return;
    if (matmul->scale == 0)
        matmul->scale = 1;
    c = node->inputs[0]->shape;
    if (same_leading(&c, &node->inputs[1]->shape)) {
        a = operand_of(&c, matmul->transpose_a);
        b = operand_of(&node->inputs[1]->shape, matmul->transpose_b);
        if (a.columns == b.rows) {
            c.dim[c.rank - 2] = a.rows;
            c.dim[c.rank - 1] = b.columns;
            graph_node_output(graph, node, c, DTYPE_F32);
            return;
        }
    }
    graph_fail(graph, "matmul: %s%s and %s%s cannot be multiplied", shape_text(&c, text_a),
               matmul->transpose_a ? " transposed" : "",
               shape_text(&node->inputs[1]->shape, text_b),
               matmul->transpose_b ? " transposed" : "");
}

/* With A, B for what is multiplied: dA = dC B', dB = A' dC.  A stored transposed wants
 * dA' = B dC', and so on; all are products of the stored matrices again. */
static void matmul_gradient(struct gradient *gradient, const struct node *node)
{
    const struct matmul_attributes *matmul = node->attributes;
    struct value *a = node->inputs[0], *b = node->inputs[1];
    struct value *dc = gradient_of_output(gradient, node, 0);
    struct matmul_attributes da = { .scale = matmul->scale }, db = { .scale = matmul->scale };

    if (!dc)
        return;
    if (gradient_wanted(gradient, node, 0)) {
        da.transpose_a = matmul->transpose_a && matmul->transpose_b;
        da.transpose_b = matmul->transpose_a || !matmul->transpose_b;
        gradient_add(gradient, node, 0,
                     GRAPH_APPLY(gradient->graph, &op_matmul, node->name, &da,
                                 matmul->transpose_a ? b : dc, matmul->transpose_a ? dc : b));
    }
    if (gradient_wanted(gradient, node, 1)) {
        db.transpose_a = matmul->transpose_b || !matmul->transpose_a;
        db.transpose_b = matmul->transpose_b && matmul->transpose_a;
        gradient_add(gradient, node, 1,
                     GRAPH_APPLY(gradient->graph, &op_matmul, node->name, &db,
                                 matmul->transpose_b ? dc : a, matmul->transpose_b ? a : dc));
    }
}

static void multiply(const struct operand *left, const double *a, const struct operand *right,
                     const double *b, double scale, double *c)
{
    memset(c, 0, (size_t)(left->rows * right->columns) * sizeof(double));
    for (int64_t row = 0; row < left->rows; row++, c += right->columns)
        for (int64_t k = 0; k < left->columns; k++) {
            double factor = scale * a[row * left->row_step + k * left->column_step];
            const double *from = b + k * right->row_step;

            for (int64_t column = 0; column < right->columns; column++)
                c[column] += factor * from[column * right->column_step];
        }
}

static void matmul_reference(const struct reference_call *call)
{
    const struct matmul_attributes *matmul = call->node->attributes;
    struct operand a = operand_of(&call->node->inputs[0]->shape, matmul->transpose_a);
    struct operand b = operand_of(&call->node->inputs[1]->shape, matmul->transpose_b);
    int64_t count = shape_count(&call->node->inputs[0]->shape) / (a.rows * a.columns);

    for (int64_t i = 0; i < count; i++)
        multiply(&a, call->inputs[0] + i * a.rows * a.columns, &b,
                 call->inputs[1] + i * b.rows * b.columns, matmul->scale,
                 call->outputs[0] + i * a.rows * b.columns);
}

static double matmul_flops(const struct node *node)
{
    const struct matmul_attributes *matmul = node->attributes;
    struct operand a = operand_of(&node->inputs[0]->shape, matmul->transpose_a);

    return 2.0 * (double)shape_count(&node->outputs[0]->shape) * (double)a.columns;
}

const struct op op_matmul = {
    .name = "matmul",
    .version = 1,
    .attributes_size = sizeof(struct matmul_attributes),
    .attributes = matmul_attribute_table,
    .shape = matmul_shape,
    .gradient = matmul_gradient,
    .reference = matmul_reference,
    .flops = matmul_flops,
};
