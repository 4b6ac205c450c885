/* graph_json.c - see graph_json.h. */

#include "nn/graph_json.h"

#include "base/json.h"
#include "nn/op.h"
#include "nn/ops.h"

#include <string.h>

/* --- writing ------------------------------------------------------------------------------- */

static void write_attributes(const struct node *node, struct json_writer *w)
{
    json_object_open(w);
    for (const struct attribute *a = node->op->attributes; a && a->name; a++) {
        const void *at = (const char *)node->attributes + a->offset;

        json_key(w, a->name);
        switch (a->type) {
        case ATTRIBUTE_INT:
            json_int(w, *(const int *)at);
            break;
        case ATTRIBUTE_REAL:
            json_number(w, *(const double *)at);
            break;
        case ATTRIBUTE_BOOL:
            json_bool(w, *(const bool *)at);
            break;
        case ATTRIBUTE_INTS:
            json_array_open(w);
            for (int i = 0; i < a->count; i++)
                json_int(w, ((const int *)at)[i]);
            json_close(w);
            break;
        }
    }
    json_close(w);
}

static void write_node(const struct node *node, struct json_writer *w)
{
    json_object_open(w);
    json_put_text(w, "op", node->op->name);
    json_put_int(w, "version", node->op->version);
    json_put_text(w, "name", node->name);
    json_key(w, "inputs");
    json_array_open(w);
    for (int i = 0; i < node->input_count; i++)
        if (!node->inputs[i])
            json_raw(w, "null");
        else if (node->inputs[i]->name)
            json_text(w, node->inputs[i]->name);
        else
            json_int(w, node->inputs[i]->id);
    json_close(w);
    json_key(w, "outputs");
    json_array_open(w);
    for (int i = 0; i < node->output_count; i++)
        json_int(w, node->outputs[i]->id);
    json_close(w);
    if (node->op->attributes) {
        json_key(w, "attributes");
        write_attributes(node, w);
    }
    json_close(w);
}

static void write_shape(const struct shape *shape, struct json_writer *w)
{
    json_key(w, "shape");
    json_array_open(w);
    for (int i = 0; i < shape->rank; i++)
        json_int(w, shape->dim[i]);
    json_close(w);
}

void graph_write_json(const struct graph *graph, struct json_writer *w)
{
    static const char *const kinds[] = { [VALUE_INPUT] = "input", [VALUE_PARAMETER] = "parameter",
                                         [VALUE_STATE] = "state" };

    json_object_open(w);
    json_put_int(w, "format", 1);
    json_key(w, "values");
    json_array_open(w);
    for (int i = 0; i < graph->value_count; i++) {
        const struct value *value = graph->values[i];

        if (value->kind == VALUE_COMPUTED)
            continue;
        json_object_open(w);
        json_put_text(w, "name", value->name);
        json_put_text(w, "kind", kinds[value->kind]);
        write_shape(&value->shape, w);
        json_close(w);
    }
    json_close(w);
    json_key(w, "nodes");
    json_array_open(w);
    for (int i = 0; i < graph->node_count; i++)
        write_node(graph->nodes[i], w);
    json_close(w);
    json_key(w, "outputs");
    json_array_open(w);
    for (int i = 0; i < graph->output_count; i++)
        json_int(w, graph->outputs[i]->id);
    json_close(w);
    json_close(w);
}

/* --- reading ------------------------------------------------------------------------------- */

struct reader {
    struct graph *graph;
    struct value **by_id; /* computed values, by the id in the file */
    int64_t id_limit;
    int batch;
    struct error *err;
};

#define BAD(reader, ...) FAIL((reader)->err, CORRUPT, "stored graph: " __VA_ARGS__)
#define ID_LIMIT 1000000

static int read_value(struct reader *r, const json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const json_t *dims = json_object_get(item, "shape");
    struct shape shape = { 0 };

    if (!name || !kind || !json_is_array(dims) || json_array_size(dims) > SHAPE_MAX_RANK)
        return BAD(r, "a value lacks name, kind or shape");
    shape.rank = (int)json_array_size(dims);
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = json_integer_value(json_array_get(dims, (size_t)i));
        if (shape.dim[i] <= 0 || shape.dim[i] > INT32_MAX)
            return BAD(r, "value '%s' has an impossible shape", name);
    }
    if (!strcmp(kind, "input")) {
        if (r->batch && shape.rank)
            shape.dim[0] = r->batch;
        graph_input(r->graph, name, shape, DTYPE_F32);
    } else if (!strcmp(kind, "parameter")) {
        graph_parameter(r->graph, name, shape, (struct init){ 0 });
    } else if (!strcmp(kind, "state")) {
        graph_state(r->graph, name, shape, 0);
    } else {
        return BAD(r, "value '%s' is of the unknown kind '%s'", name, kind);
    }
    return graph_finish(r->graph, r->err);
}

