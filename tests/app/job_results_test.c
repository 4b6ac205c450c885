/* Series for charts: no peak is lost, few rows are read, whatever the length. */

#include "app/app.h"
#include "app/jobs/job_results.h"
#include "base/error.h"
#include "base/rng.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct setup {
    const char *folder;
    struct app *app;
    struct arena arena;
    int64_t job_id;
};

static void setup_init(struct setup *s)
{
    struct user profile = { .email = "ada@example.com" }, user;
    struct project wanted = { .name = "Dog vs Cat" }, project;
    struct app_options options;
    struct error err;
    struct job job;

    *s = (struct setup){ .folder = test_folder() };
    options = (struct app_options){ .data_folder = s->folder };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s->arena,
                            &user, &err), err);
    CHECK_OK(projects_add(s->app, &user, &wanted, &s->arena, &project, &err), err);
    CHECK_OK(jobs_add(s->app,
                      &(struct job){ .project_id = project.id, .framework = "timm",
                                     .model_name = "resnet18", .task_type = "image_classification",
                                     .dataset_path = "/data", .epochs = 10, .batch_size = 8,
                                     .learning_rate = 0.1, .output_dir = "outputs/1/x" },
                      &s->arena, &job, &err),
             err);
    s->job_id = job.id;
}

static void setup_release(struct setup *s)
{
    app_close(s->app);
    arena_release(&s->arena);
}

/* --- points ---------------------------------------------------------------------------------- */

struct points {
    int64_t job_id, from, to, peak;
};

static int add_points(struct db_connection *connection, void *context, struct error *err)
{
    const struct points *p = context;

    for (int64_t x = p->from; x <= p->to; x++)
        if (series_add_point(connection, p->job_id, "step_loss", SERIES_STEP, x,
                             x == p->peak ? 99 : (double)(x % 10), err))
            return -1;
    return 0;
}

