/* blob_test.c - keys that are refused, and storage in a folder. */

#include "store/blob.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_file(struct arena *arena, const char *folder, const char *name,
                              const char *text)
{
    const char *path = file_join(arena, folder, name);
    struct error err;
    char *parent = arena_strndup(arena, path, (size_t)(file_base_name(path) - path));

    CHECK_OK(file_make_folders(parent, &err), err);
    CHECK_OK(file_replace(path, text, strlen(text), &err), err);
    return path;
}

static void check_content(struct blob *blob, const char *key, const char *expected)
{
    char text[64] = "";
    struct error err;
    int fd;

    CHECK_OK(blob_open_file(blob, key, &fd, &err), err);
    CHECK(read(fd, text, sizeof(text) - 1) >= 0);
    close(fd);
    CHECK_TEXT(text, expected);
}

TEST(blob_keys_that_lead_elsewhere_are_refused)
{
    static const char *const bad[] = {
        "",        "/etc/passwd", "..",       "../x",     "a/../b",     "a/..",    ".",
        "a/./b",   "a//b",        "a/",       "a\\b",     "..\\x",      "C:x",     "c:/x",
        "a\nb",    "a\x01",       "a\x7f",    "\xff",     "\xc0\xaf",   "a/\xc0\xae\xc0\xae/b",
        "\xc2\x85", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o",
    };
    static const char *const good[] = { "a", "train/cat/a b.jpg", "...", "a..b/..c", "CON",
                                        "ab:c/d",
                                        "\xed\x95\x9c\xea\xb8\x80/\xf0\x9f\x90\xb1.png", ".hidden",
                                        "a/b/c/d/e/f/g/h/i/j/k/l/m/n" };
    struct str key = STR_INIT;
    struct error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        err.kind = ERR_UNAVAILABLE;
        if (!blob_check_key(bad[i], &err) || err.kind != ERR_INVALID)
            test_fail(__FILE__, __LINE__, "'%s' was taken", bad[i]);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        CHECK_OK(blob_check_key(good[i], &err), err);
    for (int i = 0; i < BLOB_NAME_MOST; i++)
        str_add_char(&key, 'x');
    CHECK_OK(blob_check_key(key.text, &err), err);
    str_add_char(&key, 'x');
    CHECK(blob_check_key(key.text, &err));
    str_clear(&key);
    for (int i = 0; i < BLOB_KEY_MOST / 100; i++)
        str_printf(&key, "%s%099d", i ? "/" : "x", i);
    CHECK_OK(blob_check_key(key.text, &err), err);
    str_add_char(&key, 'x');
    CHECK(blob_check_key(key.text, &err));
    str_release(&key);
}