static int read_attribute(struct reader *r, const struct attribute *a, const json_t *value,
                          char *attributes)
{
    void *at = attributes + a->offset;

    if (a->type == ATTRIBUTE_INT && json_is_integer(value)) {
        *(int *)at = (int)json_integer_value(value);
    } else if (a->type == ATTRIBUTE_REAL && json_is_number(value)) {
        *(double *)at = json_number_value(value);
    } else if (a->type == ATTRIBUTE_BOOL && json_is_boolean(value)) {
        *(bool *)at = json_is_true(value);
    } else if (a->type == ATTRIBUTE_INTS && json_is_array(value) &&
               (int)json_array_size(value) == a->count) {
        for (int i = 0; i < a->count; i++)
            ((int *)at)[i] = (int)json_integer_value(json_array_get(value, (size_t)i));
    } else {
        return BAD(r, "attribute '%s' has the wrong type", a->name);
    }
    return 0;
}

static int read_inputs(struct reader *r, const json_t *list, struct value **inputs)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);

        inputs[i] = NULL;
        if (json_is_string(item))
            inputs[i] = graph_find(r->graph, json_string_value(item));
        else if (json_is_integer(item) && json_integer_value(item) >= 0 &&
                 json_integer_value(item) < r->id_limit)
            inputs[i] = r->by_id[json_integer_value(item)];
        if (!inputs[i] && !json_is_null(item))
            return BAD(r, "a node reads a value that does not exist");
    }
    return 0;
}

/* Reshapes and masks of stochastic depth carry the batch as a number: let it follow the new one. */
static void adapt_batch(const struct reader *r, const struct op *op, struct value *const *inputs,
                        void *attributes)
{
    struct reshape_attributes *reshape = attributes;
    struct random_attributes *drop = attributes;

    if (r->batch && op == &op_reshape && reshape->rank && inputs[0])
        reshape->dim[0] = r->batch;
    if (r->batch && op == &op_drop_path_mask)
        drop->count = r->batch;
}

static bool is_of_training(const struct op *op)
{
    static const struct op *const all[] = {
#define OP(name)
#define TRAINING_OP(name) &op_##name,
#include "nn/ops.def"
#undef OP
#undef TRAINING_OP
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (all[i] == op)
            return true;
    return false;
}

static int read_node(struct reader *r, const json_t *item)
{
    const char *op_name = json_string_value(json_object_get(item, "op"));
    const json_t *inputs = json_object_get(item, "inputs"),
                 *outputs = json_object_get(item, "outputs");
    const json_t *attributes = json_object_get(item, "attributes");
    const char *name = json_string_value(json_object_get(item, "name"));
    const struct op *op = op_name ? op_find(op_name) : NULL;
    struct value *values[NODE_MAX_INPUTS];
    struct node *node;
    char *own;

    if (!op)
        return BAD(r, "unknown op '%s'", op_name ? op_name : "");
    if (is_of_training(op))
        return BAD(r, "op '%s' is of training, not of a network", op_name);
    if (json_integer_value(json_object_get(item, "version")) != op->version)
        return BAD(r, "op '%s' has another version than this program's %d", op_name, op->version);
    if (!name || json_array_size(inputs) > NODE_MAX_INPUTS)
        return BAD(r, "a node lacks its name or has too many inputs");
    if (read_inputs(r, inputs, values))
        return -1;
    own = arena_alloc(&r->graph->arena, op->attributes_size + 1);
    for (const struct attribute *a = op->attributes; a && a->name; a++)
        if (read_attribute(r, a, json_object_get(attributes, a->name), own))
            return -1;
    adapt_batch(r, op, values, own);
    node = graph_node(r->graph, op, name, values, (int)json_array_size(inputs), own);
    if (!node)
        return graph_finish(r->graph, r->err);
    if ((int)json_array_size(outputs) != node->output_count)
        return BAD(r, "op '%s' makes %d values, not %zu", op_name, node->output_count,
                   json_array_size(outputs));
    for (int i = 0; i < node->output_count; i++) {
        json_int_t id = json_integer_value(json_array_get(outputs, (size_t)i));

        if (id < 0 || id >= r->id_limit || r->by_id[id])
            return BAD(r, "a value is made twice or has an impossible id");
        r->by_id[id] = node->outputs[i];
    }
    return 0;
}

static int read_all(struct reader *r, const json_t *root)
{
    const json_t *values = json_object_get(root, "values"), *nodes = json_object_get(root, "nodes");
    const json_t *outputs = json_object_get(root, "outputs");

    if (json_integer_value(json_object_get(root, "format")) != 1)
        return BAD(r, "its format is not known to this program");
    for (size_t i = 0; i < json_array_size(values); i++)
        if (read_value(r, json_array_get(values, i)))
            return -1;
    for (size_t i = 0; i < json_array_size(nodes); i++)
        if (read_node(r, json_array_get(nodes, i)))
            return -1;
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        json_int_t id = json_integer_value(json_array_get(outputs, i));

        if (id < 0 || id >= r->id_limit || !r->by_id[id])
            return BAD(r, "an output does not exist");
        graph_add_output(r->graph, r->by_id[id]);
    }
    return r->graph->output_count ? 0 : BAD(r, "it has no output");
}

int graph_read_json(struct graph *graph, const char *text, size_t length, int batch,
                    struct error *err)
{
    struct reader reader = { .graph = graph, .id_limit = ID_LIMIT, .batch = batch, .err = err };
    json_t *root = json_parse(text, length, "stored graph", err);
    int result;

    graph_init(graph);
    if (!root)
        return -1;
    reader.by_id = ARENA_ARRAY(&graph->arena, struct value *, ID_LIMIT);
    result = read_all(&reader, root);
    json_decref(root);
    return result;
}
