/* live.c - the hub: its thread, its mailbox, who watches; see live.h. */

#include "api/live/live_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUESTS_MOST 64   /* of one watcher that wait */
#define ITEMS_MOST 8192    /* above it what is soon old news is left out */
#define CHECKS_AT_ONCE 256 /* watchers looked at per tick */
#define TICK_SECONDS 1

/* --- the mailbox ----------------------------------------------------------------------------- */

static void lock(struct live *live)
{
    pthread_mutex_lock(&live->lock);
}

static void unlock(struct live *live)
{
    pthread_mutex_unlock(&live->lock);
}

static struct item *new_item(enum item_kind kind)
{
    struct item *item = calloc(1, sizeof(*item));

    BUG_IF(!item);
    item->kind = kind;
    return item;
}

static void put(struct live *live, struct item *item) /* locked */
{
    *live->last = item;
    live->last = &item->next;
    live->item_count++;
    pthread_cond_signal(&live->has_item);
}

static void put_for(struct live_watcher *watcher, enum item_kind kind, const char *channel)
{
    struct item *item = new_item(kind);

    item->watcher = watcher;
    watcher->references++;
    snprintf(item->channel, sizeof(item->channel), "%s", channel);
    put(watcher->live, item);
}

static void release_watcher(struct live_watcher *watcher) /* locked */
{
    if (--watcher->references)
        return;
    free(watcher->bearer);
    free(watcher->channels);
    free(watcher);
}

static void free_item(struct live *live, struct item *item)
{
    for (int i = 0; i < item->news.frame_count; i++)
        live_frame_release(item->news.frames[i]);
    live_frame_release(item->news.replay_frame);
    if (item->watcher) {
        lock(live);
        release_watcher(item->watcher);
        unlock(live);
    }
    free(item);
}

/* --- watchers -------------------------------------------------------------------------------- */

struct live_watcher *live_watcher_new(struct live *live, const char *bearer,
                                      const struct live_outlet *outlet, void *context)
{
    struct live_watcher *watcher = calloc(1, sizeof(*watcher));

    BUG_IF(!watcher);
    watcher->live = live;
    watcher->outlet = *outlet;
    watcher->context = context;
    watcher->bearer = bearer ? strdup(bearer) : NULL;
    watcher->references = 1;
    lock(live);
    watcher->next = live->watchers;
    if (watcher->next)
        watcher->next->previous = watcher;
    live->watchers = watcher;
    live->watcher_count++;
    put_for(watcher, ITEM_ARRIVE, "");
    unlock(live);
    return watcher;
}

void live_watcher_free(struct live_watcher *watcher)
{
    struct live *live;

    if (!watcher)
        return;
    live = watcher->live;
    lock(live);
    watcher->is_gone = true;
    if (watcher->previous)
        watcher->previous->next = watcher->next;
    else
        live->watchers = watcher->next;
    if (watcher->next)
        watcher->next->previous = watcher->previous;
    live->watcher_count--;
    put_for(watcher, ITEM_LEAVE, "");
    release_watcher(watcher);
    unlock(live);
}

static void request(struct live_watcher *watcher, enum item_kind kind, const char *channel)
{
    struct live *live = watcher->live;

    lock(live);
    if (watcher->waiting < REQUESTS_MOST) {
        watcher->waiting++;
        put_for(watcher, kind, channel);
    } else if (!watcher->is_gone) {
        watcher->outlet.end(watcher->context, LIVE_CLOSE_POLICY, "too many requests at once");
    }
    unlock(live);
}

void live_subscribe(struct live_watcher *watcher, const char *channel)
{
    request(watcher, ITEM_SUBSCRIBE, channel);
}

void live_unsubscribe(struct live_watcher *watcher, const char *channel)
{
    request(watcher, ITEM_UNSUBSCRIBE, channel);
}

int live_watcher_count(struct live *live)
{
    int count;

    lock(live);
    count = live->watcher_count;
    unlock(live);
    return count;
}

void watcher_send(struct live_watcher *watcher, struct live_frame *frame)
{
    lock(watcher->live);
    if (!watcher->is_gone)
        watcher->outlet.send(watcher->context, frame);
    unlock(watcher->live);
    live_frame_release(frame);
}

static void end_watcher(struct live_watcher *watcher, const char *reason)
{
    watcher->is_known = false;
    channel_leave_all(watcher);
    lock(watcher->live);
    if (!watcher->is_gone)
        watcher->outlet.end(watcher->context, LIVE_CLOSE_POLICY, reason);
    unlock(watcher->live);
}

