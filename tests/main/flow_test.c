/* flow_test.c - the programs as people run them: draw data, train, kill, resume, validate, predict,
 * and what they say when something is wrong. */

#include "program_support.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLE "$F dataset sample $D/data --classes 3 --train 12 --val 4 --image_size 40 && "
#define TRAIN                                                                          \
    "$F train --model mobilenetv3_small_100 --data $D/data --image_size 32 --batch 6 " \
    "--epochs 3 --threads 2 --quiet --ema --drop_rate 0.1 "

static void hash_of(const char *folder, const char *run, struct str *out)
{
    struct str command = STR_INIT;

    str_printf(&command, "$F inspect --weights-sha256 $D/%s/checkpoints/latest.safetensors", run);
    CHECK(!program_run(folder, command.text, out));
    str_release(&command);
}

TEST(flow_train_validate_predict)
{
    const char *folder = test_folder();

    program_expect(folder, SAMPLE TRAIN "--out $D/run --json", 0, "\"status\":\"completed\"");
    program_expect(folder,
                   "$F val --checkpoint $D/run/checkpoints/best.safetensors --data $D/data --json",
                   0, "\"images\":12");
    program_expect(folder, "$F predict --json --checkpoint $D/run/checkpoints/best.safetensors "
                   "$D/data/val/*/0001.jpg", 0, "\"predictions\":[{\"label\":");
    program_expect(folder, "$F inspect $D/run/checkpoints/best.safetensors", 0, "conv_stem.weight");
    program_expect(folder, "wc -l < $D/run/results.csv", 0, "4");
    program_expect(folder, "cat $D/run/events.jsonl", 0, "\"event\":\"training_complete\"");
    program_expect(folder, "ls $D/run/results", 0, "best.json");
    /* fine-tune: another number of classes replaces the head and says so */
    program_expect(folder,
           "$F dataset sample $D/two --classes 2 --train 8 --val 4 --image_size 40 && $F train "
           "--model mobilenetv3_small_100 --data $D/two --image_size 32 --batch 4 --epochs 1 "
           "--freeze_backbone --checkpoint_path $D/run/checkpoints/best.safetensors --out $D/tuned",
           0, "of another shape, left as initialised: classifier.weight");
}

/* Steps too small for another answer: the accuracy stays while the loss falls. */
TEST(flow_of_epochs_with_equal_metrics_the_best_has_the_least_loss)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE "$F train --model vit_tiny_patch16_224 --data $D/data --image_size 32 "
                   "--batch 6 --epochs 4 --seed 1 --lr 1e-7 --ema false --quiet --out $D/run",
                   0, "wrote a sample");
    program_expect(folder,
                   "wanted=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } "
                   "{ a = $at[\"accuracy\"]; l = $at[\"val_loss\"] } "
                   "NR == 2 || a > most || (a == most && l < least) "
                   "{ most = a; least = l; best = $1 } END { print best }' $D/run/results.csv); "
                   "grep '\"event\":\"training_complete\"' $D/run/events.jsonl | "
                   "grep -o '\"best_epoch\":[0-9]*' | grep -x '\"best_epoch\":'$wanted && "
                   "echo same", 0, "same");
}

/* Start a run, kill it after a while, resume it to its end. */
static void kill_and_resume(const char *folder, int milliseconds)
{
    struct str command = STR_INIT, out = STR_INIT;

    str_printf(&command,
               "rm -rf $D/b; " TRAIN "--out $D/b & pid=$!; sleep %d.%03d; "
               "kill -KILL $pid; wait $pid; " TRAIN "--out $D/b --resume",
               milliseconds / 1000, milliseconds % 1000);
    if (program_run(folder, command.text, &out))
        test_fail(__FILE__, __LINE__, "%s: %s", command.text, out.text);
    str_release(&command);
    str_release(&out);
}

TEST_SLOW(flow_killed_and_resumed_is_bit_exact)
{
    const char *folder = test_folder();
    struct str first = STR_INIT, again = STR_INIT;
    int wait[] = { 700, 1500, 2300, 3100, 4700 };

    program_expect(folder, SAMPLE TRAIN "--out $D/a", 0, "");
    hash_of(folder, "a", &first);
    for (int i = 0; i < 5; i++) {
        kill_and_resume(folder, wait[i]);
        hash_of(folder, "b", &again);
        CHECK_TEXT(again.text, first.text);
    }
    /* the number of loader threads does not matter */
    program_expect(folder, TRAIN "--out $D/c --loader_threads 1", 0, "");
    hash_of(folder, "c", &again);
    CHECK_TEXT(again.text, first.text);
    str_release(&first);
    str_release(&again);
}

TEST(flow_stop_writes_a_checkpoint_that_resumes_bit_exact)
{
    const char *folder = test_folder();
    struct str first = STR_INIT, again = STR_INIT;

    program_expect(folder, SAMPLE TRAIN "--out $D/a", 0, "");
    hash_of(folder, "a", &first);
    program_expect(folder, TRAIN "--out $D/b --json & pid=$!; while ! grep -q '\"step\"' "
                         "$D/b/events.jsonl 2>/dev/null; do sleep 0.05; done; kill -TERM $pid; "
                         "wait $pid", 0, "\"status\":\"");
    program_expect(folder, TRAIN "--out $D/b --resume", 0, "");
    hash_of(folder, "b", &again);
    CHECK_TEXT(again.text, first.text);
    str_release(&first);
    str_release(&again);
}

TEST(flow_says_what_is_wrong)
{
    const char *folder = test_folder();

    program_expect(folder, "$F trian", 2, "did you mean 'train'");
    program_expect(folder, "$F train --modl x", 2, "did you mean '--model'");
    program_expect(folder, "$F train --model resnet18", 2, "dataset_path is required");
    program_expect(folder, "$F train --model resnet18 --data $D/none --out $D/x", 3, "none");
    program_expect(folder, "$F train --model nonet --data $D --out $D/x", 2,
                   "unknown model 'nonet'");
    program_expect(folder, "$F train --model resnet18 --data $D --out $D/x --epochs 0 --batch 9999",
                   2, "epochs must lie between 1 and 1000");
    program_expect(folder, "$F train --model resnet18 --data $D --out $D/x --epochs 0 --batch 9999",
                   2, "batch_size must lie between 1 and 512");
    program_expect(folder, "mkdir -p $D/one/train/cat && cp $F $D/one/train/cat/a.jpg && "
                   "$F train --model resnet18 --data $D/one --out $D/x", 2, "class");
    program_expect(folder, "$F predict --checkpoint $D/none.safetensors a.jpg", 3,
                   "none.safetensors");
    program_expect(folder,
                   "echo broken > $D/b.safetensors; $F predict --checkpoint $D/b.safetensors a.jpg",
                   4, "b.safetensors");
    program_expect(folder,
                   SAMPLE "$F train --model resnet18 --data $D/data --image_size 32 --batch 8 "
                          "--memory_limit 150 --out $D/x",
                   5, "the limit is 150 MB");
    program_expect(folder, "$F train --model resnet18 --data $D/data --image_size 32 --batch 8 "
                   "--optimizer.learning_rate 1 --optimizer.type sgd --optimizer.momentum 0.99 "
                   "--scheduler.type none --quiet --out $D/run --epochs 200", 7, "diverged");
}
