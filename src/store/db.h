/* db.h - the database, which is SQLite.
 *
 * SQL stands in one table of named statements (statements.def), with $1 ... $n as parameters, in
 * the subset that PostgreSQL speaks too: what only SQLite understands is in the back end's file,
 * db_sqlite.c, so that another one may stand beside it.
 *
 * Reading    db_read() runs a statement on a connection of its own; any number of threads may.
 *            It sees what was committed before it began, and never waits for a writer.
 * Writing    db_transact() gives a function a connection inside a transaction.  All writes of a
 *            process go through it one after the other, and several that wait are committed
 *            together, so that nobody ever meets "database is locked" and a burst of small writes
 *            costs one sync.  The function does database work only: others wait for it.
 * Results    Rows are copied into the caller's arena.
 * Times      64-bit microseconds since 1970, UTC.  Booleans are 0 and 1, JSON is text.
 * Errors     A broken UNIQUE constraint is CONFLICT, another constraint INVALID, a full disk
 *            NO_SPACE, a damaged file CORRUPT, all else UNAVAILABLE.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_connection;
struct error;

enum statement {
#define STATEMENT(name, sql) STATEMENT_##name,
#include "store/statements.def"
#undef STATEMENT
    STATEMENT_COUNT
};

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT };

struct db_value {
    enum db_type type;
    int64_t integer;
    double real;
    const char *text; /* length bytes and a NUL */
    size_t length;
};

/* Arguments:  DB_ARGS(db_int(5), db_text(name))  for the two parameters that take them. */
struct db_value db_null(void);
struct db_value db_int(int64_t value);
struct db_value db_real(double value);
struct db_value db_text(const char *text); /* NULL binds NULL */
#define DB_ARGS(...)                               \
    (const struct db_value[]){ __VA_ARGS__ },      \
        (int)(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

struct db_rows {
    int count, columns;
    const struct db_value *values; /* row after row */
};

static inline const struct db_value *db_at(const struct db_rows *rows, int row, int column)
{
    return &rows->values[(size_t)row * (size_t)rows->columns + (size_t)column];
}

/* url: "sqlite:///PATH", "sqlite:PATH" or a plain path.  Creates and migrates.  UNSUPPORTED for
 * another kind of URL, and for a schema that is newer than this program, which is left alone. */
int db_open(struct db **out, const char *url, struct error *err);
void db_close(struct db *db); /* NULL is fine */

int db_read(struct db *db, enum statement statement, const struct db_value *args, int count,
            struct arena *arena, struct db_rows *rows, struct error *err);

/* Run `work` in a transaction; it is undone when work or the commit fails.  Returns what work
 * returned, or -1.  Work may be run again from its beginning after a failure of the server. */
typedef int db_work(struct db_connection *connection, void *context, struct error *err);
int db_transact(struct db *db, db_work *work, void *context, struct error *err);

/* One statement on a connection; rows may be NULL. */
int db_run(struct db_connection *connection, enum statement statement, const struct db_value *args,
           int count, struct arena *arena, struct db_rows *rows, struct error *err);

/* A transaction of one statement. */
int db_write(struct db *db, enum statement statement, const struct db_value *args, int count,
             struct arena *arena, struct db_rows *rows, struct error *err);

/* A statement that does a part and returns the rows of it, again and again until it returns none,
 * each time in a transaction of its own: what deletes much lets others write in between.  What it
 * has done stays when a later one fails. */
int db_write_parts(struct db *db, enum statement statement, const struct db_value *args, int count,
                   struct error *err);

/* A copy of the whole database as it is at one moment, while others go on. */
int db_backup(struct db *db, const char *path, struct error *err);

int db_schema_version(struct db *db);

/* Which schema a database has and which one db_open() would make of it, without changing it.
 * NOT_FOUND when there is none, CORRUPT when it is not one of ours. */
int db_peek(const char *url, int *version, int *known, struct error *err);

/* How often and how long, since the database was opened; the time of a write includes waiting. */
struct db_statistics {
    uint64_t reads, writes;
    double read_seconds, write_seconds;
};
void db_read_statistics(struct db *db, struct db_statistics *statistics);

#endif
