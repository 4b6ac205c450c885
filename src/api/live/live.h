/* live.h - what happens to jobs, told at once to who watches.
 *
 * The hub listens to the news of app/ and passes them on as frames (live_frame.h) to watchers: the
 * WebSockets of live_socket.c and the Socket.IO clients of engine_io.c.
 *
 * Channels   "experiment:5" has everything about one job, "project:3" the training_progress and
 *            training_status_change of all jobs of a project.  Who may view the project may
 *            subscribe; to others there is no such job.
 * Replay     Who subscribes to a job is told "subscribed", its epochs so far as training_progress
 *            frames with "replay": true, its status, and from then on what happens, each epoch
 *            once.  The newest LIVE_REPLAY_BYTES of the epochs are told; all of them can be read
 *            at /training/jobs/{id}/metrics.
 * Credentials  A watcher may do what a request with the same token could do now.  It is looked at
 *            when he comes, when he subscribes, and again every LIVE_CHECK_SECONDS: a token that
 *            has expired, a removed API key or a closed account ends the watcher with code 1008, a
 *            lost membership ends the subscription.  Logging out ends no access token, here as
 *            elsewhere; it ends after an hour at most.
 * Steps      At most one training_step frame per LIVE_STEP_SECONDS and job; others are left out.
 * Threads    One thread owns channels and subscriptions and talks to the database.  All of these
 *            calls come from any thread and do not wait for it.
 */
#ifndef API_LIVE_H
#define API_LIVE_H

#include "app/app.h"

#define LIVE_REPLAY_BYTES ((size_t)512 << 10)
#define LIVE_CHECK_SECONDS 30.0
#define LIVE_STEP_SECONDS 0.5
#define LIVE_CHANNELS_MOST 256 /* of one watcher */
#define LIVE_CLOSE_POLICY 1008 /* RFC 6455: credentials or limits */

struct error;
struct live;
struct live_frame;
struct live_watcher;

/* Where a watcher is.  Called under the hub's lock, from its thread or one that calls it: these
 * only hand on, neither wait nor call back. */
struct live_outlet {
    void (*welcome)(void *context); /* the credentials are good; before anything is sent */
    void (*send)(void *context, struct live_frame *frame); /* keeps the frame if it needs it */
    void (*end)(void *context, int code, const char *reason); /* he is to be freed now */
};

int live_new(struct live **out, struct app *app, struct error *err);
void live_free(struct live *live); /* after the last watcher; NULL is fine */

/* An app_listener, whose context is the hub. */
void live_tell(void *live, const struct job_news *news);

/* Called about once a second on the hub's thread; NULL: nothing.  When this returns the one before
 * is no longer running. */
void live_on_tick(struct live *live, void (*tick)(void *context), void *context);

/* bearer: an access token or an API key; NULL is refused like a bad one. */
struct live_watcher *live_watcher_new(struct live *live, const char *bearer,
                                      const struct live_outlet *outlet, void *context);
/* When this returns the outlet is no longer called. */
void live_watcher_free(struct live_watcher *watcher); /* NULL is fine */

/* "experiment:5", "job:5", "project:3"; what else there is gets an error frame. */
void live_subscribe(struct live_watcher *watcher, const char *channel);
void live_unsubscribe(struct live_watcher *watcher, const char *channel);

/* Look at everybody's credentials within the next seconds, not each in his turn. */
void live_check_soon(struct live *live);

int live_watcher_count(struct live *live);

#endif
