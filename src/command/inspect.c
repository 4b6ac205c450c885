/* inspect.c - `fovea inspect`: what is in a checkpoint, or what becomes of a model's graph. */

#include "base/arguments.h"
#include "base/sha256.h"
#include "command/bench_data.h"
#include "command/command.h"
#include "nn/device.h"
#include "nn/graph_json.h"
#include "nn/op.h"
#include "train/checkpoint.h"
#include "train/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inspect_options {
    const char *model, *batch, *size, *classes;
    bool json, hash, graph;
};

static void print_tensors(const struct safetensors *file)
{
    for (int i = 0; i < file->metadata_count; i++)
        printf("%-14s %.100s%s\n", file->metadata[i].key, file->metadata[i].value,
               strlen(file->metadata[i].value) > 100 ? "..." : "");
    printf("\n");
    for (int i = 0; i < file->tensor_count; i++) {
        const struct safetensors_tensor *t = &file->tensors[i];

        printf("%-52s %-5s (", t->name, safetensors_type_name(t->type));
        for (int k = 0; k < t->rank; k++)
            printf(k ? ", %lld" : "%lld", (long long)t->shape[k]);
        printf(")\n");
    }
}

static int64_t node_parameters(const struct node *node)
{
    int64_t count = 0;

    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] && node->inputs[i]->kind == VALUE_PARAMETER)
            count += shape_count(&node->inputs[i]->shape);
    return count;
}

static void print_layers(const struct graph *graph)
{
    char shape[SHAPE_TEXT_SIZE];

    printf("\n%-44s %-22s %-22s %12s %12s\n", "layer", "kind", "output", "parameters", "MFLOPs");
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        printf("%-44s %-22s %-22s %12lld %12.2f\n", node->name, node->op->name,
               shape_text(&node->outputs[0]->shape, shape), (long long)node_parameters(node),
               node->op->flops ? node->op->flops(node) / 1e6 : 0);
    }
    printf("\n%lld parameters, %.1f MFLOPs per image\n", (long long)graph_parameter_count(graph),
           graph_flops(graph) / 1e6);
}

static void write_json(const struct safetensors *file, const struct graph *graph)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_key(&w, "metadata");
    json_object_open(&w);
    for (int i = 0; i < file->metadata_count; i++)
        json_put_text(&w, file->metadata[i].key, file->metadata[i].value);
    json_close(&w);
    json_key(&w, "tensors");
    json_array_open(&w);
    for (int i = 0; i < file->tensor_count; i++) {
        json_object_open(&w);
        json_put_text(&w, "name", file->tensors[i].name);
        json_put_text(&w, "dtype", safetensors_type_name(file->tensors[i].type));
        json_key(&w, "shape");
        json_array_open(&w);
        for (int k = 0; k < file->tensors[i].rank; k++)
            json_int(&w, file->tensors[i].shape[k]);
        json_close(&w);
        json_close(&w);
    }
    json_close(&w);
    json_key(&w, "layers");
    json_array_open(&w);
    for (int i = 0; graph && i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        json_object_open(&w);
        json_put_text(&w, "name", node->name);
        json_put_text(&w, "kind", node->op->name);
        json_key(&w, "output_shape");
        json_array_open(&w);
        for (int k = 0; k < node->outputs[0]->shape.rank; k++)
            json_int(&w, node->outputs[0]->shape.dim[k]);
        json_close(&w);
        json_put_int(&w, "parameters", node_parameters(node));
        json_put_number(&w, "flops", node->op->flops ? node->op->flops(node) : 0);
        json_close(&w);
    }
    json_close(&w);
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

static int inspect_file(const char *path, const struct inspect_options *o, struct error *err)
{
    struct safetensors file;
    struct graph graph = { 0 };
    const char *stored;
    char hash[SHA256_TEXT_SIZE];
    bool has_graph = false;
    int status = 0;

    if (safetensors_open(&file, path, err))
        return -1;
    if (o->hash) {
        checkpoint_weights_hash(&file, hash);
        printf("%s\n", hash);
        goto done;
    }
    stored = safetensors_metadata_find(&file, "graph");
    if (stored) {
        status = graph_read_json(&graph, stored, strlen(stored), 1, err);
        has_graph = !status;
    }
    if (status)
        goto done;
    if (o->json) {
        write_json(&file, has_graph ? &graph : NULL);
    } else {
        print_tensors(&file);
        if (has_graph)
            print_layers(&graph);
    }
done:
    graph_release(&graph);
    safetensors_close(&file);
    return status;
}

/* --graph: the stages between a model and what runs. */
static int inspect_graph(const struct inspect_options *o, struct error *err)
{
    struct network_options options = { .training = true };
    struct str text = STR_INIT;
    struct network network;
    struct device *device;
    int status;

    if (command_read_integer(o->batch, "batch_size", 1, 1 << 20, &options.shape.batch, err) ||
        command_read_integer(o->classes, "num_classes", 1, 100000, &options.shape.classes, err) ||
        command_read_integer(o->size, "image_size", 0, 4096, &options.shape.image_size, err))
        return -1;
    options.model = model_named(o->model, err);
    options.most_boxes = BENCH_BOXES;
    if (!options.model)
        return -1;
    if (!options.shape.image_size)
        options.shape.image_size = options.model->image_size;
    if (command_open_device(&device, 0, err))
        return -1;
    status = network_print_stages(&options, device, &text, err);
    options.plan_only = true;
    if (!status && !(status = network_open(&network, device, &options, err))) {
        str_add(&text, "# plan\n");
        plan_print(network.train_plan, &text);
        network_close(&network);
    }
    if (!status)
        fputs(text.text, stdout);
    str_release(&text);
    device_close(device);
    return status;
}

static int run(int argc, char **argv, struct error *err)
{
    struct inspect_options o = { .batch = "2", .size = "0", .classes = "1000" };
    const struct option options[] = {
        { "json", NULL, NULL, &o.json, NULL, "one JSON object" },
        { "weights-sha256", NULL, NULL, &o.hash, NULL, "hash of the weights alone" },
        { "graph", NULL, NULL, &o.graph, NULL, "print the graph after each pass, and the plan" },
        { "model", NULL, &o.model, NULL, "NAME", "with --graph: the model" },
        { "batch", "batch_size", &o.batch, NULL, "N", "with --graph (default 2)" },
        { "image_size", NULL, &o.size, NULL, "N", "with --graph" },
        { "num_classes", NULL, &o.classes, NULL, "N", "with --graph (default 1000)" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options, .most_positionals = 1 };

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_inspect, NULL, options);
    if (o.graph && arguments.positional_count)
        return FAIL(err, INVALID, "--graph shows a model, not the file '%s'; give one of the two",
                    arguments.positionals[0]);
    if (o.graph)
        return o.model ? inspect_graph(&o, err) : FAIL(err, INVALID, "--graph needs --model NAME");
    if (arguments.positional_count != 1)
        return FAIL(err, INVALID, "give one file");
    return inspect_file(arguments.positionals[0], &o, err);
}

const struct command command_inspect = {
    "inspect", "look into a checkpoint or a model", "FILE [OPTIONS] | --graph --model NAME", run,
};
