/* ops_support.c - see ops_support.h. */

#include "nn/ops_support.h"

#include "base/error.h"
#include "base/rng.h"
#include "nn/gradient.h"
#include "test.h"

#include <stdlib.h>

/* --- numbers ------------------------------------------------------------------------------- */

static size_t value_bytes(const struct value *value)
{
    return (size_t)shape_count(&value->shape) * sizeof(double);
}

void numbers_init(struct numbers *numbers, const struct graph *graph)
{
    *numbers = (struct numbers){ .graph = graph };
    numbers->_of = calloc((size_t)graph->value_count + 1, sizeof(*numbers->_of));
    BUG_IF(!numbers->_of);
    for (int i = 0; i < graph->value_count; i++) {
        numbers->_of[i] = malloc(value_bytes(graph->values[i]));
        BUG_IF(!numbers->_of[i]);
    }
}

void numbers_release(struct numbers *numbers)
{
    for (int i = 0; i < numbers->graph->value_count; i++)
        free(numbers->_of[i]);
    free(numbers->_of);
    *numbers = (struct numbers){ 0 };
}

double *numbers_of(const struct numbers *numbers, const struct value *value)
{
    return numbers->_of[value->id];
}

void numbers_set(struct numbers *numbers, const struct value *value, const double *data)
{
    memcpy(numbers->_of[value->id], data, value_bytes(value));
}

static double draw(struct rng *rng, const struct init *init)
{
    if (init->kind == INIT_NORMAL)
        return init->a * rng_normal(rng);
    if (init->kind == INIT_UNIFORM)
        return rng_between(rng, -init->a, init->a);
    if (init->kind == INIT_CONSTANT && init->a != 0)
        return init->a * rng_between(rng, 0.5, 1.5);
    return rng_between(rng, -1, 1);
}

void numbers_draw(struct numbers *numbers, uint64_t seed)
{
    for (int i = 0; i < numbers->graph->value_count; i++) {
        const struct value *value = numbers->graph->values[i];
        struct rng rng = rng_for(seed, 0, (uint64_t)i);

        for (int64_t j = 0; value->kind != VALUE_COMPUTED && j < shape_count(&value->shape); j++)
            numbers->_of[i][j] = draw(&rng, &value->init);
    }
}

static void run_nodes(struct numbers *numbers, int node_count, const struct run_state *run)
{
    const struct run_state usual = { .seed = 1, .training = true };

    for (int i = 0; i < node_count; i++) {
        const struct node *node = numbers->graph->nodes[i];
        double *inputs[NODE_MAX_INPUTS] = { 0 }, *outputs[NODE_MAX_OUTPUTS] = { 0 };

        for (int j = 0; j < node->input_count; j++)
            inputs[j] = node->inputs[j] ? numbers_of(numbers, node->inputs[j]) : NULL;
        for (int j = 0; j < node->output_count; j++) {
            outputs[j] = numbers_of(numbers, node->outputs[j]);
            for (int64_t k = 0; k < shape_count(&node->outputs[j]->shape); k++)
                outputs[j][k] = NAN;
        }
        BUG_IF(!node->op->reference);
        node->op->reference(&(struct reference_call){ node, inputs, outputs, run ? run : &usual });
    }
}

void numbers_run(struct numbers *numbers, const struct run_state *run)
{
    run_nodes(numbers, numbers->graph->node_count, run);
}

/* --- a graph with its numbers ---------------------------------------------------------------- */

void built_init(struct built *built, build_fn *build, const void *context, uint64_t seed)
{
    struct error err;

    graph_init(&built->graph);
    build(&built->graph, context);
    CHECK_OK(graph_finish(&built->graph, &err), err);
    CHECK_OK(graph_check(&built->graph, &err), err);
    numbers_init(&built->numbers, &built->graph);
    numbers_draw(&built->numbers, seed);
}

void built_release(struct built *built)
{
    numbers_release(&built->numbers);
    graph_release(&built->graph);
}

