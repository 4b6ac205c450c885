/* graph.c - see graph.h.  Building and rewriting; reading is in graph_read.c. */

#include "nn/graph.h"

#include "base/str.h"
#include "nn/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENTS_MOST ((int64_t)1 << 36) /* 256 GB of floats */

/* --- life ------------------------------------------------------------------------------- */

void graph_init(struct graph *graph)
{
    *graph = (struct graph){ 0 };
}

void graph_release(struct graph *graph)
{
    arena_release(&graph->arena);
    free(graph->nodes);
    free(graph->values);
    free(graph->outputs);
    *graph = (struct graph){ 0 };
}

int graph_finish(struct graph *graph, struct error *err)
{
    if (!graph->_failed)
        return 0;
    *err = graph->_error;
    return -1;
}

/* Room for one more pointer in a list that grows by doubling. */
static void *grow(void *list, int count, int *capacity)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity ? 2 * *capacity : 64;
    list = realloc(list, (size_t)*capacity * sizeof(void *));
    BUG_IF(!list);
    return list;
}

/* Sizes in bytes have to fit, and loops count sides with an int; graphs come from files, too. */
static bool is_possible(struct graph *graph, const struct shape *shape, const char *of,
                        const char *what)
{
    char text[SHAPE_TEXT_SIZE];
    int64_t count = 1;

    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] <= 0 || shape->dim[i] > INT32_MAX ||
            __builtin_mul_overflow(count, shape->dim[i], &count) || count > ELEMENTS_MOST) {
            graph_fail(graph, "%s%s would have the shape %s", of, what,
                       shape_text(shape, text));
            return false;
        }
    return true;
}

static struct value *new_value(struct graph *graph, enum value_kind kind, const char *name,
                               struct shape shape, enum dtype dtype)
{
    struct value *value = ARENA_NEW(&graph->arena, struct value);

    *value = (struct value){ .id = graph->value_count, .kind = kind, .name = name,
                             .shape = shape, .dtype = dtype };
    graph->values = grow(graph->values, graph->value_count, &graph->_value_capacity);
    graph->values[graph->value_count++] = value;
    return value;
}

static void place_node(struct graph *graph, struct node *node, int at)
{
    graph->nodes = grow(graph->nodes, graph->node_count, &graph->_node_capacity);
    memmove(graph->nodes + at + 1, graph->nodes + at,
            (size_t)(graph->node_count - at) * sizeof(*graph->nodes));
    graph->nodes[at] = node;
    graph->node_count++;
}

/* --- errors and scopes --------------------------------------------------------------------- */

void *graph_fail(struct graph *graph, const char *format, ...)
{
    char text[400];
    va_list list;

    if (graph->_failed)
        return NULL;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    graph->_failed = true;
    error_set(&graph->_error, ERR_INVALID, __FILE__, __LINE__, "%s%s%s", graph->_scope,
              graph->_scope[0] ? ": " : "", text);
    return NULL;
}

void graph_enter(struct graph *graph, const char *format, ...)
{
    size_t used = strlen(graph->_scope);
    va_list list;

    if (used && used + 1 < sizeof(graph->_scope)) {
        graph->_scope[used++] = '.';
        graph->_scope[used] = '\0';
    }
    va_start(list, format);
    vsnprintf(graph->_scope + used, sizeof(graph->_scope) - used, format, list);
    va_end(list);
    BUG_IF(strlen(graph->_scope) + 1 >= sizeof(graph->_scope));
    BUG_IF(graph->_scope_depth >= GRAPH_MAX_SCOPES);
    graph->_scope_length[graph->_scope_depth++] = (int)(used ? used - 1 : 0);
}

void graph_leave(struct graph *graph)
{
    BUG_IF(!graph->_scope_depth);
    graph->_scope[graph->_scope_length[--graph->_scope_depth]] = '\0';
}

const char *graph_scoped(struct graph *graph, const char *name)
{
    if (!name || !name[0])
        return arena_strdup(&graph->arena, graph->_scope);
    if (!graph->_scope[0])
        return arena_strdup(&graph->arena, name);
    return arena_printf(&graph->arena, "%s.%s", graph->_scope, name);
}

/* --- building ---------------------------------------------------------------------------- */

struct value *graph_input(struct graph *graph, const char *name, struct shape shape,
                          enum dtype dtype)
{
    if (graph->_failed || !is_possible(graph, &shape, name, ""))
        return NULL;
    return new_value(graph, VALUE_INPUT, arena_strdup(&graph->arena, name), shape, dtype);
}

static struct value *new_named(struct graph *graph, enum value_kind kind, const char *name,
                               struct shape shape)
{
    const char *scoped;

