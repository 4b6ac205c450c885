/* resident.c - see resident.h.
 *
 * The lock guards the list, `is_busy`, `used_at` and `bytes`; the rest of a resident that is busy
 * belongs to the call that made it so.  A request is a line of JSON on the process's standard
 * input, its answer a line on its standard output; both are one socket, which ends the process when
 * we are gone. */

#include "trainer/resident.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "trainer/process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_COUNT 2
#define ANSWER_SECONDS 60.0
#define ANSWER_LIMIT ((size_t)16 << 20)
#define POLL_MS 100
#define REAP_MS 5

struct resident {
    struct resident *next;
    char *key; /* of the checkpoint as it was when it was loaded */
    struct process process;
    int socket;
    bool is_busy;
    double used_at;
    int64_t bytes; /* resident memory after its last answer */
};

struct residents {
    struct trainer *trainer;
    int limit;
    int64_t limit_bytes;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct resident *first;
};

/* --- one of them ----------------------------------------------------------------------------- */

static void end_process(struct resident *r)
{
    int status;

    close(r->socket);
    process_signal(&r->process, SIGKILL);
    while (process_reap(&r->process, &status) == PROCESS_END_NOT_YET)
        poll(NULL, 0, REAP_MS);
}

static void free_resident(struct resident *r)
{
    if (!r)
        return;
    end_process(r);
    free(r->key);
    free(r);
}

static int start_process(struct resident *r, const struct trainer *trainer, const char *checkpoint,
                         struct error *err)
{
    const char *const argv[] = { trainer->engine, "predict", "--checkpoint_path", checkpoint,
                                 "--json", "--stdin", NULL };
    int pair[2], result;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return FAIL_ERRNO(err, "cannot start a predictor");
    struct process_options options = { .argv = argv, .input = pair[1], .output = pair[1],
                                       .error_output = PROCESS_OUR_FILE };

    result = process_start(&r->process, &options, err);
    close(pair[1]);
    if (result)
        close(pair[0]);
    else
        r->socket = pair[0];
    return result;
}

/* Where the process is gone, what it said last is still to be read: that is no failure here. */
static int send_line(struct resident *r, const struct resident_request *request, struct error *err)
{
    json_t *object = json_pack("{s:s, s:I, s:f, s:f, s:I}", "image_path", request->image_path,
                               "top_k", (json_int_t)request->top_k, "confidence_threshold",
                               request->confidence_threshold, "iou_threshold",
                               request->iou_threshold, "max_detections",
                               (json_int_t)request->max_detections);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    size_t length = text ? strlen(text) : 0, sent = 0;

    json_decref(object);
    if (!text)
        return FAIL(err, INVALID, "the path of the image is not UTF-8");
    text[length++] = '\n'; /* in the place of the NUL */
    while (sent < length) {
        ssize_t count = send(r->socket, text + sent, length - sent, MSG_NOSIGNAL);

        if (count > 0)
            sent += (size_t)count;
        else if (errno != EINTR)
            break;
    }
    free(text);
    return 0;
}

static int read_line(struct resident *r, const struct trainer *trainer, struct str *line,
                     struct error *err)
{
    double deadline = clock_seconds() + ANSWER_SECONDS;
    struct pollfd file = { .fd = r->socket, .events = POLLIN };
    char buffer[65536];

    for (;;) {
        ssize_t got = 0;

        if (atomic_load(&trainer->is_stopping))
            return FAIL(err, CANCELLED, "the service is stopping");
        if (clock_seconds() > deadline)
            return FAIL(err, UNAVAILABLE, "the predictor did not answer within %.0f s",
                        ANSWER_SECONDS);
        if (poll(&file, 1, POLL_MS) <= 0)
            continue;
        got = recv(r->socket, buffer, sizeof(buffer), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FAIL(err, UNAVAILABLE, "the predictor died");
        str_add_bytes(line, buffer, (size_t)got);
        if (line->text[line->length - 1] == '\n')
            return 0;
        if (line->length > ANSWER_LIMIT)
            return FAIL(err, UNAVAILABLE, "the predictor does not come to an end");
    }
}

/* An answer without image_path is about the checkpoint, and the last one of this process. */
static int ask(struct resident *r, const struct trainer *trainer,
               const struct resident_request *request, json_t **answer, bool *is_broken,
               struct error *err)
{
    struct str line = STR_INIT;
    const char *problem;
    json_t *object = NULL;

    *is_broken = true;
    if (send_line(r, request, err))
        return -1;
    if (!read_line(r, trainer, &line, err)) {
        object = json_parse(line.text, line.length, "the predictor's answer", err);
        if (!object)
            err->kind = ERR_UNAVAILABLE;
    }
    str_release(&line);
    if (!object)
        return -1;
    problem = json_string_value(json_object_get(object, "error"));
    *is_broken = problem && !json_object_get(object, "image_path");
    if (problem) {
        FAIL(err, INVALID, "%s", problem);
        json_decref(object);
        return -1;
    }
    *answer = object;
    return 0;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* The one that was not used for the longest time, of those that are idle. */
static struct resident **oldest(struct residents *all)
{
    struct resident **found = NULL;

    for (struct resident **at = &all->first; *at; at = &(*at)->next)
        if (!(*at)->is_busy && (!found || (*at)->used_at < (*found)->used_at))
            found = at;
    return found;
}

static struct resident *take_out(struct resident **at)
{
    struct resident *r = *at;

