/* db_sqlite.c - the SQLite back end: a file in write-ahead-log mode, so that readers and the one
 * writer do not wait for each other. */

#include "store/db_internal.h"

#include "base/error.h"
#include "base/str.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MILLISECONDS 5000 /* for another process, such as a person's sqlite3 */
#define BACKUP_PAGES 256       /* copied between two looks at who else wants the file */

struct sqlite {
    struct db_connection connection;
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared when first used */
};

static struct sqlite *sqlite_of(struct db_connection *connection)
{
    return (struct sqlite *)(void *)connection;
}

static int fail(struct sqlite *db, int code, const char *what, struct error *err)
{
    const char *text = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    int extended = db->handle ? sqlite3_extended_errcode(db->handle) : code;

    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY)
        return FAIL(err, CONFLICT, "%s: %s", what, text);
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return FAIL(err, INVALID, "%s: %s", what, text);
    case SQLITE_FULL:
        return FAIL(err, NO_SPACE, "%s: %s", what, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return FAIL(err, CORRUPT, "%s: %s", what, text);
    default:
        return FAIL(err, UNAVAILABLE, "%s: %s", what, text);
    }
}

static int script(struct db_connection *connection, const char *sql, struct error *err)
{
    struct sqlite *db = sqlite_of(connection);
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : fail(db, code, "database", err);
}

static bool in_transaction(struct db_connection *connection)
{
    return !sqlite3_get_autocommit(sqlite_of(connection)->handle);
}

static void disconnect(struct db_connection *connection)
{
    struct sqlite *db = sqlite_of(connection);

    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    free(db);
}

/* A write is on the disk when it is acknowledged: the group commit makes that affordable. */
static int connect(struct db_connection **out, const char *path, bool is_writer, struct error *err)
{
    static const char writer[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                                 "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY";
    static const char reader[] = "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY";
    struct sqlite *db = calloc(1, sizeof(*db));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code;

    BUG_IF(!db);
    db->connection.backend = &db_sqlite;
    code = sqlite3_open_v2(path, &db->handle, flags | (is_writer ? SQLITE_OPEN_CREATE : 0), NULL);
    if (code != SQLITE_OK) {
        fail(db, code, path, err);
        goto failed;
    }
    sqlite3_busy_timeout(db->handle, BUSY_MILLISECONDS);
    if (script(&db->connection, is_writer ? writer : reader, err)) {
        error_prefix(err, "'%s'", path);
        goto failed;
    }
    *out = &db->connection;
    return 0;
failed:
    disconnect(&db->connection);
    return -1;
}

/* --- statements ------------------------------------------------------------------------------- */

static sqlite3_stmt *prepared(struct sqlite *db, enum statement statement, struct error *err)
{
    sqlite3_stmt **place = &db->statements[statement];

    if (!*place) {
        int code = sqlite3_prepare_v3(db->handle, statement_sql[statement], -1,
                                      SQLITE_PREPARE_PERSISTENT, place, NULL);

        if (code != SQLITE_OK)
            fail(db, code, statement_names[statement], err);
    }
    return *place;
}

/* To SQLite "$1" is a name: names are numbered in the order in which they first stand. */
static int bind(sqlite3_stmt *statement, const struct db_value *args, int count)
{
    BUG_IF(sqlite3_bind_parameter_count(statement) != count);
    for (int i = 0; i < count; i++) {
        char name[16];
        int place, code = SQLITE_OK;

        snprintf(name, sizeof(name), "$%d", i + 1);
        place = sqlite3_bind_parameter_index(statement, name);
        BUG_IF(!place); /* the statement has no such parameter */
        if (args[i].type == DB_INT)
            code = sqlite3_bind_int64(statement, place, args[i].integer);
        else if (args[i].type == DB_REAL)
            code = sqlite3_bind_double(statement, place, args[i].real);
        else if (args[i].type == DB_TEXT)
            code = sqlite3_bind_text64(statement, place, args[i].text, args[i].length,
                                       SQLITE_STATIC, SQLITE_UTF8);
        else
            code = sqlite3_bind_null(statement, place);
        if (code != SQLITE_OK)
            return code;
    }
    return SQLITE_OK;
}

static void read_value(sqlite3_stmt *statement, int column, struct arena *arena,
                       struct db_value *value)
{
    *value = (struct db_value){ .type = DB_NULL };
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        *value = db_int(sqlite3_column_int64(statement, column));
        break;
    case SQLITE_FLOAT:
        *value = db_real(sqlite3_column_double(statement, column));
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        value->type = DB_TEXT;
        value->length = (size_t)sqlite3_column_bytes(statement, column);
        value->text = arena_strndup(arena, (const char *)sqlite3_column_text(statement, column),
                                    value->length);
        break;
    default:
        break;
    }
}

