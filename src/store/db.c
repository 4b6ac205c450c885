/* db.c - what does not depend on the back end: readers, the writer, values; see db.h. */

#include "store/db_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/columns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [STATEMENT_##name] = sql,
#include "store/statements.def"
#undef STATEMENT
};

const char *const statement_names[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [STATEMENT_##name] = #name,
#include "store/statements.def"
#undef STATEMENT
};

/* One call of db_transact() that waits for the writer. */
struct waiting {
    db_work *work;
    void *context;
    struct error *err;
    int result;
    bool is_done;
    struct waiting *next;
};

struct tally {
    atomic_uint_fast64_t count, microseconds;
};

struct db {
    const struct db_backend *backend;
    char *url;
    struct db_connection *writer; /* used by the writer's thread alone once it runs */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    struct waiting *first, *last;
    bool is_closing;
    struct db_connection *readers; /* free ones */
    struct tally reading, writing;
};

static void tally_add(struct tally *tally, double begun_seconds)
{
    atomic_fetch_add_explicit(&tally->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->microseconds,
                              (uint64_t)(1e6 * (clock_seconds() - begun_seconds)),
                              memory_order_relaxed);
}

void db_read_statistics(struct db *db, struct db_statistics *statistics)
{
    statistics->reads = atomic_load(&db->reading.count);
    statistics->read_seconds = 1e-6 * (double)atomic_load(&db->reading.microseconds);
    statistics->writes = atomic_load(&db->writing.count);
    statistics->write_seconds = 1e-6 * (double)atomic_load(&db->writing.microseconds);
}

/* --- values ----------------------------------------------------------------------------------- */

struct db_value db_null(void)
{
    return (struct db_value){ .type = DB_NULL };
}

struct db_value db_int(int64_t value)
{
    return (struct db_value){ .type = DB_INT, .integer = value };
}

struct db_value db_real(double value)
{
    return (struct db_value){ .type = DB_REAL, .real = value };
}

struct db_value db_text(const char *text)
{
    if (!text)
        return db_null();
    return (struct db_value){ .type = DB_TEXT, .text = text, .length = strlen(text) };
}

/* --- the writer ------------------------------------------------------------------------------- */

static int begin(struct db *db, struct error *err)
{
    return db->backend->script(db->writer, db->backend->begin, err);
}

static void roll_back(struct db *db)
{
    struct error ignored;

    if (db->backend->in_transaction(db->writer))
        db->backend->script(db->writer, "ROLLBACK", &ignored);
}

static void run_alone(struct db *db, struct waiting *w)
{
    w->result = begin(db, w->err);
    if (w->result)
        return;
    w->result = w->work(db->writer, w->context, w->err);
    if (w->result || db->backend->script(db->writer, "COMMIT", w->err)) {
        roll_back(db);
        w->result = w->result ? w->result : -1;
    }
}

/* Inside the group's transaction; false when that has been lost. */
static bool run_in_group(struct db *db, struct waiting *w)
{
    struct error ignored;

    if (db->backend->script(db->writer, "SAVEPOINT work", &ignored))
        return false;
    w->result = w->work(db->writer, w->context, w->err);
    if (!db->backend->in_transaction(db->writer))
        return false;
    if (w->result && db->backend->script(db->writer, "ROLLBACK TO work", &ignored))
        return false;
    return !db->backend->script(db->writer, "RELEASE work", &ignored);
}

/* All of them in one transaction.  When that is lost, by a full disk for example, one that would
 * have gone well must not suffer for its neighbour: then each runs again by itself. */
static void run_group(struct db *db, struct waiting *group)
{
    struct error ignored;
    bool kept;

    if (!group->next) {
        run_alone(db, group);
        return;
    }
    kept = !begin(db, &ignored);
    for (struct waiting *w = group; w && kept; w = w->next)
        kept = run_in_group(db, w);
    if (kept && !db->backend->script(db->writer, "COMMIT", &ignored))
        return;
    roll_back(db);
    for (struct waiting *w = group; w; w = w->next)
        run_alone(db, w);
}

static void *write_groups(void *data)
{
    struct db *db = data;

    pthread_mutex_lock(&db->lock);
    for (;;) {
        struct waiting *group;

        while (!db->first && !db->is_closing)
            pthread_cond_wait(&db->wake, &db->lock);
        if (!db->first)
            break;
        group = db->first;
        db->first = db->last = NULL;
        pthread_mutex_unlock(&db->lock);
        run_group(db, group);
        pthread_mutex_lock(&db->lock);
        for (struct waiting *w = group; w; w = w->next)
            w->is_done = true;
        pthread_cond_broadcast(&db->done);
    }
    pthread_mutex_unlock(&db->lock);
    return NULL;
}

int db_transact(struct db *db, db_work *work, void *context, struct error *err)
{
    struct waiting w = { .work = work, .context = context, .err = err };
    double begun_seconds = clock_seconds();

    BUG_IF(db->has_thread && pthread_equal(pthread_self(), db->thread)); /* would wait for itself */
    pthread_mutex_lock(&db->lock);
    BUG_IF(db->is_closing);
    if (db->last)
        db->last->next = &w;
    else
        db->first = &w;
    db->last = &w;
    pthread_cond_signal(&db->wake);
    while (!w.is_done)
        pthread_cond_wait(&db->done, &db->lock);
    pthread_mutex_unlock(&db->lock);
    tally_add(&db->writing, begun_seconds);
    return w.result;
}

/* --- statements ------------------------------------------------------------------------------- */

int db_run(struct db_connection *connection, enum statement statement, const struct db_value *args,
           int count, struct arena *arena, struct db_rows *rows, struct error *err)
{
    return connection->backend->run(connection, statement, args, count, arena, rows, err);
}

struct single {
    enum statement statement;
    const struct db_value *args;
    int count;
    struct arena *arena;
    struct db_rows *rows;
};

static int run_single(struct db_connection *connection, void *context, struct error *err)
{
    const struct single *s = context;

    return db_run(connection, s->statement, s->args, s->count, s->arena, s->rows, err);
}

int db_write(struct db *db, enum statement statement, const struct db_value *args, int count,
             struct arena *arena, struct db_rows *rows, struct error *err)
{
    struct single single = { statement, args, count, arena, rows };

    return db_transact(db, run_single, &single, err);
}

int db_write_parts(struct db *db, enum statement statement, const struct db_value *args, int count,
                   struct error *err)
{
    bool is_over = false;
    int result = 0;

    while (!result && !is_over) {
        struct arena arena = ARENA_INIT;
        struct db_rows rows = { 0 };

        result = db_write(db, statement, args, count, &arena, &rows, err);
        is_over = !rows.count;
        arena_release(&arena);
    }
    return result;
}

static struct db_connection *take_reader(struct db *db, struct error *err)
{
    struct db_connection *reader;

    pthread_mutex_lock(&db->lock);
    reader = db->readers;
    if (reader)
        db->readers = reader->next;
    pthread_mutex_unlock(&db->lock);
    if (!reader && db->backend->connect(&reader, db->url, false, err))
        return NULL;
    return reader;
}

static void return_reader(struct db *db, struct db_connection *reader)
{
    pthread_mutex_lock(&db->lock);
    reader->next = db->readers;
    db->readers = reader;
    pthread_mutex_unlock(&db->lock);
}

int db_read(struct db *db, enum statement statement, const struct db_value *args, int count,
            struct arena *arena, struct db_rows *rows, struct error *err)
{
    double begun_seconds = clock_seconds();
    struct db_connection *reader = take_reader(db, err);
    int result;

    if (!reader)
        return -1;
    result = db_run(reader, statement, args, count, arena, rows, err);
    return_reader(db, reader);
    tally_add(&db->reading, begun_seconds);
    return result;
}

int db_backup(struct db *db, const char *path, struct error *err)
{
    struct db_connection *reader = take_reader(db, err);
    int result;

    if (!reader)
        return -1;
    result = db->backend->backup(reader, path, err);
    return_reader(db, reader);
    return result;
}

int db_schema_version(struct db *db)
{
    struct db_connection *reader;
    struct error err;
    int version = -1;

    reader = take_reader(db, &err);
    if (reader) {
        db_read_version(reader, &version, &err);
        return_reader(db, reader);
    }
    return version;
}

/* --- life ------------------------------------------------------------------------------------- */

/* vision_platform.db -> vision_platform.db.before-schema-7 */
static int migrate(struct db *db, struct error *err)
{
    struct str backup = STR_INIT;
    int result;

    str_printf(&backup, "%s.before-schema-%d", db->url, db_migration_count());
    result = db_migrate(db->writer, backup.text, err);
    str_release(&backup);
    return result;
}

/* "sqlite:///FILE" is how others write it, "sqlite:////FILE" with an absolute path.  NULL: it is of
 * another kind; what was given is not said, as it may hold a password. */
static const char *find_path(const char *url, struct error *err)
{
    const char *path = url;

    if (str_starts_with(url, "sqlite:///"))
        path += strlen("sqlite:///");
    else if (str_starts_with(url, "sqlite:"))
        path += strlen("sqlite:");
    if (*path && !strstr(path, "://")) /* SQLite takes no name at all for a database of its own */
        return path;
    FAIL(err, UNSUPPORTED, "the URL of the database is of another kind; only SQLite is "
                           "supported: a path, or sqlite:///PATH");
    return NULL;
}

int db_open(struct db **out, const char *url, struct error *err)
{
    const char *path = find_path(url, err);
    struct db *db;

    if (!path)
        return -1;
    db = calloc(1, sizeof(*db));
    BUG_IF(!db);
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->wake, NULL);
    pthread_cond_init(&db->done, NULL);
    db->backend = &db_sqlite;
    db->url = strdup(path);
    BUG_IF(!db->url);
    if (db->backend->connect(&db->writer, db->url, true, err) || migrate(db, err))
        goto failed;
    if (pthread_create(&db->thread, NULL, write_groups, db)) {
        FAIL(err, NO_MEMORY, "no thread for the database");
        goto failed;
    }
    db->has_thread = true;
    *out = db;
    return 0;
failed:
    db_close(db);
    return -1;
}

int db_peek(const char *url, int *version, int *known, struct error *err)
{
    const char *path = find_path(url, err);
    struct db_connection *connection;
    struct error ignored;
    int result;

    if (!path)
        return -1;
    if (access(path, F_OK))
        return FAIL(err, NOT_FOUND, "there is no database '%s'", path);
    if (db_sqlite.connect(&connection, path, false, err))
        return -1;
    result = db_read_version(connection, version, &ignored);
    db_sqlite.disconnect(connection);
    *known = db_migration_count();
    return result ? FAIL(err, CORRUPT, "'%s' is no database of Fovea: %s", path, ignored.text) : 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    pthread_mutex_lock(&db->lock);
    db->is_closing = true;
    pthread_cond_signal(&db->wake);
    pthread_mutex_unlock(&db->lock);
    if (db->has_thread)
        pthread_join(db->thread, NULL);
    while (db->readers) {
        struct db_connection *reader = db->readers;

        db->readers = reader->next;
        db->backend->disconnect(reader);
    }
    if (db->writer)
        db->backend->disconnect(db->writer);
    pthread_cond_destroy(&db->wake);
    pthread_cond_destroy(&db->done);
    pthread_mutex_destroy(&db->lock);
    free(db->url);
    free(db);
}
