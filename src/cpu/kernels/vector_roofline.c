/* vector_roofline.c - the most that this processor can do: fused multiply-adds in registers, and
 * a = b + s * c over arrays larger than the caches; see struct roofline_work. */

#include "cpu/kernels/kernel.h"

/* So many chains hide the latency of two multiply-add units, and fit into sixteen registers. */
#define CHAINS ROOFLINE_CHAINS

void KERNEL(roofline_flops)(const void *work, int64_t begin, int64_t end)
{
    const struct roofline_work *w = work;
    vector scale = vector_set(0.999f), shift = vector_set(0.001f);

    for (int64_t item = begin; item < end; item++) {
        vector chains[CHAINS], sum = vector_zero();

        for (int i = 0; i < CHAINS; i++)
            chains[i] = vector_set((float)i);
        for (int64_t round = 0; round < w->rounds; round++)
#pragma GCC unroll 12
            for (int i = 0; i < CHAINS; i++)
                chains[i] = chains[i] * scale + shift;
        for (int i = 0; i < CHAINS; i++)
            sum += chains[i];
        vector_store(w->a + item * LANES, sum); /* else the compiler would leave it all out */
    }
}

void KERNEL(roofline_bytes)(const void *work, int64_t begin, int64_t end)
{
    const struct roofline_work *w = work;

    for (int64_t i = begin * ROOFLINE_PIECE; i < end * ROOFLINE_PIECE; i += LANES)
        vector_stream(w->a + i, vector_load(w->b + i) + vector_load(w->c + i) * 0.5f);
    vector_stream_end();
}
