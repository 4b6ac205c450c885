/* Starting, queueing and stopping jobs. */

#include "job_support.h"

#include "app/datasets/datasets.h"
#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "store/db.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- folders --------------------------------------------------------------------------------- */

TEST(a_new_job_has_its_folders_and_is_not_started)
{
    static const char *const inside[] = { "checkpoints", "logs", "results" };
    struct setup s;
    struct job first, second;

    setup_init(&s);
    first = add(&s);
    second = add(&s);
    CHECK_TEXT(first.status, "pending");
    CHECK(str_starts_with(first.output_dir, "outputs/1/2") &&
          strstr(first.output_dir, "_resnet18") && strcmp(first.output_dir, second.output_dir));
    for (int i = 0; i < 3; i++)
        CHECK(file_is_folder(arena_printf(&s.arena, "%s/%s/%s", s.folder, second.output_dir,
                                          inside[i])));
    CHECK(!s.service.starts);
    setup_release(&s);
}

TEST(what_does_not_fit_leaves_no_folder)
{
    struct setup s;
    struct job wanted = { .framework = "timm", .model_name = "resnet18",
                          .task_type = "image_classification", .dataset_path = "/x", .epochs = 0,
                          .batch_size = 8, .learning_rate = 0.01 };
    struct error err;
    struct job job;

    setup_init(&s);
    wanted.project_id = s.project.id;
    CHECK(control_create(s.app, &wanted, &s.arena, &job, &err) && err.kind == ERR_INVALID);
    wanted.epochs = 1;
    wanted.project_id = 77; /* the row is refused after the folder was made */
    CHECK(control_create(s.app, &wanted, &s.arena, &job, &err));
    CHECK(!file_exists(arena_printf(&s.arena, "%s/outputs/1", s.folder)));
    {
        char **names;
        int count;

        CHECK_OK(file_list(&s.arena, arena_printf(&s.arena, "%s/outputs/77", s.folder), &names,
                           &count, &err),
                 err);
        CHECK(!count);
    }
    setup_release(&s);
}

/* --- starting -------------------------------------------------------------------------------- */

TEST(a_start_reaches_the_service_and_a_second_one_is_refused)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;

    setup_init(&s);
    job = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(!queued && s.service.starts == 1 && s.service.started_job == job.id &&
          s.service.attempt == 1 && !s.service.resume);
    CHECK(str_starts_with(s.service.output_dir, s.folder));
    CHECK_TEXT(status_of(&s, job.id), "running");
    CHECK(start(&s, job.id, -1, &queued, &err) && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot start job with status: running");
    setup_release(&s);
}

TEST(a_split_strategy_reaches_the_service_as_a_file)
{
    static const char wish[] = "{\"method\":\"auto\",\"ratio\":0.7}";
    struct str text = STR_INIT;
    struct error err;
    struct setup s;
    struct job job, copy;
    const char *kept;
    json_t *body;
    bool queued;

    setup_init(&s);
    job = add_with_split(&s, wish);
    CHECK_OK(control_clone(s.app, job.id, &s.user, &s.arena, &copy, &err), err);
    CHECK_OK(jobs_split_strategy(s.app, copy.id, &s.arena, &kept, &err), err);
    CHECK_TEXT(kept, wish);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK_TEXT(s.service.split, arena_printf(&s.arena, "%s/split_strategy.json",
                                             s.service.output_dir));
    CHECK_OK(file_read(s.service.split, 1000, &text, &err), err);
    CHECK_TEXT(text.text, wish);
    job.split_strategy = wish; /* of a job that is not made yet */
    body = control_start_body(s.app, &job, &s.arena, &err);
    kept = arena_strdup(&s.arena, json_string_value(json_object_get(body, "split_strategy")));
    CHECK(str_starts_with(kept, arena_printf(&s.arena, "%s/tmp/", s.folder)) && file_exists(kept));
    control_forget_body(body);
    CHECK(!file_exists(kept));
    job = add(&s);
    CHECK_OK(jobs_split_strategy(s.app, job.id, &s.arena, &kept, &err), err);
    CHECK(!kept);
    str_release(&text);
    setup_release(&s);
}

