/* live_channel.c - channels: who is in them, what they have seen, who may join. */

#include "api/live/live_internal.h"

#include "app/accounts/projects.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* News of an event come this long after it was written, at most. */
#define NEWS_MICROSECONDS 2000000
#define EPOCHS_MOST 10000 /* that are read of one job */

/* --- names ----------------------------------------------------------------------------------- */

static const struct {
    const char *prefix;
    enum channel_kind kind;
} prefixes[] = { { "experiment:", CHANNEL_JOB },
                 { "job:", CHANNEL_JOB },
                 { "project:", CHANNEL_PROJECT } };

bool channel_parse(const char *name, enum channel_kind *kind, int64_t *id)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        const char *digits = name + strlen(prefixes[i].prefix);
        size_t count;

        if (!str_starts_with(name, prefixes[i].prefix))
            continue;
        count = strspn(digits, "0123456789");
        if (!count || count > 18 || digits[count])
            return false;
        *kind = prefixes[i].kind;
        *id = strtoll(digits, NULL, 10);
        return true;
    }
    return false;
}

void channel_name(const struct channel *channel, char name[CHANNEL_NAME_SIZE])
{
    snprintf(name, CHANNEL_NAME_SIZE, "%s:%lld",
             channel->kind == CHANNEL_JOB ? "experiment" : "project", (long long)channel->id);
}

static int64_t job_of(const struct channel *channel)
{
    return channel->kind == CHANNEL_JOB ? channel->id : 0;
}

static const char *not_found(enum channel_kind kind)
{
    return kind == CHANNEL_JOB ? "Training job not found" : "Project not found";
}

/* --- the table ------------------------------------------------------------------------------- */

static struct channel **bucket_of(struct live *live, enum channel_kind kind, int64_t id)
{
    return &live->buckets[((uint64_t)id * 2 + kind) % CHANNEL_BUCKETS];
}

struct channel *channel_find(struct live *live, enum channel_kind kind, int64_t id)
{
    struct channel *channel = *bucket_of(live, kind, id);

    while (channel && (channel->kind != kind || channel->id != id))
        channel = channel->next;
    return channel;
}

static struct channel *open_channel(struct live *live, enum channel_kind kind, int64_t id,
                                    int64_t project_id)
{
    struct channel **bucket = bucket_of(live, kind, id), *channel = channel_find(live, kind, id);

    if (channel)
        return channel;
    channel = calloc(1, sizeof(*channel));
    BUG_IF(!channel);
    channel->kind = kind;
    channel->id = id;
    channel->project_id = project_id;
    pthread_mutex_lock(&live->lock);
    channel->next = *bucket;
    *bucket = channel;
    pthread_mutex_unlock(&live->lock);
    return channel;
}

static void forget_history(struct channel *channel)
{
    for (int i = 0; i < channel->history_count; i++)
        live_frame_release(channel->history[i].frame);
    channel->history_count = 0;
    channel->has_history = false;
}

static void close_channel(struct live *live, struct channel *channel)
{
    struct channel **at = bucket_of(live, channel->kind, channel->id);

    pthread_mutex_lock(&live->lock);
    while (*at != channel)
        at = &(*at)->next;
    *at = channel->next;
    pthread_mutex_unlock(&live->lock);
    forget_history(channel);
    free(channel->history);
    free(channel->members);
    free(channel);
}

/* Makes room for one more. */
static void *grow(void *items, int count, int *capacity, size_t size_bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 2;
    items = realloc(items, (size_t)*capacity * size_bytes);
    BUG_IF(!items);
    return items;
}

/* --- history --------------------------------------------------------------------------------- */

