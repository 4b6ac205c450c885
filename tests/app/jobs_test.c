/* jobs_test.c - the table of states, each event once, pages with their totals. */

#include "app/jobs/jobs.h"
#include "base/error.h"
#include "store/db.h"
#include "test.h"

#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct setup {
    const char *folder;
    struct app *app;
    struct arena arena;
    struct user user;
    struct project project;
};

static void setup_init(struct setup *s)
{
    struct user profile = { .email = "owner@example.com" };
    struct project wanted = { .name = "Dog vs Cat" };
    struct app_options options;
    struct error err;

    *s = (struct setup){ .folder = test_folder() };
    options = (struct app_options){ .data_folder = s->folder };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s->arena,
                            &s->user, &err), err);
    CHECK_OK(projects_add(s->app, &s->user, &wanted, &s->arena, &s->project, &err), err);
}

static void setup_release(struct setup *s)
{
    app_close(s->app);
    arena_release(&s->arena);
}

static struct job some_job(const struct setup *s)
{
    return (struct job){ .project_id = s->project.id, .user_id = s->user.id, .framework = "timm",
                         .model_name = "resnet18", .task_type = "image_classification",
                         .dataset_path = "/data/cats", .epochs = 50, .batch_size = 16,
                         .learning_rate = 0.01, .pretrained = true,
                         .output_dir = "outputs/1/20240118_153000_resnet18" };
}

static int64_t add_job(struct setup *s)
{
    struct job wanted = some_job(s), job;
    struct error err;

    CHECK_OK(jobs_add(s->app, &wanted, &s->arena, &job, &err), err);
    return job.id;
}

static struct job get(struct setup *s, int64_t id)
{
    struct job job;
    struct error err;

    CHECK_OK(jobs_get(s->app, id, &s->arena, &job, &err), err);
    return job;
}

