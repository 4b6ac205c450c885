/* sha256.c - see sha256.h. */

#include "base/sha256.h"

#include "base/base_internal.h"
#include "base/error.h"

#include <openssl/evp.h>

void sha256_init(struct sha256 *sha)
{
    EVP_MD_CTX *context = memory_checked(EVP_MD_CTX_new(), 1);

    BUG_IF(!EVP_DigestInit_ex(context, EVP_sha256(), NULL));
    sha->_context = context;
}

void sha256_add(struct sha256 *sha, const void *data, size_t size_bytes)
{
    BUG_IF(!EVP_DigestUpdate(sha->_context, data, size_bytes));
}

void sha256_finish(struct sha256 *sha, char text[SHA256_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    BUG_IF(!EVP_DigestFinal_ex(sha->_context, digest, &length));
    EVP_MD_CTX_free(sha->_context);
    sha->_context = NULL;
    for (unsigned i = 0; i < length; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * length] = '\0';
}
