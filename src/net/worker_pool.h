/* worker_pool.h - a fixed number of threads that take items from a bounded queue. */
#ifndef NET_WORKER_POOL_H
#define NET_WORKER_POOL_H

#include <stdbool.h>

struct error;
struct worker_pool;

int worker_pool_new(struct worker_pool **out, int thread_count, int capacity,
                    void (*run)(void *context, void *item), void *context, struct error *err);

/* Waits while the queue is full; false: closed. */
bool worker_pool_put(struct worker_pool *pool, void *item);

/* Take no more, run what is queued, and wait for the threads. */
void worker_pool_close(struct worker_pool *pool);
void worker_pool_free(struct worker_pool *pool); /* NULL is fine; closes */

#endif