struct reading {
    struct db_value *values;
    int count, capacity; /* in values */
};

/* Doubling inside the arena: what is left behind is less than the result. */
static void read_row(sqlite3_stmt *statement, int columns, struct arena *arena, struct reading *r)
{
    if (r->count + columns > r->capacity) {
        int capacity = r->capacity ? 2 * r->capacity : 8 * columns;
        struct db_value *values = ARENA_ARRAY(arena, struct db_value, capacity);

        if (r->count)
            memcpy(values, r->values, (size_t)r->count * sizeof(*values));
        r->values = values;
        r->capacity = capacity;
    }
    for (int i = 0; i < columns; i++)
        read_value(statement, i, arena, &r->values[r->count++]);
}

static int run(struct db_connection *connection, enum statement which, const struct db_value *args,
               int count, struct arena *arena, struct db_rows *rows, struct error *err)
{
    struct sqlite *db = sqlite_of(connection);
    sqlite3_stmt *statement = prepared(db, which, err);
    struct reading reading = { 0 };
    int columns, code, result = 0;

    if (!statement)
        return -1;
    columns = sqlite3_column_count(statement);
    code = bind(statement, args, count);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (rows)
            read_row(statement, columns, arena, &reading);
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        result = fail(db, code, statement_names[which], err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (rows)
        *rows = (struct db_rows){ .columns = columns, .values = reading.values,
                                  .count = columns ? reading.count / columns : 0 };
    return result;
}

/* --- backup ----------------------------------------------------------------------------------- */

/* In a transaction of its own, the copy is of one moment and never begins anew: without it, each
 * commit of others sends it back to the first page, and on a busy server it would not end. */
static int backup(struct db_connection *connection, const char *path, struct error *err)
{
    struct sqlite *db = sqlite_of(connection);
    sqlite3_backup *copy;
    sqlite3 *target = NULL;
    struct error ignored;
    int code;

    if (script(connection, "BEGIN; SELECT count(*) FROM sqlite_schema", err))
        return -1;
    code = sqlite3_open(path, &target);
    if (code == SQLITE_OK) {
        copy = sqlite3_backup_init(target, "main", db->handle, "main");
        code = copy ? SQLITE_OK : sqlite3_errcode(target);
        while (copy && (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)) {
            code = sqlite3_backup_step(copy, BACKUP_PAGES);
            if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
                sqlite3_sleep(10);
        }
        if (copy)
            sqlite3_backup_finish(copy);
    }
    sqlite3_close(target);
    script(connection, "COMMIT", &ignored);
    if (code == SQLITE_DONE || code == SQLITE_OK)
        return 0;
    return FAIL(err, UNAVAILABLE, "cannot back the database up to '%s': %s", path,
                sqlite3_errstr(code));
}

/* clang-format off */
static const char *const tokens[][2] = {
    { "{ID}",   "INTEGER PRIMARY KEY AUTOINCREMENT" },
    { "{CLUSTERED}", "WITHOUT ROWID" },
    { "{TS}",   "BIGINT" },
    { "{BOOL}", "INTEGER" },
    { "{F64}",  "REAL" },
    { "{JSON}", "TEXT" },
    { NULL,     NULL },
};
/* clang-format on */

#define COUNT_UP(row)                                                                  \
    "INSERT INTO job_counts VALUES (" row ".project_id, " row ".status, 1) "           \
    "ON CONFLICT (project_id, status) DO UPDATE SET jobs = jobs + 1; "
#define COUNT_DOWN(row)                                                                \
    "UPDATE job_counts SET jobs = jobs - 1 WHERE project_id = " row ".project_id AND " \
    "status = " row ".status; "

static const char triggers[] =
    "CREATE TRIGGER IF NOT EXISTS job_counts_added AFTER INSERT ON training_jobs BEGIN "
    COUNT_UP("new") "END;"
    "CREATE TRIGGER IF NOT EXISTS job_counts_removed AFTER DELETE ON training_jobs BEGIN "
    COUNT_DOWN("old") "END;"
    "CREATE TRIGGER IF NOT EXISTS job_counts_moved AFTER UPDATE OF status, project_id "
    "ON training_jobs BEGIN " COUNT_DOWN("old") COUNT_UP("new") "END;";

const struct db_backend db_sqlite = {
    .name = "sqlite", .begin = "BEGIN IMMEDIATE", .connect = connect, .disconnect = disconnect,
    .run = run, .script = script, .in_transaction = in_transaction, .backup = backup,
    .tokens = tokens, .triggers = triggers,
};
