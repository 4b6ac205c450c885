/* graph_read.c - looking at a graph: find, count, print, check. */

#include "base/str.h"
#include "nn/graph.h"
#include "nn/op.h"

#include <string.h>

struct value *graph_find(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->value_count; i++)
        if (graph->values[i]->name && !strcmp(graph->values[i]->name, name))
            return graph->values[i];
    return NULL;
}

int64_t graph_parameter_count(const struct graph *graph)
{
    int64_t count = 0;

    for (int i = 0; i < graph->value_count; i++)
        if (graph->values[i]->kind == VALUE_PARAMETER)
            count += shape_count(&graph->values[i]->shape);
    return count;
}

double graph_flops(const struct graph *graph)
{
    double flops = 0;

    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op->flops)
            flops += graph->nodes[i]->op->flops(graph->nodes[i]);
    return flops;
}

static void print_value(const struct value *value, struct str *out)
{
    char text[SHAPE_TEXT_SIZE];

    if (!value)
        str_add(out, "-");
    else if (value->name)
        str_printf(out, "'%s'", value->name);
    else
        str_printf(out, "v%d%s", value->id, shape_text(&value->shape, text));
}

static void print_attributes(const struct node *node, struct str *out)
{
    const struct attribute *a = node->op->attributes;
    const char *base = node->attributes;

    for (; a && a->name; a++) {
        const void *at = base + a->offset;

        str_printf(out, " %s=", a->name);
        if (a->type == ATTRIBUTE_REAL)
            str_printf(out, "%g", *(const double *)at);
        else if (a->type == ATTRIBUTE_BOOL)
            str_add(out, *(const bool *)at ? "true" : "false");
        else
            for (int i = 0; i < a->count; i++)
                str_printf(out, i ? ",%d" : "%d", ((const int *)at)[i]);
    }
}

void graph_print(const struct graph *graph, struct str *out)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        str_printf(out, "%4d %s %-22s %s (", i,
                   node->is_recompute ? "R" : node->is_backward ? "B" : "F", node->op->name,
                   node->name);
        for (int j = 0; j < node->input_count; j++) {
            str_add(out, j ? ", " : "");
            print_value(node->inputs[j], out);
        }
        str_add(out, ") -> ");
        for (int j = 0; j < node->output_count; j++) {
            str_add(out, j ? ", " : "");
            print_value(node->outputs[j], out);
        }
        print_attributes(node, out);
        str_add_char(out, '\n');
    }
}

int graph_check(const struct graph *graph, struct error *err)
{
    struct arena arena = ARENA_INIT;
    bool *exists = ARENA_ARRAY(&arena, bool, graph->value_count + 1);
    int result = -1;

    for (int i = 0; i < graph->value_count; i++) {
        if (graph->values[i]->id != i) {
            FAIL(err, INVALID, "value %d has the id %d", i, graph->values[i]->id);
            goto done;
        }
        exists[i] = graph->values[i]->kind != VALUE_COMPUTED;
    }
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        for (int j = 0; j < node->input_count; j++)
            if (node->inputs[j] && !exists[node->inputs[j]->id]) {
                FAIL(err, INVALID, "node %d (%s '%s') reads v%d before it is made", i,
                     node->op->name, node->name, node->inputs[j]->id);
                goto done;
            }
        for (int j = 0; j < node->output_count; j++) {
            if (node->outputs[j]->producer != node || node->outputs[j]->output_index != j) {
                FAIL(err, INVALID, "output %d of node %d (%s) has another producer", j, i,
                     node->op->name);
                goto done;
            }
            exists[node->outputs[j]->id] = true;
        }
    }
    for (int i = 0; i < graph->output_count; i++)
        if (!exists[graph->outputs[i]->id]) {
            FAIL(err, INVALID, "output v%d of the graph is never made", graph->outputs[i]->id);
            goto done;
        }
    result = 0;
done:
    arena_release(&arena);
    return result;
}
