/* vector_attention_test.c - kernels/vector_attention.c against the reference. */

#include "kernel_support.h"

#include "cpu/bindings.h"
#include "test.h"

#include <stdlib.h>

struct sizes {
    int n, tokens, heads, head_size;
};

static const struct sizes sizes[] = {
    { 2, 7, 1, 16 }, { 1, 1, 2, 8 }, { 1, 50, 3, 64 }, { 2, 49, 2, 20 }, { 1, 97, 2, 5 },
    { 1, 300, 1, 32 }, /* two tiles of keys */
};

#define SIZE_COUNT ((int)(sizeof(sizes) / sizeof(sizes[0])))

static struct value *qkv_of(struct graph *graph, const struct sizes *s)
{
    return graph_input(graph, "qkv", SHAPE(s->n, s->tokens, 3 * s->heads * s->head_size),
                       DTYPE_F32);
}

TEST(attention_equals_the_reference)
{
    for (int i = 0; i < SIZE_COUNT; i++) {
        struct attention_attributes attributes = { .heads = sizes[i].heads };
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_attention, &attributes, qkv_of(&graph, &sizes[i])),
            .rows = attention_kernels, .seed = (uint64_t)i });
        graph_release(&graph);
    }
}

/* out and log_sum_exp have to be those that belong to qkv. */
static void draw_forward(struct rng *rng, const struct node *node, int input, double *data,
                         int64_t count)
{
    static double *qkv, *out, *log_sum_exp;
    const struct value *values[] = { node->inputs[1], node->inputs[2] };

    (void)rng;
    if (input == 0) {
        struct node forward = { .op = &op_attention, .attributes = node->attributes,
                                .inputs = { node->inputs[0] }, .input_count = 1,
                                .outputs = { node->inputs[1], node->inputs[2] },
                                .output_count = 2 };

        qkv = data;
        out = calloc((size_t)shape_count(&values[0]->shape), sizeof(double));
        log_sum_exp = calloc((size_t)shape_count(&values[1]->shape), sizeof(double));
        op_attention.reference(&(struct reference_call){ &forward, &qkv,
                                                         (double *[]){ out, log_sum_exp }, NULL });
    } else if (input == 1) {
        memcpy(data, out, (size_t)count * sizeof(double));
        free(out);
    } else if (input == 2) {
        memcpy(data, log_sum_exp, (size_t)count * sizeof(double));
        free(log_sum_exp);
    }
}

TEST(attention_grad_equals_the_reference)
{
    for (int i = 0; i < SIZE_COUNT; i++) {
        struct attention_attributes attributes = { .heads = sizes[i].heads };
        const struct sizes *s = &sizes[i];
        struct shape out = SHAPE(s->n, s->tokens, s->heads * s->head_size);
        struct graph graph;

        graph_init(&graph);
        check_kernels(&(struct kernel_check){
            .node = TEST_NODE(&graph, &op_attention_grad, &attributes, qkv_of(&graph, s),
                              graph_input(&graph, "out", out, DTYPE_F32),
                              graph_input(&graph, "sum", SHAPE(s->n, s->heads, s->tokens),
                                          DTYPE_F32),
                              graph_input(&graph, "dout", out, DTYPE_F32)),
            .rows = attention_kernels, .seed = (uint64_t)i, .draw = draw_forward,
            .tolerance = 5e-5 });
        graph_release(&graph);
    }
}
