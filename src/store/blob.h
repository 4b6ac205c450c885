/* blob.h - where files of data sets live: in a folder of this machine.
 *
 * A struct of functions with a row per kind of storage, of which there is one; callers reach files
 * by key alone, so that another may stand beside it.  Files have keys, "datasets/ID/train/cat/
 * a.jpg": relative, with slashes, never a path of the machine; what of a key somebody else chose
 * has passed blob_check_key().  A tree is all keys that begin with "PREFIX/".
 *
 * What is put is whole or not there: files come from a folder of the machine that is on the same
 * file system as a local store, so that putting is a rename.  Functions may be called from any
 * thread.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob;
struct error;

struct blob_entry {
    const char *path; /* below the prefix */
    int64_t size_bytes, modified_at; /* microseconds */
};

struct blob_functions {
    const char *name; /* "local" */
    int (*put)(struct blob *blob, const char *key, const char *path, struct error *err);
    int (*put_tree)(struct blob *blob, const char *prefix, const char *folder, struct error *err);
    int (*open)(struct blob *blob, const char *key, int *fd, struct error *err);
    int (*list)(struct blob *blob, const char *prefix, struct arena *arena,
                struct blob_entry **entries, int *count, struct error *err);
    int (*list_folders)(struct blob *blob, const char *prefix, struct arena *arena, char ***names,
                        int *count, struct error *err);
    int (*move)(struct blob *blob, const char *from, const char *to, struct error *err);
    int (*copy)(struct blob *blob, const char *from, const char *to, struct error *err);
    int (*remove)(struct blob *blob, const char *key, struct error *err);
    int (*remove_tree)(struct blob *blob, const char *prefix, struct error *err);
    bool (*has)(struct blob *blob, const char *key);
    int (*free_bytes)(struct blob *blob, int64_t *bytes, struct error *err);
    char *(*local_path)(struct blob *blob, const char *key, struct arena *arena);
    void (*close)(struct blob *blob);
};

/* A store begins with this. */
struct blob {
    const struct blob_functions *functions;
};

/* In a folder, which is made when missing. */
int blob_open_local(struct blob **out, const char *folder, struct error *err);
void blob_close(struct blob *blob); /* NULL is fine */

/* --- keys ------------------------------------------------------------------------------------ */

#define BLOB_KEY_MOST 1000    /* bytes */
#define BLOB_NAME_MOST 200    /* of one name in it: what is stored beside it has room for an end */
#define BLOB_DEPTH_MOST 14

/* Is this text, which may be anybody's, a key?  Refused with INVALID: empty, absolute, "." or "..",
 * an empty name, backslashes, "C:", control characters, what is not UTF-8, too long, too deep. */
int blob_check_key(const char *key, struct error *err);

/* --- files ----------------------------------------------------------------------------------- */

/* Takes the file at `path` (it is gone there afterwards); replaces what the key had. */
int blob_put(struct blob *blob, const char *key, const char *path, struct error *err);
/* Takes the folder with all in it.  Where the prefix has files, it adds to them.  When this returns
 * it is durable. */
int blob_put_tree(struct blob *blob, const char *prefix, const char *folder, struct error *err);

/* For reading; the caller closes it.  NOT_FOUND. */
int blob_open_file(struct blob *blob, const char *key, int *fd, struct error *err);
bool blob_has(struct blob *blob, const char *key);

/* All files below the prefix, sorted by path; one that does not exist has none. */
int blob_list(struct blob *blob, const char *prefix, struct arena *arena,
              struct blob_entry **entries, int *count, struct error *err);
/* The names of the prefix's own folders, sorted. */
int blob_list_folders(struct blob *blob, const char *prefix, struct arena *arena, char ***names,
                      int *count, struct error *err);

/* Give a file another key, or a second one.  CONFLICT when a file has that already, which stays;
 * NOT_FOUND.  Folders that become empty go, also with blob_remove(). */
int blob_move(struct blob *blob, const char *from, const char *to, struct error *err);
int blob_copy(struct blob *blob, const char *from, const char *to, struct error *err);
/* Removing what is not there is no error. */
int blob_remove(struct blob *blob, const char *key, struct error *err);
int blob_remove_tree(struct blob *blob, const char *prefix, struct error *err);

/* What may still be written; INT64_MAX where there is no limit. */
int blob_free_bytes(struct blob *blob, int64_t *bytes, struct error *err);

/* Where a program of this machine finds it, in the arena; NULL: it has to be fetched first. */
char *blob_local_path(struct blob *blob, const char *key, struct arena *arena);

#endif
