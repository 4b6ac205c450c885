/* slab.c - see slab.h. */

#include "tensor/slab.h"

#include "base/error.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

int slab_init(struct slab *slab, size_t size_bytes, struct error *err)
{
    size_t rounded = (size_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uintptr_t address;

    *slab = (struct slab){ 0 };
    if (!size_bytes)
        return 0;
    if (size_bytes < HUGE_PAGE)
        rounded = (size_bytes + 4095) / 4096 * 4096;
    slab->_mapped_bytes = rounded + (rounded >= HUGE_PAGE ? HUGE_PAGE : 0);
    slab->_mapping = mmap(NULL, slab->_mapped_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab->_mapping == MAP_FAILED) {
        *slab = (struct slab){ 0 };
        return FAIL(err, NO_MEMORY, "cannot allocate %zu MB for tensors", size_bytes >> 20);
    }
    address = (uintptr_t)slab->_mapping;
    if (rounded >= HUGE_PAGE) {
        address = (address + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        /* Advice only: without huge pages it is slower, not wrong. */
        madvise((void *)address, rounded, MADV_HUGEPAGE);
    }
    slab->base = (char *)address;
    slab->size_bytes = size_bytes;
    return 0;
}

void slab_release(struct slab *slab)
{
    if (slab->_mapping)
        munmap(slab->_mapping, slab->_mapped_bytes);
    *slab = (struct slab){ 0 };
}