bool watcher_identify(struct live_watcher *watcher, struct arena *arena, struct user *user)
{
    struct error err;

    if (!watcher->bearer) {
        end_watcher(watcher, "Not authenticated");
        return false;
    }
    if (!sessions_identify(watcher->live->app, watcher->bearer, arena, user, &err))
        return true;
    if (err.kind != ERR_DENIED)
        log_error("cannot look up a watcher: %s", err.text);
    end_watcher(watcher, err.kind == ERR_DENIED ? "Could not validate credentials"
                                                : "The server cannot look up who you are");
    return false;
}

static void arrive(struct live_watcher *watcher)
{
    struct arena arena = ARENA_INIT;
    struct user user;

    if (watcher_identify(watcher, &arena, &user)) {
        watcher->is_known = true;
        watcher->check_seconds = clock_seconds() + LIVE_CHECK_SECONDS;
        lock(watcher->live);
        if (!watcher->is_gone)
            watcher->outlet.welcome(watcher->context);
        unlock(watcher->live);
    }
    arena_release(&arena);
}

void live_check_soon(struct live *live)
{
    struct item *item = new_item(ITEM_CHECK);

    lock(live);
    put(live, item);
    unlock(live);
}

static void make_all_due(struct live *live)
{
    lock(live);
    for (struct live_watcher *w = live->watchers; w; w = w->next)
        w->check_seconds = 0;
    unlock(live);
}

/* Some at a time, so that news do not have to wait for long. */
static void check_some(struct live *live)
{
    struct live_watcher *due[CHECKS_AT_ONCE];
    double now = clock_seconds();
    int count = 0;

    lock(live);
    for (struct live_watcher *w = live->watchers; w && count < CHECKS_AT_ONCE; w = w->next)
        if (w->is_known && w->check_seconds <= now) {
            w->references++;
            due[count++] = w;
        }
    unlock(live);
    for (int i = 0; i < count; i++) {
        due[i]->check_seconds = now + LIVE_CHECK_SECONDS;
        channel_check_all(due[i]);
        lock(live);
        release_watcher(due[i]);
        unlock(live);
    }
}

/* --- news ------------------------------------------------------------------------------------ */

