/* datasets_test.c - what paths say, rights, and what is kept of a data set without a doctor. */

#include "app/datasets/datasets.h"
#include "app/datasets/datasets_layout.h"
#include "app/datasets/uploads.h"
#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <string.h>

/* --- paths ------------------------------------------------------------------------------------ */

static const char *path_at(const void *list, int index)
{
    return ((const char *const *)list)[index];
}

/* "train/cat", or the reason against it. */
static void check_place(const char *const *paths, int count, const char *path, const char *expected)
{
    char text[200];
    struct layout layout;
    struct layout_place place;

    layout_begin(&layout, path_at, paths, count);
    layout_place(&layout, path, &place);
    if (place.reason)
        snprintf(text, sizeof(text), "%s", place.reason);
    else
        snprintf(text, sizeof(text), "%s/%.*s", place.split, (int)place.class_bytes,
                 place.class_name);
    if (strcmp(text, expected))
        test_fail(__FILE__, __LINE__, "'%s' is %s, not %s", path, text, expected);
}

TEST(layout_of_splits_is_read_from_paths)
{
    static const char *const paths[] = { "README.md", "Training/cat/1.jpg", "test/cat/3.JPG",
                                         "val/dog/sub/2.png", "x/y/z.jpg" };

    check_place(paths, 5, "Training/cat/1.jpg", "train/cat");
    check_place(paths, 5, "val/dog/sub/2.png", "val/dog");
    check_place(paths, 5, "test/cat/3.JPG", "test/cat");
    check_place(paths, 5, "x/y/z.jpg", "outside the split folders");
    check_place(paths, 5, "README.md", "not an image by its name");
    check_place(paths, 5, "train/1.jpg", "not inside a class folder");
    check_place(paths, 5, "1.jpg", "outside the split folders");
    check_place(paths, 5, "train/.cat/1.jpg", "hidden");
}

TEST(layout_of_classes_is_read_from_paths)
{
    static const char *const flat[] = { "cat/1.jpg", "dog/2.jpg", "test/3.jpg" };
    static const char *const wrapped[] = { "notes.txt", "pets/train/cat/1.jpg",
                                           "pets/val/cat/2.jpg" };
    static const char *const one[] = { "cat/1.jpg", "cat/2.jpg" };

    check_place(flat, 3, "cat/1.jpg", "train/cat");
    check_place(flat, 3, "test/3.jpg", "train/test"); /* without a train folder it is a class */
    check_place(flat, 3, "3.jpg", "not inside a class folder");
    check_place(wrapped, 3, "pets/val/cat/2.jpg", "val/cat");
    check_place(wrapped, 3, "other/val/cat/2.jpg", "outside the split folders");
    check_place(one, 2, "cat/1.jpg", "train/cat");
}

/* --- rows ------------------------------------------------------------------------------------- */

struct scene {
    struct app *app;
    struct arena arena;
    struct user ada, bob, guest;
    struct project project;
};

static void add_user(struct scene *s, const char *email, enum role role, struct user *user)
{
    struct user profile = { .email = email };
    struct error err;

    CHECK_OK(users_register(s->app, &profile, "long enough 1", role, &s->arena, user, &err), err);
}

static void scene_open(struct scene *s)
{
    struct app_options options = { .data_folder = test_folder() };
    struct error err;

    *s = (struct scene){ .arena = ARENA_INIT };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    CHECK_OK(datasets_open(s->app, &err), err);
    add_user(s, "ada@example.com", ROLE_STANDARD_ENGINEER, &s->ada);
    add_user(s, "bob@example.com", ROLE_STANDARD_ENGINEER, &s->bob);
    add_user(s, "guest@example.com", ROLE_GUEST, &s->guest);
    CHECK_OK(projects_add(s->app, &s->ada, &(struct project){ .name = "p" }, &s->arena,
                          &s->project, &err),
             err);
}

static void scene_close(struct scene *s)
{
    datasets_close(s->app);
    app_close(s->app);
    arena_release(&s->arena);
}

#define GOOD (-1)

/* GOOD, or the kind of the error. */
static int right_kind(struct scene *s, const struct user *user, const char *id, enum right right)
{
    struct dataset dataset;
    struct error err;

    return datasets_get(s->app, user, id, right, &s->arena, &dataset, &err) ? (int)err.kind : GOOD;
}

