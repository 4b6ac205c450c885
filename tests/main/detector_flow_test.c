/* detector_flow_test.c - detectors as people run them: draw data, train, stop, kill, resume,
 * validate, predict and draw what was found. */

#include "program_support.h"

#include "base/str.h"
#include "test.h"

#define DRAW(task) "$F dataset sample $D/data --task " task " --train 10 --val 4 --seed 3 && "
/* Mosaic, mixup, two batches per update, some of them in two epochs, and the average are all at
 * work. */
#define TRAIN                                                                                      \
    "$F train --model yolo11n --data $D/data --imgsz 64 --batch 4 --nbs 8 --epochs 3 "             \
    "--mixup 0.5 --degrees 10 --warmup_epochs 0 --close_mosaic 1 --threads 2 --quiet "

static void hash_of(const char *folder, const char *run, struct str *out)
{
    struct str command = STR_INIT;

    str_printf(&command, "$F inspect --weights-sha256 $D/%s/checkpoints/latest.safetensors", run);
    CHECK(!program_run(folder, command.text, out));
    str_release(&command);
}

static void same_weights(const char *folder, const char *a, const char *b)
{
    struct str first = STR_INIT, second = STR_INIT;

    hash_of(folder, a, &first);
    hash_of(folder, b, &second);
    CHECK_TEXT(second.text, first.text);
    str_release(&first);
    str_release(&second);
}

TEST(detector_that_was_stopped_resumes_bit_exact)
{
    const char *folder = test_folder();

    program_expect(folder, DRAW("object_detection") TRAIN "--out $D/a", 0, "");
    /* Of 3 x 3 batches, the last of which waits for nobody. */
    program_expect(folder, "$F inspect --json $D/a/checkpoints/latest.safetensors", 0,
                   "\\\"step\\\":5,");
    program_expect(folder,
                   TRAIN "--out $D/b --json & pid=$!; while ! grep -q '\"step\"' "
                         "$D/b/events.jsonl 2>/dev/null; do sleep 0.05; done; kill -TERM $pid; "
                         "wait $pid",
                   0, "\"status\":\"");
    program_expect(folder, TRAIN "--out $D/b --resume --loader_threads 1", 0, "");
    same_weights(folder, "a", "b");
    program_expect(folder, "head -1 $D/a/results.csv", 0, "train_box_loss,train_cls_loss");
    program_expect(folder, "$F val --checkpoint $D/a/checkpoints/best.safetensors --data $D/data",
                   0, "4 images: precision");
    program_expect(folder,
                   "$F predict --json --conf 0 --max_detections 3 --save $D/drawn --checkpoint "
                   "$D/a/checkpoints/best.safetensors $D/data/images/val/*",
                   0, "\"predicted_boxes\":[{\"class_id\":");
    program_expect(folder, "ls $D/drawn | wc -l", 0, "4");
}

TEST_SLOW(detector_that_was_killed_resumes_bit_exact)
{
    static const char *const waits[] = { "1.1", "1.9", "2.7", "3.3", "4.5" };
    const char *folder = test_folder();

    program_expect(folder, DRAW("object_detection") TRAIN "--out $D/a", 0, "");
    for (int i = 0; i < 5; i++) {
        struct str command = STR_INIT, out = STR_INIT;

        str_printf(&command,
                   "rm -rf $D/b; " TRAIN "--out $D/b & pid=$!; sleep %s; kill -KILL $pid; "
                   "wait $pid; " TRAIN "--out $D/b --resume",
                   waits[i]);
        if (program_run(folder, command.text, &out))
            test_fail(__FILE__, __LINE__, "%s: %s", command.text, out.text);
        same_weights(folder, "a", "b");
        str_release(&command);
        str_release(&out);
    }
}

/* A batch that is larger than the set, no val folder, masks and key points. */
TEST(segmenter_and_pose_estimator_train_and_answer)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "$F dataset sample $D/masks --task instance_segmentation --train 6 --val 2 && "
                   "$F train --model yolo11n-seg --data $D/masks --imgsz 64 --batch 16 --epochs 1 "
                   "--quiet --out $D/m --json",
                   0, "\"mAP50(M)\":");
    program_expect(folder,
                   "$F predict --json --conf 0 --max_detections 2 --checkpoint "
                   "$D/m/checkpoints/latest.safetensors $D/masks/images/val/*",
                   0, "\"predicted_masks\":[");
    program_expect(folder,
                   "$F dataset sample $D/points --task pose_estimation --train 6 --val 2 && "
                   "$F train --model yolo11n-pose --data $D/points --imgsz 64 --batch 3 --epochs 1 "
                   "--quiet --out $D/p --json",
                   0, "\"OKS\":");
    program_expect(folder,
                   "$F predict --json --conf 0 --max_detections 2 --checkpoint "
                   "$D/p/checkpoints/latest.safetensors $D/points/images/val/*",
                   0, "\"predicted_keypoints\":[");
    program_expect(folder, /* of the data set: the checkpoint knows it */
                   "$F predict --json --checkpoint $D/p/checkpoints/latest.safetensors "
                   "$D/points/images/val/*",
                   0, "\"skeleton\":[[0,1],[0,2],[0,3],[0,4]]");
}
