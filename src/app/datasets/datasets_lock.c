/* datasets_lock.c - one at a time changes a data set; see datasets_internal.h. */

#include "app/datasets/datasets_internal.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define WAIT_SECONDS 10 /* moving files is short; who waits longer takes a thread of the server */

void dataset_locks_init(struct dataset_locks *locks)
{
    pthread_condattr_t attributes;

    locks->held = NULL;
    pthread_mutex_init(&locks->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&locks->released, &attributes);
    pthread_condattr_destroy(&attributes);
}

void dataset_locks_release(struct dataset_locks *locks)
{
    BUG_IF(locks->held);
    pthread_cond_destroy(&locks->released);
    pthread_mutex_destroy(&locks->mutex);
}

static bool is_held(const struct dataset_locks *locks, const char *id)
{
    for (const struct dataset_lock *l = locks->held; l; l = l->_next)
        if (!strcmp(l->_id, id))
            return true;
    return false;
}

int dataset_lock(struct app *app, const char *id, struct dataset_lock *lock, struct error *err)
{
    struct dataset_locks *locks = &app->datasets->locks;
    struct timespec until;
    bool is_taken, in_time = true;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&locks->mutex);
    while ((is_taken = is_held(locks, id)) && in_time)
        in_time = pthread_cond_timedwait(&locks->released, &locks->mutex, &until) != ETIMEDOUT;
    if (!is_taken) {
        *lock = (struct dataset_lock){ ._id = id, ._next = locks->held };
        locks->held = lock;
    }
    pthread_mutex_unlock(&locks->mutex);
    return is_taken ? FAIL(err, CONFLICT, "The dataset is being changed by another request; try "
                                          "again when that has ended")
                    : 0;
}

void dataset_unlock(struct app *app, struct dataset_lock *lock)
{
    struct dataset_locks *locks = &app->datasets->locks;
    struct dataset_lock **place;

    pthread_mutex_lock(&locks->mutex);
    for (place = &locks->held; *place != lock; place = &(*place)->_next)
        ;
    *place = lock->_next;
    pthread_cond_broadcast(&locks->released);
    pthread_mutex_unlock(&locks->mutex);
}
