/* backup_internal.h - what writing and reading of backups share. */
#ifndef APP_BACKUP_INTERNAL_H
#define APP_BACKUP_INTERNAL_H

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>

#define BACKUP_HEADER "FOVEA-BACKUP.json"
#define BACKUP_MANIFEST "MANIFEST.jsonl"
#define BACKUP_DATABASE "vision_platform.db"
#define BACKUP_FORMAT 1
#define BACKUP_PIECE_BYTES ((size_t)256 << 10)

struct error;
struct str;

/* libarchive converts names by the locale of the thread, and stumbles where it cannot: between
 * these two it is UTF-8. */
struct backup_locale {
    locale_t utf8, before;
};
int backup_locale_enter(struct backup_locale *locale, struct error *err);
void backup_locale_leave(struct backup_locale *locale);

/* May an entry have this name?  One of the folders of backup.h, or the database. */
bool backup_name_fits(const char *name);

/* A line of the manifest, and its last. */
void backup_add_line(struct str *manifest, const char *name, int64_t size_bytes,
                     const char *sha256);
void backup_add_end(struct str *manifest, int64_t files, int64_t bytes);

#endif
