/* uploads.h - files on their way into a data set.
 *
 * What arrives lies in uploads/ID of DATA or UPLOAD_DIR until it is complete, and is moved into its
 * data set then; so what breaks off leaves nothing behind, and a full disk (NO_SPACE) costs nobody
 * else anything.
 *
 * Form     The files of one request.  Thrown away unless they are taken.
 * Upload   A session that survives broken connections and restarts: files are sent piece by piece
 *          to the offset that they have; the sizes of the files are the truth.  Ends by the commit
 *          or, a week after it was last written to, by itself.  The data set that the commit makes
 *          has the id of the upload, so that a commit that is repeated gives the same one.
 */
#ifndef APP_UPLOADS_H
#define APP_UPLOADS_H

#include "app/datasets/archive.h"
#include "app/datasets/datasets.h"

/* NO_SPACE unless so many bytes fit on the disk, beside the reserve. */
int uploads_check_space(struct app *app, int64_t bytes, struct error *err);

/* --- forms ----------------------------------------------------------------------------------- */

struct form_files;

int form_files_open(struct app *app, struct form_files **out, struct error *err);
/* One file after the other: begin, any number of writes, end.  The name must be a good path;
 * INVALID, TOO_LARGE, NO_SPACE. */
int form_files_begin(struct form_files *files, const char *name, struct error *err);
int form_files_write(struct form_files *files, const void *data, size_t size_bytes,
                     struct error *err);
int form_files_end(struct form_files *files, struct error *err);
int64_t form_files_count(const struct form_files *files);

/* Bring all files to their paths and unpack archives.  paths: an array of texts that replace the
 * names, in order; NULL: none.  *folder is lent until close. */
int form_files_settle(struct form_files *files, const json_t *paths,
                      struct archive_account *account, const char **folder, struct error *err);
void form_files_close(struct form_files *files); /* NULL is fine; never waits long */

/* --- uploads --------------------------------------------------------------------------------- */

struct upload {
    const char *id;
    int64_t user_id, total_bytes /* 0: unknown */, created_at;
    bool is_archive;          /* one file, which is unpacked */
    bool replace;             /* files that are there already */
    const char *into;         /* id of the data set that gets the files; NULL: a new one ... */
    struct dataset dataset;   /* ... like this */
};

/* INVALID, NOT_FOUND, DENIED as for making the data set itself; TOO_LARGE and NO_SPACE by
 * total_bytes. */
int uploads_add(struct app *app, const struct user *user, const struct upload *wanted,
                struct arena *arena, struct upload *upload, struct error *err);
/* NOT_FOUND "Upload not found", also for those of others. */
int uploads_get(struct app *app, const struct user *user, const char *id, struct arena *arena,
                struct upload *upload, struct error *err);
int uploads_remove(struct app *app, const struct upload *upload, struct error *err);

/* A piece of one file, of so many bytes (-1: nobody knows); path NULL where it is an archive.
 * CONFLICT when the file does not end at the offset, and *offset tells where.  A piece that is
 * closed before it was finished leaves what has come, and the mark that there is more to come.
 * The connection of a client that has gone may live on for a while: its next piece need not wait,
 * as each writes at its own place. */
struct upload_piece {
    struct app *app;
    struct arena arena;
    const char *session, *pending; /* paths */
    int fd, lock_fd;
    int64_t offset, unchecked_bytes, limit_bytes;
};
int upload_piece_open(struct app *app, const struct upload *upload, const char *path,
                      int64_t *offset, int64_t size_bytes, struct upload_piece *piece,
                      struct error *err);
int upload_piece_write(struct upload_piece *piece, const void *data, size_t size_bytes,
                       struct error *err);
void upload_piece_finish(struct upload_piece *piece); /* all has come; closes */
void upload_piece_close(struct upload_piece *piece);

struct upload_file {
    const char *path;
    int64_t offset;
};
int uploads_files(struct app *app, const struct upload *upload, struct arena *arena,
                  struct upload_file **files, int *count, struct error *err);
/* 0 for a file that has not begun. */
int uploads_offset(struct app *app, const struct upload *upload, const char *path, int64_t *offset,
                   struct error *err);

/* Make the data set, or add to it.  CONFLICT when a piece has not come to its end, or bytes are
 * missing.  One that was cut off is repeated: it goes on where it was. */
int uploads_commit(struct app *app, const struct user *user, const char *id, struct arena *arena,
                   struct archive_account *account, struct dataset *dataset, struct error *err);

#endif
