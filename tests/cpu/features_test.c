/* features_test.c - choosing the instruction set. */

#include "cpu/features.h"

#include "base/error.h"
#include "cpu/kernels.h"
#include "test.h"

#include <stdlib.h>

static const struct cpu_kernels *picked(const char *limit)
{
    const struct cpu_kernels *kernels;
    struct error err;

    if (limit)
        setenv("FOVEA_MAX_ISA", limit, 1);
    else
        unsetenv("FOVEA_MAX_ISA");
    CHECK_OK(cpu_kernels_pick(&kernels, &err), err);
    unsetenv("FOVEA_MAX_ISA");
    return kernels;
}

TEST(the_best_instruction_set_is_picked)
{
    CHECK(picked(NULL) == cpu_kernels_all()[0]);
    CHECK(picked("") == cpu_kernels_all()[0]);
    CHECK(picked("avx512") == cpu_kernels_all()[0]);
}

TEST(the_instruction_set_can_be_limited)
{
    CHECK(picked("generic") == &kernels_generic);
    CHECK(picked("avx2") != &kernels_avx512);
}

TEST(an_unknown_instruction_set_is_refused)
{
    const struct cpu_kernels *kernels;
    struct error err;

    setenv("FOVEA_MAX_ISA", "avx3", 1);
    CHECK(cpu_kernels_pick(&kernels, &err) == -1);
    unsetenv("FOVEA_MAX_ISA");
    CHECK(strstr(err.text, "'avx3'"));
}

TEST(every_table_is_complete)
{
    for (const struct cpu_kernels *const *k = cpu_kernels_all(); *k; k++) {
        CHECK((*k)->lanes == 8 || (*k)->lanes == 16);
        CHECK((*k)->flat->sgd && (*k)->flat->sum_squares);
#define RANGE(name) CHECK((*k)->name);
#include "cpu/kernels.def"
#undef RANGE
    }
}
