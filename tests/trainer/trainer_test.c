/* trainer_test.c - what a training service refuses to open with. */

#include "base/error.h"
#include "test.h"
#include "trainer/trainer.h"

/* A slip of the pen must not mean all frameworks. */
TEST(trainer_refuses_a_framework_that_there_is_not)
{
    struct trainer_options options = { .framework = "tim", .data_folder = test_folder() };
    struct trainer *trainer;
    struct error err;

    CHECK(trainer_open(&trainer, &options, &err) && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, "there is no framework 'tim'; it is timm or ultralytics, or none for the "
                         "models of both");
}
