/* predictor.c - see predictor.h. */

#include "train/predictor.h"

#include "nn/graph_json.h"
#include "nn/passes.h"
#include "train/task.h"

#include <string.h>

static int build(struct predictor *p, struct error *err)
{
    const char *text = safetensors_metadata_find(&p->checkpoint.file, "graph");

    if (!text)
        return FAIL(err, CORRUPT, "the checkpoint does not hold its network");
    if (graph_read_json(&p->graph, text, strlen(text), p->batch, err))
        return -1;
    p->ends.image = graph_find(&p->graph, "image");
    if (!p->ends.image || p->ends.image->kind != VALUE_INPUT)
        return FAIL(err, CORRUPT, "the stored network takes no images");
    if (p->checkpoint.task->describe_answers(&p->graph, &p->checkpoint, &p->ends, err))
        return -1;
    pass_lower_batch_norm(&p->graph, false);
    pass_fuse_batch_apply(&p->graph);
    pass_remove_dead(&p->graph);
    return graph_finish(&p->graph, err);
}

static int load(struct predictor *p, struct error *err)
{
    struct load_report report;
    int result =
        checkpoint_load_weights(&p->checkpoint.file, "", &p->weights, &p->memory, &report, err);

    if (!result && (report.missing_count || report.misshapen_count))
        result = FAIL(err, CORRUPT, "the checkpoint lacks weights of its network: %s%s",
                      report.missing.text, report.misshapen.text);
    load_report_release(&report);
    return result;
}

/* The transform fills what the network's input holds: as many images of three channels, and of its
 * own size. */
static int check_size(const struct predictor *p, struct error *err)
{
    int64_t side = p->checkpoint.transform.image_size;
    const struct shape *input = &p->ends.image->shape;

    if (input->rank != 4 || input->dim[0] != p->batch || input->dim[1] != 3)
        return FAIL(err, CORRUPT, "its network does not take batches of colour images");
    if (input->dim[2] == side && input->dim[3] == side)
        return 0;
    return FAIL(err, CORRUPT, "its transform makes images of %lld pixels, its network takes others",
                (long long)side);
}

int predictor_open(struct predictor *p, const char *path, struct device *device, int batch,
                   struct error *err)
{
    *p = (struct predictor){ .batch = batch };
    if (checkpoint_open(&p->checkpoint, path, err))
        return -1;
    if (build(p, err) || check_size(p, err))
        goto failed;
    weights_init(&p->weights, device, &p->graph);
    if (plan_new(&p->plan, &p->graph, device, &p->weights, NULL, err))
        goto failed;
    weights_lay_out(&p->weights);
    if (weights_memory_init(&p->memory, &p->weights, true, err) ||
        slab_init(&p->slab, plan_slab_bytes(p->plan), err) || load(p, err))
        goto failed;
    plan_bind(p->plan, p->slab.base, &p->memory, NULL);
    return 0;
failed:
    predictor_close(p);
    return error_prefix(err, "cannot use '%s'", path);
}

void predictor_close(struct predictor *p)
{
    plan_free(p->plan);
    slab_release(&p->slab);
    weights_memory_release(&p->memory);
    weights_release(&p->weights);
    graph_release(&p->graph);
    checkpoint_close(&p->checkpoint);
    *p = (struct predictor){ 0 };
}

int predictor_run(struct predictor *p, const float *images, struct error *err)
{
    struct run_state run = { 0 };

    network_copy_input(p->plan, p->ends.image, images);
    return plan_run(p->plan, &run, err);
}

const float *predictor_output(const struct predictor *p, int index)
{
    return plan_value(p->plan, p->ends.outputs[index]).data;
}
