/* repairs_test.c - what used to end a run in a crash, in silence or in the wrong file. */

#include "program_support.h"

#include "test.h"

#define SAMPLE "$F dataset sample $D/data --classes 3 --train 12 --val 4 --image_size 40 && "
#define TRAIN                                                                       \
    "$F train --model mobilenetv3_small_100 --data $D/data --image_size 32 --threads 2 --quiet "

TEST(the_settings_of_a_run_start_another_one)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--batch 6 --epochs 1 --out $D/run && "
                                "$F train --config $D/run/config.json --out $D/again --quiet "
                                "--json",
                   0, "\"status\":\"completed\"");
}

TEST(a_limit_on_file_sizes_is_an_error_and_no_signal)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE "(ulimit -f 2000; " TRAIN "--batch 6 --epochs 1 --out $D/run)", 1,
                   "safetensors': File too large");
    program_expect(folder, "ls -A $D/run/checkpoints | wc -l", 0, "0");
}

TEST(a_run_stopped_inside_an_epoch_does_not_go_on_with_larger_batches)
{
    const char *folder = test_folder();

    /* An epoch of 450 steps: long enough to be met in the middle of, also in a quick build. */
    program_expect(folder,
                   "$F dataset sample $D/data --classes 3 --train 300 --val 4 --image_size 40 && "
                   "{ " TRAIN "--batch 2 --epochs 50 --out $D/run & } && pid=$!; "
                   "while ! grep -qsE '\"step\":([3-9]|[1-9][0-9])' $D/run/events.jsonl; "
                   "do kill -0 $pid || exit 99; sleep 0.02; done; kill $pid; wait $pid; " TRAIN
                   "--batch 450 --epochs 50 --out $D/run --resume",
                   2, "batch");
}

/* The transform and the network of a file disagree: one sizes the buffer that the other fills. */
TEST(a_checkpoint_whose_image_sizes_disagree_is_refused)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--batch 6 --epochs 1 --out $D/run && "
                                "sed -b 's/{\\\\\"image_size\\\\\":32,/"
                                "{\\\\\"image_size\\\\\":96,/' "
                                "$D/run/checkpoints/best.safetensors > $D/c.safetensors && "
                                "! cmp -s $D/run/checkpoints/best.safetensors $D/c.safetensors && "
                                "$F predict --checkpoint $D/c.safetensors $D/data/val/*/0001.jpg",
                   4, "c.safetensors");
}

TEST(a_checkpoint_of_a_later_format_is_refused)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--batch 6 --epochs 1 --out $D/run && "
                                "sed -b 's/\"format_version\":\"1\"/\"format_version\":\"9\"/' "
                                "$D/run/checkpoints/best.safetensors > $D/c.safetensors && "
                                "! cmp -s $D/run/checkpoints/best.safetensors $D/c.safetensors && "
                                "$F predict --checkpoint $D/c.safetensors $D/data/val/*/0001.jpg",
                   9, "c.safetensors");
}

TEST(a_validation_loss_that_is_not_finite_ends_the_run)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--batch 36 --epochs 5 --optimizer.type sgd --scheduler.type none "
                                "--optimizer.learning_rate 1 --optimizer.momentum 0.999 "
                                "--out $D/run",
                   7, "diverged");
}

/* The first signal in the first batch, which takes a while; the second when it was heard. */
#define CAUGHT "[ $((0x$(awk '/SigCgt/ { print $2 }' /proc/$pid/status) & 0x4000)) != 0 ]"

TEST(a_second_signal_ends_a_run_at_once)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "$F dataset sample $D/data --classes 3 --train 12 --val 4 --image_size 40 && "
                   "{ $F train --model mobilenetv3_small_100 --data $D/data --image_size 160 "
                   "--batch 30 --epochs 9 --threads 1 --quiet --out $D/run & } && pid=$!; "
                   "until " CAUGHT "; do kill -0 $pid || exit 99; sleep 0.02; done; "
                   "kill -TERM $pid; while " CAUGHT "; do sleep 0.01; done; "
                   "kill -TERM $pid; wait $pid; echo ended $?", 0, "ended 143");
    program_expect(folder, "ls $D/run/checkpoints | wc -l", 0, "0");
}
