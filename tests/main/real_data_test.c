/* real_data_test.c - the flow on real photographs; skipped where there are none. */

#include "program_support.h"

#include "test.h"

#define TRAIN                                                                              \
    "$F train --model mobilenetv3_small_100 --data %s --image_size 64 --batch 32 "         \
    "--epochs 2 --threads 2 --preset small_data --quiet --seed 3 "

static void run_on(const char *folder, const char *data, const char *form, int code,
                   const char *text)
{
    struct str command = STR_INIT;

    str_printf(&command, form, data, data);
    program_expect(folder, command.text, code, text);
    str_release(&command);
}

TEST(real_photographs_train_stop_resume_validate_predict)
{
    const char *folder = test_folder(), *data = test_shared("data/classification/dogs_cats");

    if (!data)
        SKIP("../shared is absent");
    run_on(folder, data, TRAIN "--out $D/run & pid=$!; while ! grep -q '\"step\"' "
                               "$D/run/events.jsonl 2>/dev/null; do sleep 0.05; done; "
                               "kill -KILL $pid; wait $pid; " TRAIN "--out $D/run --resume --json",
           0, "\"status\":\"completed\"");
    run_on(folder, data, "$F val --checkpoint $D/run/checkpoints/best.safetensors --data %s --json",
           0, "\"images\":200");
    run_on(folder, data,
           "$F predict --checkpoint $D/run/checkpoints/best.safetensors --json $(find %s/val -name "
           "'*.jpg' | head -n 3)", 0, "\"label\":");
}
