/* split_test.c - runs whose settings say the split, and what they write about it. */

#include "program_support.h"

#include "test.h"

#define TRAIN                                                                                    \
    "$F train --model mobilenetv3_small_100 --data $D/data --imgsz 32 --batch 4 --threads 2 "    \
    "--quiet --out $D/run "
#define DRAW "$F dataset sample $D/data --num_classes 2 --train 8 --val 2 --image_size 32"
#define VAL "$F val --checkpoint $D/run/checkpoints/best.safetensors "
#define LINES(name) "wc -l < $D/run/splits/" name ".txt"

TEST(split_strategy_of_a_run_is_counted_used_and_kept)
{
    const char *folder = test_folder();

    program_expect(folder, DRAW, 0, "");
    program_expect(folder,
                   TRAIN "--epochs 1 --dry-run --json --split_strategy "
                         "'{\"method\":\"auto\",\"ratio\":0.5}'",
                   0, "\"train_images\":10,\"val_images\":10");
    program_expect(folder,
                   "cd $D/data && one=$(ls train/*/* | head -1) && two=$(ls val/*/* | head -1) && "
                   "echo \"{\\\"method\\\":\\\"custom\\\",\\\"custom_splits\\\":"
                   "{\\\"$one\\\":\\\"val\\\"},\\\"exclude_images\\\":[\\\"$two\\\"]}\" "
                   "> ../wish.json && " TRAIN "--epochs 1 --split_strategy $D/wish.json && "
                   "grep -c \"$one \" $D/run/splits/val.txt; cat $D/run/splits/*.txt | "
                   "grep -c \"$two\"; cat $D/run/splits/split_metadata.json",
                   0, "1\n0\n");
    program_expect(folder, "cat $D/run/splits/split_metadata.json", 0,
                   "\"method\":\"custom\",\"source\":\"split_strategy\",\"excluded_images\":1,");
    program_expect(folder, LINES("train") "; " LINES("val"), 0, "15\n4\n");
    /* What the data set says since is for other runs. */
    program_expect(folder,
                   "echo '{\"method\":\"auto\",\"default_ratio\":0.5}' > $D/data/split_config.json "
                   "&& cp -r $D/run/splits $D/before && rm $D/run/results.csv && " TRAIN
                   "--epochs 2 --split_strategy $D/wish.json --resume && "
                   "diff -r $D/before $D/run/splits && tail -1 $D/run/results.csv",
                   0, "2,");
    program_expect(folder, "grep -o '\"train_size\":[0-9]*,\"val_size\":[0-9]*' "
                           "$D/run/events.jsonl | sort -u",
                   0, "\"train_size\":15,\"val_size\":4\n");
    program_expect(folder, TRAIN "--epochs 1 && " LINES("train") " && " LINES("val"), 0,
                   "10\n10\n");
    program_expect(folder, TRAIN "--epochs 1 --split_strategy $D/none.json", 3, "none.json");
    program_expect(folder, TRAIN "--epochs 1 --split_strategy '{\"metod\":1}'", 2,
                   "unknown member 'metod'");
}

TEST(val_judges_by_the_images_that_its_run_did_not_learn_from)
{
    const char *folder = test_folder();

    program_expect(folder, DRAW " && cp -r $D/data $D/other", 0, "");
    program_expect(folder,
                   "one=$(cd $D/data && ls val/*/* | head -1) && " TRAIN
                   "--epochs 1 --split_strategy '{\"method\":\"auto\",\"ratio\":0.5,"
                   "\"exclude_images\":[\"'$one'\"]}' && " LINES("val"),
                   0, "10\n");
    program_expect(folder, VAL "--data $D/data", 0, "split as of the run in ");
    program_expect(folder, VAL "--data $D/data", 0, "10 images: ");
    program_expect(folder, "cd $D/run/checkpoints && $F val --checkpoint best.safetensors "
                           "--data ../../data --json", 0, "{\"images\":10,");
    program_expect(folder, "cd $D && $F val --checkpoint run/checkpoints/best.safetensors "
                           "--data other", 0, "10 images: "); /* a copy */
    program_expect(folder, "$F dataset sample $D/new --num_classes 2 --train 8 --val 2 --seed 9 "
                           "--image_size 32 && " VAL "--data $D/new --json",
                   0, "\"images\":4,");
    program_expect(folder, VAL "--data $D/new --json", 0, "/.. recorded is not used, because '");
    program_expect(folder, VAL "--data $D/data --split_strategy '{\"method\":\"use_dataset\"}'",
                   0, "4 images: ");
    program_expect(folder, VAL "--data $D/data --split_strategy '{\"way\":1}'", 2, "'way'");
}

/* The run gets a relative path, val stands elsewhere and names data.yaml; then all of it moves, and
 * has an image more than the run saw. */
TEST(val_knows_the_data_set_of_a_detector_wherever_it_is)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "$F dataset sample $D/boxes --task object_detection --train 5 --val 3 && "
                   "cd $D && $F train --model yolo11n --data boxes --imgsz 64 --batch 2 --epochs 1 "
                   "--threads 2 --quiet --out run --split_strategy "
                   "'{\"method\":\"auto\",\"ratio\":0.5}'",
                   0, "");
    program_expect(folder, VAL "--data $D/boxes/data.yaml", 0, "4 images: ");
    program_expect(folder, VAL "--data $D/boxes", 0, "split as of the run in ");
    program_expect(folder,
                   "mv $D/boxes $D/elsewhere && cd $D/elsewhere && one=$(ls images/val | head -1) "
                   "&& cp images/val/$one images/val/more-$one && " VAL "--data $D/elsewhere",
                   0, "4 images: ");
    program_expect(folder,
                   "cd $D/elsewhere && rm $(ls labels/*/* | head -1) && " VAL "--data data.yaml",
                   0, "is not used");
}

TEST(split_strategy_of_a_detector_is_counted_and_the_check_tells_that_of_the_data_set)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "$F dataset sample $D/boxes --task object_detection --train 10 --val 4 && "
                   "$F dataset convert $D/boxes $D/coco --to coco",
                   0, "");
    program_expect(folder,
                   "$F train --model yolo11n --data $D/coco --imgsz 64 --batch 4 --epochs 1 "
                   "--out $D/run --dry-run --json --split_strategy "
                   "'{\"method\":\"auto\",\"ratio\":0.5,\"exclude_images\":[\"'$(cd $D/coco && "
                   "ls images/train/* | head -1)'\"]}'",
                   0, "\"train_images\":7,\"val_images\":6");
    program_expect(folder,
                   "cd $D/coco && echo \"{\\\"method\\\":\\\"manual\\\",\\\"splits\\\":{"
                   "\\\"$(ls images/train/* | head -1)\\\":\\\"val\\\"}}\" > split_config.json && "
                   "$F dataset check $D/coco",
                   0, "(9 train, 5 val, 0 test)");
}
