#include "trainer/run_state.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

static struct run_state example(void)
{
    return (struct run_state){ .job_id = 7, .attempt = 2, .process = { 4711, 123456789 },
                               .boot_id = "boot", .output_dir = "/data/runs/\"7\"",
                               .started_at = 1700000000000000, .last_event_at = 1700000001000000,
                               .events_start = 10, .log_start = 20, .events_offset = 30,
                               .log_offset = 40, .epoch = 3, .status = RUN_STATUS_FAILED,
                               .exit_code = -9, .has_spoken = true, .error = "killed" };
}

static const char *path_of(const char *folder, const char *name)
{
    static char path[600];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

TEST(run_state_is_read_as_written)
{
    struct run_state written = example(), read;
    const char *folder = test_folder();
    struct error err;

    CHECK_OK(run_state_write(&written, folder, &err), err);
    CHECK_OK(run_state_read(&read, folder, 7, &err), err);
    CHECK(read.job_id == 7 && read.attempt == 2 && read.process.pid == 4711);
    CHECK(read.process.start_ticks == 123456789 && read.epoch == 3 && read.exit_code == -9);
    CHECK(read.status == RUN_STATUS_FAILED && read.has_spoken && !read.is_done);
    CHECK(read.events_start == 10 && read.log_offset == 40);
    CHECK_TEXT(read.output_dir, written.output_dir);
    CHECK_TEXT(read.error, "killed");
    CHECK_TEXT(read.boot_id, "boot");
}

TEST(run_state_takes_the_position_of_the_same_attempt)
{
    struct run_state state = example(), read;
    const char *folder = test_folder();
    struct error err;

    CHECK_OK(run_state_write(&state, folder, &err), err);
    state.events_offset = 1000;
    state.log_offset = 2000;
    run_state_write_position(&state, folder);
    CHECK_OK(run_state_read(&read, folder, 7, &err), err);
    CHECK(read.events_offset == 1000 && read.log_offset == 2000);
    state.attempt = 1; /* of an earlier attempt */
    state.events_offset = 5000;
    run_state_write_position(&state, folder);
    CHECK_OK(run_state_read(&read, folder, 7, &err), err);
    CHECK(read.events_offset == 30);
    CHECK_OK(file_replace(path_of(folder, "job_7.position"), "rubbish", 7, &err), err);
    CHECK_OK(run_state_read(&read, folder, 7, &err), err);
    CHECK(read.events_offset == 30);
}

TEST(run_state_refuses_what_is_damaged)
{
    static const char *const damaged[] = { "", "{}", "[1]", "{\"job_id\":7}", "\x01\x02" };
    struct run_state read;
    const char *folder = test_folder();
    struct error err;

    CHECK(run_state_read(&read, folder, 8, &err) && err.kind == ERR_NOT_FOUND);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
        const char *path = path_of(folder, "job_7.json");

        CHECK_OK(file_replace(path, damaged[i], strlen(damaged[i]), &err), err);
        CHECK(run_state_read(&read, folder, 7, &err) && err.kind == ERR_CORRUPT);
    }
}

TEST(run_state_lists_jobs)
{
    static const char *const names[] = { "job_x.json", "job_5.position", "catalogue.json",
                                         "job_6.json.tmp" };
    struct run_state state = example();
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct error err;
    int64_t *ids;
    int count;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CHECK_OK(file_replace(path_of(folder, names[i]), "x", 1, &err), err);
    CHECK_OK(run_state_write(&state, folder, &err), err);
    state.job_id = 12;
    CHECK_OK(run_state_write(&state, folder, &err), err);
    CHECK_OK(run_state_list(&arena, folder, &ids, &count, &err), err);
    CHECK(count == 2 && ids[0] + ids[1] == 19);
    arena_release(&arena);
}
