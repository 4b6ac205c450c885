/* password.h - hashes of passwords: Argon2id (RFC 9106) by libsodium, as "$argon2id$..." texts.
 *
 * A hash takes 19 MiB and some 50 ms, on purpose.  No more than PASSWORD_PARALLEL are computed at a
 * time, so that logins cannot take all memory and processors.  Not for I/O threads. */
#ifndef APP_PASSWORD_H
#define APP_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_HASH_SIZE 128
#define PASSWORD_LEAST 8 /* characters */
#define PASSWORD_MOST 100
#define PASSWORD_PARALLEL 2

struct error;

/* INVALID when it is too short, too long or no UTF-8. */
int password_check(const char *password, struct error *err);

void password_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);

/* hash NULL takes as long and is false: whether a user exists does not show in the time. */
bool password_matches(const char *password, const char *hash);

#endif
