/* engine_runs.c - see engine_runs.h.
 *
 * The lock guards the list and, of each run, `shown` and `is_finished`; the rest belongs to the
 * run's thread from its start on. */

#include "trainer/engine_runs.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "trainer/ending.h"
#include "trainer/tail.h"
#include "trainer/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_WAIT_SECONDS 2.0
#define TELL_WAIT_SECONDS 5.0
#define KEEP_MICROSECONDS ((int64_t)30 * 86400 * 1000000) /* states of runs that are over */

struct engine_runs {
    struct trainer *trainer;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct engine_run *first;
};

/* --- the list -------------------------------------------------------------------------------- */

static struct engine_run *find(const struct engine_runs *runs, int64_t job_id)
{
    struct engine_run *run = runs->first;

    while (run && run->shown.job_id != job_id)
        run = run->next;
    return run;
}

static bool is_over(const struct run_state *state)
{
    return state->status > RUN_STATUS_RUNNING;
}

/* Wait for a change, until the moment given; false: it has come. */
static bool wait_until(struct engine_runs *runs, double moment)
{
    double left = moment - clock_seconds();
    struct timespec until;

    if (left <= 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)left;
    until.tv_nsec += (long)((left - (double)(time_t)left) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&runs->changed, &runs->lock, &until);
    return true;
}

static void wake(const struct engine_run *run)
{
    uint64_t one = 1;

    if (write(run->wake, &one, sizeof(one)) < 0)
        log_debug("a run is awake already");
}

static struct engine_run *new_run(struct engine_runs *runs)
{
    struct engine_run *run = calloc(1, sizeof(*run));

    BUG_IF(!run);
    run->trainer = runs->trainer;
    run->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    BUG_IF(run->wake < 0);
    return run;
}

static void free_run(struct engine_run *run)
{
    close(run->wake);
    free(run);
}

static void unlink_run(struct engine_runs *runs, struct engine_run *run)
{
    struct engine_run **at = &runs->first;

    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
}

/* Runs of which everything is told need no thread any more: their state is on disk. */
static void remove_finished(struct engine_runs *runs)
{
    struct engine_run *finished = NULL, *run, *next;

    pthread_mutex_lock(&runs->lock);
    for (run = runs->first; run; run = next) {
        next = run->next;
        if (run->is_finished) {
            unlink_run(runs, run);
            run->next = finished;
            finished = run;
        }
    }
    pthread_mutex_unlock(&runs->lock);
    for (run = finished; run; run = next) {
        next = run->next;
        pthread_join(run->thread, NULL);
        free_run(run);
    }
}

void engine_run_show(struct engine_run *run)
{
    struct engine_runs *runs = run->trainer->runs;

    pthread_mutex_lock(&runs->lock);
    run->shown = run->state;
    pthread_cond_broadcast(&runs->changed);
    pthread_mutex_unlock(&runs->lock);
}

static void *thread(void *context)
{
    struct engine_run *run = context;
    struct engine_runs *runs = run->trainer->runs;

    watch_run(run);
    pthread_mutex_lock(&runs->lock);
    run->is_finished = true;
    pthread_cond_broadcast(&runs->changed);
    pthread_mutex_unlock(&runs->lock);
    return NULL;
}

static void start_thread(struct engine_run *run)
{
    BUG_IF(pthread_create(&run->thread, NULL, thread, run));
}

/* --- starting -------------------------------------------------------------------------------- */

/* A place in the list, so that no other call starts the same job meanwhile. */
static int reserve(struct engine_runs *runs, struct engine_run *run, struct error *err)
{
    int64_t job_id = run->state.job_id;
    double patience = clock_seconds() + TELL_WAIT_SECONDS;
    struct engine_run *other;

    remove_finished(runs);
    pthread_mutex_lock(&runs->lock);
    while ((other = find(runs, job_id)) && is_over(&other->shown) && !other->is_finished &&
           wait_until(runs, patience))
        ; /* it has ended and is being told */
    if (other && other->is_finished) {
        pthread_mutex_unlock(&runs->lock);
        return reserve(runs, run, err);
    }
    if (!other) {
        run->shown = run->state;
        run->next = runs->first;
        runs->first = run;
    }
    pthread_mutex_unlock(&runs->lock);
    return other ? FAIL(err, CONFLICT, "Job %lld is already running", (long long)job_id) : 0;
}

