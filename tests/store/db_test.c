/* db_test.c - the database: nothing acknowledged is lost, nobody meets a lock, work is undone. */

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "store/db.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct db *open_in(const char *folder)
{
    struct str path = STR_INIT;
    struct db *db = NULL;
    struct error err;

    str_printf(&path, "sqlite:%s/test.db", folder);
    CHECK_OK(db_open(&db, path.text, &err), err);
    str_release(&path);
    return db;
}

static void put(struct db *db, const char *name, const char *value)
{
    struct error err;

    CHECK_OK(db_write(db, STATEMENT_setting_put, DB_ARGS(db_text(name), db_text(value)), NULL,
                      NULL, &err), err);
}

/* The value, or NULL; in the arena. */
static const char *get(struct db *db, struct arena *arena, const char *name)
{
    struct db_rows rows;
    struct error err;

    CHECK_OK(db_read(db, STATEMENT_setting_get, DB_ARGS(db_text(name)), arena, &rows, &err), err);
    return rows.count ? db_at(&rows, 0, 0)->text : NULL;
}

/* A person with sqlite3. */
static void by_hand(const char *folder, const char *sql)
{
    struct str path = STR_INIT;
    sqlite3 *handle;

    str_printf(&path, "%s/test.db", folder);
    CHECK(sqlite3_open(path.text, &handle) == SQLITE_OK);
    CHECK(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(handle);
    str_release(&path);
}

TEST(db_keeps_what_was_written)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct db *db = open_in(folder);

    CHECK(!get(db, &arena, "a"));
    put(db, "a", "한글 'quoted' \"text\"; DROP TABLE settings");
    put(db, "a", "again");
    put(db, "empty", "");
    db_close(db);
    db = open_in(folder);
    CHECK_TEXT(get(db, &arena, "a"), "again");
    CHECK_TEXT(get(db, &arena, "empty"), "");
    CHECK(db_schema_version(db) >= 1);
    db_close(db);
    arena_release(&arena);
}

/* --- transactions ----------------------------------------------------------------------------- */

struct two {
    const char *first, *second;
    bool fails;
};

static int put_two(struct db_connection *connection, void *context, struct error *err)
{
    const struct two *two = context;

    if (db_run(connection, STATEMENT_setting_put, DB_ARGS(db_text(two->first), db_text("1")), NULL,
               NULL, err))
        return -1;
    if (two->fails)
        return FAIL(err, INVALID, "changed its mind");
    return db_run(connection, STATEMENT_setting_put, DB_ARGS(db_text(two->second), db_text("2")),
                  NULL, NULL, err);
}

TEST(db_work_that_fails_is_undone)
{
    struct arena arena = ARENA_INIT;
    struct db *db = open_in(test_folder());
    struct two fails = { "x", "y", true }, passes = { "v", "w", false };
    struct error err;

    CHECK(db_transact(db, put_two, &fails, &err) == -1);
    CHECK(err.kind == ERR_INVALID && strstr(err.text, "changed its mind"));
    CHECK(!get(db, &arena, "x"));
    CHECK_OK(db_transact(db, put_two, &passes, &err), err);
    CHECK_TEXT(get(db, &arena, "w"), "2");
    db_close(db);
    arena_release(&arena);
}

TEST(db_broken_constraints_are_told_apart)
{
    struct db *db = open_in(test_folder());
    struct error err;

    CHECK_OK(db_write(db, STATEMENT_schema_add,
                      DB_ARGS(db_int(900), db_text("test"), db_int(1)), NULL, NULL, &err), err);
    CHECK(db_write(db, STATEMENT_schema_add, DB_ARGS(db_int(900), db_text("test"), db_int(1)),
                   NULL, NULL, &err) && err.kind == ERR_CONFLICT);
    CHECK(db_write(db, STATEMENT_setting_put, DB_ARGS(db_text("a"), db_null()), NULL, NULL, &err) &&
          err.kind == ERR_INVALID);
    db_close(db);
}

/* --- many at once ----------------------------------------------------------------------------- */

#define THREADS 16
#define WRITES 60

struct writer {
    struct db *db;
    int number, failures;
    bool with_losers;
};

static void *write_many(void *data)
{
    struct writer *w = data;

    for (int i = 0; i < WRITES; i++) {
        struct two two = { .fails = w->with_losers && i % 3 == 2 };
        char first[32], second[32];
        struct error err;
        int result;

        snprintf(first, sizeof(first), "a%d-%d", w->number, i);
        snprintf(second, sizeof(second), "b%d-%d", w->number, i);
        two.first = first;
        two.second = second;
        result = db_transact(w->db, put_two, &two, &err);
        w->failures += (result != 0) != two.fails;
    }
    return NULL;
}

/* Threads whose work fails stand in the same group commits as others. */
TEST(db_threads_write_without_meeting_locks_or_each_others_failures)
{
    struct arena arena = ARENA_INIT;
    struct db *db = open_in(test_folder());
    struct writer writers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ db, i, 0, i % 2 };
        CHECK(!pthread_create(&threads[i], NULL, write_many, &writers[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(!writers[i].failures);
    }
    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < WRITES; j++) {
            bool undone = i % 2 && j % 3 == 2;
            char name[32];

            snprintf(name, sizeof(name), "a%d-%d", i, j);
            CHECK(!get(db, &arena, name) == undone);
            name[0] = 'b';
            CHECK(!get(db, &arena, name) == undone);
        }
    db_close(db);
    arena_release(&arena);
}

