/* db_load_test.c - sixteen threads and a person with sqlite3 write for as long as one likes: nobody
 * meets a lock, and no write is lost or doubled. */

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/db.h"
#include "test.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16

struct worker {
    struct db *db;
    double end_seconds;
    int number, added, failures;
    struct error first_failure;
};

/* Read, add one, write: two at once would lose one. */
static int add_one(struct db_connection *connection, void *context, struct error *err)
{
    const char *name = context;
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    char value[32];
    int result = db_run(connection, STATEMENT_setting_get, DB_ARGS(db_text(name)), &arena, &rows,
                        err);

    if (!result) {
        snprintf(value, sizeof(value), "%d", rows.count ? atoi(db_at(&rows, 0, 0)->text) + 1 : 1);
        result = db_run(connection, STATEMENT_setting_put, DB_ARGS(db_text(name), db_text(value)),
                        NULL, NULL, err);
    }
    arena_release(&arena);
    return result;
}

static int value_of(struct db *db, const char *name, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int value = -1;

    if (!db_read(db, STATEMENT_setting_get, DB_ARGS(db_text(name)), &arena, &rows, err))
        value = rows.count ? atoi(db_at(&rows, 0, 0)->text) : 0;
    arena_release(&arena);
    return value;
}

static void note(struct worker *w, const struct error *err)
{
    if (!w->failures++)
        w->first_failure = *err;
}

static void *work(void *context)
{
    struct worker *w = context;
    char own[32];

    snprintf(own, sizeof(own), "own-%d", w->number);
    while (clock_seconds() < w->end_seconds) {
        struct error err = { 0 };

        if (db_transact(w->db, add_one, (char *)"shared", &err) ||
            db_transact(w->db, add_one, own, &err))
            note(w, &err);
        else
            w->added++;
        if (value_of(w->db, own, &err) != w->added) /* one's own writes are seen at once */
            note(w, &err);
    }
    return NULL;
}

/* Another process: holds the lock again and again, and writes.  How often; -1 for a failure.  It
 * may find no gap between those of ours for as long as it waits, which is no failure. */
static int disturb(const char *path, double end_seconds)
{
    static const char write_one[] = "INSERT INTO settings VALUES ('outside', '1') ON CONFLICT "
                                    "(name) DO UPDATE SET value = value + 1";
    sqlite3 *handle;
    int count = 0;

    if (sqlite3_open(path, &handle) != SQLITE_OK)
        return -1;
    sqlite3_busy_timeout(handle, 5000);
    while (clock_seconds() < end_seconds) {
        int code = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);

        if (code == SQLITE_BUSY)
            continue;
        if (code != SQLITE_OK || sqlite3_exec(handle, write_one, NULL, NULL, NULL) != SQLITE_OK)
            return -1;
        usleep(20000);
        if (sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            return -1;
        count++;
        usleep(30000);
    }
    sqlite3_close(handle);
    return count;
}

static struct db *open_at(const char *path)
{
    struct db *db = NULL;
    struct error err;

    CHECK_OK(db_open(&db, path, &err), err);
    return db;
}

static void write_for(double seconds)
{
    struct worker workers[THREADS];
    struct str path = STR_INIT;
    pthread_t threads[THREADS];
    double end_seconds = clock_seconds() + seconds;
    int total = 0, outside = -1, ends[2];
    struct error err = { 0 };
    struct db *db;
    pid_t child;

    str_printf(&path, "%s/test.db", test_folder());
    db_close(open_at(path.text));
    CHECK(!pipe(ends));
    child = fork(); /* before there are threads */
    if (!child) {
        outside = disturb(path.text, end_seconds);
        _exit(write(ends[1], &outside, sizeof(outside)) != sizeof(outside));
    }
    db = open_at(path.text);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .db = db, .end_seconds = end_seconds, .number = i };
        CHECK(!pthread_create(&threads[i], NULL, work, &workers[i]));
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(read(ends[0], &outside, sizeof(outside)) == sizeof(outside));
    waitpid(child, NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].failures)
            test_fail(__FILE__, __LINE__, "%d failures, the first: %s", workers[i].failures,
                      workers[i].first_failure.text);
        CHECK(workers[i].added > 0);
        total += workers[i].added;
    }
    CHECK(outside > 0); /* it began before we did */
    CHECK(value_of(db, "outside", &err) == outside);
    CHECK(value_of(db, "shared", &err) == total);
    db_close(db);
    close(ends[0]);
    close(ends[1]);
    str_release(&path);
}

TEST(db_under_load_meets_no_lock)
{
    write_for(1.5);
}

TEST_SLOW(db_under_load_for_a_minute_meets_no_lock)
{
    write_for(60);
}