TEST(series_keep_every_point_of_a_short_stretch)
{
    struct points p = { .from = 1, .to = 300, .peak = 123 };
    struct setup s;
    struct series series;
    struct error err;

    setup_init(&s);
    p.job_id = s.job_id;
    CHECK_OK(db_transact(s.app->db, add_points, &p, &err), err);
    CHECK_OK(series_read(s.app, s.job_id, "step_loss", 0, 0, 1000, &s.arena, &series, &err), err);
    CHECK(series.count == 300 && series.resolution == 1);
    CHECK(series.buckets[0].from == 1 && series.buckets[299].from == 300);
    CHECK(series.buckets[122].maximum == 99 && series.buckets[122].minimum == 99);
    CHECK_TEXT(series.axis, "step");
    CHECK(series_read(s.app, s.job_id, "nothing", 0, 0, 10, &s.arena, &series, &err) &&
          err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

TEST(series_of_a_long_stretch_lose_no_peak)
{
    struct points p = { .from = 1, .to = 20000, .peak = 13337 };
    struct setup s;
    struct series series;
    struct error err;
    bool found = false;

    setup_init(&s);
    p.job_id = s.job_id;
    CHECK_OK(db_transact(s.app->db, add_points, &p, &err), err);
    for (int points = 7; points <= 1000; points = points * 3 + 1) {
        CHECK_OK(series_read(s.app, s.job_id, "step_loss", 0, 0, points, &s.arena, &series, &err),
                 err);
        CHECK(series.count <= points + 1 && series.count > points / 2);
        found = false;
        for (int i = 0; i < series.count; i++) {
            const struct series_bucket *b = &series.buckets[i];

            CHECK(b->minimum >= 0 && b->minimum <= b->last && b->last <= b->maximum);
            CHECK(!i || b->from > series.buckets[i - 1].from);
            if (b->maximum == 99) {
                found = true;
                CHECK(b->from <= p.peak && b->to >= p.peak);
            }
        }
        CHECK(found);
    }
    CHECK_OK(series_read(s.app, s.job_id, "step_loss", 13330, 13340, 100, &s.arena, &series, &err),
             err);
    CHECK(series.count == 11 && series.buckets[7].maximum == 99);
    setup_release(&s);
}

TEST(series_take_a_point_again_without_doubling_it)
{
    struct points p = { .from = 1, .to = 50, .peak = -1 };
    struct setup s;
    struct series series;
    struct error err;

    setup_init(&s);
    p.job_id = s.job_id;
    CHECK_OK(db_transact(s.app->db, add_points, &p, &err), err);
    p.from = 40; /* a resumed run repeats its last epoch */
    CHECK_OK(db_transact(s.app->db, add_points, &p, &err), err);
    CHECK_OK(series_read(s.app, s.job_id, "step_loss", 0, 0, 100, &s.arena, &series, &err), err);
    CHECK(series.count == 50);
    setup_release(&s);
}

static int add_odd_values(struct db_connection *connection, void *context, struct error *err)
{
    int64_t id = *(int64_t *)context;

    return series_add_point(connection, id, "loss", SERIES_EPOCH, 1, NAN, err) ||
                   series_add_point(connection, id, "loss", SERIES_EPOCH, 2, INFINITY, err) ||
                   series_add_point(connection, id, "loss", SERIES_EPOCH, 3, -0.5, err)
               ? -1
               : 0;
}

TEST(series_leave_out_what_is_not_finite)
{
    struct setup s;
    struct series series;
    struct error err;

    setup_init(&s);
    CHECK_OK(db_transact(s.app->db, add_odd_values, &s.job_id, &err), err);
    CHECK_OK(series_read(s.app, s.job_id, "loss", 0, 0, 100, &s.arena, &series, &err), err);
    CHECK(series.count == 1 && series.buckets[0].from == 3 && series.buckets[0].last == -0.5);
    setup_release(&s);
}

/* --- any series, any stretch ----------------------------------------------------------------- */

#define RANDOM_POINTS 6000

struct random_points {
    int64_t job_id, x[RANDOM_POINTS];
    double values[RANDOM_POINTS];
};

static int add_random(struct db_connection *connection, void *context, struct error *err)
{
    const struct random_points *p = context;

    for (int i = 0; i < RANDOM_POINTS; i++)
        if (series_add_point(connection, p->job_id, "walk", SERIES_STEP, p->x[i], p->values[i],
                             err))
            return -1;
    return 0;
}

/* A bucket is what a look at each of its points would make of them. */
static void check_bucket(const struct random_points *p, const struct series_bucket *b)
{
    double minimum = INFINITY, maximum = -INFINITY, last = NAN;

    for (int i = 0; i < RANDOM_POINTS; i++)
        if (p->x[i] >= b->from && p->x[i] <= b->to) {
            minimum = fmin(minimum, p->values[i]);
            maximum = fmax(maximum, p->values[i]);
            last = p->values[i];
        }
    CHECK(b->minimum == minimum && b->maximum == maximum && b->last == last);
}

static void check_stretch(struct setup *s, const struct random_points *p, int64_t from, int64_t to,
                          int64_t points)
{
    struct series series;
    struct error err;
    int at = 0;

    CHECK_OK(series_read(s->app, s->job_id, "walk", from, to, points, &s->arena, &series, &err),
             err);
    CHECK(series.count <= points + 1);
    for (int i = 0; i < series.count; i++)
        check_bucket(p, &series.buckets[i]);
    for (int i = 0; i < RANDOM_POINTS; i++) {
        if (p->x[i] < from || p->x[i] > to)
            continue;
        while (at < series.count && series.buckets[at].to < p->x[i])
            at++;
        CHECK(at < series.count && series.buckets[at].from <= p->x[i]);
    }
}

TEST(series_say_of_any_stretch_what_its_points_say)
{
    static struct random_points p;
    struct rng rng = rng_for(20260, 1, 0);
    int64_t x = 0, last;
    struct setup s;
    struct error err;

    setup_init(&s);
    p.job_id = s.job_id;
    for (int i = 0; i < RANDOM_POINTS; i++) {
        bool is_peak = !rng_below(&rng, 500);

        p.x[i] = x;
        p.values[i] = rng_normal(&rng) * (is_peak ? 1000 : 1);
        x += 1 + (rng_below(&rng, 20) ? 0 : rng_below(&rng, 300)); /* with gaps */
    }
    last = p.x[RANDOM_POINTS - 1];
    CHECK_OK(db_transact(s.app->db, add_random, &p, &err), err);
    for (int i = 0; i < 60; i++) {
        int64_t from = i % 3 ? rng_below(&rng, (uint32_t)last) : 0;
        int64_t to = i % 3 ? from + 1 + rng_below(&rng, (uint32_t)(last - from)) : last;

        check_stretch(&s, &p, from, to < last ? to : last, 1 + rng_below(&rng, 1 << (i % 11)));
    }
    setup_release(&s);
}

/* --- events ---------------------------------------------------------------------------------- */

static void report_as(struct setup *s, int64_t attempt, const char *event, int64_t seq,
                      const char *json, bool wanted)
{
    struct error err;
    json_t *data = json_parse(json, strlen(json), "data", &err);
    bool applied;

    CHECK_OK(jobs_apply_event(s->app, s->job_id, event, attempt, seq, data, &applied, &err), err);
    CHECK(applied == wanted);
    json_decref(data);
}

static void report(struct setup *s, const char *event, int64_t seq, const char *json, bool wanted)
{
    report_as(s, seq ? 1 : 0, event, seq, json, wanted);
}

static void start(struct setup *s)
{
    struct error err;
    int64_t attempt;

    CHECK_OK(jobs_start(s->app, s->job_id, &(struct job_start){ 0 }, &attempt, &err), err);
    CHECK(attempt == 1);
}

TEST(validation_results_keep_images_of_the_newest_and_the_best_epoch)
{
    static const char *const rows = "\"images\":[{\"file\":\"val/a/1.png\",\"true_label\":\"a\","
                                    "\"true_label_id\":0,\"predicted_label\":\"b\","
                                    "\"predicted_label_id\":1,\"confidence\":0.6,"
                                    "\"is_correct\":false,\"top5\":[]},{\"file\":\"val/b/2.png\","
                                    "\"true_label\":\"b\",\"true_label_id\":1,"
                                    "\"predicted_label\":\"b\",\"predicted_label_id\":1,"
                                    "\"confidence\":0.9,\"is_correct\":true,\"top5\":[]}]";
    static const int kept[] = { 0, 2, 0, 2 }; /* epoch 2 is best, 4 the newest */
    struct validation_filter any = { .correct = -1, .true_id = -1, .predicted_id = -1,
                                     .limit = 10 };
    struct validation_image *images;
    struct validation v;
    struct setup s;
    struct error err;
    int64_t total, correct;
    char json[1024];
    int count;

    setup_init(&s);
    start(&s);
    for (int epoch = 1; epoch <= 4; epoch++) {
        snprintf(json, sizeof(json),
                 "{\"epoch\":%d,\"is_best\":%s,\"primary_metric_name\":\"accuracy\","
                 "\"primary_metric_value\":0.5,\"class_names\":[\"a\",\"b\"],%s}",
                 epoch, epoch <= 2 ? "true" : "false", rows);
        report(&s, "validation_result", epoch, json, true);
    }
    for (int epoch = 1; epoch <= 4; epoch++) {
        CHECK_OK(validations_get(s.app, s.job_id, epoch, &s.arena, &v, &err), err);
        CHECK_OK(validation_images(s.app, v.id, &any, &s.arena, &images, &count, &total, &correct,
                                   &err),
                 err);
        CHECK(count == kept[epoch - 1] && total == count && correct == count / 2);
    }
    any.true_id = 0;
    any.predicted_id = 1;
    CHECK_OK(
        validation_images(s.app, v.id, &any, &s.arena, &images, &count, &total, &correct, &err),
        err);
    CHECK(count == 1 && !correct);
    CHECK_TEXT(images[0].image_path, "val/a/1.png");
    setup_release(&s);
}

TEST(files_outside_of_the_jobs_folder_are_not_read)
{
    struct setup s;
    struct validation v;
    struct validation_image *images;
    struct validation_filter any = { .correct = -1, .true_id = -1, .predicted_id = -1, .limit = 1 };
    struct error err;
    int64_t total, correct;
    char path[128], json[256];
    FILE *file;
    int count;

    setup_init(&s);
    start(&s);
    snprintf(path, sizeof(path), "%s/elsewhere.json", s.folder);
    file = fopen(path, "w");
    CHECK(file);
    fputs("{\"epoch\":1,\"images\":[{\"file\":\"x\",\"is_correct\":true}]}", file);
    CHECK(!fclose(file));
    snprintf(json, sizeof(json), "{\"epoch\":1,\"images_path\":\"%s\"}", path);
    report(&s, "validation_result", 1, json, true);
    CHECK_OK(validations_get(s.app, s.job_id, 1, &s.arena, &v, &err), err);
    CHECK_OK(
        validation_images(s.app, v.id, &any, &s.arena, &images, &count, &total, &correct, &err),
        err);
    CHECK(!total);
    setup_release(&s);
}

TEST(a_fresh_start_clears_what_an_earlier_attempt_left_and_resuming_keeps_it)
{
    struct setup s;
    struct series series;
    struct error err;
    int64_t attempt;

    setup_init(&s);
    start(&s);
    report(&s, "epoch_complete", 1, "{\"epoch\":1,\"loss\":0.5,\"extra_metrics\":{\"f1_score\":1}}",
           true);
    report(&s, "epoch_complete", 1, "{\"epoch\":1,\"loss\":0.9}", false); /* known */
    report(&s, "training_stopped", 2, "{}", true);
    CHECK_OK(jobs_start(s.app, s.job_id, &(struct job_start){ .resume = true }, &attempt, &err),
             err);
    CHECK_OK(series_read(s.app, s.job_id, "f1_score", 0, 0, 9, &s.arena, &series, &err), err);
    CHECK(series.count == 1);
    report(&s, "training_stopped", 3, "{}", false); /* of the first attempt */
    report(&s, "training_stopped", 0, "{}", true);
    CHECK_OK(jobs_start(s.app, s.job_id, &(struct job_start){ .resume = false }, &attempt, &err),
             err);
    CHECK(attempt == 3);
    CHECK_OK(series_read(s.app, s.job_id, "f1_score", 0, 0, 9, &s.arena, &series, &err), err);
    CHECK(series.count == 1); /* it has not begun yet */
    report_as(&s, 3, "log", 0, "{\"message\":\"hello\"}", true);
    CHECK(series_read(s.app, s.job_id, "f1_score", 0, 0, 9, &s.arena, &series, &err) &&
          err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}
