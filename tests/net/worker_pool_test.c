#include "net/worker_pool.h"

#include "base/error.h"
#include "test.h"

#include <stdatomic.h>
#include <unistd.h>

struct tally {
    atomic_int runs, running, running_max;
    atomic_int seen[1000];
};

static void count(void *context, void *item)
{
    struct tally *tally = context;
    int running = atomic_fetch_add(&tally->running, 1) + 1;

    if (running > tally->running_max)
        tally->running_max = running;
    usleep(100);
    atomic_fetch_add(&tally->seen[(atomic_int *)item - tally->seen], 1);
    atomic_fetch_sub(&tally->running, 1);
    atomic_fetch_add(&tally->runs, 1);
}

TEST(worker_pool_runs_each_item_once_and_drains_when_closed)
{
    static struct tally tally;
    struct worker_pool *pool;
    struct error err;

    CHECK_OK(worker_pool_new(&pool, 4, 8, count, &tally, &err), err);
    for (int i = 0; i < 1000; i++)
        CHECK(worker_pool_put(pool, &tally.seen[i]));
    worker_pool_close(pool);
    CHECK(tally.runs == 1000 && tally.running_max > 1 && tally.running_max <= 4);
    for (int i = 0; i < 1000; i++)
        CHECK(tally.seen[i] == 1);
    CHECK(!worker_pool_put(pool, &tally.seen[0]));
    worker_pool_free(pool);
    worker_pool_free(NULL);
}
