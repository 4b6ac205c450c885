/* score_test.c - `fovea score`, on files whose numbers COCO's own evaluation gave. */

#include "program_support.h"

#include "base/error.h"
#include "base/json.h"
#include "test.h"


/* Writes a member of a golden file as a file of the test's folder. */
static void write_member(const char *folder, const json_t *golden, const char *key)
{
    struct str path = STR_INIT;

    str_printf(&path, "%s/%s.json", folder, key);
    CHECK(!json_dump_file(json_object_get(golden, key), path.text, JSON_COMPACT));
    str_release(&path);
}

static json_t *write_case(const char *folder, const char *name)
{
    struct str path = STR_INIT;
    json_t *golden;

    str_printf(&path, "%s/golden/detection/%s.json", TEST_SOURCE_DIR, name);
    golden = json_load_file(path.text, 0, NULL);
    CHECK(golden);
    write_member(folder, golden, "truth");
    write_member(folder, golden, "results");
    str_release(&path);
    return golden;
}

static void check_scores(const char *name, const char *task)
{
    const char *folder = test_folder();
    json_t *golden = write_case(folder, name), *answer, *coco;
    const json_t *stats = json_object_get(json_object_get(golden, "expected"), "stats");
    struct str command = STR_INIT, out = STR_INIT;
    struct error err = { 0 };

    str_printf(&command,
               "$F score --truth $D/truth.json --predictions $D/results.json --task %s --json",
               task);
    if (program_run(folder, command.text, &out))
        test_fail(__FILE__, __LINE__, "%s", out.text);
    answer = json_parse(out.text, out.length, "answer", &err);
    CHECK(answer);
    coco = json_object_get(answer, "coco");
    CHECK_NEAR(json_number_value(json_object_get(coco, "AP")),
               json_number_value(json_array_get(stats, 0)), 1e-4);
    CHECK_NEAR(json_number_value(json_object_get(coco, "AP50")),
               json_number_value(json_array_get(stats, 1)), 1e-4);
    CHECK(json_object_size(json_object_get(answer, "per_class")) > 0);
    CHECK(json_number_value(json_object_get(answer, "mAP50")) > 0);
    json_decref(answer);
    json_decref(golden);
    str_release(&command);
    str_release(&out);
}

TEST(score_tells_the_numbers_of_coco)
{
    check_scores("boxes", "object_detection");
    check_scores("masks", "instance_segmentation");
    check_scores("keypoints", "pose_estimation");
}

TEST(score_prints_a_table_and_refuses_what_it_cannot_read)
{
    const char *folder = test_folder();

    json_decref(write_case(folder, "boxes"));
    program_expect(folder, "$F score --truth $D/truth.json --predictions $D/results.json", 0,
                   "mAP50-95");
    program_expect(folder, "$F score --truth $D/truth.json", 2, "--predictions FILE");
    program_expect(folder, "$F score --truth $D/none.json --predictions $D/results.json", 3,
                   "none.json");
    program_expect(folder, "$F score --truth $D/results.json --predictions $D/results.json", 4,
                   "images");
    program_expect(folder,
                   "$F score --truth $D/truth.json --predictions $D/results.json --task boxes", 2,
                   "not 'boxes'");
}
