/* bad_input_test.c - what goes wrong outside of the program: files, disks, numbers.  Each has a
 * message that names it, its exit code, and leaves earlier checkpoints as they were. */

#include "program_support.h"

#include "test.h"

#include <unistd.h>

#define SAMPLE "$F dataset sample $D/data --classes 3 --train 12 --val 4 --image_size 40 && "
#define TRAIN                                                                          \
    "$F train --model mobilenetv3_small_100 --data $D/data --image_size 32 --batch 6 " \
    "--threads 2 --quiet "
#define HASH "$F inspect --weights-sha256 $D/run/checkpoints/latest.safetensors"

TEST(a_class_without_images_is_left_out_or_refused)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE "mkdir $D/data/train/empty $D/data/val/empty && " TRAIN
                                  "--epochs 1 --out $D/run --json",
                   0, "\"status\":\"completed\"");
    program_expect(folder, "mkdir -p $D/one && cp -r $D/data/train/circle $D/one/ && "
                           "$F train --model resnet18 --data $D/one --out $D/x", 2, "one class");
    program_expect(folder, "mkdir -p $D/none/a $D/none/b && "
                           "$F train --model resnet18 --data $D/none --out $D/x", 2, "none");
}

TEST(unreadable_images_are_named_counted_and_limited)
{
    const char *folder = test_folder();

    /* 1 of 36 is below the limit of 5 % */
    program_expect(folder,
                   SAMPLE "head -c 300 $D/data/train/square/0001.jpg > $D/cut && "
                          "mv $D/cut $D/data/train/square/0001.jpg && " TRAIN
                          "--epochs 1 --out $D/run && grep -c 'square/0001.jpg' "
                          "$D/run/events.jsonl",
                   0, "1");
    program_expect(folder,
                   "for i in 2 3 4 5; do echo no > $D/data/train/square/000$i.jpg; done; " TRAIN
                   "--epochs 1 --out $D/run2",
                   4, "square/000");
}

TEST(a_folder_that_cannot_be_written_is_named)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE "echo file > $D/file; " TRAIN "--epochs 1 --out $D/file", 8,
                   "a file has this name");
    program_expect(folder, TRAIN "--epochs 1 --out $D/file/run", 8, "a file has this name");
}

/* In a mount namespace of its own, so that the small disk goes with the shell. */
#define ON_SMALL_DISK                                    \
    "unshare -m bash -c 'F='$F'; D='$D'; mkdir -p $D/run; " \
    "mount -t tmpfs -o size=80m none $D/run"

TEST(a_full_disk_leaves_the_old_checkpoint)
{
    const char *folder = test_folder();
    struct str out = STR_INIT;

    if (geteuid() || program_run(folder, ON_SMALL_DISK "'", &out))
        SKIP("no small disk can be mounted here");
    program_expect(folder, SAMPLE "true", 0, NULL);
    program_expect(folder,
                   ON_SMALL_DISK
                   "\n" TRAIN "--epochs 1 --out $D/run; before=$(" HASH ")\n"
                   "free=$(df --output=avail -k $D/run | tail -n 1)\n"
                   "head -c $((free - 3000))K /dev/zero > $D/run/filler\n" TRAIN
                   "--epochs 2 --out $D/run --resume; echo code $?\n"
                   "[ \"$(" HASH ")\" = \"$before\" ] && echo the checkpoint is whole\n"
                   "rm $D/run/filler\n" TRAIN
                   "--epochs 2 --out $D/run --resume --json' >$D/log 2>&1; "
                   "cat $D/log; grep -q 'safetensors.*No space left' $D/log && "
                   "grep -q 'code 6' $D/log && grep -q 'checkpoint is whole' $D/log",
                   0, "\"status\":\"completed\"");
    str_release(&out);
}

TEST(divergence_names_layer_step_and_files_and_keeps_the_checkpoint)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE TRAIN "--epochs 1 --out $D/run --optimizer.type sgd", 0, NULL);
    program_expect(folder,
                   TRAIN "--epochs 40 --out $D/run --resume --optimizer.type sgd "
                         "--optimizer.learning_rate 1 --optimizer.momentum 0.999 "
                         "--scheduler.type none --validation.val_interval 1000 2>&1 | tee $D/log; "
                         "grep -q diverged $D/log && "
                         "grep -q 'of layer' $D/log && grep -q 'at step' $D/log && "
                         "grep -q 'files: train/' $D/log",
                   0, NULL);
    program_expect(folder, "test -s $D/run/checkpoints/latest.safetensors", 0, NULL);
    program_expect(folder, HASH, 0, NULL);
}

TEST(two_runs_do_not_share_a_folder)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE TRAIN "--epochs 50 --out $D/run & pid=$!; while ! grep -q '\"step\"' "
                                "$D/run/events.jsonl 2>/dev/null; do sleep 0.05; done; " TRAIN
                                "--epochs 1 --out $D/run; code=$?; kill $pid; wait $pid; "
                                "exit $code",
                   8, "another");
}
