/* vector_moves.c - putting elements elsewhere, and leaving some out. */

#include "cpu/kernels/kernel.h"
#include "nn/random_mask.h"

void KERNEL(copy_pieces)(const void *work, int64_t begin, int64_t end)
{
    const struct copy_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        const struct copy_piece *piece = &w->pieces[item % w->piece_count];
        int64_t row = item / w->piece_count;
        size_t bytes = (size_t)piece->count * sizeof(float);

        if (piece->from == piece->to)
            continue;
        if (piece->from)
            memcpy(piece->to + row * piece->to_step, piece->from + row * piece->from_step, bytes);
        else
            memset(piece->to + row * piece->to_step, 0, bytes);
    }
}

void KERNEL(add_rows)(const void *work, int64_t begin, int64_t end)
{
    const struct add_rows_work *w = work;

    for (int64_t item = begin; item < end; item++) {
        int64_t row = item / w->chunks, first = item % w->chunks * ELEMENTWISE_CHUNK;
        int64_t last = smaller(first + ELEMENTWISE_CHUNK, w->count);
        const float *x = w->x + row * w->step, *part = w->part + row * w->count;
        float *y = w->y + row * w->step;

        for (int64_t i = first; i < last; i += LANES)
            vector_store_first(y + i, vector_load_first(x + i, last - i) +
                                          vector_load_first(part + i, last - i), last - i);
    }
}

void KERNEL(transpose)(const void *work, int64_t begin, int64_t end)
{
    const struct transpose_work *w = work;
    int last = w->rank - 1;

    for (int64_t row = begin; row < end; row++) {
        const float *x = w->x;
        float *y = w->y + row * w->dim[last];
        int64_t rest = row;

        for (int i = last; i-- > 0; rest /= w->dim[i])
            x += rest % w->dim[i] * w->step[i];
        if (w->step[last] == 1)
            memcpy(y, x, (size_t)w->dim[last] * sizeof(float));
        else
            for (int64_t i = 0; i < w->dim[last]; i++)
                y[i] = x[i * w->step[last]];
    }
}

/* --- images and tokens ----------------------------------------------------------------------- */

void KERNEL(tokens_from_image)(const void *work, int64_t begin, int64_t end)
{
    const struct tokens_work *w = work;

    for (int64_t image = begin; image < end; image++)
        for (int64_t pixel = 0; pixel < w->pixels; pixel++) {
            const float *x = w->x + (image * w->blocks * w->pixels + pixel) * LANES;
            float *y = w->y + (image * w->pixels + pixel) * w->channels;

            for (int64_t block = 0; block < w->blocks; block++)
                vector_store_first(y + block * LANES, vector_load(x + block * w->pixels * LANES),
                                   w->channels - block * LANES);
        }
}

void KERNEL(image_from_tokens)(const void *work, int64_t begin, int64_t end)
{
    const struct tokens_work *w = work;

    for (int64_t image = begin; image < end; image++)
        for (int64_t pixel = 0; pixel < w->pixels; pixel++) {
            const float *x = w->x + (image * w->pixels + pixel) * w->channels;
            float *y = w->y + (image * w->blocks * w->pixels + pixel) * LANES;

            for (int64_t block = 0; block < w->blocks; block++)
                vector_store(y + block * w->pixels * LANES,
                             vector_load_first(x + block * LANES, w->channels - block * LANES));
        }
}

void KERNEL(first_rows_sum)(const void *work, int64_t begin, int64_t end)
{
    const struct first_rows_work *w = work;

    for (int64_t i = begin * ELEMENTWISE_CHUNK; i < smaller(end * ELEMENTWISE_CHUNK, w->columns);
         i += LANES) {
        vector sum = vector_zero();

        for (int64_t sample = 0; sample < w->samples; sample++)
            sum += vector_load_first(w->x + sample * w->step + i, w->columns - i);
        vector_store_first(w->y + i, sum, w->columns - i);
    }
}

/* --- random masks ---------------------------------------------------------------------------- */

void KERNEL(dropout)(const void *work, int64_t begin, int64_t end)
{
    const struct random_work *w = work;
    const struct run_state *run = *w->run;
    float scale = (float)(1 / (1 - w->rate));

    for (int64_t sample = begin; sample < end; sample++) {
        uint64_t stream = mask_stream(run, w->key, sample);
        const float *x = w->x + sample * w->per;
        float *y = w->y + sample * w->per;

        if (!run->training)
            memmove(y, x, (size_t)w->per * sizeof(float));
        else
            for (int64_t i = 0; i < w->per; i++)
                y[i] = mask_keeps(run, stream, i, w->rate) ? x[i] * scale : 0;
    }
}

void KERNEL(drop_path_mask)(const void *work, int64_t begin, int64_t end)
{
    const struct random_work *w = work;
    const struct run_state *run = *w->run;

    for (int64_t sample = begin; sample < end; sample++) {
        bool kept = mask_keeps(run, mask_stream(run, w->key, sample), 0, w->rate);

        w->y[sample] = !run->training ? 1 : kept ? (float)(1 / (1 - w->rate)) : 0;
    }
}
