/* training_data_test.c - what a run makes of data that is less than perfect: unreadable files,
 * sizes that nobody can have, fewer images than a batch; and of numbers with something behind. */

#include "program_support.h"

#include "test.h"

#define SAMPLE "$F dataset sample $D/data --classes 3 --train 12 --val 8 --image_size 40 && "
#define TRAIN                                                                          \
    "$F train --model mobilenetv3_small_100 --data $D/data --image_size 32 --batch 6 " \
    "--epochs 2 --threads 2 --out $D/run "
#define VAL "$F val --checkpoint $D/run/checkpoints/best.safetensors --data $D/data "

TEST(unreadable_validation_images_are_named_and_not_counted)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE "echo 'no image' > $D/data/val/circle/0002.jpg && " TRAIN
                          "> $D/log 2>&1 && "
                          "grep -c 'skipped an unreadable validation image.*circle/0002' $D/log",
                   0, "1"); /* in two epochs */
    program_expect(folder, "cat $D/run/events.jsonl", 0,
                   "1 of the 24 validation images cannot be read: the scores are of 23");
    program_expect(folder, VAL, 0, "23 of 24 images were evaluated, 1 cannot be read");
    program_expect(folder, VAL, 0, "not evaluated: cannot decode");
    program_expect(folder, VAL "--json", 0, "\"images\":23,\"unreadable\":1,");
    program_expect(folder, VAL "--json", 0, "val/circle/0002.jpg");
}

TEST(a_skip_limit_of_none_allows_no_unreadable_image)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE "echo 'no image' > $D/data/train/circle/0002.jpg && " TRAIN
                          "--skip_limit 0 --quiet",
                   4, "1 of the 36 train images do not decode, more than the limit of 0 %");
    program_expect(folder, TRAIN "--quiet --json", 0, "\"status\":\"completed\"");
}

/* 2^31 x 2^31 pixels are no reason to refuse the others: the file is skipped as any other that does
 * not decode. */
TEST(one_image_of_a_forged_size_does_not_refuse_the_run)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE "printf 'BM\\0\\0\\0\\0\\0\\0\\0\\0\\066\\0\\0\\0\\050\\0\\0\\0"
                          "\\377\\377\\377\\177\\377\\377\\377\\177\\001\\0\\030\\0' "
                          "> $D/data/train/circle/0002.jpg && "
                          "head -c 1000 /dev/zero >> $D/data/train/circle/0002.jpg && " TRAIN
                          "--quiet --json",
                   0, "\"status\":\"completed\"");
}

TEST(a_batch_that_is_capped_is_told_to_everybody_and_timed)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE TRAIN "--batch 512 --quiet", 0, NULL);
    program_expect(folder, "cat $D/run/events.jsonl", 0,
                   "batch size 512 is larger than the 36 training images: using 36");
    /* One batch an epoch: the time of several is that of several epochs. */
    program_expect(folder,
                   TRAIN "--batch 512 --dry-run --json --quiet | "
                         "grep -v '\"seconds_per_epoch\":0[,}]'",
                   0, "\"seconds_per_epoch\":");
}

TEST(the_first_lines_of_a_run_name_its_preset)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE TRAIN "--epochs 1 --lr 0.01 2>&1 | head -n 2", 0,
                   "preset small_data: ");
    program_expect(folder, TRAIN "--epochs 1 --preset none 2>&1 | head -n 1", 0, "no preset: ");
}

TEST(numbers_with_something_behind_them_are_refused)
{
    static const struct {
        const char *command, *text;
    } cases[] = {
        { "$F val --checkpoint c --data d --batch 32x", "batch_size must be a whole number" },
        { "$F val --checkpoint c --data d --threads two", "threads must be a whole number" },
        { "$F predict --checkpoint c --threads two i.jpg", "threads must be a whole number" },
        { "$F predict --checkpoint c --top_k 5abc i.jpg", "top_k must be a whole number" },
        { "$F predict --checkpoint c --top_k 0 i.jpg", "top_k must be a whole number within 1" },
        { "$F predict --checkpoint c --max_detections 1.5 i.jpg", "max_detections must be a" },
        { "$F bench --batch 0", "batch_size must be a whole number within 1" },
        { "$F bench --seconds soon", "seconds must be within" },
        { "$F inspect --graph --model resnet18 --batch ''", "batch_size must be a whole number" },
        { "$F dataset sample $D/s --classes 3.5", "classes must be a whole number" },
        { "$F dataset sample $D/s --seed 99999999999999999999", "seed must be a whole number" },
    };
    const char *folder = test_folder();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        program_expect(folder, cases[i].command, 2, cases[i].text);
}

/* Both are in the schema: they must be possible. */
TEST(rand_augment_of_no_operations_is_none)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--epochs 1 --quiet --json --augmentation.rand_augment_ops 0 "
                                "--augmentation.rand_augment",
                   0, "\"status\":\"completed\"");
}
