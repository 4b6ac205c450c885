/* backup_test.c - what is backed up under load comes back whole; what is broken is refused. */

#include "app/operations/backup.h"

#include "app/jobs/jobs.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATASET "0a0b0c0d-0000-4000-8000-000000000001"

struct scene {
    const char *folder; /* has data/ and what the tests make beside it */
    struct arena arena;
    struct app *app;
    struct user user;
    struct project project;
};

static const char *in(struct scene *s, const char *name)
{
    return arena_printf(&s->arena, "%s/%s", s->folder, name);
}

static void put_file(struct scene *s, const char *name, const char *text)
{
    char *path = arena_printf(&s->arena, "%s/%s", s->folder, name);
    struct error err;

    *strrchr(path, '/') = '\0';
    CHECK_OK(file_make_folders(path, &err), err);
    path[strlen(path)] = '/';
    CHECK_OK(file_replace(path, text, strlen(text), &err), err);
}

static void check_file(struct scene *s, const char *name, const char *text)
{
    struct str found = STR_INIT;
    struct error err;

    CHECK_OK(file_read(in(s, name), 1 << 20, &found, &err), err);
    CHECK_TEXT(found.text, text);
    str_release(&found);
}

static struct app *open_app(const char *data)
{
    struct app_options options = { .data_folder = data };
    struct error err;
    struct app *app;

    CHECK_OK(app_open(&app, &options, &err), err);
    return app;
}

static int64_t add_job(struct scene *s, const char *output_dir)
{
    struct job wanted = { .project_id = s->project.id, .user_id = s->user.id, .framework = "timm",
                          .model_name = "resnet18", .task_type = "image_classification",
                          .dataset_path = "/pictures", .dataset_format = "imagefolder",
                          .epochs = 3, .batch_size = 8, .learning_rate = 0.01,
                          .optimizer = "adam", .output_dir = output_dir, .created_at = 1 };
    struct error err;
    struct job job;

    CHECK_OK(jobs_add(s->app, &wanted, &s->arena, &job, &err), err);
    return job.id;
}

static void save_checkpoint(struct scene *s, int64_t job_id, int epoch, const char *path)
{
    json_t *data = json_pack("{s:i, s:s, s:s, s:i}", "epoch", epoch, "kind", "best", "path", path,
                             "size", 1);
    struct error err;
    bool applied;

    CHECK_OK(jobs_apply_event(s->app, job_id, "checkpoint_saved", 0, 0, data, &applied, &err), err);
    json_decref(data);
}

static void add_dataset(struct scene *s)
{
    struct error err;

    CHECK_OK(db_write(s->app->db, STATEMENT_dataset_add,
                      DB_ARGS(db_text(DATASET), db_text("cats"), db_null(), db_text("imagefolder"),
                              db_text("private"), db_int(s->project.id), db_int(s->user.id),
                              db_text("datasets/" DATASET "/"), db_null(), db_text("ready"),
                              db_int(1)),
                      NULL, NULL, &err), err);
    put_file(s, "data/datasets/" DATASET "/train/고양이/a.jpg", "a picture");
    put_file(s, "data/quarantine/" DATASET "/train/cat/b.jpg", "a broken one");
}

/* A running job 1 with a checkpoint, in data/. */
static void scene_open(struct scene *s)
{
    struct user profile = { .email = "ada@example.com" };
    struct job_start start = { 0 };
    struct error err;
    int64_t attempt;

    *s = (struct scene){ .folder = test_folder() };
    s->app = open_app(in(s, "data"));
    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_ADMIN, &s->arena, &s->user,
                            &err), err);
    CHECK_OK(projects_add(s->app, &s->user, &(struct project){ .name = "cats" }, &s->arena,
                          &s->project, &err), err);
    CHECK(add_job(s, "outputs/1/run") == 1);
    put_file(s, "data/outputs/1/run/checkpoints/best.safetensors", "weights");
    put_file(s, "data/outputs/1/run/results.csv", "epoch,loss\n1,0.5\n");
    put_file(s, "data/outputs/1/run/.lock", "");
    put_file(s, "data/weights/resnet18.safetensors", "pretrained");
    CHECK_OK(jobs_start(s->app, 1, &start, &attempt, &err), err);
    save_checkpoint(s, 1, 1, in(s, "data/outputs/1/run/checkpoints/best.safetensors"));
    add_dataset(s);
}

