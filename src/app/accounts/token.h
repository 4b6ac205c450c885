/* token.h - JSON Web Tokens (RFC 7519), signed with HMAC-SHA256, and what an attacker may try:
 * another algorithm or none, a changed byte, an old one, one for another purpose. */
#ifndef APP_TOKEN_H
#define APP_TOKEN_H

#include "base/str.h"

#include <stdint.h>

/* A key of HMAC-SHA256 as the algorithm itself takes it: a shorter secret is filled up with zeros,
 * a longer one is replaced by its SHA-256.  So a token that another program signs with the same
 * JWT_SECRET is good here. */
#define TOKEN_ALGORITHM "HS256"
#define TOKEN_SECRET_BYTES 64
#define TOKEN_ID_SIZE 33 /* 16 random bytes in hex, and the NUL */

struct error;

enum token_type { TOKEN_ACCESS, TOKEN_REFRESH };

struct token {
    int64_t user_id; /* "sub", as text */
    enum token_type type;
    int64_t issued, expires; /* seconds since 1970 */
    int64_t generation;      /* "gen": of the user's sessions */
    char id[TOKEN_ID_SIZE];  /* "jti" */
};

/* Appends "header.claims.signature". */
void token_write(const struct token *token, const unsigned char secret[TOKEN_SECRET_BYTES],
                 struct str *out);

/* DENIED, for whatever reason: it is not the caller's to know. */
int token_read(struct token *token, const char *text, enum token_type wanted,
               const unsigned char secret[TOKEN_SECRET_BYTES], int64_t now_seconds,
               struct error *err);

void token_make_key(const char *text, unsigned char secret[TOKEN_SECRET_BYTES]);

void token_new_id(char id[TOKEN_ID_SIZE]);

/* --- tokens that are no JWT: links, API keys -------------------------------------------------- */

#define TOKEN_HASH_SIZE 65

/* What the database keeps of one: they are random, so that one round of SHA-256 is enough. */
void token_hash(const char *token, char hash[TOKEN_HASH_SIZE]);

#endif
