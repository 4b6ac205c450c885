/* queue.c - see queue.h.  A ring under one mutex. */

#include "base/queue.h"

#include "base/base_internal.h"
#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t has_item, has_room; /* both are also signalled by closing */
    bool closed;
    int capacity, count, first;
    void *items[];
};

struct queue *queue_new(int capacity)
{
    struct queue *queue;
    size_t size_bytes;

    BUG_IF(capacity < 1);
    size_bytes = sizeof(*queue) + (size_t)capacity * sizeof(void *);
    queue = memory_checked(calloc(1, size_bytes), size_bytes);
    queue->capacity = capacity;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->has_item, NULL);
    pthread_cond_init(&queue->has_room, NULL);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->has_room);
    pthread_cond_destroy(&queue->has_item);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

bool queue_put(struct queue *queue, void *item)
{
    bool taken;

    BUG_IF(!item); /* NULL is how queue_get() says that all is over */
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && queue->count == queue->capacity)
        pthread_cond_wait(&queue->has_room, &queue->mutex);
    taken = !queue->closed;
    if (taken) {
        int last = (int)(((long)queue->first + queue->count) % queue->capacity);

        queue->items[last] = item;
        queue->count++;
        pthread_cond_signal(&queue->has_item);
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

void *queue_get(struct queue *queue)
{
    void *item = NULL;

    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && !queue->count)
        pthread_cond_wait(&queue->has_item, &queue->mutex);
    if (queue->count) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % queue->capacity;
        queue->count--;
        pthread_cond_signal(&queue->has_room);
    }
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->has_item);
    pthread_cond_broadcast(&queue->has_room);
    pthread_mutex_unlock(&queue->mutex);
}
