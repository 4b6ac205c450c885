/* vector_attention.c - softmax(q k' / sqrt(size)) v and its gradient, head by head.
 *
 * The matrix of scores never exists as a whole: it is made in tiles of QUERIES x KEYS that stay in
 * the second cache, forward with a running maximum and sum per query (Milakov and Gimelshein
 * 2018), backward again from the logarithm of that sum (Dao et al. 2022).  All products go through
 * product(), whose inner loop keeps a tile of the result in registers.  Keys, and for the gradient
 * values, are transposed tile by tile, so that vectors run along keys. */

#include "cpu/kernels/kernel.h"

#include <math.h>

#define QUERIES 48
#define KEYS 256

#if LANES == 16
#define TILE_VECTORS 4
#else
#define TILE_VECTORS 2
#endif
#define TILE_ROWS 6

#define UNROLL _Pragma("GCC unroll 8")

/* --- products -------------------------------------------------------------------------------- */

/* Element (i, k) is at[i * row + k * column]. */
struct matrix {
    const float *at;
    int64_t row, column;
};

/* c, `rows` x `vectors` vectors of which the last has `last` columns, is or grows by a b; b's
 * columns lie side by side. */
INLINE void product_tile(struct matrix a, const float *b, int64_t b_row, float *c, int64_t c_row,
                         int64_t depth, int64_t last, bool grow, const int rows, const int vectors)
{
    vector sum[TILE_ROWS][TILE_VECTORS];

    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = grow ? vector_load_first(c + i * c_row + j * LANES,
                                                 j == vectors - 1 ? last : LANES)
                             : vector_zero();
    for (int64_t k = 0; k < depth; k++) {
        vector right[TILE_VECTORS];

        UNROLL
        for (int j = 0; j < vectors; j++)
            right[j] = vectors == 1 ? vector_load_first(b + k * b_row, last)
                                    : vector_load(b + k * b_row + j * LANES);
        UNROLL
        for (int i = 0; i < rows; i++)
            UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] += a.at[i * a.row + k * a.column] * right[j];
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
        for (int j = 0; j < vectors; j++)
            vector_store_first(c + i * c_row + j * LANES, sum[i][j],
                               j == vectors - 1 ? last : LANES);
}

/* All rows of one strip of columns. */
INLINE void product_strip(struct matrix a, const float *b, int64_t b_row, float *c, int64_t c_row,
                          int64_t rows, int64_t depth, int64_t last, bool grow, const int vectors)
{
    int64_t i = 0;

    for (; i + TILE_ROWS <= rows; i += TILE_ROWS, a.at += TILE_ROWS * a.row)
        product_tile(a, b, b_row, c + i * c_row, c_row, depth, last, grow, TILE_ROWS, vectors);
    for (; i + 2 <= rows; i += 2, a.at += 2 * a.row)
        product_tile(a, b, b_row, c + i * c_row, c_row, depth, last, grow, 2, vectors);
    if (i < rows)
        product_tile(a, b, b_row, c + i * c_row, c_row, depth, last, grow, 1, vectors);
}

/* c = a b or c += a b; rows x columns, summed over `depth`. */
static void product(struct matrix a, const float *b, int64_t b_row, float *c, int64_t c_row,
                    int64_t rows, int64_t columns, int64_t depth, bool grow)
{
    int64_t j = 0;

    for (; j + TILE_VECTORS * LANES <= columns; j += TILE_VECTORS * LANES)
        product_strip(a, b + j, b_row, c + j, c_row, rows, depth, LANES, grow, TILE_VECTORS);
    for (; j < columns; j += LANES)
        product_strip(a, b + j, b_row, c + j, c_row, rows, depth, smaller(LANES, columns - j), grow,
                      1);
}

/* --- tiles ----------------------------------------------------------------------------------- */

/* One head of one image: where its rows begin and how far apart they are. */
struct head {
    int64_t tokens, size, step, out_step;
    const float *q, *k, *v, *dout;
    float *out, *log_sum_exp, *dq, *dk, *dv;
    float scale;
};

