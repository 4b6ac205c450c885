/* queue.h - a bounded queue of pointers between threads.
 *
 * queue_put() waits while the queue is full, queue_get() while it is empty.  After
 * queue_close() puts are refused and gets drain what is left, then return NULL. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>

struct queue;

struct queue *queue_new(int capacity);
void queue_free(struct queue *queue); /* NULL is fine; no thread may be inside */
bool queue_put(struct queue *queue, void *item); /* false: closed */
void *queue_get(struct queue *queue);            /* NULL: closed and empty */
void queue_close(struct queue *queue);

#endif
