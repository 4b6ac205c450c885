/* settings_help_test.c - what the program says of its settings, and words that it does not look
 * at. */

#include "program_support.h"

#include "test.h"

TEST(words_that_a_command_does_not_look_at_are_refused)
{
    static const char *const commands[] = {
        "bench resnet50", "schema object_detection", "version now", "train stray",
        "val --checkpoint_path x --data y stray", "score --truth x --predictions y stray",
        "dataset check a b c", "models import a b", "migrate now", "backup a.tar b.tar",
    };
    const char *folder = test_folder();

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        struct str command = STR_INIT;

        str_printf(&command, "$F %s", commands[i]);
        program_expect(folder, command.text, 2, "unexpected argument '");
        str_release(&command);
    }
    program_expect(folder, "$F inspect --graph --model resnet18 file", 2, "not the file 'file'");
}

/* The two kinds of networks have settings of the same group; the wrong ones are refused. */
TEST(help_of_train_says_whose_settings_these_are)
{
    const char *folder = test_folder();

    program_expect(folder, "$F train --help > $D/help; grep -x 'optimizer (classifiers):' $D/help",
                   0, NULL);
    program_expect(folder, "grep -x 'optimizer (detectors):' $D/help", 0, NULL);
    program_expect(folder, "grep '^[a-z][a-z ()]*:$' $D/help | sort | uniq -d | grep :", 1, NULL);
    program_expect(folder, "grep -e '--task_type' $D/help", 0, "(default: the model's)");
    program_expect(folder, "grep -e '--dataset_format' $D/help", 0, "of detectors: by content)");
    program_expect(folder, "grep -e '--cos_lr' $D/help", 0,
                   "Cosine decay: of the learning rate; else linear (default true)");
}

TEST(schema_is_that_of_the_task)
{
    const char *folder = test_folder();

    program_expect(folder, "$F schema --task nonsense", 2,
                   "unknown task type 'nonsense'; it is one of image_classification, ");
    program_expect(folder, "$F schema --json --task nonsense", 2, "unknown task type");
    program_expect(folder, "$F schema > $D/all; grep -e '--lr0' $D/all && "
                           "grep -e '--label_smoothing' $D/all", 0, NULL);
    program_expect(folder, "$F schema --task object_detection > $D/some; "
                           "grep -e '--label_smoothing' $D/some", 1, NULL);
    program_expect(folder, "grep -x optimizer: $D/some && grep -e '--lr0' $D/some", 0, NULL);
    program_expect(folder, "$F schema --json --task pose_estimation | "
                           "grep -o '\"default\":\"pose_estimation\"'", 0, NULL);
    program_expect(folder, "$F schema --json --task pose_estimation | "
                           "grep -o '\"default\":\"ultralytics\"'", 0, NULL);
    program_expect(folder, "$F schema --json | grep -o '\"default\":\"timm\"'", 0, NULL);
}