static struct head head_at(const struct attention_work *w, int64_t item)
{
    int64_t image = item / w->heads, which = item % w->heads, width = w->heads * w->head_size;
    int64_t at = image * w->tokens * 3 * width + which * w->head_size;
    int64_t out = image * w->tokens * width + which * w->head_size;
    struct head head = { .tokens = w->tokens, .size = w->head_size, .step = 3 * width,
                         .out_step = width, .q = w->qkv + at, .out = w->out + out,
                         .log_sum_exp = w->log_sum_exp + item * w->tokens,
                         .scale = 1 / sqrtf((float)w->head_size) };

    head.k = head.q + width;
    head.v = head.k + width;
    if (w->dqkv) {
        head.dout = w->dout + out;
        head.dq = w->dqkv + at;
        head.dk = head.dq + width;
        head.dv = head.dk + width;
    }
    return head;
}

/* Rows of `size` floats become columns; columns past `count` up to a whole vector are zero. */
static void turn(const float *rows, int64_t step, int64_t count, int64_t size, float *turned)
{
    int64_t whole = (count + LANES - 1) / LANES * LANES;

    for (int64_t i = 0; i < size; i++) {
        for (int64_t j = 0; j < count; j++)
            turned[i * KEYS + j] = rows[j * step + i];
        for (int64_t j = count; j < whole; j++)
            turned[i * KEYS + j] = 0;
    }
}

/* scores = rows (queries, size) times turned (size, keys). */
static void score(const struct head *head, const float *rows, int64_t step, int64_t queries,
                  const float *turned, int64_t keys, float *scores)
{
    product((struct matrix){ rows, step, 1 }, turned, KEYS, scores, KEYS, queries,
            (keys + LANES - 1) / LANES * LANES, head->size, false);
}

/* --- forward --------------------------------------------------------------------------------- */

/* Running maximum and sum of one query. */
struct running {
    float largest, sum;
};

/* Scores become weights relative to the maximum so far; returns by what earlier ones shrink. */
static float weigh(struct running *running, float *scores, int64_t keys, float scale)
{
    vector largest = vector_set(running->largest), sum = vector_zero();
    float before = running->largest, shrink;

    for (int64_t j = 0; j < keys; j += LANES) {
        vector s = vector_load(scores + j) * scale;

        vector_store(scores + j, s);
        largest = vector_select(vector_first(keys - j), vector_max(largest, s), largest);
    }
    running->largest = vector_largest(largest);
    for (int64_t j = 0; j < keys; j += LANES) {
        vector e = vector_exp(vector_load(scores + j) - running->largest);

        e = vector_keep(vector_first(keys - j), e);
        vector_store(scores + j, e);
        sum += e;
    }
    shrink = before == -INFINITY ? 0 : expf(before - running->largest);
    running->sum = running->sum * shrink + vector_sum(sum);
    return shrink;
}

static void scale_row(float *row, int64_t count, float factor)
{
    for (int64_t i = 0; i < count; i += LANES)
        vector_store_first(row + i, vector_load_first(row + i, count - i) * factor, count - i);
}

static void attend(const struct head *head, float *turned, float *scores)
{
    for (int64_t q = 0; q < head->tokens; q += QUERIES) {
        int64_t queries = smaller(QUERIES, head->tokens - q);
        struct running running[QUERIES];

        for (int64_t i = 0; i < queries; i++)
            running[i] = (struct running){ -INFINITY, 0 };
        for (int64_t k = 0; k < head->tokens; k += KEYS) {
            int64_t keys = smaller(KEYS, head->tokens - k);

            if (q == 0 || head->tokens > KEYS) /* else it is still there */
                turn(head->k + k * head->step, head->step, keys, head->size, turned);
            score(head, head->q + q * head->step, head->step, queries, turned, keys, scores);
            for (int64_t i = 0; i < queries; i++) {
                float shrink = weigh(&running[i], scores + i * KEYS, keys, head->scale);

                if (k > 0)
                    scale_row(head->out + (q + i) * head->out_step, head->size, shrink);
            }
            product((struct matrix){ scores, KEYS, 1 }, head->v + k * head->step, head->step,
                    head->out + q * head->out_step, head->out_step, queries, head->size, keys,
                    k > 0);
        }
        for (int64_t i = 0; i < queries; i++) {
            scale_row(head->out + (q + i) * head->out_step, head->size, 1 / running[i].sum);
            head->log_sum_exp[q + i] = running[i].largest + logf(running[i].sum);
        }
    }
}