static void scene_close(struct scene *s)
{
    app_close(s->app);
    arena_release(&s->arena);
}

static void restore(struct scene *s, const char *data)
{
    struct backup_account account;
    struct error err;

    CHECK_OK(backup_restore(in(s, "b.tar"), in(s, data), false, &s->arena, &account, &err), err);
}

TEST(backup_comes_back_elsewhere_with_all_that_it_refers_to)
{
    struct backup_account account;
    struct scene s;
    struct stat status;
    struct error err;
    struct job job;

    scene_open(&s);
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    CHECK(account.files == 6 && !account.left_out && !account.put_right);
    CHECK(!stat(in(&s, "b.tar"), &status) && (status.st_mode & 0777) == 0600);
    CHECK(access(in(&s, "data/.backup.db"), F_OK));
    restore(&s, "new/data");
    check_file(&s, "new/data/datasets/" DATASET "/train/고양이/a.jpg", "a picture");
    check_file(&s, "new/data/quarantine/" DATASET "/train/cat/b.jpg", "a broken one");
    check_file(&s, "new/data/weights/resnet18.safetensors", "pretrained");
    check_file(&s, "new/data/outputs/1/run/results.csv", "epoch,loss\n1,0.5\n");
    CHECK(access(in(&s, "new/data/outputs/1/run/.lock"), F_OK) &&
          access(in(&s, "new/data/.restoring"), F_OK));
    app_close(s.app);
    s.app = open_app(in(&s, "new/data"));
    CHECK_OK(jobs_get(s.app, 1, &s.arena, &job, &err), err);
    CHECK_TEXT(job.status, "stopped"); /* its engine is not here */
    CHECK(strstr(job.error_message, "Interrupted"));
    CHECK_TEXT(app_path(s.app, job.best_checkpoint_path, &s.arena),
               in(&s, "new/data/outputs/1/run/checkpoints/best.safetensors"));
    scene_close(&s);
}

TEST(backup_has_outputs_that_lie_elsewhere)
{
    struct backup_account account;
    struct scene s;
    struct error err;
    struct job job;

    scene_open(&s);
    app_close(s.app);
    CHECK(!rename(in(&s, "data/outputs"), in(&s, "big")));
    setenv("OUTPUT_DIR", in(&s, "big"), 1);
    s.app = open_app(in(&s, "data"));
    save_checkpoint(&s, 1, 2, in(&s, "big/1/run/checkpoints/best.safetensors"));
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    CHECK(account.files == 6 && !account.left_out && !account.put_right);
    CHECK(backup_restore(in(&s, "b.tar"), in(&s, "new"), false, &s.arena, &account, &err) &&
          err.kind == ERR_INVALID && strstr(err.text, "OUTPUT_DIR is set"));
    unsetenv("OUTPUT_DIR");
    setenv("DATABASE_URL", in(&s, "elsewhere.db"), 1);
    CHECK(backup_restore(in(&s, "b.tar"), in(&s, "new"), false, &s.arena, &account, &err) &&
          err.kind == ERR_INVALID && strstr(err.text, "DATABASE_URL is set"));
    unsetenv("DATABASE_URL");
    restore(&s, "new");
    check_file(&s, "new/outputs/1/run/checkpoints/best.safetensors", "weights");
    CHECK_OK(jobs_get(s.app, 1, &s.arena, &job, &err), err);
    CHECK_TEXT(job.best_checkpoint_path, "outputs/1/run/checkpoints/best.safetensors");
    scene_close(&s);
}

