/* job_split_test.c - the split_strategy of jobs: refused, kept, told, and seen by the preflight. */

#include "dataset_support.h"

#include "base/error.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static const char *body_of(struct arena *arena, const char *id, const char *strategy)
{
    return arena_printf(arena,
                        "{\"project_id\":1,\"config\":{\"framework\":\"timm\",\"model_name\":"
                        "\"mobilenetv3_small_100\",\"task_type\":\"image_classification\","
                        "\"dataset_id\":\"%s\",\"epochs\":1,\"batch_size\":4,\"pretrained\":false,"
                        "\"advanced_config\":{\"image_size\":32}},\"split_strategy\":%s}",
                        id, strategy);
}

static void expect_forecast(struct lab *lab, const char *body, int train, int val)
{
    json_t *answer =
        expect(&lab->platform, 200, "POST", "/api/v1/training/preflight", lab->ada, body);

    CHECK(int_at(answer, "train_images") == train);
    CHECK(int_at(answer, "val_images") == val);
    json_decref(answer);
}

TEST(job_split_is_what_the_preflight_counts)
{
    static const char wrong[] = "the custom split names 'train/none.jpg', which is not an image "
                                "of the dataset";
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *answer;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder()); /* 12 to train, 6 to validate */
    expect_forecast(&lab, body_of(&arena, id, "null"), 12, 6);
    expect_forecast(&lab, body_of(&arena, id, "{\"method\":\"auto\",\"ratio\":0.9}"), 16, 2);
    answer = expect(&lab.platform, 400, "POST", "/api/v1/training/preflight", lab.ada,
                    body_of(&arena, id, "{\"method\":\"custom\",\"custom_splits\":"
                                        "{\"train/none.jpg\":\"val\"}}"));
    if (!strstr(text_at(answer, "detail"), wrong))
        test_fail(__FILE__, __LINE__, "%s", text_at(answer, "detail"));
    json_decref(answer);
    CHECK(count_files(arena_printf(&arena, "%s/tmp", lab.platform.folder)) == 0);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(job_split_is_checked_kept_and_told)
{
    static const char *const wrong[][2] = {
        { "{\"method\":\"manual\"}", "method must be use_dataset, auto or custom" },
        { "{\"ratio\":0}", "ratio must be a number between 0 and 1" },
        { "{\"seed\":-1}", "seed must be a whole number" },
        { "{\"custom_splits\":{\"a\":\"dev\"}}", "train, val, test or null" },
        { "{\"exclude_images\":{}}", "exclude_images must be a list" },
        { "{\"splits\":{}}", "it may have method" },
    };
    static const char right[] = "{\"method\":\"custom\",\"custom_splits\":{\"a.jpg\":\"val\","
                                "\"b.jpg\":null},\"exclude_images\":[\"c.jpg\"],\"seed\":7}";
    struct arena arena = ARENA_INIT;
    struct lab lab;
    struct reply reply;
    struct error err;
    json_t *job, *wanted = json_parse(right, strlen(right), "right", &err);
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        fetch(&lab.platform, "POST", "/api/v1/training/jobs", lab.ada, NULL,
              body_of(&arena, id, wrong[i][0]), &reply);
        CHECK(reply.status == 422);
        if (!strstr(reply.text.text, wrong[i][1]) || !strstr(reply.text.text, "split_strategy"))
            test_fail(__FILE__, __LINE__, "%s: %s", wrong[i][0], reply.text.text);
        reply_release(&reply);
    }
    json_decref(expect(&lab.platform, 201, "POST", "/api/v1/training/jobs", lab.ada,
                       body_of(&arena, id, right)));
    job = expect(&lab.platform, 200, "GET", "/api/v1/training/jobs/1", lab.ada, NULL);
    CHECK(json_equal(json_object_get(job, "split_strategy"), wanted));
    json_decref(job);
    /* A path would be read by the engine: it is the platform's to give. */
    fetch(&lab.platform, "POST", "/api/v1/training/jobs", lab.ada, NULL,
          "{\"project_id\":1,\"framework\":\"timm\",\"model_name\":\"mobilenetv3_small_100\","
          "\"task_type\":\"image_classification\",\"dataset_path\":\"/x\",\"advanced_config\":"
          "{\"split_strategy\":\"/etc/passwd\"}}",
          &reply);
    CHECK(reply.status == 400 || reply.status == 422);
    reply_release(&reply);
    json_decref(wanted);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}
