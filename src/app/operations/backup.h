/* backup.h - one file with everything, taken while the platform runs, and back again.
 *
 * A backup is a tar file: whoever has lost Fovea can still open it.  In it are, in this order,
 *   FOVEA-BACKUP.json     what it is, of which version and schema, from where and when
 *   outputs/ datasets/ quarantine/ thumbnails/ weights/     the files that the database refers to
 *   vision_platform.db    the database as it was at one moment
 *   MANIFEST.jsonl        ["path", size, "sha256"] of each of these, and how many there are
 * Files are read first and the database is copied then: what has come in between is read after
 * that, so that no row is without its files.  Rows of what was removed in between are put right in
 * the copy.  The file has a name of its own until it is complete and on the disk.
 *
 * It holds password hashes and the secrets of the server: it is readable by its owner alone, and to
 * be kept like them.
 */
#ifndef APP_BACKUP_H
#define APP_BACKUP_H

#include "app/app.h"

struct backup_account {
    int64_t files, bytes; /* in the archive, database included */
    int64_t left_out;     /* with names that no archive of ours may have: logged */
    int64_t put_right;    /* rows whose file had gone */
    int schema;
    const char *version, *created_at; /* restore: of the backup; in the arena */
    const char *moved_to;             /* restore: where the old data is; NULL: there was none */
};

/* Replaces the file at `path` when it is complete.  CONFLICT while another backup of this data is
 * taken. */
int backup_write(struct app *app, const char *path, struct backup_account *account,
                 struct error *err);

/* Into a folder that is empty or missing; with `force` what is in it moves to "before-restore-TIME"
 * there.  Everything is checked before any of it gets its place.  Jobs that were running are
 * stopped ones then, which go on from their checkpoints.  CORRUPT where the backup is cut or
 * changed, UNSUPPORTED where it is of a newer program, CONFLICT where the folder is in use or not
 * empty. */
int backup_restore(const char *path, const char *data_folder, bool force, struct arena *arena,
                   struct backup_account *account, struct error *err);

/* One server at a time uses a data folder, and nothing is restored or migrated below a server.
 * Makes the folder, for its owner alone: password hashes lie in it.  Closing the descriptor gives
 * it back.  CONFLICT */
int data_folder_lock(const char *folder, int *fd, struct error *err);

#endif
