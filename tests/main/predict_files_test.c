/* predict_files_test.c - which images `fovea predict` reads, and where its drawings go. */

#include "program_support.h"

#include "test.h"

#define SAMPLE "$F dataset sample $D/data --task object_detection --train 4 --val 2 --seed 3 && "
#define TRAIN                                                                                      \
    "$F train --model yolo11n --data $D/data --imgsz 32 --batch 4 --epochs 1 --threads 2 "         \
    "--quiet --out $D/run && "
/* Images of one name in two folders, and the checkpoint that looks at them. */
#define SET_UP                                                                                     \
    SAMPLE TRAIN "mv $D/run/checkpoints/best.safetensors $D/net && mkdir $D/a $D/b && "            \
                 "set -- $D/data/images/val/* && cp $1 $D/a/x.jpg && cp $2 $D/b/x.jpg"
#define PREDICT "$F predict --checkpoint $D/net --threads 2 "

TEST(predict_never_writes_over_an_image_that_it_was_given)
{
    const char *folder = test_folder();

    program_expect(folder, SET_UP " && sha256sum $D/a/* $D/b/* > $D/sums", 0, "");
    program_expect(folder, PREDICT "--save $D/a $D/b/x.jpg $D/a/x.jpg", 2, "would overwrite");
    program_expect(folder, PREDICT "--save $D/a/../a/ $D/a", 2, "/a/x.jpg");
    program_expect(folder,
                   "mkdir $D/links && ln -s ../a/x.jpg $D/links/x.jpg && " PREDICT
                   "--save $D/links $D/a/x.jpg",
                   2, "would overwrite");
    program_expect(folder, "echo $D/a/x.jpg | " PREDICT "--stdin --json --save $D/a", 0,
                   "\"kind\":\"invalid\"");
    program_expect(folder, "sha256sum --quiet --check $D/sums && ls $D/a $D/b | wc -w", 0, "4\n");
}

TEST(predict_numbers_the_drawings_of_images_with_one_name)
{
    const char *folder = test_folder();

    program_expect(folder, SET_UP " && cp $D/a/x.jpg $D/b/Y.JPG && cp $D/a/x.jpg $D/b/z.Bmp", 0,
                   "");
    program_expect(folder,
                   PREDICT "--json --save $D/out $D/a/x.jpg $D/b $D/a/x.jpg | "
                           "grep -o 'out/[^\"]*' | tr '\\n' ' '",
                   0, "out/x.jpg out/Y.JPG out/x_2.jpg out/z.Bmp.jpg out/x.jpg ");
    program_expect(folder, "ls $D/out | tr '\\n' ' '", 0, "Y.JPG x.jpg x_2.jpg z.Bmp.jpg ");
    program_expect(folder,
                   PREDICT "--json --save $D/out --stdin < /dev/null && "
                           "printf '%s\\n' $D/a/x.jpg $D/b/x.jpg | " PREDICT
                           "--json --save $D/piped --stdin >&2 && ls $D/piped | wc -w",
                   0, "2\n");
}

TEST(predict_takes_the_images_of_a_folder_in_order)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SET_UP " && cp $D/a/x.jpg $D/b/a.JPEG && echo text > $D/b/notes.txt && "
                          "mkdir $D/b/inner.jpg $D/empty && cp $D/a/x.jpg $D/b/.h.jpg",
                   0, "");
    program_expect(folder,
                   PREDICT "$D/b/ $D/a | sed 's/:.*//; s#.*/\\(.*/.*\\)#\\1#' | "
                           "tr '\\n' ' '",
                   0, "b/a.JPEG b/x.jpg a/x.jpg ");
    program_expect(folder, PREDICT "$D/a $D/empty", 2, "no image lies in the folder");
}

#define YAML(folder, shape)                                                                        \
    "printf 'train: images/train\\nval: images/val\\nnames: [a, b, c, d]\\nkpt_shape: %s\\n' "     \
    "'" shape "' > $D/" folder "/data.yaml && "

/* Key points that the network does not tell must not be read behind its output. */
TEST(val_refuses_key_points_that_the_checkpoint_does_not_know)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "$F dataset sample $D/data --task pose_estimation --train 4 --val 2 && " YAML(
                       "data", "[5, 3]") "$F train --model yolo11n-pose --data $D/data/data.yaml "
                                         "--imgsz 32 --batch 4 --epochs 1 --threads 2 --quiet "
                                         "--out $D/run && mv $D/run/checkpoints/best.safetensors "
                                         "$D/net && $F val --checkpoint $D/net --data "
                                         "$D/data/data.yaml",
                   0, "2 images");
    program_expect(folder,
                   "cp -r $D/data $D/more && sed -i 's/$/ 0.5 0.5 2/' $D/more/labels/*/*.txt "
                   "&& " YAML("more", "[6, 3]") "$F val --checkpoint $D/net --data $D/more",
                   2, "6 key points, the checkpoint was trained on 5");
    program_expect(folder,
                   "cp -r $D/data $D/flat && sed -i -E 's/( [^ ]+ [^ ]+) [012]( |$)/\\1\\2/g' "
                   "$D/flat/labels/*/*.txt && " YAML(
                       "flat", "[5, 2]") "$F val --checkpoint $D/net --data $D/flat",
                   2, "2 numbers");
    program_expect(folder,
                   "$F dataset sample $D/boxes --task object_detection --train 4 --val 2 && "
                   "$F val --checkpoint $D/net --data $D/boxes",
                   2, "no key points");
}

TEST(a_data_yaml_stands_for_the_images_beside_it)
{
    const char *folder = test_folder();

    program_expect(folder,
                   SAMPLE "cd $D/data && mv data.yaml set.yaml && "
                          "printf 'names: [one, two, three, four]\\n' > data.yaml && "
                          "$F dataset check set.yaml --json",
                   0, "circle");
    program_expect(folder,
                   "cp -r $D/data $D/other && sed 's#^path:.*#path: ../other#' $D/data/set.yaml > "
                   "$D/data/away.yaml && $F dataset check $D/data/away.yaml",
                   2, "/other', not beside it");
    program_expect(folder, "echo 'a: b' > $D/data/a.yaml && $F dataset check $D/data/a.yaml", 2,
                   "describes no dataset");
    program_expect(folder, "$F val --checkpoint none --data $D/data/images/val/none.yaml", 3, "");
}
