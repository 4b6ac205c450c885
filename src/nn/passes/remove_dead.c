/* remove_dead.c - see passes.h. */

#include "nn/op.h"
#include "nn/passes.h"

#include <stdlib.h>

void pass_remove_dead(struct graph *graph)
{
    struct arena arena = ARENA_INIT;
    bool *needed = ARENA_ARRAY(&arena, bool, graph->value_count + 1);
    int kept = graph->node_count;

    for (int i = 0; i < graph->output_count; i++)
        needed[graph->outputs[i]->id] = true;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        struct node *node = graph->nodes[i];
        bool alive = node->op->mutates != 0;

        for (int j = 0; j < node->output_count; j++)
            alive |= needed[node->outputs[j]->id];
        if (!alive)
            continue;
        for (int j = 0; j < node->input_count; j++)
            if (node->inputs[j])
                needed[node->inputs[j]->id] = true;
        graph->nodes[--kept] = node; /* packed at the end, then moved to the front */
    }
    for (int i = kept; i < graph->node_count; i++)
        graph->nodes[i - kept] = graph->nodes[i];
    graph->node_count -= kept;
    arena_release(&arena);
}
