#include "base/sha256.h"

#include "test.h"

/* The examples of FIPS 180-4. */
TEST(sha256_equals_the_standard)
{
    struct sha256 sha;
    char text[SHA256_TEXT_SIZE], block[1000];

    sha256_init(&sha);
    sha256_finish(&sha, text);
    CHECK_TEXT(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_init(&sha);
    sha256_add(&sha, "a", 1);
    sha256_add(&sha, "", 0);
    sha256_add(&sha, "bc", 2);
    sha256_finish(&sha, text);
    CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(block, 'a', sizeof(block));
    sha256_init(&sha);
    for (int i = 0; i < 1000; i++)
        sha256_add(&sha, block, sizeof(block));
    sha256_finish(&sha, text);
    CHECK_TEXT(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