static void give_up(struct engine_runs *runs, struct engine_run *run)
{
    pthread_mutex_lock(&runs->lock);
    unlink_run(runs, run);
    pthread_cond_broadcast(&runs->changed);
    pthread_mutex_unlock(&runs->lock);
    free_run(run);
}

static int64_t file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) ? 0 : (int64_t)status.st_size;
}

/* Where this attempt's events begin.  The engine appends when it finds a checkpoint to resume from,
 * else it begins the file again; then it is removed now, as a reader could not see the change. */
static int find_start(struct run_state *state, bool resume, struct arena *arena, struct error *err)
{
    char *events = file_join(arena, state->output_dir, "events.jsonl");
    char *latest = file_join(arena, state->output_dir, "checkpoints/latest.safetensors");

    state->events_start = 0;
    if (resume && file_exists(latest))
        state->events_start = tail_end(events);
    else if (unlink(events) && errno != ENOENT)
        return FAIL_ERRNO(err, "cannot remove '%s'", events);
    state->log_start = file_bytes(file_join(arena, state->output_dir, "logs/engine.log"));
    state->events_offset = state->events_start;
    state->log_offset = state->log_start;
    return 0;
}

static int fill(struct run_state *state, const struct trainer *trainer, const json_t *request,
                struct arena *arena, struct error *err)
{
    const char *output = parameter_text(request, "output_dir"), *path, *folder;

    if (!output)
        return FAIL(err, INVALID, "output_dir is required");
    if (trainer_path(trainer, output, arena, &path, err))
        return -1;
    if (strlen(path) >= sizeof(state->output_dir))
        return FAIL(err, INVALID, "output_dir is too long");
    snprintf(state->output_dir, sizeof(state->output_dir), "%s", path);
    snprintf(state->boot_id, sizeof(state->boot_id), "%s", process_boot_id(arena));
    folder = file_join(arena, path, "logs");
    state->status = RUN_STATUS_STARTING;
    state->exit_code = ENDING_UNKNOWN;
    state->started_at = clock_unix_microseconds();
    return file_make_folders(folder, err) ||
                   find_start(state, parameter_flag(request, "resume"), arena, err)
               ? -1
               : 0;
}

/* What happened to it is on disk before and after, whenever we may die in between. */
static int launch(struct engine_runs *runs, struct engine_run *run, const char *const *argv,
                  struct arena *arena, struct error *err)
{
    const struct trainer *trainer = runs->trainer;
    struct run_state *state = &run->state;
    struct launch_options options = { .argv = argv };
    struct error other;

    options.log_path = file_join(arena, state->output_dir, "logs/engine.log");
    if (run_state_write(state, trainer->state_folder, err))
        return -1;
    if (trainer->launcher->start(&state->process, &options, err)) {
        state->status = RUN_STATUS_FAILED;
        state->is_done = true;
        snprintf(state->error, sizeof(state->error), "%s", err->text);
        run_state_write(state, trainer->state_folder, &other);
        return -1;
    }
    state->status = RUN_STATUS_RUNNING;
    if (run_state_write(state, trainer->state_folder, &other))
        log_error("job %lld: %s", (long long)state->job_id, other.text);
    engine_run_show(run);
    return 0;
}

static int64_t next_attempt(const struct engine_runs *runs, int64_t job_id)
{
    struct run_state before;
    struct error ignored;

    return run_state_read(&before, runs->trainer->state_folder, job_id, &ignored)
               ? 1
               : before.attempt + 1;
}

