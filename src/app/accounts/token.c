/* token.c - see token.h. */

#include "app/accounts/token.h"

#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_LIMIT 2048 /* a token of ours has 250 bytes */

static const char header[] = "{\"alg\":\"" TOKEN_ALGORITHM "\",\"typ\":\"JWT\"}";
static const char *const type_names[] = { "access", "refresh" };

static void add_base64(struct str *out, const void *data, size_t length)
{
    char text[TOKEN_LIMIT];

    BUG_IF(sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING) >
           sizeof(text));
    sodium_bin2base64(text, sizeof(text), data, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    str_add(out, text);
}

/* -1 where a character is none of base64's or the end is cut.  libsodium takes some bytes from 128
 * on for letters, hence the first look. */
static int read_base64(const char *text, size_t length, unsigned char *data, size_t size,
                       size_t *data_length)
{
    const char *end;

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] >= 0x80)
            return -1;
    if (sodium_base642bin(data, size, text, length, NULL, data_length, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return -1;
    return end == text + length ? 0 : -1;
}

static void sign(const char *text, size_t length, const unsigned char *secret,
                 unsigned char signature[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, secret, TOKEN_SECRET_BYTES);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, length);
    crypto_auth_hmacsha256_final(&state, signature);
}

void token_new_id(char id[TOKEN_ID_SIZE])
{
    unsigned char bytes[(TOKEN_ID_SIZE - 1) / 2];

    BUG_IF(sodium_init() < 0);
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(id, TOKEN_ID_SIZE, bytes, sizeof(bytes));
}

void token_hash(const char *token, char hash[TOKEN_HASH_SIZE])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, token, strlen(token));
    sha256_finish(&sha, hash);
}

void token_make_key(const char *text, unsigned char secret[TOKEN_SECRET_BYTES])
{
    size_t length = strlen(text);

    memset(secret, 0, TOKEN_SECRET_BYTES);
    if (length <= TOKEN_SECRET_BYTES)
        memcpy(secret, text, length);
    else
        crypto_hash_sha256(secret, (const unsigned char *)text, length);
}

void token_write(const struct token *token, const unsigned char secret[TOKEN_SECRET_BYTES],
                 struct str *out)
{
    unsigned char signature[crypto_auth_hmacsha256_BYTES];
    struct str claims = STR_INIT;
    struct json_writer w;
    size_t begin = out->length;
    char user[32];

    snprintf(user, sizeof(user), "%lld", (long long)token->user_id);
    json_begin(&w, &claims);
    json_object_open(&w);
    json_put_text(&w, "sub", user);
    json_put_text(&w, "type", type_names[token->type]);
    json_put_int(&w, "iat", token->issued);
    json_put_int(&w, "exp", token->expires);
    json_put_text(&w, "jti", token->id);
    json_put_int(&w, "gen", token->generation);
    json_close(&w);
    add_base64(out, header, sizeof(header) - 1);
    str_add_char(out, '.');
    add_base64(out, claims.text, claims.length);
    sign(out->text + begin, out->length - begin, secret, signature);
    str_add_char(out, '.');
    add_base64(out, signature, sizeof(signature));
    str_release(&claims);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int refuse(struct error *err)
{
    return FAIL(err, DENIED, "Could not validate credentials");
}

static int read_claims(struct token *token, const json_t *claims, enum token_type wanted)
{
    const char *user = json_string_value(json_object_get(claims, "sub"));
    const char *type = json_string_value(json_object_get(claims, "type"));
    const char *id = json_string_value(json_object_get(claims, "jti"));
    const json_t *issued = json_object_get(claims, "iat"),
                 *expires = json_object_get(claims, "exp");
    char *end;

    if (!user || !*user || !type || strcmp(type, type_names[wanted]) ||
        !json_is_integer(expires) || (id && strlen(id) != TOKEN_ID_SIZE - 1) ||
        (wanted == TOKEN_REFRESH && !id))
        return -1;
    token->user_id = strtoll(user, &end, 10);
    token->type = wanted;
    token->issued = json_integer_value(issued);
    token->expires = json_integer_value(expires);
    if (id) /* access tokens of other programs need none */
        memcpy(token->id, id, TOKEN_ID_SIZE);
    token->generation = json_integer_value(json_object_get(claims, "gen"));
    return *end || token->user_id < 1 ? -1 : 0;
}

/* Our own header, to the byte: no other algorithm can be asked for. */
static bool header_is_ours(const char *text, size_t length)
{
    struct str ours = STR_INIT;
    bool same;

    add_base64(&ours, header, sizeof(header) - 1);
    same = ours.length == length && !memcmp(ours.text, text, length);
    str_release(&ours);
    return same;
}

int token_read(struct token *token, const char *text, enum token_type wanted,
               const unsigned char secret[TOKEN_SECRET_BYTES], int64_t now_seconds,
               struct error *err)
{
    unsigned char wanted_signature[crypto_auth_hmacsha256_BYTES], data[TOKEN_LIMIT];
    const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    size_t length;
    json_t *claims;
    int result;

    if (!second || strlen(text) > TOKEN_LIMIT || !header_is_ours(text, (size_t)(first - text)))
        return refuse(err);
    sign(text, (size_t)(second - text), secret, wanted_signature);
    if (read_base64(second + 1, strlen(second + 1), data, sizeof(data), &length) ||
        length != sizeof(wanted_signature) ||
        sodium_memcmp(data, wanted_signature, sizeof(wanted_signature)))
        return refuse(err);
    if (read_base64(first + 1, (size_t)(second - first - 1), data, sizeof(data), &length))
        return refuse(err);
    claims = json_parse((const char *)data, length, "token", err);
    if (!claims)
        return refuse(err);
    result = read_claims(token, claims, wanted);
    json_decref(claims);
    return result || token->expires <= now_seconds ? refuse(err) : 0;
}
