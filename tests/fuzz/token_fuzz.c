/* Texts as tokens, and any claims that we have signed ourselves: what is taken is for the purpose
 * that is asked for, has not expired and names a user.  modules: app base */

#include "app/accounts/token.h"

#include "base/error.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void add_part(struct str *text, const void *bytes, size_t size_bytes)
{
    size_t room = sodium_base64_encoded_len(size_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *part = malloc(room);

    sodium_bin2base64(part, room, bytes, size_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    str_add(text, part);
    free(part);
}

static void check(const char *text, const unsigned char *secret, bool must_fail)
{
    static const enum token_type types[] = { TOKEN_ACCESS, TOKEN_REFRESH };

    for (int i = 0; i < 2; i++) {
        struct token token = { 0 };
        struct error err;

        if (token_read(&token, text, types[i], secret, NOW, &err)) {
            BUG_IF(err.kind != ERR_DENIED || !*err.text);
            continue;
        }
        BUG_IF(must_fail || token.type != types[i] || token.expires <= NOW || token.user_id < 1);
        BUG_IF(strlen(token.id) >= TOKEN_ID_SIZE || (types[i] == TOKEN_REFRESH && !*token.id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    unsigned char secret[TOKEN_SECRET_BYTES], signature[crypto_auth_hmacsha256_BYTES];
    char hash[TOKEN_HASH_SIZE], *plain = strndup((const char *)data, size_bytes);
    struct str text = STR_INIT;

    token_make_key("the key of the fuzzer", secret);
    check(plain, secret, true);
    token_hash(plain, hash);
    add_part(&text, header, sizeof(header) - 1);
    str_add_char(&text, '.');
    add_part(&text, data, size_bytes);
    crypto_auth_hmacsha256(signature, (const unsigned char *)text.text, text.length, secret);
    str_add_char(&text, '.');
    add_part(&text, signature, sizeof(signature));
    check(text.text, secret, false);
    str_release(&text);
    free(plain);
    return 0;
}
