/* archive.h - unpacks what somebody sent: zip, tar, tar.gz.
 *
 * What comes out are plain files below one folder, or an error, and then the folder is to be thrown
 * away.  A path that blob_check_key() refuses refuses the archive; links, devices and what systems
 * leave behind (__MACOSX, .DS_Store, Thumbs.db ...) are left out and counted.  Nothing of an entry
 * is believed: sizes are counted while they are written.
 */
#ifndef APP_ARCHIVE_H
#define APP_ARCHIVE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct error;

#define ARCHIVE_RATIO_MOST 200                         /* unpacked to packed ... */
#define ARCHIVE_RATIO_FREE_BYTES ((int64_t)64 << 20)   /* ... but so much is always taken */

struct archive_limits {
    int64_t files, bytes; /* more: TOO_LARGE */
    int64_t free_bytes;   /* more than there is place for: NO_SPACE */
};

struct archive_account {
    int64_t files, bytes;
    int64_t junk, links, devices; /* left out */
};

/* By its name, in any case of letters. */
bool archive_is_name(const char *name);
bool archive_is_junk(const char *path);

/* INVALID for what is no archive, is damaged or encrypted, or has a path twice.  The account is
 * added to. */
int archive_unpack(const char *path, const char *folder, const struct archive_limits *limits,
                   struct archive_account *account, struct error *err);

/* Where the content begins: the folder, or the only one in it, as archives like to have, unless
 * that stands for a split or a class.  In the arena. */
const char *archive_content(const char *folder, struct arena *arena);

#endif
