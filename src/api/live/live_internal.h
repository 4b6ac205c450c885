/* live_internal.h - what live.c and live_channel.c share: the hub and its channels.
 *
 * The lock guards the mailbox, the list of watchers, whether one is gone, and the table of
 * channels.  Members and history of a channel are the hub thread's own; it changes the table under
 * the lock and may read it without. */
#ifndef API_LIVE_INTERNAL_H
#define API_LIVE_INTERNAL_H

#include "api/live/live.h"
#include "api/live/live_frame.h"

#include <pthread.h>

#define CHANNEL_BUCKETS 256 /* a power of two */
#define CHANNEL_NAME_SIZE 40

enum channel_kind { CHANNEL_JOB, CHANNEL_PROJECT };

/* An epoch that can be told again. */
struct past_epoch {
    struct live_epoch epoch; /* without extra */
    bool may_come_again;     /* was written just before the history was read */
    struct live_frame *frame;
};

struct channel {
    struct channel *next; /* in its bucket */
    enum channel_kind kind;
    int64_t id, project_id;
    double step_seconds; /* when a step was last let through; under the lock */

    struct live_watcher **members;
    int member_count, member_capacity;
    struct past_epoch *history; /* in the order of epochs */
    int history_count, history_capacity;
    bool has_history;
};

struct live_watcher {
    struct live *live;
    struct live_watcher *previous, *next;
    struct live_outlet outlet;
    void *context;
    char *bearer;
    int references; /* under the lock, as is all above and these */
    int waiting;    /* requests in the mailbox */
    bool is_gone;

    bool is_known; /* the hub thread's own from here on */
    double check_seconds;
    struct channel **channels;
    int channel_count, channel_capacity;
};

enum item_kind {
    ITEM_NEWS,
    ITEM_ARRIVE,
    ITEM_LEAVE,
    ITEM_SUBSCRIBE,
    ITEM_UNSUBSCRIBE,
    ITEM_CHECK
};

#define NEWS_FRAMES 3 /* a status, an end, and what was reported */

struct news {
    int64_t job_id, project_id;
    bool starts_over; /* its epochs are gone */
    struct live_frame *frames[NEWS_FRAMES];
    bool is_for_project[NEWS_FRAMES];
    int frame_count;
    struct live_epoch epoch;         /* of a progress; epoch 0: none */
    struct live_frame *replay_frame; /* of the progress */
};

struct item {
    struct item *next;
    enum item_kind kind;
    struct live_watcher *watcher; /* a reference */
    char channel[CHANNEL_NAME_SIZE];
    struct news news;
};

struct live {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_item;
    struct item *first, **last;
    int item_count;
    struct live_watcher *watchers;
    int watcher_count;
    bool is_stopping, is_ticking;
    pthread_cond_t has_ticked;
    struct channel *buckets[CHANNEL_BUCKETS];
    void (*tick)(void *context);
    void *tick_context;
};

/* --- live_channel.c: on the hub's thread, but for channel_find() ----------------------------- */

struct channel *channel_find(struct live *live, enum channel_kind kind, int64_t id); /* locked */

/* "project:3"; false: no channel has this name. */
bool channel_parse(const char *name, enum channel_kind *kind, int64_t *id);
void channel_name(const struct channel *channel, char name[CHANNEL_NAME_SIZE]);

/* Do what a watcher wants; he is known. */
void channel_join(struct live_watcher *watcher, const char *name);
void channel_leave(struct live_watcher *watcher, const char *name);
void channel_leave_all(struct live_watcher *watcher);
/* Leave what may no longer be seen. */
void channel_check_all(struct live_watcher *watcher);

void channel_pass_on(struct live *live, struct news *news);

/* --- live.c ---------------------------------------------------------------------------------- */

/* To one watcher, unless he is gone.  Takes the frame. */
void watcher_send(struct live_watcher *watcher, struct live_frame *frame);
/* The user of the watcher's credentials as they are now; else he is ended. */
bool watcher_identify(struct live_watcher *watcher, struct arena *arena, struct user *user);

#endif
