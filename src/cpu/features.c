/* features.c - see features.h. */

#include "cpu/features.h"

#include "base/error.h"
#include "cpu/kernels.h"

#include <stdbool.h>

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct {
    const struct cpu_kernels *kernels;
    bool (*runs)(void);
} tables[] = { /* the best first */
#if defined(__x86_64__)
    { &kernels_avx512, has_avx512 },
    { &kernels_avx2, has_avx2 },
#endif
    { &kernels_generic, always },
};

#define TABLE_COUNT ((int)(sizeof(tables) / sizeof(tables[0])))

const struct cpu_kernels *const *cpu_kernels_all(void)
{
    static const struct cpu_kernels *usable[TABLE_COUNT + 1];
    const struct cpu_kernels **end = usable;

    for (int i = 0; i < TABLE_COUNT; i++)
        if (tables[i].runs())
            *end++ = tables[i].kernels;
    return usable;
}

int cpu_kernels_pick(const struct cpu_kernels **kernels, struct error *err)
{
    const char *limit = getenv("FOVEA_MAX_ISA");
    bool allowed = !limit || !*limit, known = allowed;

    *kernels = NULL;
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (!allowed && !strcmp(limit, tables[i].kernels->name))
            allowed = known = true;
        if (allowed && !*kernels && tables[i].runs())
            *kernels = tables[i].kernels;
    }
    if (!known)
        return FAIL(err, INVALID, "FOVEA_MAX_ISA is '%s', not generic, avx2 or avx512", limit);
    return 0;
}
