/* datasets_change_test.c - changes of one data set come in turn, and replace nothing. */

#include "app/datasets/datasets_internal.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <string.h>
#include <time.h>

struct scene {
    struct app *app;
    struct arena arena;
    struct user user;
    struct dataset dataset;
};

/* Files whose content is a text. */
static const char *make_files(struct scene *s, const char *const *paths, int count,
                              const char *content)
{
    const char *folder = file_join(&s->arena, s->app->data_folder, "incoming");
    struct error err;

    for (int i = 0; i < count; i++) {
        const char *path = file_join(&s->arena, folder, paths[i]);

        CHECK_OK(file_make_folders(arena_strndup(&s->arena, path,
                                                 (size_t)(file_base_name(path) - path)),
                                   &err),
                 err);
        CHECK_OK(file_replace(path, content, strlen(content), &err), err);
    }
    return folder;
}

static void scene_open(struct scene *s, const char *const *paths, int count)
{
    struct app_options options = { .data_folder = test_folder() };
    struct user profile = { .email = "ada@example.com" };
    struct dataset wanted = { .name = "d", .format = "imagefolder", .visibility = "private" };
    struct error err;

    *s = (struct scene){ .arena = ARENA_INIT };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    CHECK_OK(datasets_open(s->app, &err), err);
    CHECK_OK(users_register(s->app, &profile, "long enough 1", ROLE_STANDARD_ENGINEER, &s->arena,
                            &s->user, &err), err);
    CHECK_OK(datasets_import(s->app, &s->user, &wanted, make_files(s, paths, count, "first"),
                             &s->arena, &s->dataset, &err), err);
}

static void scene_close(struct scene *s)
{
    datasets_close(s->app);
    app_close(s->app);
    arena_release(&s->arena);
}

static void check_content(struct scene *s, const char *kind, const char *path,
                          const char *expected)
{
    const char *key = dataset_key(kind, s->dataset.id, path, &s->arena);
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(file_read(blob_local_path(s->app->datasets->blob, key, &s->arena), 100, &text, &err),
             err);
    CHECK_TEXT(text.text, expected);
    str_release(&text);
}

static void pause_milliseconds(int milliseconds)
{
    nanosleep(&(struct timespec){ 0, milliseconds * 1000000L }, NULL);
}

/* --- one after the other --------------------------------------------------------------------- */

enum request { ASSIGN, IMPORT, FIX, REMOVE };

struct changer {
    struct scene *scene;
    enum request request;
    const char *folder;
    pthread_t thread;
    atomic_bool has_ended;
    int result;
    struct error err;
};

static void *change(void *argument)
{
    struct changer *c = argument;
    struct app *app = c->scene->app;
    const struct dataset *d = &c->scene->dataset;
    json_t *assign = json_pack("{s:s}", "train/cat/1.jpg", "val");
    struct dataset_split_change wanted = { .assign = assign };
    struct dataset_split_result after;
    struct arena arena = ARENA_INIT;
    struct dataset changed;
    int applied;

    if (c->request == ASSIGN)
        c->result = datasets_change_split(app, d, &wanted, &arena, &after, &c->err);
    else if (c->request == IMPORT)
        c->result = datasets_import_more(app, d, c->folder, false, &arena, &changed, &c->err);
    else if (c->request == FIX)
        c->result = datasets_apply_fixes(app, d, NULL, 0, &applied, &c->err);
    else
        c->result = datasets_remove(app, d, true, &c->err);
    json_decref(assign);
    arena_release(&arena);
    atomic_store(&c->has_ended, true);
    return NULL;
}