TEST(a_refused_start_leaves_the_job_as_it_was)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;

    setup_init(&s);
    job = add(&s);
    s.service.start_status = 500;
    CHECK(start(&s, job.id, -1, &queued, &err) && err.kind == ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "no room");
    CHECK_TEXT(status_of(&s, job.id), "pending");
    s.service.start_status = 200;
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK_TEXT(status_of(&s, job.id), "running");
    setup_release(&s);
}

TEST(without_a_place_jobs_wait_and_start_in_their_order)
{
    struct arena arena = ARENA_INIT;
    struct job_queue queue;
    struct setup s;
    struct error err;
    struct job jobs[3];
    bool queued;

    setup_init(&s);
    for (int i = 0; i < 3; i++)
        jobs[i] = add(&s);
    CHECK_OK(start(&s, jobs[0].id, -1, &queued, &err), err);
    for (int i = 1; i < 3; i++) {
        CHECK_OK(start(&s, jobs[i].id, -1, &queued, &err), err);
        CHECK(queued);
        CHECK_TEXT(status_of(&s, jobs[i].id), "pending");
    }
    CHECK(start(&s, jobs[1].id, -1, &queued, &err));
    CHECK_TEXT(err.text, "Cannot start job with status: queued");
    CHECK_OK(control_queue(s.app, &arena, &queue, &err), err);
    for (int i = 0; i < 3; i++)
        CHECK(job_queue_place(&queue, jobs[i].id).position == i);
    CHECK(isnan(job_queue_place(&queue, jobs[1].id).eta_seconds)); /* nobody has said anything */
    report(&s, jobs[0].id, "step", "{\"epoch\":1,\"step\":1,\"steps\":9,\"eta_s\":40}");
    CHECK_OK(control_queue(s.app, &arena, &queue, &err), err);
    CHECK(job_queue_place(&queue, jobs[1].id).eta_seconds == 40);
    CHECK(isnan(job_queue_place(&queue, jobs[0].id).eta_seconds));
    CHECK_OK(jobs_set_priority(s.app, jobs[2].id, 3, &err), err);
    report(&s, jobs[0].id, "training_complete", "{}");
    wait_for(&s, jobs[2].id, "running");
    CHECK_TEXT(status_of(&s, jobs[1].id), "pending");
    CHECK_OK(control_stop(s.app, jobs[1].id, &err), err); /* out of the queue */
    report(&s, jobs[2].id, "training_failed", "{\"error_message\":\"CUDA out of memory\"}");
    CHECK_TEXT(status_of(&s, jobs[2].id), "failed");
    CHECK_TEXT(status_of(&s, jobs[1].id), "pending");
    CHECK(s.service.starts == 2);
    arena_release(&arena);
    setup_release(&s);
}

/* --- stopping and going on ------------------------------------------------------------------- */

TEST(a_stopped_job_goes_on_where_it_has_a_checkpoint)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;
    FILE *file;

    setup_init(&s);
    job = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    report(&s, job.id, "training_stopped", "{}");
    CHECK_TEXT(status_of(&s, job.id), "stopped");
    file = fopen(arena_printf(&s.arena, "%s/%s/checkpoints/latest.safetensors", s.folder,
                              job.output_dir), "w");
    CHECK(file && !fclose(file));
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(s.service.resume && s.service.attempt == 2);
    report(&s, job.id, "training_failed", "{\"error_message\":\"killed\"}");
    CHECK(start(&s, job.id, -1, &queued, &err)); /* failed jobs go on when asked to alone */
    CHECK_OK(start(&s, job.id, 1, &queued, &err), err);
    CHECK(s.service.resume && s.service.attempt == 3);
    setup_release(&s);
}