TEST(backup_puts_rows_right_whose_files_have_gone)
{
    struct backup_account account;
    struct scene s;
    struct error err;
    struct job job;

    scene_open(&s);
    CHECK(!unlink(in(&s, "data/outputs/1/run/checkpoints/best.safetensors")));
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    CHECK(account.put_right == 2); /* the row of the checkpoint, the job's best */
    restore(&s, "new");
    app_close(s.app);
    s.app = open_app(in(&s, "new"));
    CHECK_OK(jobs_get(s.app, 1, &s.arena, &job, &err), err);
    CHECK(!job.best_checkpoint_path);
    scene_close(&s);
}

/* --- refusals -------------------------------------------------------------------------------- */

static void expect_refusal(struct scene *s, const char *data, enum error_kind kind,
                           const char *words)
{
    struct backup_account account;
    struct error err;

    CHECK(backup_restore(in(s, "b.tar"), in(s, data), false, &s->arena, &account, &err));
    if (err.kind != kind || !strstr(err.text, words))
        test_fail(__FILE__, __LINE__, "%s instead of %s", err.text, words);
    CHECK(access(in(s, arena_printf(&s->arena, "%s/vision_platform.db", data)), F_OK));
    CHECK(access(in(s, arena_printf(&s->arena, "%s/outputs", data)), F_OK));
}

TEST(restore_refuses_what_is_cut_or_changed)
{
    struct backup_account account;
    struct str whole = STR_INIT, changed = STR_INIT;
    struct scene s;
    struct error err;
    char *at;

    scene_open(&s);
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    CHECK_OK(file_read(in(&s, "b.tar"), 10 << 20, &whole, &err), err);
    for (size_t part = 1; part < 8; part++) { /* cut at many places */
        CHECK_OK(file_replace(in(&s, "b.tar"), whole.text, whole.length * part / 8, &err), err);
        expect_refusal(&s, "new", ERR_CORRUPT, "is no whole backup");
    }
    str_add_bytes(&changed, whole.text, whole.length);
    at = memmem(changed.text, changed.length, "a picture", 9);
    CHECK(at);
    *at = 'A';
    CHECK_OK(file_replace(in(&s, "b.tar"), changed.text, changed.length, &err), err);
    expect_refusal(&s, "new", ERR_CORRUPT, "its files are not those of its list");
    CHECK_OK(file_replace(in(&s, "b.tar"), "no tar at all", 13, &err), err);
    expect_refusal(&s, "new", ERR_CORRUPT, "is no whole backup");
    str_release(&whole);
    str_release(&changed);
    scene_close(&s);
}

/* A tar that begins as ours does and then reaches for other places. */
TEST(restore_writes_nowhere_else)
{
    static const char *const hostile[] = {
        "mkdir -p outputs && ln -s .. outputs/link && tar --append -f b.tar outputs/link",
        "mkdir -p outputs && echo x > outputs/f && tar --append -f b.tar "
        "--transform='s,^outputs/f,outputs/../../escaped,' outputs/f",
        "echo x > f && tar --append -P -f b.tar --transform=\"s,^f,$PWD/escaped,\" f",
        "echo x > f && tar --append -f b.tar --transform='s,^f,etc/passwd,' f",
        "mkdir -p outputs && echo x > outputs/f && tar --append -f b.tar outputs/f outputs/f",
        "mkdir -p outputs && mkfifo outputs/pipe && tar --append -f b.tar outputs/pipe",
    };
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        struct str line = STR_INIT;

        str_printf(&line, "cd '%s' && rm -rf outputs f b.tar && printf '%%s' "
                          "'{\"format\":\"fovea-backup\",\"format_version\":1,\"version\":\"0\","
                          "\"schema\":1,\"created_at\":\"now\",\"data_folder\":\"/x\"}' "
                          "> FOVEA-BACKUP.json && tar -cf b.tar FOVEA-BACKUP.json && "
                          "(%s) 2>/dev/null",
                   s.folder, hostile[i]);
        CHECK(!system(line.text));
        expect_refusal(&s, "new", ERR_CORRUPT, "is no whole backup");
        CHECK(access(in(&s, "escaped"), F_OK));
        str_release(&line);
    }
    scene_close(&s);
}

