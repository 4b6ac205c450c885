/* bench_test.c - `bench` looks inside a plan: against the reference, and against another run. */

#include "program_support.h"

#include "test.h"

#define BENCH "$F bench --batch 2 --image_size 64 --threads 2 "

TEST(bench_verifies_each_step_of_the_plan)
{
    const char *folder = test_folder();
    const char *const models[] = { "resnet18", "mobilenetv3_small_100" };

    for (int i = 0; i < 2; i++) {
        struct str command = STR_INIT;

        str_printf(&command, BENCH "--verify --model %s", models[i]);
        program_expect(folder, command.text, 0, " steps checked against the reference");
        str_release(&command);
    }
}

TEST(bench_names_the_first_step_that_differs)
{
    const char *folder = test_folder();

    program_expect(folder, BENCH "--hashes $D/hashes", 0, NULL);
    program_expect(folder, BENCH "--same_as $D/hashes", 0, "all with the same bits");
    program_expect(folder,
                   "sed -i '31s/^................/0123456789abcdef/' $D/hashes && " BENCH
                   "--same_as $D/hashes",
                   2, "differ from this step on: '");
    program_expect(folder, BENCH "--same_as $D/none", 3, "none");
}
