/* login_limit.c - see login_limit.h. */

#include "api/login_limit.h"

#include "base/error.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define PLACES 4096

struct login_limit {
    pthread_mutex_t lock;
    struct place {
        int failures;
        double since;
    } places[PLACES];
};

struct login_limit *login_limit_new(void)
{
    struct login_limit *limit = calloc(1, sizeof(*limit));

    BUG_IF(!limit);
    pthread_mutex_init(&limit->lock, NULL);
    return limit;
}

void login_limit_free(struct login_limit *limit)
{
    if (!limit)
        return;
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

static struct place *place_of(struct login_limit *limit, char kind, const char *name)
{
    uint32_t hash = 2166136261u ^ (unsigned char)kind; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (uint32_t)tolower((unsigned char)*name)) * 16777619u;
    return &limit->places[hash % PLACES];
}

static double wait_of(const struct place *place, double now)
{
    double left = place->since + LOGIN_WINDOW_SECONDS - now;

    return place->failures >= LOGIN_MOST && left > 0 ? left : 0;
}

double login_limit_wait(struct login_limit *limit, const char *address, const char *email,
                        double now)
{
    double by_address, by_email;

    pthread_mutex_lock(&limit->lock);
    by_address = wait_of(place_of(limit, 'a', address), now);
    by_email = wait_of(place_of(limit, 'e', email), now);
    pthread_mutex_unlock(&limit->lock);
    return by_address > by_email ? by_address : by_email;
}

static void count(struct place *place, double now)
{
    if (now - place->since > LOGIN_WINDOW_SECONDS)
        *place = (struct place){ .since = now };
    place->failures++;
}

void login_limit_failed(struct login_limit *limit, const char *address, const char *email,
                        double now)
{
    pthread_mutex_lock(&limit->lock);
    count(place_of(limit, 'a', address), now);
    count(place_of(limit, 'e', email), now);
    pthread_mutex_unlock(&limit->lock);
}

void login_limit_passed(struct login_limit *limit, const char *email)
{
    pthread_mutex_lock(&limit->lock);
    place_of(limit, 'e', email)->failures = 0;
    pthread_mutex_unlock(&limit->lock);
}