double *built_find(const struct built *built, const char *name)
{
    const struct value *value = graph_find(&built->graph, name);

    if (!value)
        test_fail(__FILE__, __LINE__, "there is no '%s'", name);
    return numbers_of(&built->numbers, value);
}

double *built_output(const struct built *built, int index)
{
    CHECK(index < built->graph.output_count);
    return numbers_of(&built->numbers, built->graph.outputs[index]);
}

void check_numbers(uint64_t seed, const char *what, const double *got, const double *expected,
                   int64_t count, double tolerance)
{
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= tolerance))
            test_fail(__FILE__, __LINE__, "seed %llu: %s at %lld is %.10g, not %.10g",
                      (unsigned long long)seed, what, (long long)i, got[i], expected[i]);
}

int pick_between(struct rng *rng, int low, int high)
{
    return low + (int)rng_below(rng, (uint32_t)(high - low + 1));
}

/* --- the sum whose gradient is checked ----------------------------------------------------- */

struct sum_attributes {
    int seed, index;
};

static double sum_weight(const struct sum_attributes *sum, int index, int64_t element)
{
    struct rng rng = rng_for((uint64_t)sum->seed, (uint64_t)index + 1, (uint64_t)element);

    return rng_between(&rng, -1, 1);
}

static void sum_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, SHAPE_SCALAR, DTYPE_F32);
}

static void sum_reference(const struct reference_call *call)
{
    double sum = 0;

    for (int i = 0; i < call->node->input_count; i++)
        for (int64_t j = 0; j < shape_count(&call->node->inputs[i]->shape); j++)
            sum += sum_weight(call->node->attributes, i, j) * call->inputs[i][j];
    call->outputs[0][0] = sum;
}

static void sum_grad_shape(struct graph *graph, struct node *node, void *attributes)
{
    (void)attributes;
    graph_node_output(graph, node, node->inputs[0]->shape, DTYPE_F32);
}

static void sum_grad_reference(const struct reference_call *call)
{
    const struct sum_attributes *sum = call->node->attributes;

    for (int64_t j = 0; j < shape_count(&call->node->inputs[0]->shape); j++)
        call->outputs[0][j] = sum_weight(sum, sum->index, j);
}

static const struct op op_sum_grad = {
    .name = "test_sum_grad",
    .attributes_size = sizeof(struct sum_attributes),
    .shape = sum_grad_shape,
    .reference = sum_grad_reference,
};

static void sum_gradient(struct gradient *gradient, const struct node *node)
{
    struct sum_attributes sum = *(const struct sum_attributes *)node->attributes;

    for (sum.index = 0; sum.index < node->input_count; sum.index++)
        gradient_add(gradient, node, sum.index,
                     GRAPH_APPLY(gradient->graph, &op_sum_grad, "sum", &sum,
                                 node->inputs[sum.index]));
}

static const struct op op_sum = {
    .name = "test_sum",
    .flags = OP_LOSS,
    .attributes_size = sizeof(struct sum_attributes),
    .shape = sum_shape,
    .gradient = sum_gradient,
    .reference = sum_reference,
};

/* A loss stands for itself, because its gradient rule takes its own gradient to be 1. */
static struct value *add_sum(struct graph *graph, uint64_t seed)
{
    struct sum_attributes sum = { .seed = (int)(seed & 0xffff) };
    struct value *terms[NODE_MAX_INPUTS];
    int count = 0;

    if (graph->outputs[0]->producer->op->flags & OP_LOSS)
        return graph->outputs[0];
    for (int i = 0; i < graph->output_count; i++)
        if (graph->outputs[i]->dtype == DTYPE_F32)
            terms[count++] = graph->outputs[i];
    return graph_apply(graph, &op_sum, "sum", terms, count, &sum); /* NODE_MAX_INPUTS at most */
}

/* --- checks -------------------------------------------------------------------------------- */

struct checked {
    struct numbers numbers, start; /* start: states before the first run */
    int forward_count;
    struct value *loss;
};