    *at = r->next;
    return r;
}

static void totals(const struct residents *all, int *count, int64_t *bytes)
{
    *count = 0;
    *bytes = 0;
    for (const struct resident *r = all->first; r; r = r->next) {
        ++*count;
        *bytes += r->bytes;
    }
}

/* With the lock held: end idle ones until there is room for `more`.  false: those that are left are
 * busy. */
static bool make_room(struct residents *all, int more)
{
    for (;;) {
        struct resident **at;
        int64_t bytes;
        int count;

        totals(all, &count, &bytes);
        if (count + more <= all->limit && bytes <= all->limit_bytes)
            return true;
        at = oldest(all);
        if (!at)
            return count + more <= all->limit;
        free_resident(take_out(at));
    }
}

static struct resident *find(const struct residents *all, const char *key)
{
    struct resident *r = all->first;

    while (r && strcmp(r->key, key))
        r = r->next;
    return r;
}

/* Those of the same file as it was before. */
static void drop_stale(struct residents *all, const char *path, const char *key)
{
    for (struct resident **at = &all->first; *at;) {
        size_t length = strlen(path);

        if (!(*at)->is_busy && !strncmp((*at)->key, path, length) && (*at)->key[length] == '\n' &&
            strcmp((*at)->key, key))
            free_resident(take_out(at));
        else
            at = &(*at)->next;
    }
}

static void wait_for_change(struct residents *all)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&all->changed, &all->lock, &until);
}

/* A resident for the checkpoint, busy for the caller; without a process when it is new. */
static struct resident *claim(struct residents *all, const char *path, const char *key,
                              struct error *err)
{
    double deadline = clock_seconds() + ANSWER_SECONDS;
    struct resident *r = NULL;

    pthread_mutex_lock(&all->lock);
    drop_stale(all, path, key);
    for (;;) {
        r = find(all, key);
        if (r ? !r->is_busy : make_room(all, 1))
            break;
        r = NULL;
        if (clock_seconds() > deadline || atomic_load(&all->trainer->is_stopping)) {
            FAIL(err, UNAVAILABLE, "all predictors are busy");
            goto done;
        }
        wait_for_change(all);
    }
    if (!r) {
        r = calloc(1, sizeof(*r));
        BUG_IF(!r);
        r->key = strdup(key);
        BUG_IF(!r->key);
        r->socket = -1;
        r->next = all->first;
        all->first = r;
    }
    r->is_busy = true;
done:
    pthread_mutex_unlock(&all->lock);
    return r;
}

static void give_back(struct residents *all, struct resident *r)
{
    struct resident **at = &all->first;
    bool is_gone = !r->process.pid;
    int64_t bytes = process_resident_bytes(&r->process);

    pthread_mutex_lock(&all->lock);
    r->bytes = bytes;
    r->is_busy = false;
    r->used_at = clock_seconds();
    if (is_gone) {
        while (*at != r)
            at = &(*at)->next;
        take_out(at);
        free(r->key);
        free(r);
    }
    make_room(all, 0);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
}

/* --- a request ------------------------------------------------------------------------------- */

/* Path, size and time of change: what makes one checkpoint differ from another. */
static int make_key(const char *path, struct str *key, struct error *err)
{
    struct stat status;

    if (stat(path, &status) || !S_ISREG(status.st_mode))
        return FAIL(err, NOT_FOUND, "Checkpoint not found: %s", path);
    str_printf(key, "%s\n%lld %lld.%09ld", path, (long long)status.st_size,
               (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    return 0;
}

static int ask_once(struct residents *all, struct resident *r,
                    const struct resident_request *request, json_t **answer, bool *was_loaded,
                    struct error *err)
{
    bool is_broken = false;
    int result;

    *was_loaded = r->process.pid != 0;
    if (!*was_loaded && start_process(r, all->trainer, request->checkpoint_path, err))
        return -1;
    result = ask(r, all->trainer, request, answer, &is_broken, err);
    if (is_broken) {
        end_process(r);
        r->process.pid = 0;
    }
    return result;
}

int residents_predict(struct residents *all, const struct resident_request *request,
                      json_t **answer, bool *was_loaded, struct error *err)
{
    struct str key = STR_INIT;
    struct resident *r = NULL;
    int result = -1;

    if (!make_key(request->checkpoint_path, &key, err))
        r = claim(all, request->checkpoint_path, key.text, err);
    str_release(&key);
    if (!r)
        return -1;
    for (int i = 0; i < 2; i++) {
        double start = clock_seconds();

        result = ask_once(all, r, request, answer, was_loaded, err);
        if (!result || err->kind != ERR_UNAVAILABLE || clock_seconds() - start > ANSWER_SECONDS)
            break; /* what has hung once is not asked again */
        log_warn("%s; it is started again", err->text);
    }
    give_back(all, r);
    return result;
}

/* --- opening and closing --------------------------------------------------------------------- */

struct residents *residents_new(struct trainer *trainer, int limit, int64_t limit_bytes)
{
    int64_t available_bytes = limits_available_bytes("");
    struct residents *all = calloc(1, sizeof(*all));
    pthread_condattr_t attributes;

    BUG_IF(!all || pthread_mutex_init(&all->lock, NULL));
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_IF(pthread_cond_init(&all->changed, &attributes));
    pthread_condattr_destroy(&attributes);
    all->trainer = trainer;
    all->limit = limit > 0 ? limit : LIMIT_COUNT;
    all->limit_bytes = limit_bytes > 0       ? limit_bytes
                       : available_bytes > 0 ? available_bytes / 2
                                             : INT64_MAX;
    return all;
}

void residents_free(struct residents *all)
{
    if (!all)
        return;
    while (all->first)
        free_resident(take_out(&all->first));
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
