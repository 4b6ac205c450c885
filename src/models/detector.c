/* detector.c - see detector.h. */

#include "models/detector.h"

const int detector_strides[ANCHOR_LEVELS] = { 8, 16, 32 };

static struct anchor_grids grids_of(int image_size)
{
    struct anchor_grids grids = { .image = { image_size, image_size } };

    for (int i = 0; i < ANCHOR_LEVELS; i++)
        grids.stride[i] = detector_strides[i];
    return grids;
}

int64_t detector_anchors(int image_size)
{
    struct anchor_grids grids = grids_of(image_size);

    return anchor_count(&grids);
}

int detector_build(struct graph *graph, const struct model *model,
                   const struct model_options *options, struct value **image,
                   struct detector_head *head, struct error *err)
{
    int size = options->image_size;

    graph_init(graph);
    *head = (struct detector_head){
        .task = model->task, .classes = options->classes, .image_size = size,
        .key_points = options->key_points ? options->key_points : 17,
        .key_point_size = options->key_point_size ? options->key_point_size : 3 };
    if (!model->build_detector)
        return FAIL(err, INVALID, "%s is a classifier; it finds no objects", model->name);
    if (model_check_size(model, options, err))
        return -1;
    if (head->key_points < 1 || head->key_point_size < 2 || head->key_point_size > 3)
        return FAIL(err, INVALID, "%d key points of %d numbers: there must be at least one, of 2 "
                    "or 3 numbers", head->key_points, head->key_point_size);
    *image = graph_input(graph, "image", SHAPE(options->batch, 3, size, size), DTYPE_F32);
    model->build_detector(graph, *image, options, model->config, head);
    if (head->prototypes) /* passes replace what a batch norm ends in, but not a view of it */
        head->prototypes = nn_reshape(graph, head->prototypes, head->prototypes->shape);
    return graph_finish(graph, err);
}

/* --- loss ------------------------------------------------------------------------------------- */

const struct detector_gains detector_usual_gains = { 7.5, 0.5, 1.5, 12, 1 };

static void add_targets(struct graph *g, const struct detector_head *head, int most_boxes,
                        struct detector_targets *t)
{
    int64_t batch = head->logits->shape.dim[0];

    *t = (struct detector_targets){
        .boxes = graph_input(g, "boxes", SHAPE(batch, most_boxes, 4), DTYPE_F32),
        .classes = graph_input(g, "classes", SHAPE(batch, most_boxes), DTYPE_I32),
        .counts = graph_input(g, "counts", SHAPE(batch), DTYPE_I32) };
    if (head->task == TASK_SEGMENT) {
        int64_t side = head->image_size / DETECTOR_MASK_STRIDE;

        t->masks = graph_input(g, "masks", SHAPE(batch, side, side), DTYPE_I32);
    } else if (head->task == TASK_POSE) {
        t->key_points = graph_input(g, "key_points", SHAPE(batch, most_boxes, head->key_points, 3),
                                    DTYPE_F32);
    }
}

/* Index, score and totals of the assignment. */
static struct node *assign(struct graph *g, const struct detector_head *head,
                           const struct detector_targets *t)
{
    struct box_decode_attributes decode = { .grids = grids_of(head->image_size) };
    struct assign_attributes attributes = { .grids = decode.grids };
    struct value *boxes = GRAPH_APPLY(g, &op_box_decode, "assign", &decode, head->distribution,
                                      head->projection);

    return graph_node(g, &op_assign, "assign",
                      (struct value *[]){ boxes, head->logits, t->boxes, t->classes, t->counts }, 5,
                      &attributes);
}

static struct node *add_box_loss(struct graph *g, const struct detector_head *head,
                                 const struct detector_gains *gains,
                                 const struct detector_targets *t, const struct node *assigned)
{
    struct detect_loss_attributes attributes = { .grids = grids_of(head->image_size),
                                                 .box = gains->box,
                                                 .cls = gains->cls,
                                                 .dfl = gains->dfl };
    struct value *inputs[] = { head->distribution, head->logits, assigned->outputs[0],
                               assigned->outputs[1], assigned->outputs[2], t->boxes, t->classes,
                               t->counts };

    return graph_node(g, &op_detect_loss, "loss", inputs, 8, &attributes);
}

