/* db_internal.h - what db.c needs of a back end. */
#ifndef STORE_DB_INTERNAL_H
#define STORE_DB_INTERNAL_H

#include "store/db.h"

/* A connection belongs to one thread at a time. */
struct db_backend {
    const char *name;
    const char *begin; /* opens a transaction that is going to write */
    int (*connect)(struct db_connection **out, const char *url, bool is_writer, struct error *err);
    void (*disconnect)(struct db_connection *connection);
    int (*run)(struct db_connection *connection, enum statement statement,
               const struct db_value *args, int count, struct arena *arena, struct db_rows *rows,
               struct error *err);
    /* Statements without parameters or results: transactions, schema. */
    int (*script)(struct db_connection *connection, const char *sql, struct error *err);
    /* Is the transaction that was begun still open?  A full disk ends it by itself. */
    bool (*in_transaction)(struct db_connection *connection);
    int (*backup)(struct db_connection *connection, const char *path, struct error *err);
    /* What stands for {ID}, {BOOL} ... in migrations; ends with NULL. */
    const char *const (*tokens)[2];
    /* Run after the migrations, each time: triggers, whose language differs. */
    const char *triggers;
};

struct db_connection {
    const struct db_backend *backend;
    struct db_connection *next; /* in the pool of free readers */
};

extern const struct db_backend db_sqlite;

extern const char *const statement_sql[STATEMENT_COUNT];
extern const char *const statement_names[STATEMENT_COUNT];

/* migrations.c: bring the schema up to date, in one transaction per step. */
int db_migrate(struct db_connection *connection, const char *backup_path, struct error *err);
int db_migration_count(void);
int db_read_version(struct db_connection *connection, int *version, struct error *err);

#endif