/* A person with sqlite3. */
static void by_hand(struct setup *s, const char *sql)
{
    char path[512];
    sqlite3 *handle;
    int code;

    snprintf(path, sizeof(path), "%s/vision_platform.db", s->folder);
    CHECK(sqlite3_open(path, &handle) == SQLITE_OK);
    code = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        test_fail(__FILE__, __LINE__, "%s: %s", sql, sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

TEST(job_starts_as_the_contract_says)
{
    struct job job;
    struct setup s;

    setup_init(&s);
    job = get(&s, add_job(&s));
    CHECK_TEXT(job.status, "pending");
    CHECK_TEXT(job.optimizer, "adam");
    CHECK_TEXT(job.dataset_format, "imagefolder");
    CHECK_TEXT(job.output_dir, "outputs/1/20240118_153000_resnet18");
    CHECK(isnan(job.accuracy) && isnan(job.loss) && !job.num_classes && !job.error_message &&
          !job.started_at && !job.completed_at && job.created_at && job.pretrained);
    CHECK_NEAR(job.learning_rate, 0.01, 0);
    setup_release(&s);
}

TEST(job_out_of_range_is_refused_in_the_contracts_words)
{
    static const struct {
        int64_t epochs, batch;
        double rate;
        const char *words;
    } bad[] = {
        { 0, 16, 0.01, "Epochs must be between 1 and 1000" },
        { 1001, 16, 0.01, "Epochs must be between 1 and 1000" },
        { 1, 0, 0.01, "Batch size must be between 1 and 512" },
        { 1, 513, 0.01, "Batch size must be between 1 and 512" },
        { 1, 1, 0, "Learning rate must be between 0 and 1" },
        { 1, 1, 1.5, "Learning rate must be between 0 and 1" },
        { 1, 1, NAN, "Learning rate must be between 0 and 1" },
    };
    struct setup s;
    struct job w, job;
    struct error err;
    int64_t total;
    struct job *list;
    int count;

    setup_init(&s);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        w = some_job(&s);
        w.epochs = bad[i].epochs;
        w.batch_size = bad[i].batch;
        w.learning_rate = bad[i].rate;
        CHECK(jobs_add(s.app, &w, &s.arena, &job, &err) && err.kind == ERR_INVALID);
        CHECK_TEXT(err.text, bad[i].words);
    }
    w = some_job(&s);
    w.dataset_path = NULL;
    CHECK(jobs_add(s.app, &w, &s.arena, &job, &err));
    CHECK_TEXT(err.text, "Either dataset_id or dataset_path must be provided");
    CHECK_OK(jobs_list(s.app, s.project.id, &(struct job_page){ NULL, 10, 0 }, &s.arena, &list,
                       &count, &total, &err), err);
    CHECK(!count && !total);
    CHECK(jobs_get(s.app, 77, &s.arena, &job, &err) && err.kind == ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Training job not found");
    setup_release(&s);
}

/* --- states ---------------------------------------------------------------------------------- */

enum verb { START, RESUME, ENQUEUE, DEQUEUE, CANCEL, RESTART, COMPLETE, FAIL_IT, STOP, REMOVE };

static int act(struct setup *s, int64_t id, enum verb verb, struct error *err)
{
    int64_t attempt;
    bool changed = true;
    int result = 0;

    switch (verb) {
    case START:
    case RESUME:
        return jobs_start(s->app, id, &(struct job_start){ .resume = verb == RESUME }, &attempt,
                          err);
    case ENQUEUE:
        return jobs_enqueue(s->app, id, &(struct job_start){ 0 }, err);
    case DEQUEUE:
        return jobs_dequeue(s->app, id, err);
    case CANCEL:
        return jobs_cancel(s->app, id, err);
    case RESTART:
        return jobs_restart(s->app, id, err);
    case COMPLETE:
        result = jobs_end(s->app, id, "completed", NULL, &changed, err);
        break;
    case FAIL_IT:
        result = jobs_end(s->app, id, "failed", "CUDA out of memory", &changed, err);
        break;
    case STOP:
        result = jobs_end(s->app, id, "stopped", NULL, &changed, err);
        break;
    case REMOVE:
        return jobs_remove(s->app, id, err);
    }
    return result ? result : changed ? 0 : FAIL(err, INVALID, "unchanged");
}

static int64_t job_in(struct setup *s, const char *status)
{
    int64_t id = add_job(s);
    struct error err;

    if (!strcmp(status, "queued"))
        CHECK_OK(act(s, id, ENQUEUE, &err), err);
    else if (!strcmp(status, "cancelled"))
        CHECK_OK(act(s, id, CANCEL, &err), err);
    else if (strcmp(status, "pending"))
        CHECK_OK(act(s, id, START, &err), err);
    if (!strcmp(status, "completed"))
        CHECK_OK(act(s, id, COMPLETE, &err), err);
    if (!strcmp(status, "failed"))
        CHECK_OK(act(s, id, FAIL_IT, &err), err);
    if (!strcmp(status, "stopped"))
        CHECK_OK(act(s, id, STOP, &err), err);
    return id;
}

static const char *const verbs[] = { "start", "resume", "enqueue", "dequeue", "cancel",
                                     "restart", "complete", "fail", "stop", "remove" };

/* What each verb makes of each status; "-" refuses and leaves it. */
static const struct transition {
    const char *from, *to[REMOVE + 1];
} transitions[] = {
    /* start, resume, enqueue, dequeue, cancel, restart, complete, fail, stop, remove */
    { "pending", { "running", "running", "queued", "-", "cancelled", "-", "-", "-", "-", "gone" } },
    { "queued", { "-", "-", "-", "pending", "cancelled", "-", "-", "-", "-", "gone" } },
    { "running", { "-", "-", "-", "-", "cancelled", "-", "completed", "failed", "stopped", "-" } },
    { "stopped",
      { "running", "running", "queued", "-", "cancelled", "pending", "-", "-", "-", "gone" } },
    { "completed", { "-", "-", "-", "-", "-", "pending", "-", "-", "-", "gone" } },
    { "failed", { "-", "running", "-", "-", "-", "pending", "-", "-", "-", "gone" } },
    { "cancelled", { "-", "-", "-", "-", "-", "pending", "-", "-", "-", "gone" } },
};

static const char *status_of(struct setup *s, int64_t id)
{
    struct job job;
    struct error err;

    if (jobs_get(s->app, id, &s->arena, &job, &err))
        return "gone";
    return job.queued_at ? "queued" : job.status;
}

TEST(job_states_are_as_the_table_says)
{
    struct setup s;

    setup_init(&s);
    for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++)
        for (int verb = START; verb <= REMOVE; verb++) {
            const char *wanted = transitions[i].to[verb];
            bool refuses = !strcmp(wanted, "-");
            int64_t id = job_in(&s, transitions[i].from);
            struct error err;
            int result = act(&s, id, (enum verb)verb, &err);
            const char *found = status_of(&s, id);

            if ((result != 0) != refuses ||
                strcmp(found, refuses ? transitions[i].from : wanted))
                test_fail(__FILE__, __LINE__, "%s of a %s job: %d, %s", verbs[verb],
                          transitions[i].from, result, found);
        }
    setup_release(&s);
}

TEST(job_refusal_names_the_status)
{
    struct setup s;
    struct error err;

    setup_init(&s);
    CHECK(act(&s, job_in(&s, "running"), START, &err));
    CHECK_TEXT(err.text, "Cannot start job with status: running");
    CHECK(act(&s, job_in(&s, "queued"), ENQUEUE, &err));
    CHECK_TEXT(err.text, "Cannot start job with status: queued");
    CHECK(act(&s, job_in(&s, "completed"), CANCEL, &err));
    CHECK_TEXT(err.text, "Cannot cancel job with status: completed");
    CHECK(act(&s, 999, START, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

#define STARTERS 8

struct starter {
    struct setup *s;
    int64_t id;
    bool won;
};

static void *start_it(void *data)
{
    struct starter *starter = data;
    struct error err;

    starter->won = !act(starter->s, starter->id, START, &err);
    return NULL;
}

TEST(job_started_by_many_at_once_starts_once)
{
    struct starter starters[STARTERS];
    pthread_t threads[STARTERS];
    struct setup s;
    int winners = 0;
    int64_t id;

    setup_init(&s);
    id = add_job(&s);
    for (int i = 0; i < STARTERS; i++) {
        starters[i] = (struct starter){ &s, id, false };
        CHECK(!pthread_create(&threads[i], NULL, start_it, &starters[i]));
    }
    for (int i = 0; i < STARTERS; i++) {
        pthread_join(threads[i], NULL);
        winners += starters[i].won;
    }
    CHECK(winners == 1 && get(&s, id).attempt == 1);
    setup_release(&s);
}

TEST(job_queue_goes_by_priority_then_time)
{
    struct job urgent;
    int64_t ids[3], *queue, *running;
    struct setup s;
    struct error err;
    struct job job;
    int count;

    setup_init(&s);
    for (int i = 0; i < 2; i++)
        ids[i] = job_in(&s, "queued");
    urgent = some_job(&s);
    urgent.priority = 5;
    CHECK_OK(jobs_add(s.app, &urgent, &s.arena, &job, &err), err);
    ids[2] = job.id;
    CHECK_OK(jobs_enqueue(s.app, ids[2], &(struct job_start){ 0 }, &err), err);
    job_in(&s, "running");
    CHECK_OK(jobs_queue(s.app, &s.arena, &queue, &count, &err), err);
    CHECK(count == 3 && queue[0] == ids[2] && queue[1] == ids[0] && queue[2] == ids[1]);
    CHECK_OK(jobs_running(s.app, &s.arena, &running, &count, &err), err);
    CHECK(count == 1);
    setup_release(&s);
}

/* --- pages ----------------------------------------------------------------------------------- */

static void check_page(struct setup *s, const char *status, int64_t limit, int64_t offset,
                       int wanted_count, int64_t wanted_total, int64_t wanted_first)
{
    struct job *jobs;
    struct error err;
    int64_t total;
    int count;

    CHECK_OK(jobs_list(s->app, s->project.id, &(struct job_page){ status, limit, offset },
                       &s->arena, &jobs, &count, &total, &err), err);
    CHECK(count == wanted_count && total == wanted_total);
    CHECK(!count || jobs[0].id == wanted_first);
}

TEST(job_pages_are_newest_first_and_know_their_total)
{
    struct setup s;
    struct error err;
    int64_t running;

    setup_init(&s);
    for (int i = 0; i < 5; i++)
        add_job(&s);
    running = job_in(&s, "running");
    check_page(&s, NULL, 4, 0, 4, 6, running);
    check_page(&s, NULL, 4, 4, 2, 6, 2);
    check_page(&s, NULL, 4, 8, 0, 6, 0);
    check_page(&s, "pending", 10, 0, 5, 5, 5);
    check_page(&s, "running", 10, 0, 1, 1, running);
    CHECK_OK(act(&s, running, FAIL_IT, &err), err);
    check_page(&s, "running", 10, 0, 0, 0, 0);
    check_page(&s, "failed", 10, 0, 1, 1, running);
    CHECK_OK(jobs_remove(s.app, running, &err), err);
    check_page(&s, NULL, 10, 0, 5, 5, 5);
    setup_release(&s);
}

/* As in the seed on listing experiments; what it leaves out has a default. */
TEST(job_inserted_by_hand_appears)
{
    struct setup s;
    struct job job;

    setup_init(&s);
    by_hand(&s, "INSERT INTO training_jobs (project_id, model_name, framework, task_type, status, "
                "dataset_path, epochs, batch_size, learning_rate, created_at) VALUES (1, "
                "'resnet50', 'timm', 'image_classification', 'running', '/d', 50, 32, 0.001, "
                "'2024-01-18 15:30:00')");
    check_page(&s, "running", 10, 0, 1, 1, 1);
    job = get(&s, 1);
    CHECK(job.created_at == 1705591800LL * 1000000);
    CHECK_TEXT(job.output_dir, "");
    setup_release(&s);
}

/* --- events ---------------------------------------------------------------------------------- */

static bool apply(struct setup *s, int64_t id, const char *event, int64_t attempt, int64_t seq,
                  const char *data)
{
    struct error err;
    json_t *parsed = json_parse(data, strlen(data), "data", &err);
    bool applied;

    CHECK(parsed);
    CHECK_OK(jobs_apply_event(s->app, id, event, attempt, seq, parsed, &applied, &err), err);
    json_decref(parsed);
    return applied;
}

#define EPOCH                                                                                  \
    "{\"epoch\":10,\"loss\":0.45,\"accuracy\":0.85,\"learning_rate\":0.0008,\"extra_metrics\":" \
    "{\"val_loss\":0.5,\"precision\":0.84}}"

TEST(job_event_of_an_epoch_is_kept_once)
{
    struct job_metric *metrics;
    struct setup s;
    struct error err;
    int64_t id;
    int count;

    setup_init(&s);
    id = job_in(&s, "running");
    CHECK(apply(&s, id, "epoch_complete", 1, 3, EPOCH));
    CHECK(!apply(&s, id, "epoch_complete", 1, 3, "{\"epoch\":11}")); /* sent again */
    CHECK(!apply(&s, id, "epoch_complete", 1, 2, "{\"epoch\":11}")); /* late */
    CHECK(!apply(&s, id, "epoch_complete", 2, 9, "{\"epoch\":11}")); /* another attempt */
    CHECK_OK(jobs_metrics(s.app, id, 100, &s.arena, &metrics, &count, &err), err);
    CHECK(count == 1 && metrics[0].epoch == 10);
    CHECK_NEAR(metrics[0].loss, 0.45, 0);
    CHECK_NEAR(metrics[0].learning_rate, 0.0008, 0);
    CHECK(strstr(metrics[0].extra_metrics, "\"precision\":0.84"));
    CHECK(get(&s, id).current_epoch == 10);
    CHECK_NEAR(get(&s, id).accuracy, 0.85, 0);
    /* without counting, the same epoch replaces itself */
    CHECK(apply(&s, id, "epoch_complete", 0, 0, "{\"epoch\":10,\"loss\":0.4,\"accuracy\":null}"));
    CHECK_OK(jobs_metrics(s.app, id, 100, &s.arena, &metrics, &count, &err), err);
    CHECK(count == 1 && metrics[0].loss == 0.4 && isnan(metrics[0].accuracy));
    setup_release(&s);
}

TEST(job_events_never_move_what_has_ended)
{
    struct setup s;
    int64_t id;

    setup_init(&s);
    id = job_in(&s, "running");
    CHECK(apply(&s, id, "training_failed", 1, 1, "{\"error_message\":\"disk full\"}"));
    CHECK_TEXT(get(&s, id).status, "failed");
    CHECK_TEXT(get(&s, id).error_message, "disk full");
    apply(&s, id, "training_complete", 1, 2, "{}");
    apply(&s, id, "status", 0, 0, "{\"status\":\"stopped\"}");
    CHECK_TEXT(get(&s, id).status, "failed");
    CHECK(get(&s, id).completed_at);
    setup_release(&s);
}

TEST(job_events_set_classes_best_and_logs)
{
    struct job_log *logs;
    struct setup s;
    struct error err;
    int64_t id;
    int count;

    setup_init(&s);
    id = job_in(&s, "running");
    CHECK(apply(&s, id, "dataset_analyzed", 0, 0, "{\"num_classes\":3}"));
    CHECK(apply(&s, id, "checkpoint_saved", 0, 0, "{\"kind\":\"latest\",\"path\":\"l\"}"));
    CHECK(!get(&s, id).best_checkpoint_path);
    CHECK(apply(&s, id, "checkpoint_saved", 0, 0, "{\"kind\":\"best\",\"path\":\"b\"}"));
    CHECK(apply(&s, id, "log", 0, 0, "{\"level\":\"WARNING\",\"message\":\"first\"}"));
    CHECK(apply(&s, id, "log", 0, 0, "{\"level\":\"INFO\",\"message\":\"둘째\"}"));
    CHECK(apply(&s, id, "a name of the future", 0, 0, "{}"));
    CHECK(get(&s, id).num_classes == 3);
    CHECK_TEXT(get(&s, id).best_checkpoint_path, "b");
    CHECK_OK(jobs_logs(s.app, id, &(struct job_log_page){ .limit = 500 }, &s.arena, &logs, &count,
                       &err), err);
    CHECK(count == 2);
    CHECK_TEXT(logs[0].content, "first");
    CHECK_TEXT(logs[1].content, "둘째");
    CHECK_OK(jobs_logs(s.app, id, &(struct job_log_page){ .limit = 500, .log_type = "WARNING" },
                       &s.arena, &logs, &count, &err), err);
    CHECK(count == 1);
    CHECK(act(&s, id, STOP, &err) == 0 && act(&s, id, RESTART, &err) == 0);
    CHECK_OK(jobs_logs(s.app, id, &(struct job_log_page){ .limit = 500 }, &s.arena, &logs, &count,
                       &err), err);
    CHECK(!count && !get(&s, id).best_checkpoint_path);
    setup_release(&s);
}

static int count(struct setup *s, const char *table, const char *where)
{
    char path[512], sql[200];
    sqlite3_stmt *statement;
    sqlite3 *handle;
    int rows;

    snprintf(path, sizeof(path), "%s/vision_platform.db", s->folder);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s", table, where);
    CHECK(sqlite3_open(path, &handle) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    rows = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return rows;
}

/* Others must get to write in between. */
TEST(job_with_many_rows_is_removed_in_parts)
{
    static const char many[] = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n "
                               "WHERE i < 5000) ";
    struct db_statistics before, after;
    char sql[1000];
    struct setup s;
    struct error err;
    int64_t id, other;

    setup_init(&s);
    id = add_job(&s);
    other = add_job(&s);
    snprintf(sql, sizeof(sql),
             "INSERT INTO metric_series (id, job_id, name, axis) VALUES (1, %lld, 'loss', 'step'), "
             "(2, %lld, 'loss', 'step');"
             "%s INSERT INTO metric_points SELECT 1, 0, i, 0, 0, 0 FROM n;"
             "INSERT INTO metric_points VALUES (2, 0, 1, 0, 0, 0);"
             "%s INSERT INTO training_logs (job_id, log_type, content, created_at) "
             "SELECT %lld, 'info', 'x', i FROM n",
             (long long)id, (long long)other, many, many, (long long)id);
    by_hand(&s, sql);
    db_read_statistics(s.app->db, &before);
    CHECK_OK(jobs_remove(s.app, id, &err), err);
    db_read_statistics(s.app->db, &after);
    CHECK(after.writes - before.writes >= 8);
    CHECK(!count(&s, "metric_points", "series_id = 1") && !count(&s, "training_logs", "true"));
    CHECK(count(&s, "metric_points", "series_id = 2") == 1);
    CHECK(jobs_remove(s.app, id, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

TEST(job_changes_at_the_same_moment_are_both_kept)
{
    struct job read, first, second;
    struct setup s;
    struct error err;

    setup_init(&s);
    read = first = second = get(&s, add_job(&s)); /* both have read the same */
    first.experiment_name = "renamed";
    second.notes = "noted";
    second.tags = "[\"a\"]";
    CHECK_OK(jobs_rename(s.app, &read, &first, &err), err);
    CHECK_OK(jobs_rename(s.app, &read, &second, &err), err);
    read = get(&s, read.id);
    CHECK_TEXT(read.experiment_name, "renamed");
    CHECK_TEXT(read.notes, "noted");
    CHECK_TEXT(read.tags, "[\"a\"]");
    setup_release(&s);
}
