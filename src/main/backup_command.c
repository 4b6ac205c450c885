/* backup_command.c - see backup_command.h. */

#include "main/backup_command.h"

#include "app/operations/backup.h"
#include "base/arguments.h"
#include "base/environment.h"
#include "base/error.h"
#include "main/cli.h"

#include <stdio.h>
#include <unistd.h>

/* clang-format off */
#define DATA_OPTION(place) \
    { "data", NULL, place, NULL, "FOLDER", "the server's data folder (default " CLI_DATA_FOLDER ")" }
#define DATABASE_OPTION(place) \
    { "database_url", NULL, place, NULL, "URL", "as for serve ($DATABASE_URL)" }
/* clang-format on */

static double megabytes(int64_t bytes)
{
    return (double)bytes / 1e6;
}

/* The one file that the command is about; NULL: code says what to return. */
static const char *only_file(const struct arguments *a, const char *name, int *code)
{
    struct error err;

    if (a->positional_count == 1)
        return a->positionals[0];
    FAIL(&err, INVALID, "name one file; --help shows how");
    *code = cli_fail(name, &err);
    return NULL;
}

/* --- backup ---------------------------------------------------------------------------------- */

#define BACKUP_USAGE                                                                      \
    "fovea backup - everything in one file, also while the server runs\n\n"               \
    "Usage: fovea backup [--data FOLDER] FILE.tar\n\n"                                    \
    "The file holds password hashes and the server's secrets; keep it like them.\n"

static int take_backup(const char *data, const char *database, const char *file,
                       struct backup_account *account, struct error *err)
{
    struct app *app;
    int result;

    if (cli_open(&app, data, database, err))
        return -1;
    result = backup_write(app, file, account, err);
    app_close(app);
    return result;
}

int backup_command(int argc, char **argv)
{
    const char *data = CLI_DATA_FOLDER, *database = environment_find("DATABASE_URL"), *file;
    const struct option options[] = { DATA_OPTION(&data), DATABASE_OPTION(&database), OPTION_END };
    struct arguments arguments = { .options = options, .most_positionals = 1 };
    struct backup_account account;
    struct error err;
    int code;

    if (cli_parse(&arguments, argc, argv, "backup", BACKUP_USAGE, &code) ||
        !(file = only_file(&arguments, "backup", &code)))
        return code;
    if (take_backup(data, database, file, &account, &err))
        return cli_fail("backup", &err);
    printf("%s: %lld files, %.1f MB", file, (long long)account.files, megabytes(account.bytes));
    if (account.put_right)
        printf("; %lld rows of files that went in the meantime were put right",
               (long long)account.put_right);
    if (account.left_out)
        printf("; %lld files were left out", (long long)account.left_out);
    printf("\n");
    return 0;
}

/* --- restore --------------------------------------------------------------------------------- */

#define RESTORE_USAGE                                                                     \
    "fovea restore - a data folder from a backup\n\n"                                     \
    "Usage: fovea restore FILE.tar --data FOLDER [--force]\n\n"                           \
    "Everything is checked before the folder changes.  Jobs that were running are stopped\n" \
    "ones, and go on from their checkpoints when they are started.\n"

int restore_command(int argc, char **argv)
{
    const char *data = NULL, *file;
    bool force = false;
    const struct option options[] = {
        { "data", NULL, &data, NULL, "FOLDER", "where it is to be; empty, or not there yet" },
        { "force", NULL, NULL, &force, NULL,
          "also into a folder with something in it, which is put aside there" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options, .most_positionals = 1 };
    struct backup_account account;
    struct arena arena = ARENA_INIT;
    struct error err;
    int code = 0;

    if (cli_parse(&arguments, argc, argv, "restore", RESTORE_USAGE, &code) ||
        !(file = only_file(&arguments, "restore", &code)))
        return code;
    if (!data) {
        FAIL(&err, INVALID, "say where to with --data FOLDER");
        code = cli_fail("restore", &err);
    } else if (backup_restore(file, data, force, &arena, &account, &err)) {
        code = cli_fail("restore", &err);
    } else {
        printf("%s: %lld files, %.1f MB of %s, version %s\n", data, (long long)account.files,
               megabytes(account.bytes), account.created_at, account.version);
        if (account.moved_to)
            printf("what was there is in %s\n", account.moved_to);
    }
    arena_release(&arena);
    return code;
}

/* --- migrate --------------------------------------------------------------------------------- */

#define MIGRATE_USAGE                                                                     \
    "fovea migrate - bring the database up to this program's schema\n\n"                  \
    "Usage: fovea migrate [--data FOLDER] [--check]\n\n"                                  \
    "`fovea serve` does the same when it starts.  The database as it was stays beside it.\n"

static int migrate(const char *data, const char *database_url, bool check, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *url = cli_database(data, database_url, &arena);
    int version, known, lock = -1, result = db_peek(url, &version, &known, err);
    struct db *db;

    if (!result && version > known)
        result = FAIL(err, UNSUPPORTED, "the database has schema %d, this program knows %d: it was "
                                        "used by a newer version", version, known);
    else if (!result && version == known)
        printf("%s has schema %d, which is this program's\n", url, version);
    else if (!result && check)
        printf("%s has schema %d; this program would bring it to %d\n", url, version, known);
    else if (!result) {
        result = data_folder_lock(data, &lock, err) || db_open(&db, url, err) ? -1 : 0;
        if (!result) {
            db_close(db);
            printf("%s has schema %d now; as it was with %d it is in %s.before-schema-%d\n", url,
                   known, version, url, known);
        }
    }
    if (lock >= 0)
        close(lock);
    arena_release(&arena);
    return result;
}

int migrate_command(int argc, char **argv)
{
    const char *data = CLI_DATA_FOLDER, *database = environment_find("DATABASE_URL");
    bool check = false;
    const struct option options[] = {
        DATA_OPTION(&data), DATABASE_OPTION(&database),
        { "check", NULL, NULL, &check, NULL, "only say what would happen" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct error err;
    int code;

    if (cli_parse(&arguments, argc, argv, "migrate", MIGRATE_USAGE, &code))
        return code;
    return migrate(data, database, check, &err) ? cli_fail("migrate", &err) : 0;
}