/* Another process holds the lock for a while, as a person's sqlite3 does. */
TEST(db_waits_for_a_lock_of_another_process)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct db *db = open_in(folder);
    pid_t child = fork();

    if (!child) {
        struct str path = STR_INIT;
        sqlite3 *handle;

        str_printf(&path, "%s/test.db", folder);
        sqlite3_open(path.text, &handle);
        sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        usleep(400000);
        sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
        _exit(0);
    }
    usleep(100000);
    put(db, "late", "but there");
    CHECK_TEXT(get(db, &arena, "late"), "but there");
    waitpid(child, NULL, 0);
    db_close(db);
    arena_release(&arena);
}

/* --- kill ------------------------------------------------------------------------------------- */

static void write_until_killed(const char *folder, int acknowledge)
{
    struct db *db = open_in(folder);

    for (int i = 0;; i++) {
        char name[32];

        snprintf(name, sizeof(name), "k%d", i);
        put(db, name, "x");
        if (write(acknowledge, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

TEST(db_killed_has_lost_nothing_acknowledged)
{
    for (int round = 0; round < 5; round++) {
        const char *folder = test_folder();
        struct arena arena = ARENA_INIT;
        int pipe_ends[2], last = -1, number;
        struct db *db;
        pid_t child;

        CHECK(!pipe(pipe_ends));
        child = fork();
        if (!child)
            write_until_killed(folder, pipe_ends[1]);
        close(pipe_ends[1]);
        while (last < 20 * (round + 1) && read(pipe_ends[0], &number, sizeof(number)) > 0)
            last = number;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipe_ends[0], &number, sizeof(number)) == sizeof(number))
            last = number;
        close(pipe_ends[0]);
        CHECK(last >= 20);
        db = open_in(folder);
        for (int i = 0; i <= last; i++) {
            char name[32];

            snprintf(name, sizeof(name), "k%d", i);
            CHECK_TEXT(get(db, &arena, name), "x");
        }
        db_close(db);
        arena_release(&arena);
    }
}

/* --- schema, backup, damage ------------------------------------------------------------------- */

TEST(db_of_a_newer_program_is_left_alone)
{
    const char *folder = test_folder();
    struct str path = STR_INIT;
    struct db *db = open_in(folder);
    struct error err;

    db_close(db);
    by_hand(folder, "INSERT INTO schema_versions VALUES (1000, 'future', 0)");
    str_printf(&path, "%s/test.db", folder);
    CHECK(db_open(&db, path.text, &err) && err.kind == ERR_UNSUPPORTED);
    CHECK(strstr(err.text, "schema 1000") && strstr(err.text, "newer"));
    str_release(&path);
}

static void *put_pairs(void *data)
{
    struct writer *w = data;

    for (int i = 0; i < 200; i++) {
        struct two two = { "left", "right", false };
        struct error err;

        w->failures += db_transact(w->db, put_two, &two, &err) != 0;
    }
    return NULL;
}

TEST(db_backup_under_load_is_whole)
{
    const char *folder = test_folder();
    struct arena arena = ARENA_INIT;
    struct str path = STR_INIT, copied = STR_INIT;
    struct db *db = open_in(folder);
    struct writer writer = { db, 0, 0, false };
    struct error err;
    pthread_t thread;

    put(db, "before", "yes");
    CHECK(!pthread_create(&thread, NULL, put_pairs, &writer));
    str_printf(&path, "%s/copy.db", folder);
    CHECK_OK(db_backup(db, path.text, &err), err);
    pthread_join(thread, NULL);
    CHECK(!writer.failures);
    db_close(db);
    CHECK_OK(db_open(&db, path.text, &err), err);
    CHECK_TEXT(get(db, &arena, "before"), "yes");
    CHECK(!get(db, &arena, "left") == !get(db, &arena, "right"));
    db_close(db);
    str_release(&path);
    str_release(&copied);
    arena_release(&arena);
}

TEST(db_says_what_is_wrong_with_the_file)
{
    const char *folder = test_folder();
    struct str path = STR_INIT, url = STR_INIT;
    struct db *db;
    struct error err;

    str_printf(&path, "%s/broken.db", folder);
    CHECK_OK(file_replace(path.text, "this is no database, but long enough to be taken for one "
                                     "by who does not look", 77, &err), err);
    CHECK(db_open(&db, path.text, &err) && err.kind == ERR_CORRUPT &&
          strstr(err.text, "broken.db"));
    str_printf(&url, "%s/none/there.db", folder);
    CHECK(db_open(&db, url.text, &err) && strstr(err.text, "there.db"));
    str_release(&path);
    str_release(&url);
}

/* And no password that stands in a URL is repeated. */
TEST(db_is_a_file_of_sqlite)
{
    static const char *const urls[] = { "postgresql://user:secret@host/x",
                                        "sqlite+driver:///secret.db", "sqlite:///", "" };
    int version, known;
    struct db *db;
    struct error err;

    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        CHECK(db_open(&db, urls[i], &err) && err.kind == ERR_UNSUPPORTED);
        CHECK(strstr(err.text, "only SQLite is supported") && !strstr(err.text, "secret"));
        CHECK(db_peek(urls[i], &version, &known, &err) && err.kind == ERR_UNSUPPORTED);
    }
}
