/* token_test.c - tokens say who it is, for as long as they say, and nobody else can make them. */

#include "app/accounts/token.h"
#include "base/error.h"
#include "test.h"

#include <sodium.h>
#include <string.h>

#define NOW 1700000000

static const unsigned char secret[TOKEN_SECRET_BYTES] = "0123456789abcdef0123456789abcde";
static const unsigned char other[TOKEN_SECRET_BYTES] = "0123456789abcdef0123456789abcdf";

static void write_one(struct str *text, enum token_type type)
{
    struct token token = { .user_id = 42, .type = type, .issued = NOW, .expires = NOW + 3600 };

    token_new_id(token.id);
    str_clear(text);
    token_write(&token, secret, text);
}

static bool accepted(const char *text, enum token_type wanted, int64_t now)
{
    struct token token;
    struct error err;

    if (!token_read(&token, text, wanted, secret, now, &err))
        return true;
    CHECK(err.kind == ERR_DENIED);
    CHECK_TEXT(err.text, "Could not validate credentials");
    return false;
}

TEST(token_comes_back)
{
    struct str text = STR_INIT;
    struct token token;
    struct error err;

    write_one(&text, TOKEN_ACCESS);
    CHECK_OK(token_read(&token, text.text, TOKEN_ACCESS, secret, NOW, &err), err);
    CHECK(token.user_id == 42 && token.expires == NOW + 3600 && token.issued == NOW);
    str_release(&text);
}

TEST(token_expires_and_serves_one_purpose)
{
    struct str text = STR_INIT;

    write_one(&text, TOKEN_REFRESH);
    CHECK(accepted(text.text, TOKEN_REFRESH, NOW + 3599));
    CHECK(!accepted(text.text, TOKEN_REFRESH, NOW + 3600));
    CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
    str_release(&text);
}

TEST(token_of_another_secret_is_refused)
{
    struct token token = { .user_id = 1, .expires = NOW + 10 };
    struct str text = STR_INIT;

    token_new_id(token.id);
    token_write(&token, other, &text);
    CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
    str_release(&text);
}

TEST(token_with_any_byte_changed_is_refused)
{
    struct str text = STR_INIT;

    write_one(&text, TOKEN_ACCESS);
    for (size_t i = 0; i < text.length; i++) {
        static const char others[] = "Az0-_.=% \n\x80";
        char before = text.text[i];

        for (size_t j = 0; j < sizeof(others); j++) {
            if (others[j] == before)
                continue;
            text.text[i] = others[j];
            CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
        }
        text.text[i] = before;
    }
    CHECK(accepted(text.text, TOKEN_ACCESS, NOW));
    str_release(&text);
}

/* {"alg":...} and claims of the attacker's, signed as well as he can. */
static void forge(const char *header, const char *claims, bool sign_it, struct str *text)
{
    unsigned char signature[crypto_auth_hmacsha256_BYTES];
    char part[512];

    str_clear(text);
    sodium_bin2base64(part, sizeof(part), (const unsigned char *)header, strlen(header),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    str_printf(text, "%s.", part);
    sodium_bin2base64(part, sizeof(part), (const unsigned char *)claims, strlen(claims),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    str_add(text, part);
    crypto_auth_hmacsha256(signature, (const unsigned char *)text->text, text->length, secret);
    sodium_bin2base64(part, sizeof(part), signature, sizeof(signature),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    str_printf(text, ".%s", sign_it ? part : "");
}

#define GOOD_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define ID "\"jti\":\"00112233445566778899aabbccddeeff\""
#define GOOD_CLAIMS "{\"sub\":\"1\",\"type\":\"access\",\"iat\":1,\"exp\":1800000000," ID "}"

TEST(token_with_another_algorithm_or_odd_claims_is_refused)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", "{}", ""
    };
    static const char *const claims[] = {
        "{\"sub\":1,\"type\":\"access\",\"iat\":1,\"exp\":1800000000," ID "}",
        "{\"sub\":\"1x\",\"type\":\"access\",\"iat\":1,\"exp\":1800000000," ID "}",
        "{\"sub\":\"0\",\"type\":\"access\",\"iat\":1,\"exp\":1800000000," ID "}",
        "{\"sub\":\"-1\",\"type\":\"access\",\"iat\":1,\"exp\":1800000000," ID "}",
        "{\"sub\":\"1\",\"type\":\"access\",\"iat\":1,\"exp\":1e99," ID "}",
        "{\"sub\":\"1\",\"type\":\"access\",\"iat\":1," ID "}",
        "{\"sub\":\"1\",\"iat\":1,\"exp\":1800000000," ID "}",
        "{\"sub\":\"1\",\"type\":\"access\",\"exp\":1800000000,\"jti\":\"short\"}",
        "[1]", "{", "",
    };
    struct str text = STR_INIT;

    forge(GOOD_HEADER, GOOD_CLAIMS, true, &text);
    CHECK(accepted(text.text, TOKEN_ACCESS, NOW));
    /* As another program makes them that has the same JWT_SECRET. */
    forge(GOOD_HEADER, "{\"sub\":\"1\",\"type\":\"access\",\"exp\":1800000000}", true, &text);
    CHECK(accepted(text.text, TOKEN_ACCESS, NOW));
    forge(GOOD_HEADER, GOOD_CLAIMS, false, &text);
    CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        for (int sign_it = 0; sign_it < 2; sign_it++) {
            forge(headers[i], GOOD_CLAIMS, sign_it, &text);
            CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
        }
    for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
        forge(GOOD_HEADER, claims[i], true, &text);
        CHECK(!accepted(text.text, TOKEN_ACCESS, NOW));
    }
    CHECK(!accepted("", TOKEN_ACCESS, NOW) && !accepted(".", TOKEN_ACCESS, NOW) &&
          !accepted("..", TOKEN_ACCESS, NOW) && !accepted("a.b.c.d", TOKEN_ACCESS, NOW));
    str_release(&text);
}