int engine_runs_start(struct engine_runs *runs, const json_t *request, int64_t *pid,
                      struct error *err)
{
    static const char *const none[] = { NULL };
    struct engine_run *run;
    struct arena arena = ARENA_INIT;
    const char *const *argv;
    int64_t job_id = parameter_integer(request, "job_id", 0);
    int result = -1;

    if (job_id < 1)
        return FAIL(err, INVALID, "job_id must be a whole number from 1 on");
    run = new_run(runs);
    run->state.job_id = job_id;
    if (reserve(runs, run, err)) {
        free_run(run);
        return -1;
    }
    run->state.attempt = parameter_integer(request, "attempt", next_attempt(runs, job_id));
    if (trainer_arguments(runs->trainer, request, none, &arena, &argv, err) ||
        fill(&run->state, runs->trainer, request, &arena, err) ||
        launch(runs, run, argv, &arena, err)) {
        give_up(runs, run);
    } else {
        *pid = run->state.process.pid;
        log_info("job %lld: engine %lld started", (long long)job_id, (long long)*pid);
        start_thread(run);
        result = 0;
    }
    arena_release(&arena);
    return result;
}

/* --- stopping and asking --------------------------------------------------------------------- */

static int no_job(int64_t job_id, struct error *err)
{
    return FAIL(err, NOT_FOUND, "Job %lld not found", (long long)job_id);
}

static int read_state(struct engine_runs *runs, int64_t job_id, struct run_state *state,
                      struct error *err)
{
    struct error problem;

    if (job_id < 1)
        return no_job(job_id, err);
    if (!run_state_read(state, runs->trainer->state_folder, job_id, &problem))
        return 0;
    if (problem.kind == ERR_NOT_FOUND)
        return no_job(job_id, err);
    *err = problem;
    return -1;
}

int engine_runs_status(struct engine_runs *runs, int64_t job_id, struct run_state *state,
                       struct error *err)
{
    struct engine_run *run;

    pthread_mutex_lock(&runs->lock);
    run = find(runs, job_id);
    if (run)
        *state = run->shown;
    pthread_mutex_unlock(&runs->lock);
    return run ? 0 : read_state(runs, job_id, state, err);
}

int engine_runs_count(struct engine_runs *runs)
{
    int count = 0;

    pthread_mutex_lock(&runs->lock);
    for (struct engine_run *run = runs->first; run; run = run->next)
        count += !is_over(&run->shown);
    pthread_mutex_unlock(&runs->lock);
    return count;
}

/* With the lock held: tell the engine, and its thread, which sees to it that it obeys.  Only once:
 * a second signal would end it without its checkpoint. */
static void ask_to_stop(struct engine_runs *runs, struct engine_run *run)
{
    if (!atomic_exchange(&run->stop_wanted, true))
        runs->trainer->launcher->signal(&run->shown.process, SIGTERM);
    wake(run);
}

int engine_runs_stop(struct engine_runs *runs, int64_t job_id, struct run_state *state,
                     bool *was_over, struct error *err)
{
    double patience = clock_seconds() + STOP_WAIT_SECONDS;
    struct engine_run *run;

    *was_over = true;
    pthread_mutex_lock(&runs->lock);
    while ((run = find(runs, job_id)) && run->shown.status == RUN_STATUS_STARTING &&
           wait_until(runs, patience))
        ; /* another call starts it */
    if (run && !is_over(&run->shown)) {
        *was_over = false;
        ask_to_stop(runs, run);
        while ((run = find(runs, job_id)) && !run->is_finished && wait_until(runs, patience))
            ;
    }
    if (run)
        *state = run->shown;
    pthread_mutex_unlock(&runs->lock);
    return run ? 0 : read_state(runs, job_id, state, err);
}

/* --- opening and closing --------------------------------------------------------------------- */

/* It was being started when we died: was it? */
static void find_process(struct run_state *state)
{
    char job_id[32];
    const char *const words[] = { "train", "--job_id", job_id, "--output_dir", state->output_dir,
                                  NULL };

    snprintf(job_id, sizeof(job_id), "%lld", (long long)state->job_id);
    state->process = process_find(words);
    state->status = RUN_STATUS_RUNNING;
}