static struct node *add_mask_loss(struct graph *g, const struct detector_head *head,
                                  const struct detector_gains *gains,
                                  const struct detector_targets *t, const struct node *assigned)
{
    struct mask_loss_attributes attributes = { .image = { head->image_size, head->image_size },
                                               .gain = gains->box };
    struct value *inputs[] = { head->coefficients, head->prototypes, t->masks,
                               assigned->outputs[0], assigned->outputs[2], t->boxes, t->counts };

    return graph_node(g, &op_mask_loss, "mask_loss", inputs, 7, &attributes);
}

static struct node *add_point_loss(struct graph *g, const struct detector_head *head,
                                   const struct detector_gains *gains,
                                   const struct detector_targets *t, const struct node *assigned)
{
    struct point_loss_attributes attributes = { .grids = grids_of(head->image_size),
                                                .points = head->key_points,
                                                .size = head->key_point_size,
                                                .place = gains->pose,
                                                .visible = gains->kobj };
    struct value *inputs[] = { head->points, assigned->outputs[0], assigned->outputs[2], t->boxes,
                               t->key_points, t->counts };

    return graph_node(g, &op_point_loss, "point_loss", inputs, 6, &attributes);
}

static void add_part(struct detector_loss *loss, const char *name, struct node *node, int index)
{
    loss->parts[loss->part_count++] = (struct detector_part){ name, node->outputs[1], index };
}

void detector_add_loss(struct graph *graph, const struct detector_head *head,
                       const struct detector_gains *gains, int most_boxes,
                       struct detector_targets *targets, struct detector_loss *loss)
{
    struct node *assigned, *boxes, *extra = NULL;

    *loss = (struct detector_loss){ 0 };
    *targets = (struct detector_targets){ 0 };
    gains = gains ? gains : &detector_usual_gains;
    if (most_boxes < 1 || most_boxes > DETECTOR_MOST_BOXES)
        graph_fail(graph, "%d boxes in an image: there must be room for 1 to %d", most_boxes,
                   DETECTOR_MOST_BOXES);
    if (!head->logits || !head->distribution || graph->_failed)
        return;
    add_targets(graph, head, most_boxes, targets);
    assigned = assign(graph, head, targets);
    boxes = assigned ? add_box_loss(graph, head, gains, targets, assigned) : NULL;
    if (boxes && head->task != TASK_DETECT) {
        extra = head->task == TASK_SEGMENT ? add_mask_loss(graph, head, gains, targets, assigned)
                                           : add_point_loss(graph, head, gains, targets, assigned);
        if (!extra)
            return;
    }
    if (!boxes)
        return;
    loss->loss = !extra ? boxes->outputs[0]
                        : GRAPH_APPLY(graph, &op_sum_losses, "loss", NULL, boxes->outputs[0],
                                      extra->outputs[0]);
    add_part(loss, "box_loss", boxes, 0);
    if (head->task == TASK_SEGMENT)
        add_part(loss, "seg_loss", extra, 0);
    if (head->task == TASK_POSE) {
        add_part(loss, "pose_loss", extra, 0);
        add_part(loss, "kobj_loss", extra, 1);
    }
    add_part(loss, "cls_loss", boxes, 1);
    add_part(loss, "dfl_loss", boxes, 2);
    graph_add_output(graph, loss->loss);
    graph_add_output(graph, boxes->outputs[1]);
    if (extra)
        graph_add_output(graph, extra->outputs[1]);
}

/* --- predictions ------------------------------------------------------------------------------ */

void detector_add_predictions(struct graph *graph, const struct detector_head *head,
                              struct detector_predictions *predictions)
{
    struct box_decode_attributes boxes = { .grids = grids_of(head->image_size), .centred = true };
    struct point_decode_attributes points = { .grids = boxes.grids, .points = head->key_points,
                                              .size = head->key_point_size };
    struct value *columns[3];
    int count = 2;

    columns[0] = GRAPH_APPLY(graph, &op_box_decode, "boxes", &boxes, head->distribution,
                             head->projection);
    columns[1] = nn_activation(graph, head->logits, ACTIVATION_SIGMOID);
    if (head->task == TASK_SEGMENT)
        columns[count++] = head->coefficients;
    if (head->task == TASK_POSE)
        columns[count++] = GRAPH_APPLY(graph, &op_point_decode, "points", &points, head->points);
    *predictions = (struct detector_predictions){ nn_concat(graph, 1, columns, count),
                                                  head->prototypes };
    graph_add_output(graph, predictions->columns);
    if (predictions->prototypes)
        graph_add_output(graph, predictions->prototypes);
}