    if (graph->_failed || !is_possible(graph, &shape, name, ""))
        return NULL;
    scoped = graph_scoped(graph, name);
    if (graph_find(graph, scoped))
        return graph_fail(graph, "there are two parameters called '%s'", scoped);
    return new_value(graph, kind, scoped, shape, DTYPE_F32);
}

struct value *graph_parameter(struct graph *graph, const char *name, struct shape shape,
                              struct init init)
{
    struct value *value = new_named(graph, VALUE_PARAMETER, name, shape);

    if (value) {
        value->init = init;
        value->decay = shape.rank >= 2;
    }
    return value;
}

struct value *graph_state(struct graph *graph, const char *name, struct shape shape, double start)
{
    struct value *value = new_named(graph, VALUE_STATE, name, shape);

    if (value)
        value->init = (struct init){ INIT_CONSTANT, start };
    return value;
}

struct node *graph_node(struct graph *graph, const struct op *op, const char *name,
                        struct value *const *inputs, int input_count, const void *attributes)
{
    struct node *node;
    void *own = NULL;

    if (graph->_failed)
        return NULL;
    BUG_IF(input_count > NODE_MAX_INPUTS);
    if (op->attributes_size) {
        own = arena_alloc(&graph->arena, op->attributes_size);
        if (attributes)
            memcpy(own, attributes, op->attributes_size);
    }
    node = ARENA_NEW(&graph->arena, struct node);
    *node = (struct node){ .id = graph->_next_node_id++, .op = op,
                           .name = graph_scoped(graph, name), .attributes = own,
                           .input_count = input_count, .is_backward = graph->_backward };
    for (int i = 0; i < input_count; i++)
        node->inputs[i] = inputs[i];
    op->shape(graph, node, own);
    if (graph->_failed)
        return NULL;
    place_node(graph, node, graph->_inserting ? graph->_insert_at++ : graph->node_count);
    return node;
}

struct value *graph_apply(struct graph *graph, const struct op *op, const char *name,
                          struct value *const *inputs, int input_count, const void *attributes)
{
    struct node *node = graph_node(graph, op, name, inputs, input_count, attributes);

    return node ? node->outputs[0] : NULL;
}

struct value *graph_node_output(struct graph *graph, struct node *node, struct shape shape,
                                enum dtype dtype)
{
    struct value *value;

    if (!is_possible(graph, &shape, node->op->name, ": the output"))
        return NULL;
    BUG_IF(node->output_count >= NODE_MAX_OUTPUTS);
    value = new_value(graph, VALUE_COMPUTED, NULL, shape, dtype);
    value->producer = node;
    value->output_index = node->output_count;
    node->outputs[node->output_count++] = value;
    return value;
}

void graph_add_output(struct graph *graph, struct value *value)
{
    if (!value)
        return;
    graph->outputs = grow(graph->outputs, graph->output_count, &graph->_output_capacity);
    graph->outputs[graph->output_count++] = value;
}

/* --- rewriting --------------------------------------------------------------------------- */

void graph_insert_begin(struct graph *graph, int at)
{
    BUG_IF(graph->_inserting || at < 0 || at > graph->node_count);
    graph->_inserting = true;
    graph->_insert_at = at;
}

void graph_insert_end(struct graph *graph)
{
    graph->_inserting = false;
}

void graph_replace(struct graph *graph, struct value *old_value, struct value *new_value_)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int j = 0; j < graph->nodes[i]->input_count; j++)
            if (graph->nodes[i]->inputs[j] == old_value)
                graph->nodes[i]->inputs[j] = new_value_;
    for (int i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == old_value)
            graph->outputs[i] = new_value_;
}

void graph_remove_node(struct graph *graph, struct node *node)
{
    int at = graph_position(graph, node);

    memmove(graph->nodes + at, graph->nodes + at + 1,
            (size_t)(graph->node_count - at - 1) * sizeof(*graph->nodes));
    graph->node_count--;
    if (graph->_inserting && graph->_insert_at > at)
        graph->_insert_at--;
}

int graph_position(const struct graph *graph, const struct node *node)
{
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i] == node)
            return i;
    BUG_IF(true);
}

int graph_consumers(const struct graph *graph, const struct value *value, struct node **only)
{
    int count = 0;

    for (int i = 0; i < graph->node_count; i++)
        for (int j = 0; j < graph->nodes[i]->input_count; j++)
            if (graph->nodes[i]->inputs[j] == value) {
                count++;
                if (only)
                    *only = graph->nodes[i];
            }
    for (int i = 0; i < graph->output_count; i++)
        count += graph->outputs[i] == value;
    return count;
}