static void take_up(struct engine_runs *runs, const struct run_state *state, const char *boot_id)
{
    struct engine_run *run = new_run(runs);

    run->state = *state;
    if (state->status == RUN_STATUS_STARTING)
        find_process(&run->state);
    run->machine_restarted = strcmp(state->boot_id, boot_id) != 0;
    if (run->machine_restarted)
        run->state.process = (struct process){ 0 };
    run->was_gone = !runs->trainer->launcher->is_alive(&run->state.process);
    log_info("job %lld: engine %lld %s", (long long)state->job_id,
             (long long)run->state.process.pid, run->was_gone ? "is gone" : "runs on");
    run->shown = run->state;
    pthread_mutex_lock(&runs->lock);
    run->next = runs->first;
    runs->first = run;
    pthread_mutex_unlock(&runs->lock);
    start_thread(run);
}

static void remove_state(const char *folder, int64_t job_id)
{
    static const char *const suffixes[] = { "json", "position" };

    for (int i = 0; i < 2; i++) {
        struct str path = STR_INIT;

        str_printf(&path, "%s/job_%lld.%s", folder, (long long)job_id, suffixes[i]);
        unlink(path.text);
        str_release(&path);
    }
}

static int take_up_all(struct engine_runs *runs, struct error *err)
{
    const char *folder = runs->trainer->state_folder;
    struct arena arena = ARENA_INIT;
    const char *boot_id = process_boot_id(&arena);
    int64_t now = clock_unix_microseconds(), *ids;
    int count, result;

    result = run_state_list(&arena, folder, &ids, &count, err);
    for (int i = 0; !result && i < count; i++) {
        struct run_state state;
        struct error problem;

        if (run_state_read(&state, folder, ids[i], &problem))
            log_error("job %lld cannot be taken up: %s", (long long)ids[i], problem.text);
        else if (!state.is_done)
            take_up(runs, &state, boot_id);
        else if (now - state.started_at > KEEP_MICROSECONDS)
            remove_state(folder, ids[i]);
    }
    arena_release(&arena);
    return result;
}

int engine_runs_open(struct engine_runs **out, struct trainer *trainer, struct error *err)
{
    struct engine_runs *runs = calloc(1, sizeof(*runs));
    pthread_condattr_t attributes;

    BUG_IF(!runs || pthread_mutex_init(&runs->lock, NULL));
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_IF(pthread_cond_init(&runs->changed, &attributes));
    pthread_condattr_destroy(&attributes);
    runs->trainer = trainer;
    trainer->runs = *out = runs;
    return take_up_all(runs, err);
}

/* Ask all, wait for all; what they say last gets a moment to be told, and is told after the next
 * start otherwise. */
static void stop_all(struct engine_runs *runs)
{
    double patience;
    struct engine_run *run;

    pthread_mutex_lock(&runs->lock);
    for (run = runs->first; run; run = run->next)
        if (!is_over(&run->shown))
            ask_to_stop(runs, run);
    for (run = runs->first; run; run = run->next)
        while (!is_over(&run->shown))
            pthread_cond_wait(&runs->changed, &runs->lock);
    patience = clock_seconds() + TELL_WAIT_SECONDS;
    for (run = runs->first; run; run = run->next)
        while (!run->is_finished && wait_until(runs, patience))
            ;
    pthread_mutex_unlock(&runs->lock);
}

void engine_runs_close(struct engine_runs *runs, bool stop_engines)
{
    struct engine_run *run, *next;

    if (!runs)
        return;
    if (stop_engines)
        stop_all(runs);
    for (run = runs->first; run; run = run->next) {
        atomic_store(&run->quit_wanted, true);
        wake(run);
    }
    for (run = runs->first; run; run = next) {
        next = run->next;
        pthread_join(run->thread, NULL);
        free_run(run);
    }
    pthread_cond_destroy(&runs->changed);
    pthread_mutex_destroy(&runs->lock);
    free(runs);
}
