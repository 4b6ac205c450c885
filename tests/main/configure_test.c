/* configure_test.c - where settings come from: flags over file over preset over defaults, and what
 * is said about those that do not fit. */

#include "program_support.h"

#include "test.h"

#define SHOW "$F train --model resnet18 --data d --out o --print-config "

/* Columns are as wide as their longest entry: one space is all that counts. */
static void squeeze(struct str *text)
{
    size_t to = 0;

    for (size_t from = 0; from < text->length; from++)
        if (text->text[from] != ' ' || !to || text->text[to - 1] != ' ')
            text->text[to++] = text->text[from];
    text->text[to] = '\0';
    text->length = to;
}

/* Runs a command and looks for lines of --print-config. */
static void expect_lines(const char *folder, const char *command, const char *const *lines)
{
    struct str out = STR_INIT;

    if (program_run(folder, command, &out))
        test_fail(__FILE__, __LINE__, "%s: %s", command, out.text);
    squeeze(&out);
    for (; *lines; lines++) {
        struct str wanted = STR_INIT;

        str_printf(&wanted, "\n%s\n", *lines);
        if (!strstr(out.text, wanted.text))
            test_fail(__FILE__, __LINE__, "%s: no line '%s' in\n%s", command, *lines, out.text);
        str_release(&wanted);
    }
    str_release(&out);
}

#define EXPECT_LINES(folder, command, ...) \
    expect_lines(folder, command, (const char *const[]){ __VA_ARGS__, NULL })

TEST(settings_may_be_yaml)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder,
                 "printf 'epochs: 7 # short\\noptimizer:\\n  type: sgd\\n  learning_rate: 1e-2\\n"
                 "augmentation: {mixup: yes, crop_scale: [0.5, 1]}\\n' > $D/f.yaml; " SHOW
                 "--config $D/f.yaml",
                 "epochs 7 file", "optimizer.type \"sgd\" file",
                 "optimizer.learning_rate 0.01 file", "augmentation.mixup true file",
                 "augmentation.crop_scale [0.5,1] file");
}

TEST(settings_come_from_flag_then_file_then_preset_then_default)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder,
                 "echo '{\"epochs\":7,\"batch_size\":9,\"optimizer\":{\"type\":\"sgd\"}}' "
                 "> $D/f.json; " SHOW "--config $D/f.json --preset standard --epochs 5",
                 "epochs 5 flag", "batch_size 9 file", "optimizer.type \"sgd\" file",
                 "optimizer.weight_decay 0.01 preset", "seed 42 default",
                 "preset \"standard\" flag");
    /* The file may name the preset; a flag names another one. */
    EXPECT_LINES(folder,
                 "echo '{\"preset\":\"standard\"}' > $D/p.json; " SHOW "--config $D/p.json",
                 "optimizer.weight_decay 0.01 preset");
    EXPECT_LINES(folder, SHOW "--config $D/p.json --preset small_data",
                 "optimizer.weight_decay 0.05 preset", "ema true preset");
    EXPECT_LINES(folder, SHOW "--config $D/f.json --advanced_config '{\"epochs\":3}'",
                 "epochs 3 file", "batch_size 9 file");
    EXPECT_LINES(folder, SHOW "--epochs 3 --epochs=4", "epochs 4 flag");
}

/* No flag swaps the recipe for another one. */
TEST(the_usual_preset_lies_below_all_flags)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder, SHOW "--epochs 3 --seed 1 --threads 2", "preset \"small_data\" default",
                 "label_smoothing 0.1 preset");
    EXPECT_LINES(folder,
                 SHOW "--label_smoothing 0.2 --validation.val_interval 2 --primary_metric val_loss "
                      "--validation.early_stopping --lr 0.01",
                 "preset \"small_data\" default", "label_smoothing 0.2 flag", "ema true preset",
                 "optimizer.type \"adamw\" preset", "optimizer.weight_decay 0.05 preset",
                 "optimizer.learning_rate 0.01 flag", "validation.val_interval 2 flag");
    EXPECT_LINES(folder, SHOW "--preset none", "preset \"none\" flag", "ema false default",
                 "optimizer.type \"adam\" default");
    EXPECT_LINES(folder, "$F train --model yolo11n --data d --out o --print-config --mosaic 0",
                 "preset \"small_data\" default", "nbs 16 preset", "mosaic 0 flag");
    program_expect(folder, "$F train --help", 0, "Presets of detectors");
}

/* The decay of one optimizer harms another; who names the preset gets all of it. */
TEST(another_optimizer_leaves_out_what_the_usual_preset_says_of_its_own)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder, SHOW "--optimizer sgd", "optimizer.weight_decay 0.0001 default",
                 "optimizer.type \"sgd\" flag", "ema true preset");
    EXPECT_LINES(folder, SHOW "--optimizer.type adam", "optimizer.weight_decay 0.0001 default");
    EXPECT_LINES(folder, SHOW "--optimizer adamw", "optimizer.weight_decay 0.05 preset");
    EXPECT_LINES(folder, SHOW "--optimizer sgd --preset small_data",
                 "optimizer.weight_decay 0.05 preset");
}

