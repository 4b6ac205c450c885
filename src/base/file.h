/* file.h - whole files, safe replacement, folders, locks. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct str;

/* The whole file, at most limit_bytes (TOO_LARGE above it).  Appends to *out; on failure
 * nothing is added, and an empty *out needs no release. */
int file_read(const char *path, size_t limit_bytes, struct str *out, struct error *err);

/* The number after `key` at the beginning of a line, as in the system's tables; 0 without one. */
int64_t file_read_counter(const char *path, const char *key);

/* Replace `path` so that at every moment either the old or the new content is there:
 * temporary name in the same folder, write, fsync, rename, fsync of the folder.
 * Nothing is left behind on failure. */
int file_replace(const char *path, const void *data, size_t size_bytes, struct error *err);

/* The same in pieces: open gives a descriptor to write to, commit renames, abandon deletes. */
struct file_replacement {
    int fd;
    char *path, *temporary;
};
int file_replacement_open(struct file_replacement *file, const char *path, struct error *err);
int file_replacement_commit(struct file_replacement *file, struct error *err); /* releases it */
void file_replacement_abandon(struct file_replacement *file);

/* write(2) until all is written; EINTR and short writes are handled. */
int file_write_all(int fd, const void *data, size_t size_bytes, const char *path,
                   struct error *err);

int file_make_folders(const char *path, struct error *err); /* mkdir -p */
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Fails with CONFLICT when something is in it, so that nobody's work is mixed with what is written
 * there; a folder that is not there will do. */
int file_require_empty_folder(const char *folder, struct error *err);
char *file_join(struct arena *arena, const char *folder, const char *name);
const char *file_base_name(const char *path); /* lends a pointer into path */
char *file_stem(struct arena *arena, const char *path); /* its base name without the extension */
bool file_is_image_name(const char *path); /* has it the extension of an image that we read? */

/* Names in a folder, sorted bytewise, hidden ones left out.  *names and texts in the arena. */
int file_list(struct arena *arena, const char *folder, char ***names, int *count,
              struct error *err);

/* Remove a file, or a folder with all that is in it; links are removed and not followed.  What is
 * not there is removed already. */
int file_remove_tree(const char *path, struct error *err);

/* Take an exclusive lock on `path` (created if missing); CONFLICT when another process has it.
 * Gives a descriptor; closing it releases the lock. */
int file_lock(const char *path, int *fd, struct error *err);

#endif