TEST(restore_keeps_what_is_there)
{
    struct backup_account account;
    struct scene s;
    struct error err;

    scene_open(&s);
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    put_file(&s, "used/precious", "mine");
    expect_refusal(&s, "used", ERR_CONFLICT, "is not empty: it has 'precious'");
    CHECK_OK(backup_restore(in(&s, "b.tar"), in(&s, "used"), true, &s.arena, &account, &err), err);
    CHECK(account.moved_to);
    check_file(&s, arena_printf(&s.arena, "%s/precious", account.moved_to + strlen(s.folder) + 1),
               "mine");
    check_file(&s, "used/weights/resnet18.safetensors", "pretrained");
    scene_close(&s);
}

TEST(restore_waits_for_no_server)
{
    struct backup_account account;
    struct scene s;
    struct error err;
    int lock;

    scene_open(&s);
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    CHECK_OK(data_folder_lock(in(&s, "busy"), &lock, &err), err);
    CHECK(backup_restore(in(&s, "b.tar"), in(&s, "busy"), true, &s.arena, &account, &err) &&
          err.kind == ERR_CONFLICT);
    close(lock);
    scene_close(&s);
}

/* --- under load ------------------------------------------------------------------------------ */

#define WRITERS 8

struct load {
    struct scene *s;
    atomic_bool stop;
    atomic_int turns;
};

struct writer {
    struct load *load;
    int number;
};

/* Runs that come, get checkpoints and lose them, while the database grows: a file is there before
 * its row, as with the engine. */
static void *write_runs(void *data)
{
    struct writer *w = data;
    struct scene own = { .folder = w->load->s->folder, .app = w->load->s->app,
                         .user = w->load->s->user, .project = w->load->s->project };

    for (int turn = 0; !atomic_load(&w->load->stop); turn++) {
        const char *output = arena_printf(&own.arena, "outputs/1/w%d_%d", w->number, turn);
        int64_t id = add_job(&own, output);

        for (int epoch = 1; epoch <= 4; epoch++) {
            const char *path = arena_printf(&own.arena, "data/%s/checkpoints/epoch_%d.safetensors",
                                            output, epoch);

            put_file(&own, path, path);
            save_checkpoint(&own, id, epoch, in(&own, path));
            if (epoch > 2) /* the retention of the engine */
                unlink(in(&own, arena_printf(&own.arena, "data/%s/checkpoints/epoch_%d.safetensors",
                                             output, epoch - 2)));
        }
        atomic_fetch_add(&w->load->turns, 1);
    }
    arena_release(&own.arena);
    return NULL;
}

/* Every row has its file, with the bytes that its sum stands for. */
static void check_references(struct scene *s)
{
    struct db_rows rows;
    struct error err;

    CHECK_OK(db_read(s->app->db, STATEMENT_backup_checkpoints, DB_NO_ARGS, &s->arena, &rows, &err),
             err);
    CHECK(rows.count > WRITERS);
    for (int i = 0; i < rows.count; i++)
        CHECK(!access(app_path(s->app, db_at(&rows, i, 1)->text, &s->arena), R_OK));
    CHECK_OK(db_read(s->app->db, STATEMENT_backup_best, DB_NO_ARGS, &s->arena, &rows, &err), err);
    for (int i = 0; i < rows.count; i++)
        CHECK(!access(app_path(s->app, db_at(&rows, i, 1)->text, &s->arena), R_OK));
}

TEST(backup_under_load_restores_to_a_consistent_state)
{
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    struct backup_account account;
    struct scene s;
    struct load load = { .s = &s };
    struct error err;

    scene_open(&s);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ &load, i };
        CHECK(!pthread_create(&threads[i], NULL, write_runs, &writers[i]));
    }
    while (atomic_load(&load.turns) < 2 * WRITERS)
        usleep(1000);
    CHECK_OK(backup_write(s.app, in(&s, "b.tar"), &account, &err), err);
    atomic_store(&load.stop, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    restore(&s, "new");
    app_close(s.app);
    s.app = open_app(in(&s, "new"));
    check_references(&s);
    scene_close(&s);
}
