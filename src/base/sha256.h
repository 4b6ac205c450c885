/* sha256.h - SHA-256 (FIPS 180-4), by libcrypto. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

struct sha256 {
    void *_context;
};

#define SHA256_TEXT_SIZE 65 /* 64 hexadecimal digits and a NUL */

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *data, size_t size_bytes);
void sha256_finish(struct sha256 *sha, char text[SHA256_TEXT_SIZE]); /* also releases */

#endif
