/* callback_test.c - what training services of other machines report. */

#include "api_support.h"
#include "live_support.h"

#include "app/jobs/jobs.h"
#include "base/error.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Of so many bytes and a few more. */
static void add_message(struct str *body, int64_t job_id, size_t size_bytes)
{
    str_clear(body);
    str_printf(body, "{\"job_id\":%lld,\"event\":\"of_a_newer_trainer\",\"data\":{\"x\":[",
               (long long)job_id);
    while (body->length < size_bytes)
        str_add(body, "12345678901234567,");
    str_add(body, "0]}}");
}

static void check_status(struct platform *p, const char *secret, const struct str *body,
                         long status)
{
    struct str header = STR_INIT;
    struct reply reply;

    str_printf(&header, "X-Internal-Auth: %s", secret);
    fetch(p, "POST", "/api/v1/internal/training/callback", NULL, header.text, body->text, &reply);
    if (reply.status != status)
        test_fail(__FILE__, __LINE__, "%zu bytes gave %ld, not %ld: %s", body->length,
                  reply.status, status, reply.text.text);
    reply_release(&reply);
    str_release(&header);
}

TEST(callback_takes_events_as_large_as_a_trainer_reads_them)
{
    struct job job, wanted = { .project_id = 1, .framework = "timm", .model_name = "resnet18",
                               .task_type = "image_classification", .epochs = 1, .batch_size = 8,
                               .learning_rate = 0.1, .dataset_path = "/data/cats" };
    struct arena arena = ARENA_INIT;
    struct str body = STR_INIT;
    struct platform p;
    struct error err;
    char *ada;

    platform_open(&p);
    ada = login(&p, "ada@example.com");
    CHECK(new_project(&p, ada) == 1);
    CHECK_OK(jobs_add(p.app, &wanted, &arena, &job, &err), err);
    start_job(&p, job.id);
    add_message(&body, job.id, (size_t)8 << 20);
    check_status(&p, p.app->internal_secret, &body, 200);
    add_message(&body, job.id, (size_t)2 << 20);
    check_status(&p, "guess", &body, 413); /* of a stranger not */
    add_message(&body, job.id, 100);
    check_status(&p, "guess", &body, 403);
    free(ada);
    str_release(&body);
    arena_release(&arena);
    platform_close(&p);
}
