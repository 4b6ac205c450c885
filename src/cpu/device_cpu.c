/* device_cpu.c - see device_cpu.h: opens the device and puts its table of kernels together. */

#include "cpu/device_cpu.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/vec.h"
#include "cpu/device_cpu_internal.h"
#include "cpu/features.h"
#include "cpu/kernels.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* --- instruction set -------------------------------------------------------------------------- */

/* Both halves must agree on the block: whichever is limited, by its own environment variable or
 * by the processor, limits the other. */
static int choose_isa(const struct cpu_kernels **kernels, struct error *err)
{
    const struct cpu_kernels *const *next = cpu_kernels_all();

    if (cpu_kernels_pick(kernels, err))
        return -1;
    while (*next && *next != *kernels)
        next++;
    while (*next && next[1] && (*next)->lanes == 16 && onednn_isa() < ONEDNN_AVX512)
        next++;
    if (*next)
        *kernels = *next;
    onednn_limit_isa((*kernels)->lanes == 16              ? ONEDNN_AVX512
                     : !strcmp((*kernels)->name, "avx2") ? ONEDNN_AVX2
                                                          : ONEDNN_SSE41);
    return 0;
}

/* --- identity --------------------------------------------------------------------------------- */

static void processor_name(char name[49])
{
    memset(name, 0, 49);
#if defined(__x86_64__)
    for (unsigned i = 0; i < 3; i++) {
        unsigned r[4];

        if (__get_cpuid(0x80000002u + i, &r[0], &r[1], &r[2], &r[3]))
            memcpy(name + 16 * i, r, 16);
    }
#endif
    if (!name[0])
        memcpy(name, "processor", sizeof("processor"));
}

/* oneDNN's choices depend on the sizes of caches, too. */
static void identify(struct device_cpu *device)
{
    char name[49];
    unsigned signature = 0;

    processor_name(name);
#if defined(__x86_64__)
    unsigned b, c, d;

    __get_cpuid(1, &signature, &b, &c, &d);
#endif
    snprintf(device->identity, sizeof(device->identity),
             "%s (%x), caches %ld/%ld/%ld KiB, %s, %d threads, oneDNN %s", name, signature,
             sysconf(_SC_LEVEL1_DCACHE_SIZE) / 1024, sysconf(_SC_LEVEL2_CACHE_SIZE) / 1024,
             sysconf(_SC_LEVEL3_CACHE_SIZE) / 1024, device->vector.kernels->name,
             device->vector.device.thread_count, onednn_version());
}

/* --- opening ---------------------------------------------------------------------------------- */

static void add_kernels(struct device_cpu *device, const struct kernel *const *list)
{
    while (*list)
        *VEC_ADD(&device->kernels) = *list++;
}

static void list_kernels(struct device_cpu *device)
{
    for (const struct kernel *const *const *list = vector_kernel_lists; *list; list++)
        add_kernels(device, *list);
    add_kernels(device, conv_kernels);
    add_kernels(device, linear_kernels);
    add_kernels(device, matmul_kernels);
    *VEC_ADD(&device->kernels) = &cpu_reference_kernel;
    *VEC_ADD(&device->kernels) = NULL;
}

static void close_cpu(struct device *base)
{
    struct device_cpu *device = device_cpu_of(base);

    onednn_close(&device->onednn);
    VEC_RELEASE(&device->waiting);
    VEC_RELEASE(&device->kernels);
    free(device);
}

struct device *device_cpu_open(const struct device_cpu_options *options, struct error *err)
{
    struct device_cpu *device = calloc(1, sizeof(*device));
    int threads = options && options->threads ? options->threads
                                              : limits_core_count("", omp_get_num_procs());

    BUG_IF(!device);
    if (threads < 1 || threads > omp_get_thread_limit()) {
        FAIL(err, INVALID, "a device cannot have %d threads", threads);
        goto failed;
    }
    omp_set_dynamic(0);
    if (choose_isa(&device->vector.kernels, err) || onednn_open(&device->onednn, threads, err))
        goto failed;
    list_kernels(device);
    device->vector.device = (struct device){
        .name = "cpu", .thread_count = threads, .block = device->vector.kernels->lanes,
        .kernels = device->kernels.items, .flat = device->vector.kernels->flat,
        .identity = device->identity, .layout_bytes = cpu_layout_bytes,
        .layout_name = cpu_layout_name, .reorder = cpu_reorder, .run = cpu_run,
        .measure_roofline = cpu_measure_roofline, .close = close_cpu };
    identify(device);
    return &device->vector.device;
failed:
    close_cpu(&device->vector.device);
    return NULL;
}
