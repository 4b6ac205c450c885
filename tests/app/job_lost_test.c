/* Starts that are refused or lost, ends that nobody told, engines that take their time. */

#include "job_support.h"

#include "app/jobs/job_control_internal.h"
#include "base/file.h"

#include <string.h>
#include <unistd.h>

/* --- starts that are none -------------------------------------------------------------------- */

/* A start from the beginning takes away what there is, but only when it is one. */
TEST(a_refused_start_keeps_the_results_and_the_times)
{
    struct setup s;
    struct error err;
    struct job job, before, after;
    bool queued;

    setup_init(&s);
    job = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    report(&s, job.id, "epoch_complete", "{\"epoch\":1,\"loss\":0.5}");
    report(&s, job.id, "training_stopped", "{}");
    CHECK_OK(jobs_get(s.app, job.id, &s.arena, &before, &err), err);
    s.service.start_status = 500;
    CHECK(start(&s, job.id, 0, &queued, &err));
    CHECK_OK(jobs_get(s.app, job.id, &s.arena, &after, &err), err);
    CHECK_TEXT(after.status, "stopped");
    CHECK(after.started_at == before.started_at && after.completed_at == before.completed_at);
    CHECK(before.started_at && before.completed_at && count_metrics(&s, job.id) == 1);
    s.service.start_status = 200;
    CHECK_OK(start(&s, job.id, 0, &queued, &err), err);
    CHECK(!count_metrics(&s, job.id));
    setup_release(&s);
}

/* An engine of this job runs already, or may have begun unheard: nobody could stop it later. */
TEST(a_start_that_meets_an_unknown_engine_asks_it_to_stop)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;

    setup_init(&s);
    job = add(&s);
    s.service.start_status = 409;
    CHECK(start(&s, job.id, -1, &queued, &err) && err.kind == ERR_UNAVAILABLE);
    CHECK_TEXT(status_of(&s, job.id), "pending");
    CHECK(s.service.stops == 1);
    s.service.start_status = 500;
    CHECK(start(&s, job.id, -1, &queued, &err));
    CHECK(s.service.stops == 1);
    say_state(&s, "running", 1);
    CHECK_OK(control_cancel(s.app, job.id, &err), err);
    CHECK(s.service.stops == 2);
    setup_release(&s);
}

TEST(the_queue_waits_until_it_is_told_to_run)
{
    struct setup s;
    struct error err;
    struct job job;
    const char *left;

    setup_init(&s);
    left = arena_printf(&s.arena, "%s/tmp/split_Ab12Cd", s.folder);
    CHECK_OK(file_make_folders(arena_printf(&s.arena, "%s/tmp", s.folder), &err), err);
    CHECK_OK(file_replace(left, "{}", 2, &err), err);
    control_close(s.app);
    control_free(s.app->control);
    control_open(s.app);
    CHECK(!file_exists(left)); /* by a server that was killed */
    job = add(&s);
    CHECK_OK(jobs_enqueue(s.app, job.id, &(struct job_start){ 0 }, &err), err);
    control_kick(s.app);
    usleep(200000);
    CHECK(!s.service.starts);
    control_run(s.app);
    wait_for(&s, job.id, "running");
    setup_release(&s);
}

/* What waits to go on would begin anew, and lose everything, if it were forgotten what it was. */
TEST(a_job_that_leaves_the_queue_is_what_it_was)
{
    struct setup s;
    struct error err;
    struct job job, other;
    bool queued;

    setup_init(&s);
    job = add(&s);
    other = add(&s);
    write_checkpoint(&s, &job);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    report(&s, job.id, "epoch_complete", "{\"epoch\":1,\"loss\":0.5}");
    report(&s, job.id, "training_stopped", "{}");
    CHECK_OK(start(&s, other.id, -1, &queued, &err), err);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(queued);
    CHECK_OK(control_stop(s.app, job.id, &err), err);
    CHECK_TEXT(status_of(&s, job.id), "stopped");
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(queued);
    s.service.start_status = 500; /* at its turn */
    report(&s, other.id, "training_complete", "{}");
    wait_for(&s, job.id, "stopped");
    CHECK_OK(jobs_get(s.app, job.id, &s.arena, &job, &err), err);
    CHECK_TEXT(job.error_message, "no room");
    s.service.start_status = 200;
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    CHECK(!queued && s.service.resume && count_metrics(&s, job.id) == 1);
    setup_release(&s);
}

/* --- what was not told ----------------------------------------------------------------------- */

TEST(an_end_that_was_not_told_ends_the_job_after_a_while)
{
    struct setup s;
    struct error err;
    struct job job;
    bool queued;

    setup_init(&s);
    job = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    say_state(&s, "stopped", 1);
    be_silent(&s, job.id, 60); /* its event may be on the way */
    usleep(200000);
    CHECK_TEXT(status_of(&s, job.id), "running");
    be_silent(&s, job.id, 200);
    wait_for(&s, job.id, "stopped");
    CHECK_OK(start(&s, job.id, 1, &queued, &err), err);
    be_silent(&s, job.id, 60); /* no event of an earlier attempt is */
    wait_for(&s, job.id, "failed");
    CHECK_OK(jobs_get(s.app, job.id, &s.arena, &job, &err), err);
    CHECK_TEXT(job.error_message,
               "Lost contact: the training service has not begun this attempt");
    setup_release(&s);
}

/* --- engines that end ------------------------------------------------------------------------ */

static void *end_engine(void *context)
{
    usleep(300000);
    say_state(context, "stopped", 1);
    return NULL;
}

TEST(a_cancelled_job_holds_its_place_and_folder_until_its_engine_has_ended)
{
    struct setup s;
    struct error err;
    struct job job, other;
    pthread_t thread;
    bool queued;

    setup_init(&s);
    job = add(&s);
    other = add(&s);
    CHECK_OK(start(&s, job.id, -1, &queued, &err), err);
    say_state(&s, "running", 1);
    CHECK_OK(control_cancel(s.app, job.id, &err), err);
    CHECK_TEXT(status_of(&s, job.id), "cancelled");
    CHECK_OK(start(&s, other.id, -1, &queued, &err), err);
    CHECK(queued);
    usleep(200000);
    CHECK_TEXT(status_of(&s, other.id), "pending");
    CHECK(!pthread_create(&thread, NULL, end_engine, &s));
    CHECK_OK(control_remove(s.app, job.id, false, &err), err);
    CHECK_TEXT(s.service.state, "stopped");
    CHECK(!pthread_join(thread, NULL));
    wait_for(&s, other.id, "running");
    setup_release(&s);
}