TEST(dataset_changes_wait_for_the_one_before)
{
    static const char *const paths[] = { "train/cat/1.jpg", "train/cat/2.jpg", "val/cat/3.jpg" };
    static const char *const more[] = { "train/cat/4.jpg" };
    struct dataset_lock lock, other;
    struct scene s;
    struct error err;

    scene_open(&s, paths, 3);
    for (enum request request = ASSIGN; request <= REMOVE; request++) {
        struct changer c = { .scene = &s, .request = request,
                             .folder = make_files(&s, more, 1, "more") };

        CHECK_OK(dataset_lock(s.app, s.dataset.id, &lock, &err), err);
        CHECK_OK(dataset_lock(s.app, "another one", &other, &err), err);
        CHECK(!pthread_create(&c.thread, NULL, change, &c));
        pause_milliseconds(60);
        CHECK(!atomic_load(&c.has_ended));
        check_content(&s, "datasets", request == ASSIGN ? "train/cat/1.jpg" : "val/cat/1.jpg",
                      "first");
        dataset_unlock(s.app, &lock);
        dataset_unlock(s.app, &other);
        CHECK(!pthread_join(c.thread, NULL));
        CHECK_OK(c.result, c.err);
    }
    CHECK(!file_exists(blob_local_path(s.app->datasets->blob,
                                       dataset_key("datasets", s.dataset.id, NULL, &s.arena),
                                       &s.arena)));
    scene_close(&s);
}

/* What was decided before the lock was there does not count any more. */
TEST(dataset_change_of_a_removed_one_brings_nothing_back)
{
    static const char *const paths[] = { "train/cat/1.jpg", "train/cat/2.jpg" };
    static const char *const more[] = { "train/cat/4.jpg" };
    struct changer c;
    struct scene s;
    struct error err;

    scene_open(&s, paths, 2);
    CHECK_OK(datasets_remove(s.app, &s.dataset, false, &err), err);
    for (enum request request = ASSIGN; request <= FIX; request++) {
        c = (struct changer){ .scene = &s, .request = request,
                              .folder = make_files(&s, more, 1, "more") };
        change(&c);
        CHECK(c.result && c.err.kind == ERR_NOT_FOUND);
    }
    CHECK(!file_exists(blob_local_path(s.app->datasets->blob,
                                       dataset_key("datasets", s.dataset.id, NULL, &s.arena),
                                       &s.arena)));
    scene_close(&s);
}

/* --- nothing is destroyed -------------------------------------------------------------------- */

/* A doctor who proposes to take this file out. */
static void propose(struct scene *s, const char *path)
{
    const char *report = arena_printf(&s->arena, "{\"proposed_fixes\":[{\"id\":\"1\",\"kind\":"
                                                 "\"broken\",\"path\":\"%s\",\"reason\":\"r\","
                                                 "\"action\":\"remove\",\"size\":5}]}", path);
    struct error err;

    CHECK_OK(dataset_read(s->app, s->dataset.id, &s->arena, &s->dataset, &err), err);
    CHECK_OK(db_write(s->app->db, STATEMENT_dataset_set_analyzed,
                      DB_ARGS(db_text(s->dataset.id), db_int(s->dataset.revision),
                              db_text("ready"), db_null(), db_text(report), db_null(), db_null(),
                              db_int(1), db_text("imagefolder"), db_null()),
                      NULL, NULL, &err), err);
}

TEST(dataset_file_taken_out_again_leaves_the_first_in_the_quarantine)
{
    static const char *const paths[] = { "train/cat/1.jpg", "train/cat/2.jpg" };
    static const char *const contents[] = { "first", "second", "third" };
    struct scene s;
    struct error err;
    int applied;

    scene_open(&s, paths, 2);
    for (int i = 0; i < 3; i++) {
        if (i)
            CHECK_OK(datasets_import_more(s.app, &s.dataset, make_files(&s, paths, 1, contents[i]),
                                          false, &s.arena, &s.dataset, &err), err);
        propose(&s, paths[0]);
        CHECK_OK(datasets_apply_fixes(s.app, &s.dataset, NULL, 0, &applied, &err), err);
        CHECK(applied == 1);
    }
    check_content(&s, "quarantine", "train/cat/1.jpg", "first");
    check_content(&s, "quarantine", ".2/train/cat/1.jpg", "second");
    check_content(&s, "quarantine", ".3/train/cat/1.jpg", "third");
    scene_close(&s);
}