TEST(datasets_rights_follow_project_owner_and_visibility)
{
    const struct dataset wanted = { .name = "d", .format = "imagefolder", .visibility = "private" };
    struct dataset in_project, alone, d = wanted;
    struct scene s;
    struct error err;

    scene_open(&s);
    d.project_id = s.project.id;
    CHECK_OK(datasets_add(s.app, &s.ada, &d, &s.arena, &in_project, &err), err);
    CHECK_OK(datasets_add(s.app, &s.ada, &wanted, &s.arena, &alone, &err), err);
    CHECK(datasets_add(s.app, &s.bob, &d, &s.arena, &d, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(datasets_add(s.app, &s.guest, &wanted, &s.arena, &d, &err) && err.kind == ERR_DENIED);
    for (int i = 0; i < 2; i++) {
        const char *id = i ? alone.id : in_project.id;

        CHECK(right_kind(&s, &s.ada, id, RIGHT_WORK) == GOOD);
        CHECK(right_kind(&s, &s.bob, id, RIGHT_VIEW) == ERR_NOT_FOUND);
        CHECK(right_kind(&s, &s.bob, id, RIGHT_WORK) == ERR_NOT_FOUND);
        d = i ? alone : in_project;
        d.visibility = i ? "public" : "organization";
        CHECK_OK(datasets_update(s.app, i ? &alone : &in_project, &d, &err), err);
        CHECK(right_kind(&s, &s.bob, id, RIGHT_VIEW) == GOOD);
        CHECK(right_kind(&s, &s.guest, id, RIGHT_VIEW) == GOOD);
        CHECK(right_kind(&s, &s.bob, id, RIGHT_WORK) == ERR_DENIED);
    }
    CHECK(right_kind(&s, &s.ada, "none", RIGHT_VIEW) == ERR_NOT_FOUND);
    scene_close(&s);
}

TEST(datasets_changes_at_the_same_moment_are_both_kept)
{
    const struct dataset wanted = { .name = "d", .format = "imagefolder", .visibility = "private" };
    struct dataset made, first, second, now;
    struct scene s;
    struct error err;

    scene_open(&s);
    CHECK_OK(datasets_add(s.app, &s.ada, &wanted, &s.arena, &made, &err), err);
    first = second = made; /* both have read the same */
    first.name = "renamed";
    first.visibility = "public";
    second.description = "described";
    second.tags = "[\"a\"]";
    CHECK_OK(datasets_update(s.app, &made, &first, &err), err);
    CHECK_OK(datasets_update(s.app, &made, &second, &err), err);
    CHECK_OK(datasets_get(s.app, &s.ada, made.id, RIGHT_VIEW, &s.arena, &now, &err), err);
    CHECK_TEXT(now.name, "renamed");
    CHECK_TEXT(now.visibility, "public");
    CHECK_TEXT(now.description, "described");
    CHECK_TEXT(now.tags, "[\"a\"]");
    scene_close(&s);
}

/* Whom the doctor looks at next, when it could not look at the one with this id. */
static const char *next_after(struct scene *s, const char *failed_id)
{
    struct db_rows rows;
    struct error err;

    CHECK_OK(db_read(s->app->db, STATEMENT_dataset_next_unlooked, DB_ARGS(db_text(failed_id)),
                     &s->arena, &rows, &err), err);
    return rows.count ? db_at(&rows, 0, 0)->text : "";
}

TEST(datasets_that_wait_are_tried_in_turn_and_after_new_ones)
{
    const struct dataset wanted = { .name = "d", .format = "imagefolder", .visibility = "private" };
    struct dataset made[3];
    struct scene s;
    struct error err;
    const char *first, *second;

    scene_open(&s);
    datasets_close(s.app); /* nobody looks */
    for (int i = 0; i < 3; i++) {
        CHECK_OK(datasets_add(s.app, &s.ada, &wanted, &s.arena, &made[i], &err), err);
        CHECK_OK(db_write(s.app->db, STATEMENT_dataset_set_changed,
                          DB_ARGS(db_text(made[i].id), db_int(10 - i)), NULL, NULL, &err), err);
    }
    CHECK_TEXT(next_after(&s, ""), made[2].id); /* changed first */
    CHECK_TEXT(next_after(&s, made[2].id), made[2].id);
    for (int i = 1; i < 3; i++)
        CHECK_OK(db_write(s.app->db, STATEMENT_dataset_set_waiting,
                          DB_ARGS(db_text(made[i].id), db_int(made[i].revision + 1),
                                  db_text("waits")), NULL, NULL, &err), err);
    CHECK_TEXT(next_after(&s, made[2].id), made[0].id); /* has not been tried */
    CHECK_OK(db_write(s.app->db, STATEMENT_dataset_set_waiting,
                      DB_ARGS(db_text(made[0].id), db_int(made[0].revision + 1),
                              db_text("waits")), NULL, NULL, &err), err);
    first = next_after(&s, "");
    second = next_after(&s, first);
    CHECK(strcmp(first, second) < 0);
    CHECK(strcmp(second, next_after(&s, second)) < 0);
    CHECK_TEXT(next_after(&s, next_after(&s, second)), first);
    CHECK_OK(datasets_open(s.app, &err), err);
    scene_close(&s);
}

TEST(datasets_ids_are_random_uuids)
{
    char first[DATASET_ID_SIZE], second[DATASET_ID_SIZE];

    dataset_make_id(first);
    dataset_make_id(second);
    CHECK(dataset_is_id(first) && first[14] == '4' && strcmp(first, second));
    CHECK(!dataset_is_id("") && !dataset_is_id("..") && !dataset_is_id("0123"));
    first[3] = '/';
    CHECK(!dataset_is_id(first));
}

/* --- files ------------------------------------------------------------------------------------ */

static const char *make_files(struct scene *s, const char *const *paths, int count)
{
    const char *folder = file_join(&s->arena, s->app->data_folder, "incoming");
    struct error err;

    for (int i = 0; i < count; i++) {
        const char *path = file_join(&s->arena, folder, paths[i]);

        CHECK_OK(file_make_folders(arena_strndup(&s->arena, path,
                                                 (size_t)(file_base_name(path) - path)),
                                   &err),
                 err);
        CHECK_OK(file_replace(path, paths[i], strlen(paths[i]), &err), err);
    }
    return folder;
}

/* There is no training service: the numbers of the paths are there, and the analysis waits. */
TEST(datasets_are_listed_while_no_doctor_is_there)
{
    static const char *const first[] = { "train/cat/1.jpg", "train/dog/2.jpg", "notes.txt" };
    static const char *const more[] = { "val/cat/3.jpg" };
    struct dataset_file_page page = { .limit = 10 };
    struct dataset wanted = { .name = "d", .format = "imagefolder", .visibility = "private" };
    struct dataset_file *files;
    struct dataset dataset;
    struct dataset_sums sums;
    struct scene s;
    struct error err;
    int64_t total, removed;
    int count;

    scene_open(&s);
    wanted.project_id = s.project.id;
    CHECK_OK(datasets_import(s.app, &s.ada, &wanted, make_files(&s, first, 3), &s.arena, &dataset,
                             &err),
             err);
    CHECK_TEXT(dataset.status, "analyzing");
    CHECK(dataset.file_count == 3 && dataset.num_images == 2 && dataset.num_classes == 2);
    CHECK_TEXT(dataset.class_distribution, "{\"cat\":1,\"dog\":1}");
    CHECK_TEXT(dataset.class_names, "[\"cat\",\"dog\"]");
    CHECK_OK(datasets_import_more(s.app, &dataset, make_files(&s, more, 1), false, &s.arena,
                                  &dataset, &err),
             err);
    CHECK_TEXT(dataset.class_distribution, "{\"cat\":2,\"dog\":1}");
    CHECK(datasets_import_more(s.app, &dataset, make_files(&s, more, 1), false, &s.arena, &dataset,
                               &err));
    CHECK(err.kind == ERR_CONFLICT);
    CHECK_OK(datasets_import_more(s.app, &dataset, make_files(&s, more, 1), true, &s.arena,
                                  &dataset, &err),
             err);
    CHECK(dataset.file_count == 4);
    CHECK_OK(datasets_files(s.app, &dataset, &page, &s.arena, &files, &count, &total, &err), err);
    CHECK(count == 4 && total == 4);
    CHECK_TEXT(files[0].path, "notes.txt");
    CHECK_TEXT(files[0].state, "excluded");
    CHECK_OK(datasets_sums(s.app, &dataset, &s.arena, &sums, &err), err);
    CHECK(sums.used_files == 3 && sums.excluded_files == 1 && sums.fixed_files == 0);
    CHECK_OK(datasets_remove_of_project(s.app, s.project.id, false, &removed, &err),
             err);
    CHECK(removed == 1);
    CHECK_OK(projects_remove(s.app, s.project.id, &err), err);
    scene_close(&s);
}
