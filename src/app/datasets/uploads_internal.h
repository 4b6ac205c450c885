/* uploads_internal.h - what uploads share with the janitor, and forms with sessions. */
#ifndef APP_UPLOADS_INTERNAL_H
#define APP_UPLOADS_INTERNAL_H

#include "app/datasets/uploads.h"

#define SPACE_CHECK_BYTES ((int64_t)8 << 20) /* how much is written between two looks at the disk */

/* The path of uploads/ID[/NAME], in the arena */
const char *upload_path(const struct app *app, const char *id, const char *name,
                        struct arena *arena);

int upload_not_found(struct error *err); /* fails */

/* Is that a path for this upload: INVALID.  The file that it stands for. */
int upload_check_path(const struct upload *upload, const char *path, struct error *err);
const char *upload_file_path(const struct app *app, const struct upload *upload, const char *path,
                             struct arena *arena);

/* Of the session: shared for a write, alone for a commit. */
int upload_open_lock(struct app *app, const char *id, int *fd, struct error *err);
/* Has a commit begun to move the files into a data set that is there?  Only a commit may go on. */
bool upload_is_moving(const struct app *app, const char *id);
/* CONFLICT names a file that has not come to its end. */
int upload_check_pending(struct app *app, const struct upload *upload, struct arena *arena,
                         struct error *err);

/* Count what is written; from time to time look at the disk and start to write back. */
int upload_count(struct app *app, int fd, int64_t *unchecked_bytes, size_t size_bytes,
                 struct error *err);

/* Unpack into the folder `files`, which may have files already; `work` is for us. */
int upload_unpack(struct app *app, const char *archive, const char *work, const char *files,
                  const struct archive_limits *limits, struct archive_account *account,
                  struct error *err);

bool upload_is_alive(struct app *app, const char *name);
bool upload_has_expired(struct app *app, const char *id);

/* Files that were moved away for a data set that was never made come back.  NOT: there is no such
 * upload; BUSY: somebody is at it. */
enum taken_back { TAKEN_BACK_NOT, TAKEN_BACK_BUSY, TAKEN_BACK_YES };
enum taken_back upload_take_back(struct app *app, const char *id);

#endif