void KERNEL(attention)(const void *work, int64_t begin, int64_t end)
{
    const struct attention_work *w = work;
    float turned[ATTENTION_HEAD_MAX * KEYS] __attribute__((aligned(64)));
    float scores[QUERIES * KEYS] __attribute__((aligned(64)));

    for (int64_t item = begin; item < end; item++) {
        struct head head = head_at(w, item);

        attend(&head, turned, scores);
    }
}

/* --- backward -------------------------------------------------------------------------------- */

struct grad_tiles {
    float keys[ATTENTION_HEAD_MAX * KEYS], values[ATTENTION_HEAD_MAX * KEYS]; /* turned */
    float weights[QUERIES * KEYS], dscores[QUERIES * KEYS];
} __attribute__((aligned(64)));

static float row_dot(const float *a, const float *b, int64_t count)
{
    vector sum = vector_zero();

    for (int64_t i = 0; i < count; i += LANES)
        sum += vector_load_first(a + i, count - i) * vector_load_first(b + i, count - i);
    return vector_sum(sum);
}

/* One query: scores become weights, and their gradients those of the scores. */
static void weigh_grad(const struct head *head, int64_t query, float *weights, float *dscores,
                       int64_t keys)
{
    float log_sum_exp = head->log_sum_exp[query];
    float mean = row_dot(head->dout + query * head->out_step, head->out + query * head->out_step,
                         head->size);

    for (int64_t j = 0; j < keys; j += LANES) {
        vector p = vector_exp(vector_load(weights + j) * head->scale - log_sum_exp);
        vector d = vector_load(dscores + j);

        p = vector_keep(vector_first(keys - j), p);
        vector_store(weights + j, p);
        vector_store(dscores + j, p * (d - mean) * head->scale);
    }
}

/* The tile of queries from q and keys from k: all it adds to the three gradients. */
static void attend_grad_tile(const struct head *head, struct grad_tiles *t, int64_t q, int64_t k)
{
    int64_t queries = smaller(QUERIES, head->tokens - q), keys = smaller(KEYS, head->tokens - k);
    const float *rows = head->q + q * head->step, *drows = head->dout + q * head->out_step;

    score(head, rows, head->step, queries, t->keys, keys, t->weights);
    score(head, drows, head->out_step, queries, t->values, keys, t->dscores);
    for (int64_t i = 0; i < queries; i++)
        weigh_grad(head, q + i, t->weights + i * KEYS, t->dscores + i * KEYS, keys);
    product((struct matrix){ t->weights, 1, KEYS }, drows, head->out_step,
            head->dv + k * head->step, head->step, keys, head->size, queries, q > 0);
    product((struct matrix){ t->dscores, 1, KEYS }, rows, head->step, head->dk + k * head->step,
            head->step, keys, head->size, queries, q > 0);
    product((struct matrix){ t->dscores, KEYS, 1 }, head->k + k * head->step, head->step,
            head->dq + q * head->step, head->step, queries, head->size, keys, k > 0);
}

void KERNEL(attention_grad)(const void *work, int64_t begin, int64_t end)
{
    const struct attention_work *w = work;
    struct grad_tiles tiles;

    for (int64_t item = begin; item < end; item++) {
        struct head head = head_at(w, item);

        for (int64_t k = 0; k < head.tokens; k += KEYS) {
            int64_t keys = smaller(KEYS, head.tokens - k);

            turn(head.k + k * head.step, head.step, keys, head.size, tiles.keys);
            turn(head.v + k * head.step, head.step, keys, head.size, tiles.values);
            for (int64_t q = 0; q < head.tokens; q += QUERIES)
                attend_grad_tile(&head, &tiles, q, k);
        }
    }
}
