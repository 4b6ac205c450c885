/* detector_support.c - see detector_support.h. */

#include "detector_support.h"

#include "nn/gradient.h"
#include "nn/passes.h"
#include "test.h"

#include <stdlib.h>

static void compile(struct detector *d)
{
    bool training = !d->options.evaluation;
    struct error err;

    CHECK_OK(detector_build(&d->graph, model_find(d->options.model), &d->options.shape, &d->image,
                            &d->head, &err), err);
    detector_add_loss(&d->graph, &d->head, NULL, d->options.most_boxes, &d->targets, &d->loss);
    detector_add_predictions(&d->graph, &d->head, &d->predictions);
    graph_add_output(&d->graph, d->head.distribution);
    graph_add_output(&d->graph, d->head.logits);
    graph_add_output(&d->graph, d->head.coefficients);
    graph_add_output(&d->graph, d->head.points);
    CHECK_OK(graph_finish(&d->graph, &err), err);
    pass_lower_batch_norm(&d->graph, training);
    pass_fuse_batch_apply(&d->graph);
    if (training) {
        pass_fuse_depthwise(&d->graph);
        CHECK_OK(gradient_build(&d->graph, d->loss.loss, &d->gradient_of, &err), err);
        for (int i = 0; i < d->graph.value_count; i++)
            if (d->graph.values[i]->kind == VALUE_PARAMETER)
                graph_add_output(&d->graph, d->gradient_of[i]);
        pass_recompute(&d->graph, false);
    }
    pass_remove_dead(&d->graph);
    CHECK_OK(graph_finish(&d->graph, &err), err);
    CHECK_OK(graph_check(&d->graph, &err), err);
}

void detector_open(struct detector *detector, struct device *device,
                   const struct detector_options *options)
{
    struct plan_options plan = { 0 };
    struct error err;

    *detector = (struct detector){ .options = *options, .device = device };
    compile(detector);
    plan.gradient_of = detector->gradient_of;
    weights_init(&detector->weights, device, &detector->graph);
    CHECK_OK(plan_new(&detector->plan, &detector->graph, device, &detector->weights, &plan, &err),
             err);
    CHECK_OK(plan_verify(detector->plan, &err), err);
    weights_lay_out(&detector->weights);
    CHECK_OK(weights_memory_init(&detector->live, &detector->weights, true, &err), err);
    CHECK_OK(weights_memory_init(&detector->gradients, &detector->weights, false, &err), err);
    CHECK_OK(slab_init(&detector->slab, plan_slab_bytes(detector->plan), &err), err);
    CHECK_OK(weights_start(&detector->weights, &detector->live, 1, &err), err);
    plan_bind(detector->plan, detector->slab.base, &detector->live, &detector->gradients);
}

void detector_close(struct detector *detector)
{
    plan_free(detector->plan);
    weights_memory_release(&detector->live);
    weights_memory_release(&detector->gradients);
    slab_release(&detector->slab);
    weights_release(&detector->weights);
    graph_release(&detector->graph);
}

int32_t *detector_integers(const struct detector *detector, const struct value *value)
{
    return plan_value(detector->plan, value).data;
}

void detector_run(struct detector *detector)
{
    struct run_state run = { .seed = 1, .training = !detector->options.evaluation };
    struct error err;

    CHECK_OK(plan_run(detector->plan, &run, &err), err);
}

float *detector_read(const struct detector *detector, const struct value *value)
{
    float *values = malloc((size_t)shape_count(&value->shape) * sizeof(float));
    struct error err;

    CHECK(values);
    CHECK_OK(plan_read(detector->plan, value, values, &err), err);
    return values;
}

static double element(const struct detector *detector, const struct value *value, int index)
{
    float *values = detector_read(detector, value);
    double found = values[index];

    free(values);
    return found;
}

double detector_loss_value(const struct detector *detector)
{
    return element(detector, detector->loss.loss, 0);
}

double detector_part_value(const struct detector *detector, int part)
{
    return element(detector, detector->loss.parts[part].value, detector->loss.parts[part].index);
}

float *detector_gradient(const struct detector *detector, const struct weight *weight)
{
    float *values = malloc((size_t)shape_count(&weight->shape) * sizeof(float));
    struct error err;

    CHECK(values);
    CHECK_OK(weights_read(&detector->weights, &detector->gradients, weight, values, &err), err);
    return values;
}