/* Whoever wrote it knew the plain defaults. */
TEST(a_file_that_says_how_to_learn_is_the_whole_recipe)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder,
                 "echo '{\"label_smoothing\":0.2}' > $D/how.json; " SHOW "--config $D/how.json",
                 "preset null default", "label_smoothing 0.2 file", "ema false default");
    EXPECT_LINES(folder, SHOW "--config $D/how.json --label_smoothing 0.3", "ema false default",
                 "label_smoothing 0.3 flag");
    EXPECT_LINES(folder, SHOW "--advanced_config '{\"ema_decay\":0.9}'", "preset null default");
    EXPECT_LINES(folder, SHOW "--config $D/how.json --preset small_data", "ema true preset");
    EXPECT_LINES(folder,
                 "echo '{\"epochs\":3,\"seed\":4}' > $D/what.json; " SHOW "--config $D/what.json",
                 "preset \"small_data\" default", "ema true preset");
    EXPECT_LINES(folder,
                 "echo '{\"preset\":\"none\"}' > $D/none.json; " SHOW "--config $D/none.json",
                 "preset \"none\" file", "ema false default");
}

TEST(short_names_and_dashes_mean_the_same_fields)
{
    const char *folder = test_folder();

    EXPECT_LINES(folder, SHOW "--lr 0.125 --batch 3 --label-smoothing=0.3 --freeze-backbone",
                 "optimizer.learning_rate 0.125 flag", "learning_rate 0.125 flag",
                 "batch_size 3 flag", "label_smoothing 0.3 flag", "freeze_backbone true flag");
    /* The advanced name is the more explicit one. */
    EXPECT_LINES(folder, SHOW "--lr 0.125 --optimizer.learning_rate 0.5",
                 "optimizer.learning_rate 0.5 flag", "learning_rate 0.5 flag");
}

TEST(all_settings_that_do_not_fit_are_named_at_once)
{
    const char *folder = test_folder();
    static const char *const parts[] = {
        "unknown field 'epoch' (did you mean 'epochs'?)",
        "unknown field 'augmentation.mixupp' (did you mean 'augmentation.mixup'?)",
        "batch_size must lie between 1 and 512, not 0",
        "optimizer.type must be one of adam, adamw, sgd, rmsprop, not 'sdg'",
        "optimizer.betas takes 2 numbers, not 1",
        "drop_rate must lie between 0 and 0.9, not 0.95",
        "dataset_path is required",
    };
    struct str out = STR_INIT;
    int code = program_run(folder,
                           "echo '{\"epoch\":7,\"augmentation\":{\"mixupp\":true},"
                           "\"batch_size\":0,\"optimizer.type\":\"sdg\"}' > $D/f.json; "
                           "$F train --config $D/f.json --model resnet18 "
                           "--optimizer.betas 0.5 --drop_rate 0.95",
                           &out);

    CHECK(code == 2);
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (!strstr(out.text, parts[i]))
            test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", parts[i], out.text);
    str_release(&out);
}

TEST(files_of_settings_that_cannot_be_read_are_named)
{
    const char *folder = test_folder();

    program_expect(folder, SHOW "--config $D/none.json", 3, "none.json");
    program_expect(folder, "echo '{\"epochs\":7,' > $D/cut.json; " SHOW "--config $D/cut.json", 4,
                   "cut.json' as JSON: line 2");
    program_expect(folder,
                   "echo '{\"epochs\":3,\"epochs\":4}' > $D/twice.json; " SHOW
                   "--config $D/twice.json",
                   4, "duplicate object key");
    program_expect(folder, "echo '[1]' > $D/list.json; " SHOW "--config $D/list.json", 2,
                   "list.json' must hold an object");
    program_expect(folder, SHOW "--advanced_config '{'", 4, "advanced_config");
    program_expect(folder, SHOW "--preset standrd", 2, "unknown preset 'standrd'");
    program_expect(folder, SHOW "--epochs", 2, "option '--epochs' needs a value");
    program_expect(folder, SHOW "--pretrained=maybe", 2, "pretrained must be true or false");
}

/* The help of a command that runs lists every exit code that the program can give. */
TEST(exit_codes_are_in_the_help_of_every_command)
{
    const char *folder = test_folder();

    program_expect(folder,
                   "for c in train val predict inspect bench serve trainer user backup restore "
                   "migrate; do $F $c --help > $D/help || exit 1; "
                   "for code in 2 3 4 5 6 7 8 9; do grep -q \"^  $code \" $D/help || exit 1; done; "
                   "done",
                   0, NULL);
}
