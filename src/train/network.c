/* network.c - see network.h. */

#include "train/network.h"

#include "base/str.h"
#include "nn/gradient.h"
#include "nn/passes.h"
#include "train/task.h"

#include <string.h>

/* --- from a model to a graph that can be planned ------------------------------------------- */

struct compiled {
    struct graph *graph;
    struct network_ends ends;
    struct value **gradient_of;
};

static void stage(const struct graph *graph, const char *name, struct str *print)
{
    if (!print)
        return;
    str_printf(print, "# %s: %d nodes\n", name, graph->node_count);
    graph_print(graph, print);
    str_add_char(print, '\n');
}

static int describe(struct compiled *c, const struct network_options *options, int batch,
                    bool training, struct error *err)
{
    const struct task_type *task = task_type_of(options->model);

    if (task->describe_loss(c->graph, options, batch, training, &c->ends, err))
        return -1;
    for (int i = 0; i < c->graph->value_count; i++) {
        struct value *value = c->graph->values[i];

        value->frozen |= options->freeze_backbone && value->kind == VALUE_PARAMETER &&
                         !model_is_head(options->model, value->name);
    }
    return graph_finish(c->graph, err);
}

/* The last batch-normalised value before the loss's outputs may be replaced by passes, but inputs
 * and the loss node's outputs stay the same values: passes never touch them. */
static int compile(struct compiled *c, const struct network_options *options, int batch,
                   bool training, struct str *print, struct error *err)
{
    if (describe(c, options, batch, training, err))
        return -1;
    stage(c->graph, "model", print);
    pass_lower_batch_norm(c->graph, training);
    stage(c->graph, "lowered", print);
    if (!options->unfused) {
        pass_fuse_batch_apply(c->graph);
        if (training)
            pass_fuse_depthwise(c->graph);
        stage(c->graph, "fused", print);
    }
    if (graph_finish(c->graph, err))
        return -1;
    if (training) {
        if (gradient_build(c->graph, c->ends.loss, &c->gradient_of, err))
            return -1;
        for (int i = 0; i < c->graph->value_count; i++)
            if (c->graph->values[i]->kind == VALUE_PARAMETER)
                graph_add_output(c->graph, c->gradient_of[i]);
        stage(c->graph, "gradient", print);
        pass_recompute(c->graph, options->lean);
    }
    pass_remove_dead(c->graph);
    stage(c->graph, "final", print);
    if (graph_finish(c->graph, err))
        return -1;
    return graph_check(c->graph, err);
}

int network_print_stages(const struct network_options *options, struct device *device,
                         struct str *out, struct error *err)
{
    struct graph graph;
    struct compiled c = { .graph = &graph };
    int result = compile(&c, options, options->shape.batch, options->training, out, err);

    (void)device;
    graph_release(&graph);
    return result;
}

/* --- opening ------------------------------------------------------------------------------- */

static int plan_training(struct network *n, struct error *err)
{
    struct compiled c = { .graph = &n->train_graph };
    struct plan_options options = { 0 };

    if (compile(&c, &n->options, n->options.shape.batch, true, NULL, err))
        return -1;
    n->train = c.ends;
    options.gradient_of = c.gradient_of;
    weights_init(&n->weights, n->device, &n->train_graph);
    return plan_new(&n->train_plan, &n->train_graph, n->device, &n->weights, &options, err);
}

static int plan_evaluation(struct network *n, struct error *err)
{
    struct compiled c = { .graph = &n->eval_graph };
    int batch = n->options.eval_batch ? n->options.eval_batch : n->options.shape.batch;

    if (compile(&c, &n->options, batch, false, NULL, err))
        return -1;
    n->eval = c.ends;
    if (!n->options.training)
        weights_init(&n->weights, n->device, &n->eval_graph);
    else
        weights_lay_out(&n->weights);
    return plan_new(&n->eval_plan, &n->eval_graph, n->device, &n->weights, NULL, err);
}

static void count_memory(struct network *n)
{
    size_t parameters = n->weights.segment_bytes[SEGMENT_PARAMETERS];
    size_t all = parameters + n->weights.segment_bytes[SEGMENT_STATES];
    const struct network_options *o = &n->options;
    size_t train = n->train_plan ? plan_slab_bytes(n->train_plan) : 0;
    size_t eval = plan_slab_bytes(n->eval_plan);

    n->memory = (struct network_memory){ .weights = all, .slab = train > eval ? train : eval };
    if (o->training) {
        n->memory.gradients = parameters * (o->accumulate ? 2 : 1);
        n->memory.optimizer = parameters * (o->optimizer.kind == OPTIMIZER_SGD ? 1 : 2);
        n->memory.average = o->average ? all : 0;
    }
    n->memory.total = n->memory.weights + n->memory.gradients + n->memory.optimizer +
                      n->memory.average + n->memory.slab;
}

static int allocate(struct network *n, struct error *err)
{
    const struct network_options *o = &n->options;

    if (weights_memory_init(&n->live, &n->weights, true, err) ||
        slab_init(&n->slab, n->memory.slab, err))
        return -1;
    if (!o->training)
        return 0;
    if (weights_memory_init(&n->gradients, &n->weights, false, err) ||
        (o->accumulate && weights_memory_init(&n->accumulated, &n->weights, false, err)) ||
        (o->average && weights_memory_init(&n->average, &n->weights, true, err)))
        return -1;
    /* The exact reference device serves for gradients only. */
    return n->device->values_are_double
               ? 0
               : optimizer_new(&n->optimizer, &n->weights, &o->optimizer, err);
}

int network_open(struct network *network, struct device *device,
                 const struct network_options *options, struct error *err)
{
    struct model_options shape = options->shape;

    *network = (struct network){ .options = *options,
                                 .task = task_type_of(options->model),
                                 .device = device };
    shape.batch = 1;
    if (network->task->describe_network(&network->model_graph, options->model, &shape, err))
        goto failed;
    if (options->training && plan_training(network, err))
        goto failed;
    if (plan_evaluation(network, err))
        goto failed;
    weights_lay_out(&network->weights);
    count_memory(network);
    if (!options->plan_only && allocate(network, err))
        goto failed;
    return 0;
failed:
    network_close(network);
    return -1;
}

void network_close(struct network *network)
{
    plan_free(network->train_plan);
    plan_free(network->eval_plan);
    optimizer_free(network->optimizer);
    weights_memory_release(&network->live);
    weights_memory_release(&network->average);
    weights_memory_release(&network->gradients);
    weights_memory_release(&network->accumulated);
    slab_release(&network->slab);
    weights_release(&network->weights);
    graph_release(&network->model_graph);
    graph_release(&network->train_graph);
    graph_release(&network->eval_graph);
    *network = (struct network){ 0 };
}

/* --- running ------------------------------------------------------------------------------- */

void network_bind_training(struct network *network)
{
    plan_bind(network->train_plan, network->slab.base, &network->live, &network->gradients);
}

void network_bind_evaluation(struct network *network, bool average)
{
    plan_bind(network->eval_plan, network->slab.base, average ? &network->average : &network->live,
              NULL);
}

void network_copy_input(struct plan *plan, const struct value *input, const void *values)
{
    /* Both types have four bytes. */
    memcpy(plan_value(plan, input).data, values,
           (size_t)shape_count(&input->shape) * sizeof(float));
}

int network_gradients(struct network *network, const struct run_state *run, float *loss,
                      struct error *err)
{
    if (plan_run(network->train_plan, run, err))
        return -1;
    *loss = *(const float *)plan_value(network->train_plan, network->train.loss).data;
    return 0;
}
