/* worker_pool.c - see worker_pool.h. */

#include "net/worker_pool.h"

#include "base/error.h"
#include "base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct worker_pool {
    struct queue *queue;
    void (*run)(void *context, void *item);
    void *context;
    int thread_count; /* that run */
    pthread_t threads[];
};

static void *work(void *argument)
{
    struct worker_pool *pool = argument;
    void *item;

    while ((item = queue_get(pool->queue)))
        pool->run(pool->context, item);
    return NULL;
}

int worker_pool_new(struct worker_pool **out, int thread_count, int capacity,
                    void (*run)(void *context, void *item), void *context, struct error *err)
{
    struct worker_pool *pool =
        calloc(1, sizeof(*pool) + (size_t)thread_count * sizeof(pool->threads[0]));

    *out = NULL;
    if (!pool)
        return FAIL(err, NO_MEMORY, "no memory for %d worker threads", thread_count);
    pool->queue = queue_new(capacity);
    pool->run = run;
    pool->context = context;
    while (pool->thread_count < thread_count) {
        errno = pthread_create(&pool->threads[pool->thread_count], NULL, work, pool);
        if (errno) {
            FAIL_ERRNO(err, "cannot start worker thread %d of %d", pool->thread_count + 1,
                       thread_count);
            worker_pool_free(pool);
            return -1;
        }
        pool->thread_count++;
    }
    *out = pool;
    return 0;
}

bool worker_pool_put(struct worker_pool *pool, void *item)
{
    return queue_put(pool->queue, item);
}

void worker_pool_close(struct worker_pool *pool)
{
    queue_close(pool->queue);
    while (pool->thread_count)
        pthread_join(pool->threads[--pool->thread_count], NULL);
}

void worker_pool_free(struct worker_pool *pool)
{
    if (!pool)
        return;
    worker_pool_close(pool);
    queue_free(pool->queue);
    free(pool);
}