static void restore_states(struct checked *checked)
{
    const struct graph *graph = checked->numbers.graph;

    for (int i = 0; i < graph->value_count; i++)
        if (graph->values[i]->kind == VALUE_STATE)
            numbers_set(&checked->numbers, graph->values[i], checked->start._of[i]);
}

static double loss_at(struct checked *checked, double *at, double value)
{
    double kept = *at;

    *at = value;
    restore_states(checked);
    run_nodes(&checked->numbers, checked->forward_count, NULL);
    *at = kept;
    return numbers_of(&checked->numbers, checked->loss)[0];
}

static void check_parameter(const struct gradient_check *check, struct checked *checked,
                            const struct value *parameter, const double *computed)
{
    const double step = 1e-5;
    double tolerance = check->tolerance > 0 ? check->tolerance : 1e-6;
    int64_t count = shape_count(&parameter->shape);
    int64_t wanted = check->elements ? check->elements : 24;
    struct rng rng = rng_for(check->seed, 1, (uint64_t)parameter->id);

    for (int64_t i = 0; i < (count < wanted ? count : wanted); i++) {
        int64_t element = count <= wanted ? i : rng_below(&rng, (uint32_t)count);
        double *at = numbers_of(&checked->numbers, parameter) + element;
        double above = loss_at(checked, at, *at + step), below = loss_at(checked, at, *at - step);
        double expected = (above - below) / (2 * step), got = computed ? computed[element] : 0;

        if (!(fabs(expected - got) <= tolerance * (1 + fabs(expected))))
            test_fail(__FILE__, __LINE__,
                      "seed %llu: the gradient of '%s' at %lld is %.10g, differences say %.10g",
                      (unsigned long long)check->seed, parameter->name, (long long)element, got,
                      expected);
    }
}

void check_gradients(const struct gradient_check *check)
{
    struct graph graph;
    struct checked checked;
    struct value **gradients;
    struct error err;
    int value_count;

    graph_init(&graph);
    check->build(&graph, check->context);
    CHECK_OK(graph_finish(&graph, &err), err);
    CHECK(graph.output_count > 0);
    checked.loss = add_sum(&graph, check->seed);
    checked.forward_count = graph.node_count;
    value_count = graph.value_count;
    CHECK_OK(gradient_build(&graph, checked.loss, &gradients, &err), err);
    CHECK_OK(graph_check(&graph, &err), err);

    numbers_init(&checked.numbers, &graph);
    numbers_init(&checked.start, &graph);
    numbers_draw(&checked.numbers, check->seed);
    if (check->prepare)
        check->prepare(&checked.numbers, check->context);
    for (int i = 0; i < value_count; i++)
        if (graph.values[i]->kind == VALUE_STATE)
            numbers_set(&checked.start, graph.values[i], checked.numbers._of[i]);
    numbers_run(&checked.numbers, NULL);
    for (int i = 0; i < value_count; i++) {
        const struct value *value = graph.values[i];

        if (value->kind != VALUE_PARAMETER || value->frozen)
            continue;
        if (gradients[i]) /* reshaping is the optimizer's business; the elements are not */
            CHECK(shape_count(&gradients[i]->shape) == shape_count(&value->shape));
        check_parameter(check, &checked, value,
                        gradients[i] ? numbers_of(&checked.numbers, gradients[i]) : NULL);
    }
    numbers_release(&checked.numbers);
    numbers_release(&checked.start);
    graph_release(&graph);
}

void check_build_fails(build_fn *build, const void *context, const char *text)
{
    struct graph graph;
    struct error err;

    graph_init(&graph);
    build(&graph, context);
    if (!graph_finish(&graph, &err))
        test_fail(__FILE__, __LINE__, "the graph was built, although: %s", text);
    if (!strstr(err.text, text))
        test_fail(__FILE__, __LINE__, "\"%s\" does not contain \"%s\"", err.text, text);
    graph_release(&graph);
}
