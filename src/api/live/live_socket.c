/* live_socket.c - watchers on WebSockets.
 *
 *   /ws/training/{job_id}                 subscribed to the job from the start
 *   /ws                                   to nothing yet
 *   /api/v1/ws/training?job_id=           the other name of both; session_id is taken and ignored
 *
 * Credentials are those of requests, or ?token=; the cookie counts only from pages of this site or
 * of a listed origin.  Without good ones the socket is opened and closed with 1008: a page cannot
 * tell a refused upgrade from a server that is away, and would go on trying.
 *
 * From the client: {"type": "subscribe" | "unsubscribe", "channel": "experiment:5" | "project:3"}
 * or with "job_id": 5, and {"type": "ping"}.  Any other text keeps the socket alive and no more.
 */

#include "api/api_internal.h"
#include "api/live/live.h"
#include "api/live/live_frame.h"

#include "base/error.h"
#include "base/str.h"
#include "net/websocket.h"

#include <stdlib.h>
#include <string.h>

route_handler route_socket, route_socket_job, route_socket_alias;

struct socket_watcher {
    struct live *live;
    struct live_watcher *watcher;
    struct websocket *socket;
    char *bearer; /* NULL: none, or not to be used */
    int64_t job_id; /* 0: none */
};

/* --- to the client: under the hub's lock ----------------------------------------------------- */

static void send_frame(void *context, struct live_frame *frame)
{
    struct socket_watcher *s = context;

    websocket_send_message(s->socket, live_frame_message(frame));
}

static void welcome(void *context)
{
    struct live_frame *frame = live_frame_note("connected", "Connected to Fovea");

    send_frame(context, frame);
    live_frame_release(frame);
}

static void end(void *context, int code, const char *reason)
{
    struct socket_watcher *s = context;

    websocket_close(s->socket, code, reason);
}

static const struct live_outlet outlet = { welcome, send_frame, end };

/* --- from the client: on the sockets' thread ------------------------------------------------- */

static void subscribe_job(struct live_watcher *watcher, int64_t job_id,
                          void (*act)(struct live_watcher *watcher, const char *channel))
{
    char name[40];

    snprintf(name, sizeof(name), "experiment:%lld", (long long)job_id);
    act(watcher, name);
}

static void opened(void *context, struct websocket *socket)
{
    struct socket_watcher *s = context;

    s->socket = socket;
    s->watcher = live_watcher_new(s->live, s->bearer, &outlet, s);
    if (s->job_id)
        subscribe_job(s->watcher, s->job_id, live_subscribe);
}

static void answer_ping(struct socket_watcher *s)
{
    struct live_frame *frame = live_frame_pong();

    websocket_send_message(s->socket, live_frame_message(frame));
    live_frame_release(frame);
}

static void obey(struct socket_watcher *s, const json_t *message)
{
    const char *type = json_string_value(json_object_get(message, "type"));
    const char *channel = json_string_value(json_object_get(message, "channel"));
    const json_t *job_id = json_object_get(message, "job_id");
    void (*act)(struct live_watcher *watcher, const char *channel) = NULL;

    if (type && !strcmp(type, "ping"))
        answer_ping(s);
    else if (type && !strcmp(type, "subscribe"))
        act = live_subscribe;
    else if (type && !strcmp(type, "unsubscribe"))
        act = live_unsubscribe;
    if (act && json_is_integer(job_id) && json_integer_value(job_id) > 0)
        subscribe_job(s->watcher, json_integer_value(job_id), act);
    else if (act)
        act(s->watcher, channel ? channel : "");
}

static void message(void *context, struct websocket *socket, const char *text, size_t length)
{
    struct error ignored;
    json_t *tree;

    (void)socket;
    if (!length || text[0] != '{')
        return;
    tree = json_parse(text, length, "message", &ignored);
    if (tree)
        obey(context, tree);
    json_decref(tree);
}

static void release(struct socket_watcher *s)
{
    free(s->bearer);
    free(s);
}

static void closed(void *context, struct websocket *socket)
{
    struct socket_watcher *s = context;

    (void)socket;
    live_watcher_free(s->watcher);
    release(s);
}

/* --- routes ---------------------------------------------------------------------------------- */

static void accept_socket(struct call *call, int64_t job_id)
{
    static const struct websocket_events events = { opened, message, closed };
    struct socket_watcher *s = calloc(1, sizeof(*s));
    const char *bearer = call_socket_bearer(call);

    BUG_IF(!s);
    s->live = call->api->live;
    s->job_id = job_id;
    s->bearer = bearer ? strdup(bearer) : NULL;
    if (websocket_accept(call->request, &events, s))
        release(s);
}

void route_socket(struct call *call)
{
    accept_socket(call, 0);
}

void route_socket_job(struct call *call)
{
    accept_socket(call, call->ids[0]);
}

void route_socket_alias(struct call *call)
{
    int64_t job_id;

    if (call_query_int(call, "job_id", 0, 1, INT64_MAX, &job_id))
        call_fail(call);
    else
        accept_socket(call, job_id);
}