TEST(blob_local_puts_moves_and_removes_files)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct blob *blob;
    struct error err;
    int64_t bytes;
    int fd;

    CHECK_OK(blob_open_local(&blob, file_join(&arena, folder, "data"), &err), err);
    CHECK_OK(blob_put(blob, "datasets/1/a/b/x.txt", write_file(&arena, folder, "new", "one"), &err),
             err);
    CHECK(!file_exists(file_join(&arena, folder, "new")));
    check_content(blob, "datasets/1/a/b/x.txt", "one");
    CHECK_OK(blob_put(blob, "datasets/1/a/b/x.txt", write_file(&arena, folder, "new", "two"), &err),
             err);
    check_content(blob, "datasets/1/a/b/x.txt", "two");
    CHECK_OK(blob_move(blob, "datasets/1/a/b/x.txt", "quarantine/1/a/b/x.txt", &err), err);
    CHECK(!blob_has(blob, "datasets/1/a/b/x.txt") && blob_has(blob, "quarantine/1/a/b/x.txt"));
    CHECK(!file_exists(blob_local_path(blob, "datasets/1/a", &arena)));
    CHECK(file_is_folder(blob_local_path(blob, "datasets/1", &arena)));
    CHECK(blob_open_file(blob, "datasets/1/a/b/x.txt", &fd, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(blob_open_file(blob, "quarantine/1/a", &fd, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(blob_open_file(blob, "quarantine/1/a/b/x.txt/y", &fd, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(blob_move(blob, "datasets/1/none", "datasets/1/b", &err) && err.kind == ERR_NOT_FOUND);
    CHECK_OK(blob_remove(blob, "quarantine/1/a/b/x.txt", &err), err);
    CHECK_OK(blob_remove(blob, "quarantine/1/a/b/x.txt", &err), err);
    CHECK_OK(blob_free_bytes(blob, &bytes, &err), err);
    CHECK(bytes > 0);
    blob_close(blob);
    arena_release(&arena);
}

TEST(blob_local_moves_and_copies_onto_nothing)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct blob *blob;
    struct error err;

    CHECK_OK(blob_open_local(&blob, file_join(&arena, folder, "data"), &err), err);
    write_file(&arena, folder, "data/datasets/1/a", "one");
    write_file(&arena, folder, "data/datasets/1/b", "two");
    CHECK(blob_move(blob, "datasets/1/a", "datasets/1/b", &err) && err.kind == ERR_CONFLICT);
    CHECK(blob_copy(blob, "datasets/1/a", "datasets/1/b", &err) && err.kind == ERR_CONFLICT);
    check_content(blob, "datasets/1/a", "one");
    check_content(blob, "datasets/1/b", "two");
    CHECK_OK(blob_copy(blob, "datasets/1/a", "quarantine/1/x/a", &err), err);
    CHECK_OK(blob_put(blob, "datasets/1/a", write_file(&arena, folder, "new", "three"), &err),
             err);
    check_content(blob, "datasets/1/a", "three");
    check_content(blob, "quarantine/1/x/a", "one"); /* has a content of its own */
    CHECK(blob_copy(blob, "datasets/1/none", "quarantine/1/none", &err) &&
          err.kind == ERR_NOT_FOUND);
    CHECK(blob_move(blob, "datasets/1/a", "quarantine/1/x", &err) && err.kind == ERR_CONFLICT);
    blob_close(blob);
    arena_release(&arena);
}

TEST(blob_local_takes_trees_and_adds_to_them)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct blob_entry *entries;
    struct blob *blob;
    struct error err;
    char **names;
    int count;

    CHECK_OK(blob_open_local(&blob, folder, &err), err);
    CHECK_OK(blob_list(blob, "datasets/1", &arena, &entries, &count, &err), err);
    CHECK(count == 0);
    write_file(&arena, folder, "in/train/cat/b.jpg", "22");
    write_file(&arena, folder, "in/train/cat/a.jpg", "1");
    CHECK_OK(blob_put_tree(blob, "datasets/1", file_join(&arena, folder, "in"), &err), err);
    write_file(&arena, folder, "in/train/cat/b.jpg", "333");
    write_file(&arena, folder, "in/val/cat/.c", "4444");
    CHECK_OK(blob_put_tree(blob, "datasets/1", file_join(&arena, folder, "in"), &err), err);
    CHECK(!file_exists(file_join(&arena, folder, "in")));
    CHECK_OK(blob_list(blob, "datasets/1", &arena, &entries, &count, &err), err);
    CHECK(count == 3);
    CHECK_TEXT(entries[0].path, "train/cat/a.jpg");
    CHECK_TEXT(entries[1].path, "train/cat/b.jpg");
    CHECK_TEXT(entries[2].path, "val/cat/.c");
    CHECK(entries[0].size_bytes == 1 && entries[1].size_bytes == 3 && entries[2].size_bytes == 4);
    CHECK(blob_put(blob, "datasets/1/train/cat", write_file(&arena, folder, "new", ""), &err));
    CHECK(err.kind == ERR_CONFLICT);
    CHECK(blob_put(blob, "datasets/1/train/cat/a.jpg/x", write_file(&arena, folder, "new", ""),
                   &err));
    CHECK(err.kind == ERR_CONFLICT && !strstr(err.text, folder));
    CHECK_OK(blob_list_folders(blob, "datasets", &arena, &names, &count, &err), err);
    CHECK(count == 1);
    CHECK_TEXT(names[0], "1");
    CHECK_OK(blob_list_folders(blob, "none", &arena, &names, &count, &err), err);
    CHECK(count == 0);
    CHECK_OK(blob_remove_tree(blob, "datasets/1", &err), err);
    CHECK_OK(blob_remove_tree(blob, "datasets/1", &err), err);
    CHECK(!file_exists(blob_local_path(blob, "datasets/1", &arena)));
    blob_close(blob);
    arena_release(&arena);
}

/* Whoever can write into the folder must not make us read or remove what lies elsewhere. */
TEST(blob_local_follows_no_links)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct blob_entry *entries;
    const char *secret;
    struct blob *blob;
    struct error err;
    int count, fd;

    secret = write_file(&arena, folder, "outside/secret", "secret");
    CHECK_OK(blob_open_local(&blob, file_join(&arena, folder, "data"), &err), err);
    write_file(&arena, folder, "data/datasets/1/a", "a");
    CHECK(!symlink(secret, blob_local_path(blob, "datasets/1/link", &arena)));
    CHECK(!symlink(file_join(&arena, folder, "outside"),
                   blob_local_path(blob, "datasets/1/folder", &arena)));
    CHECK(!mkfifo(blob_local_path(blob, "datasets/1/pipe", &arena), 0600));
    CHECK(blob_open_file(blob, "datasets/1/link", &fd, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(blob_open_file(blob, "datasets/1/pipe", &fd, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(!blob_has(blob, "datasets/1/link"));
    CHECK_OK(blob_list(blob, "datasets/1", &arena, &entries, &count, &err), err);
    CHECK(count == 1);
    CHECK_OK(blob_remove_tree(blob, "datasets/1", &err), err);
    CHECK(!file_exists(blob_local_path(blob, "datasets/1", &arena)) && file_exists(secret));
    blob_close(blob);
    arena_release(&arena);
}
