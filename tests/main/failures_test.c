/* failures_test.c - runs that cannot go on: what they say, their exit code, and that what earlier
 * runs have saved is as it was. */

#include "program_support.h"

#include "test.h"

#define SAMPLE "$F dataset sample $D/data --classes 3 --train 12 --val 4 --image_size 40 && "
#define TRAIN                                                                          \
    "$F train --model mobilenetv3_small_100 --data $D/data --image_size 32 --batch 6 " \
    "--threads 2 --quiet "
/* All files below the checkpoints, with their hashes. */
#define SUMS "(cd $D/run/checkpoints && sha256sum $(ls -A | sort))"

/* Far below the size of a checkpoint, far above everything else that a run writes.  The signal of
 * such a limit is not of interest here; the failed write is. */
#define LIMITED "(trap '' XFSZ; ulimit -f 2000; "

TEST(a_file_that_grows_too_large_leaves_the_checkpoints_as_they_were)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE TRAIN "--epochs 1 --out $D/run && " SUMS " > $D/before", 0, NULL);
    program_expect(folder, LIMITED TRAIN "--epochs 2 --out $D/run --resume)", 1,
                   "safetensors': File too large");
    /* Nothing half written is left either. */
    program_expect(folder, SUMS " > $D/after; diff $D/before $D/after && echo unchanged", 0,
                   "unchanged");
    program_expect(folder, "tail -n 1 $D/run/events.jsonl", 0, "\"event\":\"training_failed\"");
    program_expect(folder, TRAIN "--epochs 2 --out $D/run --resume --json", 0,
                   "\"status\":\"completed\"");
    program_expect(folder, "wc -l < $D/run/results.csv", 0, "3"); /* a header, two epochs */
}

#define SGD                                                                        \
    TRAIN "--batch 2 --out $D/run --optimizer.type sgd --optimizer.momentum 1 "    \
          "--optimizer.weight_decay 1 --scheduler.type none "

/* Diverges inside the second epoch, so that no checkpoint is due in between. */
TEST(a_run_that_diverges_leaves_the_checkpoints_as_they_were)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE SGD "--epochs 1 --optimizer.learning_rate 0.001 && " SUMS
                                      " > $D/before",
                   0, NULL);
    program_expect(folder, SGD "--epochs 2 --resume --optimizer.learning_rate 1", 7,
                   "training diverged: ");
    program_expect(folder, SUMS " > $D/after; diff $D/before $D/after && echo unchanged", 0,
                   "unchanged");
    program_expect(folder, "tail -n 1 $D/run/events.jsonl", 0, "\"error_kind\":\"not_finite\"");
}

TEST(what_does_not_fit_the_data_is_refused_before_anything_is_written)
{
    static const struct {
        const char *options;
        int code;
        const char *text;
    } cases[] = {
        { "--data $D/data --num_classes 7", 2, "num_classes is 7, but" },
        { "--data $D/nowhere", 3, "nowhere" },
        { "--data $D/data/train/circle", 2, "circle" }, /* images, no class folders */
        { "--data $D/file", 2, "file" },
        { "--data $D/data --image_size 31", 2, "31" },
        { "--data $D/data --image_size 16", 2, "image_size 16 does not fit" },
        { "--data $D/data --memory_limit 60", 5, "even with a batch of 1" },
        { "--data $D/data --optimizer.learning_rate 1e30", 2, "must lie between" },
        { "--data $D/data --config $D/file", 4, "file' as JSON" },
        { "--data $D/data --checkpoint_path $D/file", 4, "file" },
        { "--data $D/data --checkpoint_path $D/nowhere", 3, "nowhere" },
        { "--data $D/data --threads -1", 2, "threads must lie between" },
    };
    const char *folder = test_folder();

    program_expect(folder, SAMPLE "echo 'no JSON, no tensors' > $D/file", 0, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str command = STR_INIT;

        str_printf(&command, "$F train --model mobilenetv3_small_100 --image_size 32 %s --quiet "
                             "--out $D/out", cases[i].options);
        program_expect(folder, command.text, cases[i].code, cases[i].text);
        str_release(&command);
    }
    program_expect(folder, "ls $D/out/checkpoints $D/out/results 2>&1 | grep -v -e : -e '^$'", 1,
                   NULL);
}