/* The engine gives the checkpoints of the attempt before another name: one folder, not many. */
TEST(a_job_that_begins_anew_keeps_one_earlier_attempt)
{
    struct setup s;
    struct error err;
    struct job job;
    const char *now, *aside;
    bool queued;

    setup_init(&s);
    job = add(&s);
    now = arena_printf(&s.arena, "%s/%s/checkpoints/latest.safetensors", s.folder, job.output_dir);
    aside = arena_printf(&s.arena, "%s/%s/checkpoints-1", s.folder, job.output_dir);
    CHECK_OK(file_make_folders(aside, &err), err);
    CHECK_OK(start(&s, job.id, 0, &queued, &err), err);
    CHECK(file_is_folder(aside)); /* nothing comes in its place */
    report(&s, job.id, "training_stopped", "{}");
    CHECK_OK(file_replace(now, "x", 1, &err), err);
    CHECK_OK(start(&s, job.id, 1, &queued, &err), err);
    CHECK(file_is_folder(aside)); /* it goes on */
    report(&s, job.id, "training_stopped", "{}");
    s.service.start_status = 500;
    CHECK(start(&s, job.id, 0, &queued, &err));
    CHECK(file_is_folder(aside)); /* nor after a start that was none */
    s.service.start_status = 200;
    CHECK_OK(start(&s, job.id, 0, &queued, &err), err);
    CHECK(!file_exists(aside) && file_exists(now));
    CHECK(!file_exists(arena_printf(&s.arena, "%s/%s/checkpoints-older", s.folder,
                                    job.output_dir)));
    setup_release(&s);
}

TEST(cancel_is_for_good_and_asks_the_service)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;

    setup_init(&s);
    job = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK_OK(control_cancel(s.app, job.id, &err), err);
    CHECK(s.service.stops == 1);
    report(&s, job.id, "training_stopped", "{}");
    CHECK_TEXT(status_of(&s, job.id), "cancelled");
    CHECK(start(&s, job.id, 1, &queued, &err));
    CHECK_TEXT(err.text, "Cannot start job with status: cancelled");
    CHECK_OK(control_restart(s.app, job.id, &err), err);
    CHECK_TEXT(status_of(&s, job.id), "pending");
    setup_release(&s);
}

TEST(removing_a_job_or_project_takes_its_files_and_not_a_running_one)
{
    struct setup s;
    struct error err;
    struct job job, other;
    const char *folder;
    int64_t removed;
    bool queued;

    setup_init(&s);
    job = add(&s);
    other = add(&s);
    folder = arena_printf(&s.arena, "%s/%s", s.folder, job.output_dir);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(control_remove(s.app, job.id, false, &err) && err.kind == ERR_CONFLICT);
    CHECK(control_remove_project(s.app, s.project.id, false, &removed, &err) &&
          err.kind == ERR_CONFLICT);
    CHECK(file_is_folder(folder));
    CHECK_TEXT(status_of(&s, other.id), "pending");
    CHECK_OK(control_remove(s.app, job.id, true, &err), err);
    CHECK(s.service.stops == 1 && !file_exists(folder));
    CHECK_OK(control_remove_project(s.app, s.project.id, true, &removed, &err), err);
    CHECK(removed == 1);
    CHECK(!file_exists(arena_printf(&s.arena, "%s/outputs/1", s.folder)));
    setup_release(&s);
}

TEST(a_folder_that_is_not_ours_is_not_removed)
{
    struct setup s;
    struct error err;
    struct job job, wanted = { .framework = "timm", .model_name = "m", .task_type = "t",
                               .dataset_path = "/x", .epochs = 1, .batch_size = 1,
                               .learning_rate = 0.1 };
    const char *precious;

    setup_init(&s);
    precious = arena_printf(&s.arena, "%s/precious", s.folder);
    CHECK_OK(file_make_folders(precious, &err), err);
    wanted.project_id = s.project.id;
    wanted.output_dir = precious;
    CHECK_OK(jobs_add(s.app, &wanted, &s.arena, &job, &err), err);
    CHECK_OK(control_remove(s.app, job.id, false, &err), err);
    wanted.output_dir = "outputs/../precious";
    CHECK_OK(jobs_add(s.app, &wanted, &s.arena, &job, &err), err);
    CHECK_OK(control_remove(s.app, job.id, false, &err), err);
    CHECK(file_is_folder(precious));
    setup_release(&s);
}
