/* migrations.c - bringing the schema up to date; see migrations.def. */

#include "store/db_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

#include <string.h>

static const struct migration {
    const char *name, *sql;
} migrations[] = {
#define MIGRATION(name, sql) { name, sql },
#include "store/migrations.def"
#undef MIGRATION
};
#define MIGRATION_COUNT ((int)(sizeof(migrations) / sizeof(*migrations)))

int db_migration_count(void)
{
    return MIGRATION_COUNT;
}

int db_read_version(struct db_connection *connection, int *version, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct db_rows rows;
    int result = db_run(connection, STATEMENT_schema_version, DB_NO_ARGS, &arena, &rows, err);

    if (!result)
        *version = (int)db_at(&rows, 0, 0)->integer;
    arena_release(&arena);
    return result;
}

/* {ID} and its like are the only difference of the dialects in a schema. */
static void translate(const struct db_backend *backend, const char *sql, struct str *out)
{
    while (*sql) {
        const char *const *found = NULL;

        for (int i = 0; *sql == '{' && backend->tokens[i][0] && !found; i++)
            if (str_starts_with(sql, backend->tokens[i][0]))
                found = backend->tokens[i];
        if (found) {
            str_add(out, found[1]);
            sql += strlen(found[0]);
        } else {
            str_add_char(out, *sql++);
        }
    }
}

static int apply(struct db_connection *connection, int index, struct error *err)
{
    const struct migration *migration = &migrations[index];
    const struct db_backend *backend = connection->backend;
    struct str sql = STR_INIT;
    struct error ignored;
    int result;

    translate(backend, migration->sql, &sql);
    result = backend->script(connection, backend->begin, err);
    if (!result) {
        result = backend->script(connection, sql.text, err) ||
                 db_run(connection, STATEMENT_schema_add,
                        DB_ARGS(db_int(index + 1), db_text(migration->name),
                                db_int(clock_unix_microseconds())),
                        NULL, NULL, err) ||
                 backend->script(connection, "COMMIT", err);
        if (result)
            backend->script(connection, "ROLLBACK", &ignored);
    }
    if (result)
        error_prefix(err, "schema step %d (%s)", index + 1, migration->name);
    str_release(&sql);
    return result ? -1 : 0;
}

int db_migrate(struct db_connection *connection, const char *backup_path, struct error *err)
{
    static const char table[] = "CREATE TABLE IF NOT EXISTS schema_versions ("
                                "version INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, "
                                "applied_at BIGINT NOT NULL)";
    int version;

    if (connection->backend->script(connection, table, err) ||
        db_read_version(connection, &version, err))
        return -1;
    if (version > MIGRATION_COUNT)
        return FAIL(err, UNSUPPORTED,
                    "the database has schema %d, this program knows %d: it was used by a newer "
                    "version, and is left as it is", version, MIGRATION_COUNT);
    if (version && version < MIGRATION_COUNT && backup_path &&
        connection->backend->backup(connection, backup_path, err))
        return -1;
    for (int i = version; i < MIGRATION_COUNT; i++)
        if (apply(connection, i, err))
            return -1;
    return connection->backend->script(connection, connection->backend->triggers, err);
}
