/* val_results_test.c - `fovea val --save_json`: results that `fovea score` reads. */

#include "program_support.h"

#include "base/error.h"
#include "base/json.h"
#include "test.h"

#define TRAIN(task, model)                                                                         \
    "$F dataset sample $D/data --task " task " --train 4 --val 2 --seed 3 && $F train "            \
    "--data $D/data --model " model " --imgsz 32 --batch 4 --epochs 1 --threads 2 --quiet "        \
    "--out $D/run && mv $D/run/checkpoints/best.safetensors $D/net && "                            \
    "$F dataset convert $D/data $D/coco --to coco > $D/log && cd $D/coco/annotations && "          \
    "mv *_val.json ../../truth && mv *_train.json ../../train && "
#define VAL "$F val --checkpoint $D/net --batch 2 --threads 2 --json "

static json_t *answer_of(const char *folder, const char *command)
{
    struct str out = STR_INIT;
    struct error err = { 0 };
    json_t *answer;

    if (program_run(folder, command, &out))
        test_fail(__FILE__, __LINE__, "%s: %s", command, out.text);
    answer = json_parse(out.text, out.length, "answer", &err);
    CHECK(answer);
    str_release(&out);
    return answer;
}

/* What `val` measures itself is what `score` makes of the file. */
static void compare(const char *folder, const char *val, const char *score, const char *val_key,
                    const char *score_key)
{
    json_t *said = answer_of(folder, val), *scored = answer_of(folder, score);

    CHECK(json_integer_value(json_object_get(scored, "predictions")) > 0);
    CHECK(json_integer_value(json_object_get(scored, "truths")) > 0);
    CHECK(json_is_number(json_object_get(said, val_key)));
    CHECK(json_is_number(json_object_get(scored, score_key)));
    CHECK_NEAR(json_number_value(json_object_get(scored, score_key)),
               json_number_value(json_object_get(said, val_key)), 2e-3);
    json_decref(said);
    json_decref(scored);
}

TEST(val_writes_results_that_score_reads)
{
    const char *folder = test_folder();

    program_expect(folder, TRAIN("object_detection", "yolo11n") "echo", 0, "");
    compare(folder, VAL "--data $D/data --save_json $D/r.json",
            "$F score --truth $D/truth --predictions $D/r.json --json", "mAP50-95", "mAP50-95");
    program_expect(folder,
                   VAL "--data $D/data --save_json $D/none.json --conf 1 > $D/log; cat "
                       "$D/none.json; ls -A $D | grep -c partial",
                   1, "[]\n0");
    program_expect(folder, VAL "--data $D/data --save_json $D/none.json --conf 2", 2, "conf");
    program_expect(folder, VAL "--data $D/data --save_json $D/missing/r.json", 3, "missing");
}

TEST(val_writes_masks_as_results)
{
    const char *folder = test_folder();

    program_expect(folder, TRAIN("instance_segmentation", "yolo11n-seg") "echo", 0, "");
    compare(folder, VAL "--data $D/data --save_json $D/r.json",
            "$F score --truth $D/truth --predictions $D/r.json --json "
            "--task instance_segmentation",
            "mAP50-95(M)", "mAP50-95");
}

/* Ids with gaps, as COCO's own: those of the file come back. */
TEST(val_keeps_the_ids_of_a_coco_set)
{
    const char *folder = test_folder();

    program_expect(
        folder,
        TRAIN(
            "object_detection",
            "yolo11n") "for split in train val; do sed -E "
                       "'s/(\"id\":|\"image_id\":)([0-9]+)(,\"file_name\"|,\"category_id\")/"
                       "\\1\\2000\\3/;"
                       " s/(\\{\"id\":|\"category_id\":)([0-9]+)(,\"name\"|,\"bbox\")/\\19\\2\\3/' "
                       "../../$(echo $split | sed s/val/truth/) > instances_$split.json; done; "
                       "! cmp -s instances_val.json ../../truth && " VAL
                       "--data $D/coco --save_json $D/r.json > $D/log && "
                       "$F score --truth instances_val.json --predictions $D/r.json && "
                       "grep -oE '\"image_id\":[0-9]+' $D/r.json | sort -u | tr '\\n' ' '",
        0, "\"image_id\":5000 \"image_id\":6000 ");
    program_expect(folder, "grep -cE '\"category_id\":9[1-4],' $D/r.json", 0, "1");
}