/* Where the epoch is, or would be. */
static int place_of(const struct channel *channel, int64_t epoch)
{
    int low = 0, high = channel->history_count;

    while (low < high) {
        int middle = (low + high) / 2;

        if (channel->history[middle].epoch.epoch < epoch)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct past_epoch *past_of(struct channel *channel, int64_t epoch)
{
    int place = place_of(channel, epoch);
    bool found = place < channel->history_count && channel->history[place].epoch.epoch == epoch;

    return found ? &channel->history[place] : NULL;
}

/* Takes the frame. */
static struct past_epoch *remember(struct channel *channel, const struct live_epoch *epoch,
                                   struct live_frame *frame)
{
    int place = place_of(channel, epoch->epoch);
    struct past_epoch *past = past_of(channel, epoch->epoch);

    if (!past) {
        channel->history = grow(channel->history, channel->history_count,
                                &channel->history_capacity, sizeof(*channel->history));
        past = &channel->history[place];
        memmove(past + 1, past,
                (size_t)(channel->history_count - place) * sizeof(*channel->history));
        channel->history_count++;
    } else {
        live_frame_release(past->frame);
    }
    *past = (struct past_epoch){ .epoch = *epoch, .frame = frame };
    past->epoch.extra = NULL;
    return past;
}

static int load_history(struct live *live, struct channel *channel, const struct job *job,
                        struct arena *arena, struct error *err)
{
    int64_t now = clock_unix_microseconds();
    struct job_metric *metrics;
    int count;

    if (jobs_metrics(live->app, job->id, EPOCHS_MOST, arena, &metrics, &count, err))
        return -1;
    for (int i = 0; i < count; i++) {
        const struct job_metric *m = &metrics[i];
        struct live_epoch epoch = { .epoch = m->epoch,
                                    .time = m->created_at,
                                    .loss = m->loss,
                                    .accuracy = m->accuracy,
                                    .learning_rate = m->learning_rate,
                                    .extra = m->extra_metrics };

        if (!m->step)
            remember(channel, &epoch, live_frame_progress(job, &epoch, true))->may_come_again =
                now - m->created_at < NEWS_MICROSECONDS;
    }
    channel->has_history = true;
    return 0;
}

static void replay(struct live_watcher *watcher, const struct channel *channel)
{
    int first = channel->history_count;
    size_t sum_bytes = 0, length;

    while (first > 0) {
        live_frame_text(channel->history[first - 1].frame, &length);
        sum_bytes += length;
        if (sum_bytes > LIVE_REPLAY_BYTES)
            break;
        first--;
    }
    for (int i = first; i < channel->history_count; i++)
        watcher_send(watcher, live_frame_keep(channel->history[i].frame));
}

static bool is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* An event that was written just before the history was read, and is told just after, is in it. */
static bool is_told_already(struct channel *channel, const struct live_epoch *epoch)
{
    struct past_epoch *past = past_of(channel, epoch->epoch);

    if (!past || !past->may_come_again)
        return false;
    past->may_come_again = false;
    return epoch->time - past->epoch.time < NEWS_MICROSECONDS &&
           is_same(epoch->loss, past->epoch.loss) &&
           is_same(epoch->accuracy, past->epoch.accuracy) &&
           is_same(epoch->learning_rate, past->epoch.learning_rate);
}

/* --- members --------------------------------------------------------------------------------- */

static int member_place(const struct live_watcher *watcher, const struct channel *channel)
{
    for (int i = 0; i < watcher->channel_count; i++)
        if (watcher->channels[i] == channel)
            return i;
    return -1;
}

static void add_member(struct channel *channel, struct live_watcher *watcher)
{
    watcher->channels = grow(watcher->channels, watcher->channel_count, &watcher->channel_capacity,
                             sizeof(struct channel *));
    watcher->channels[watcher->channel_count++] = channel;
    channel->members = grow(channel->members, channel->member_count, &channel->member_capacity,
                            sizeof(struct live_watcher *));
    channel->members[channel->member_count++] = watcher;
}

static void remove_member(struct live_watcher *watcher, int place)
{
    struct channel *channel = watcher->channels[place];
    int i = 0;

    watcher->channels[place] = watcher->channels[--watcher->channel_count];
    while (channel->members[i] != watcher)
        i++;
    channel->members[i] = channel->members[--channel->member_count];
    if (!channel->member_count)
        close_channel(watcher->live, channel);
}

static void refuse(struct live_watcher *watcher, enum channel_kind kind, const struct error *err)
{
    if (err->kind != ERR_NOT_FOUND)
        log_error("a subscription failed: %s", err->text);
    watcher_send(watcher, live_frame_note("error", err->kind == ERR_NOT_FOUND
                                                       ? not_found(kind)
                                                       : "The server cannot look it up now"));
}

/* What a project's member may see.  The job is filled for a job's channel. */
static int look_up(struct live *live, const struct user *user, enum channel_kind kind, int64_t id,
                   struct arena *arena, struct job *job, struct error *err)
{
    struct project project;

    if (kind == CHANNEL_JOB && jobs_get(live->app, id, arena, job, err))
        return -1;
    return projects_open(live->app, user, kind == CHANNEL_JOB ? job->project_id : id, RIGHT_VIEW,
                         arena, &project, err);
}

static int enter(struct live_watcher *watcher, enum channel_kind kind, int64_t id,
                 struct arena *arena, struct error *err)
{
    struct live *live = watcher->live;
    struct job job = { .project_id = id };
    char name[CHANNEL_NAME_SIZE];
    struct channel *channel;
    struct user user;
    bool is_new;

    if (!watcher_identify(watcher, arena, &user))
        return 0;
    if (look_up(live, &user, kind, id, arena, &job, err))
        return -1;
    channel = open_channel(live, kind, id, job.project_id);
    is_new = member_place(watcher, channel) < 0;
    if (is_new)
        add_member(channel, watcher);
    channel_name(channel, name);
    watcher_send(watcher, live_frame_channel("subscribed", name, job_of(channel)));
    if (!is_new || kind != CHANNEL_JOB)
        return 0;
    if (!channel->has_history && load_history(live, channel, &job, arena, err))
        return -1;
    replay(watcher, channel);
    /* Read again: while the epochs were read it may have ended. */
    if (jobs_get(live->app, id, arena, &job, err))
        return -1;
    watcher_send(watcher, live_frame_status(&job, NULL));
    return 0;
}

void channel_join(struct live_watcher *watcher, const char *name)
{
    struct arena arena = ARENA_INIT;
    enum channel_kind kind;
    struct error err;
    int64_t id;

    if (!channel_parse(name, &kind, &id))
        watcher_send(watcher, live_frame_note("error", "There is no such channel"));
    else if (watcher->channel_count == LIVE_CHANNELS_MOST)
        watcher_send(watcher, live_frame_note("error", "Too many subscriptions"));
    else if (enter(watcher, kind, id, &arena, &err))
        refuse(watcher, kind, &err);
    arena_release(&arena);
}

void channel_leave(struct live_watcher *watcher, const char *name)
{
    char canonical[CHANNEL_NAME_SIZE];
    enum channel_kind kind;
    struct channel *channel;
    int64_t id;
    int place;

    if (!channel_parse(name, &kind, &id))
        return;
    channel = channel_find(watcher->live, kind, id);
    place = channel ? member_place(watcher, channel) : -1;
    if (place < 0)
        return;
    channel_name(channel, canonical);
    watcher_send(watcher, live_frame_channel("unsubscribed", canonical, job_of(channel)));
    remove_member(watcher, place);
}

void channel_leave_all(struct live_watcher *watcher)
{
    while (watcher->channel_count)
        remove_member(watcher, watcher->channel_count - 1);
}

void channel_check_all(struct live_watcher *watcher)
{
    struct arena arena = ARENA_INIT;
    struct project project;
    struct error err;
    struct user user;

    if (watcher_identify(watcher, &arena, &user))
        for (int i = watcher->channel_count - 1; i >= 0; i--) {
            const struct channel *channel = watcher->channels[i];

            if (!projects_open(watcher->live->app, &user, channel->project_id, RIGHT_VIEW, &arena,
                               &project, &err) ||
                err.kind != ERR_NOT_FOUND)
                continue;
            refuse(watcher, channel->kind, &err);
            remove_member(watcher, i);
        }
    arena_release(&arena);
}

/* --- news ------------------------------------------------------------------------------------ */

static void send_to(struct live_watcher *watcher, const struct news *news, bool is_project)
{
    if (watcher->is_gone)
        return;
    for (int i = 0; i < news->frame_count; i++)
        if (!is_project || news->is_for_project[i])
            watcher->outlet.send(watcher->context, news->frames[i]);
}

static void pass_on_to_job(struct live *live, const struct channel *job, const struct news *news)
{
    pthread_mutex_lock(&live->lock);
    for (int i = 0; i < job->member_count; i++)
        send_to(job->members[i], news, false);
    pthread_mutex_unlock(&live->lock);
}

/* Who is in the job's channel too is told there. */
static void pass_on_to_project(struct live *live, const struct channel *project,
                               const struct channel *job, const struct news *news)
{
    pthread_mutex_lock(&live->lock);
    for (int i = 0; i < project->member_count; i++)
        if (!job || member_place(project->members[i], job) < 0)
            send_to(project->members[i], news, true);
    pthread_mutex_unlock(&live->lock);
}

void channel_pass_on(struct live *live, struct news *news)
{
    struct channel *job = channel_find(live, CHANNEL_JOB, news->job_id);
    struct channel *project = channel_find(live, CHANNEL_PROJECT, news->project_id);

    if (project)
        pass_on_to_project(live, project, job, news);
    if (!job)
        return;
    if (job->has_history && news->epoch.epoch > 0) {
        if (is_told_already(job, &news->epoch))
            return;
        remember(job, &news->epoch, live_frame_keep(news->replay_frame));
    }
    if (news->starts_over)
        forget_history(job);
    pass_on_to_job(live, job, news);
}
