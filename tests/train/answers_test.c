/* answers_test.c - stored networks whose outputs are not what a task reads are refused: what is
 * read of an image lies where its place in the batch says. */

#include "base/error.h"
#include "nn/layers.h"
#include "objects/detections.h"
#include "test.h"
#include "train/checkpoint.h"
#include "train/task.h"

#include <string.h>

#define BATCH 8
#define CLASSES 3
#define ANCHORS 21

/* The message, or "" when the outputs are taken; rank 0: no second output. */
static const char *refusal_of(const struct task_type *task, struct shape first,
                              struct shape second)
{
    struct checkpoint checkpoint = { .task = task, .class_count = CLASSES, .keypoint_count = 5,
                                     .keypoint_size = 3 };
    struct network_ends ends = { 0 };
    static struct error err;
    struct graph graph;
    int result;

    err = (struct error){ 0 };
    graph_init(&graph);
    ends.image = graph_input(&graph, "image", SHAPE(BATCH, 3, 32, 32), DTYPE_F32);
    graph_add_output(&graph, graph_input(&graph, "first", first, DTYPE_F32));
    if (second.rank)
        graph_add_output(&graph, graph_input(&graph, "second", second, DTYPE_F32));
    result = task->describe_answers(&graph, &checkpoint, &ends, &err);
    CHECK(!result || err.kind == ERR_CORRUPT);
    graph_release(&graph);
    return result ? err.text : "";
}

TEST(answers_are_of_as_many_images_as_the_network_takes)
{
    const struct shape none = { 0 };
    const char *not_boxes = "the stored network is none of task object_detection";
    const char *not_masks = "the stored network is none of task instance_segmentation";
    const char *not_poses = "the stored network is none of task pose_estimation";

    CHECK_TEXT(refusal_of(&task_detection, SHAPE(BATCH, 4 + CLASSES, ANCHORS), none), "");
    CHECK_TEXT(refusal_of(&task_detection, SHAPE(1, 4 + CLASSES, ANCHORS), none), not_boxes);
    CHECK_TEXT(refusal_of(&task_pose, SHAPE(BATCH, 4 + CLASSES + 15, ANCHORS), none), "");
    CHECK_TEXT(refusal_of(&task_pose, SHAPE(2, 4 + CLASSES + 15, ANCHORS), none), not_poses);
    CHECK_TEXT(refusal_of(&task_segmentation, SHAPE(BATCH, 4 + CLASSES + 6, ANCHORS),
                          SHAPE(BATCH, 6, 8, 8)), "");
    CHECK_TEXT(refusal_of(&task_segmentation, SHAPE(BATCH, 4 + CLASSES + 6, ANCHORS),
                          SHAPE(1, 6, 8, 8)), not_masks);
    CHECK_TEXT(refusal_of(&task_segmentation, SHAPE(1, 4 + CLASSES + 6, ANCHORS),
                          SHAPE(BATCH, 6, 8, 8)), not_masks);
    CHECK_TEXT(refusal_of(&task_classification, SHAPE(BATCH, CLASSES), none), "");
    CHECK(strstr(refusal_of(&task_classification, SHAPE(1, CLASSES), none), "no image classifier"));
}

TEST(answers_have_no_more_prototypes_than_masks_are_drawn_from)
{
    int most = DETECTIONS_MOST_PROTOTYPES;

    CHECK_TEXT(refusal_of(&task_segmentation, SHAPE(BATCH, 4 + CLASSES + most, ANCHORS),
                          SHAPE(BATCH, most, 8, 8)), "");
    CHECK_TEXT(refusal_of(&task_segmentation, SHAPE(BATCH, 4 + CLASSES + most + 1, ANCHORS),
                          SHAPE(BATCH, most + 1, 8, 8)),
               "the stored network is none of task instance_segmentation");
}
