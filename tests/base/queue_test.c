#include "base/queue.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

TEST(queue_is_first_in_first_out_and_drains_after_closing)
{
    struct queue *queue = queue_new(3);
    int items[5];

    CHECK(queue_put(queue, &items[0]) && queue_put(queue, &items[1]));
    CHECK(queue_get(queue) == &items[0]);
    CHECK(queue_put(queue, &items[2]) && queue_put(queue, &items[3]));
    queue_close(queue);
    CHECK(!queue_put(queue, &items[4]));
    CHECK(queue_get(queue) == &items[1]);
    CHECK(queue_get(queue) == &items[2]);
    CHECK(queue_get(queue) == &items[3]);
    CHECK(!queue_get(queue));
    CHECK(!queue_get(queue));
    queue_free(queue);
    queue_free(NULL);
}

#define PRODUCERS 3
#define CONSUMERS 3
#define ITEMS 4000

struct exchange {
    struct queue *queue;
    atomic_int next; /* number of the next producer */
    atomic_int seen[PRODUCERS * ITEMS + 1];
    atomic_int out_of_order;
};

static void *produce(void *argument)
{
    struct exchange *exchange = argument;
    int first = atomic_fetch_add(&exchange->next, 1) * ITEMS;

    for (int i = 1; i <= ITEMS; i++)
        CHECK(queue_put(exchange->queue, (void *)(intptr_t)(first + i)));
    return NULL;
}

static void *consume(void *argument)
{
    struct exchange *exchange = argument;
    intptr_t last[PRODUCERS] = { 0 }, item;

    while ((item = (intptr_t)queue_get(exchange->queue))) {
        int producer = (int)((item - 1) / ITEMS);

        atomic_fetch_add(&exchange->seen[item], 1);
        if (item <= last[producer])
            atomic_fetch_add(&exchange->out_of_order, 1);
        last[producer] = item;
    }
    return NULL;
}

TEST(queue_passes_each_item_once_between_threads)
{
    static struct exchange exchange;
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];

    exchange.queue = queue_new(5);
    for (int i = 0; i < CONSUMERS; i++)
        CHECK(!pthread_create(&consumers[i], NULL, consume, &exchange));
    for (int i = 0; i < PRODUCERS; i++)
        CHECK(!pthread_create(&producers[i], NULL, produce, &exchange));
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    queue_close(exchange.queue);
    for (int i = 0; i < CONSUMERS; i++)
        pthread_join(consumers[i], NULL);
    for (int i = 1; i <= PRODUCERS * ITEMS; i++)
        CHECK(atomic_load(&exchange.seen[i]) == 1);
    CHECK(!atomic_load(&exchange.out_of_order));
    queue_free(exchange.queue);
}

static atomic_int puts_done;

static void *fill(void *argument)
{
    static int item;

    while (queue_put(argument, &item))
        atomic_fetch_add(&puts_done, 1);
    return NULL;
}

TEST(queue_holds_no_more_than_its_capacity)
{
    struct queue *queue = queue_new(2);
    pthread_t thread;
    int got = 0;

    atomic_store(&puts_done, 0);
    CHECK(!pthread_create(&thread, NULL, fill, queue));
    while (atomic_load(&puts_done) < 2)
        usleep(1000);
    usleep(20000); /* time enough to put a third, were there room */
    CHECK(atomic_load(&puts_done) == 2);
    queue_close(queue); /* wakes the waiting put, which is refused */
    pthread_join(thread, NULL);
    while (queue_get(queue))
        got++;
    CHECK(got == 2);
    queue_free(queue);
}

static void *get_one(void *argument)
{
    return queue_get(argument) ? argument : NULL;
}

TEST(queue_close_wakes_waiting_getters)
{
    struct queue *queue = queue_new(1);
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, get_one, queue));
    usleep(10000);
    queue_close(queue);
    for (int i = 0; i < 2; i++) {
        void *result = queue;

        pthread_join(threads[i], &result);
        CHECK(!result);
    }
    queue_free(queue);
}