static double number(const json_t *data, const char *key)
{
    const json_t *value = json_object_get(data, key);

    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void add_frame(struct news *news, struct live_frame *frame, bool is_for_project)
{
    if (!frame)
        return;
    news->is_for_project[news->frame_count] = is_for_project;
    news->frames[news->frame_count++] = frame;
}

static void add_progress(struct news *news, const struct job *job, const json_t *data)
{
    const json_t *extra = json_object_get(data, "extra_metrics");
    char *text = json_is_object(extra) ? json_dumps(extra, LIVE_DUMP_FLAGS) : NULL;

    news->epoch = (struct live_epoch){
        .epoch = (int64_t)json_integer_value(json_object_get(data, "epoch")),
        .loss = number(data, "loss"),
        .accuracy = number(data, "accuracy"),
        .learning_rate = number(data, "learning_rate"),
        .extra = text,
        .time = clock_unix_microseconds(),
    };
    add_frame(news, live_frame_progress(job, &news->epoch, false), true);
    news->replay_frame = live_frame_progress(job, &news->epoch, true);
    news->epoch.extra = NULL;
    free(text);
}

static void write_news(struct news *news, const struct job_news *from)
{
    const struct job *job = from->job;
    bool has_moved = from->old_status && strcmp(from->old_status, job->status);

    news->job_id = job->id;
    news->project_id = job->project_id;
    if (from->event && !strcmp(from->event, "epoch_complete"))
        add_progress(news, job, from->data);
    else if (from->event)
        add_frame(news, live_frame_event_of(job, from->event, from->data), false);
    if (has_moved) {
        news->starts_over = !strcmp(job->status, "pending");
        add_frame(news, live_frame_status(job, from->old_status), true);
        add_frame(news, live_frame_end(job, from->data), false);
    }
}

/* Is anybody there who wants this?  A channel that comes later reads the database, where the news
 * stand already. */
static bool is_wanted(struct live *live, const struct job_news *news)
{
    bool is_step = news->event && !strcmp(news->event, "step");
    bool is_talk = is_step || (news->event && !strcmp(news->event, "log"));
    double now = clock_seconds();
    struct channel *channel;
    bool wanted;

    lock(live);
    channel = channel_find(live, CHANNEL_JOB, news->job->id);
    wanted = (channel || channel_find(live, CHANNEL_PROJECT, news->job->project_id)) &&
             !(is_talk && live->item_count > ITEMS_MOST);
    if (wanted && is_step && !news->old_status) {
        wanted = channel && now - channel->step_seconds >= LIVE_STEP_SECONDS;
        if (wanted)
            channel->step_seconds = now;
    }
    unlock(live);
    return wanted;
}

void live_tell(void *context, const struct job_news *news)
{
    struct live *live = context;
    struct item *item;

    if (!is_wanted(live, news))
        return;
    item = new_item(ITEM_NEWS);
    write_news(&item->news, news);
    lock(live);
    put(live, item);
    unlock(live);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void run_item(struct live *live, struct item *item)
{
    struct live_watcher *watcher = item->watcher;

    if (item->kind == ITEM_NEWS) {
        channel_pass_on(live, &item->news);
    } else if (item->kind == ITEM_ARRIVE) {
        arrive(watcher);
    } else if (item->kind == ITEM_CHECK) {
        make_all_due(live);
    } else if (item->kind == ITEM_LEAVE) {
        watcher->is_known = false;
        channel_leave_all(watcher);
    } else {
        lock(live);
        watcher->waiting--;
        unlock(live);
        if (watcher->is_known && item->kind == ITEM_SUBSCRIBE)
            channel_join(watcher, item->channel);
        else if (watcher->is_known)
            channel_leave(watcher, item->channel);
    }
    free_item(live, item);
}

/* The next item; NULL when it is time for a tick, or to stop. */
static struct item *take(struct live *live, double until_seconds)
{
    struct timespec until = { .tv_sec = (time_t)until_seconds,
                              .tv_nsec = (long)(1e9 * fmod(until_seconds, 1)) };
    struct item *item;

    lock(live);
    while (!live->first && !live->is_stopping)
        if (pthread_cond_timedwait(&live->has_item, &live->lock, &until))
            break;
    item = live->first;
    if (item) {
        live->first = item->next;
        if (!live->first)
            live->last = &live->first;
        live->item_count--;
    }
    unlock(live);
    return item;
}

static bool has_ended(struct live *live)
{
    bool ended;

    lock(live);
    ended = live->is_stopping && !live->first;
    unlock(live);
    return ended;
}

static void run_tick(struct live *live)
{
    void (*tick)(void *context);
    void *context;

    check_some(live);
    lock(live);
    tick = live->tick;
    context = live->tick_context;
    live->is_ticking = tick != NULL;
    unlock(live);
    if (!tick)
        return;
    tick(context);
    lock(live);
    live->is_ticking = false;
    pthread_cond_broadcast(&live->has_ticked);
    unlock(live);
}

static void *run_hub(void *argument)
{
    struct live *live = argument;
    double tick_seconds = clock_seconds() + TICK_SECONDS;

    while (!has_ended(live)) {
        struct item *item = take(live, tick_seconds);

        if (item)
            run_item(live, item);
        if (clock_seconds() >= tick_seconds) {
            run_tick(live);
            tick_seconds = clock_seconds() + TICK_SECONDS;
        }
    }
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

int live_new(struct live **out, struct app *app, struct error *err)
{
    struct live *live = calloc(1, sizeof(*live));
    pthread_condattr_t attributes;

    BUG_IF(!live);
    live->app = app;
    live->last = &live->first;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_IF(pthread_mutex_init(&live->lock, NULL) ||
           pthread_cond_init(&live->has_item, &attributes) ||
           pthread_cond_init(&live->has_ticked, NULL));
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&live->thread, NULL, run_hub, live)) {
        free(live);
        return FAIL(err, UNAVAILABLE, "cannot start the thread of watchers");
    }
    *out = live;
    return 0;
}

void live_on_tick(struct live *live, void (*tick)(void *context), void *context)
{
    lock(live);
    while (live->is_ticking)
        pthread_cond_wait(&live->has_ticked, &live->lock);
    live->tick_context = context;
    live->tick = tick;
    unlock(live);
}

void live_free(struct live *live)
{
    if (!live)
        return;
    lock(live);
    live->is_stopping = true;
    pthread_cond_signal(&live->has_item);
    unlock(live);
    pthread_join(live->thread, NULL);
    BUG_IF(live->watcher_count || live->first);
    pthread_cond_destroy(&live->has_item);
    pthread_cond_destroy(&live->has_ticked);
    pthread_mutex_destroy(&live->lock);
    free(live);
}
