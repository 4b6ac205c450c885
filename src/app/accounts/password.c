/* password.c - see password.h. */

#include "app/accounts/password.h"

#include "base/error.h"

#include <semaphore.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define OPERATIONS 2
#define MEMORY_BYTES ((size_t)19 << 20)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t places;
static char nobody[PASSWORD_HASH_SIZE]; /* what users who do not exist are compared with */

static void hash_now(const char *password, char hash[PASSWORD_HASH_SIZE])
{
    BUG_IF(crypto_pwhash_str_alg(hash, password, strlen(password), OPERATIONS, MEMORY_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13));
}

static void start(void)
{
    BUG_IF(sodium_init() < 0);
    sem_init(&places, 0, PASSWORD_PARALLEL);
    hash_now("nobody has this password", nobody);
}

/* Characters of UTF-8; -1 where it is none. */
static int count_characters(const char *text)
{
    int count = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at; count++) {
        int more = *at < 0x80       ? 0
                   : *at >> 5 == 6  ? 1
                   : *at >> 4 == 14 ? 2
                   : *at >> 3 == 30 ? 3
                                    : -1;

        if (more < 0)
            return -1;
        at++;
        for (; more; more--, at++)
            if (*at >> 6 != 2)
                return -1;
    }
    return count;
}

int password_check(const char *password, struct error *err)
{
    int count = count_characters(password);

    if (count < 0)
        return FAIL(err, INVALID, "The password is not valid UTF-8");
    if (count < PASSWORD_LEAST || count > PASSWORD_MOST)
        return FAIL(err, INVALID, "The password must have %d to %d characters", PASSWORD_LEAST,
                    PASSWORD_MOST);
    return 0;
}

void password_hash(const char *password, char hash[PASSWORD_HASH_SIZE])
{
    pthread_once(&once, start);
    while (sem_wait(&places))
        ;
    hash_now(password, hash);
    sem_post(&places);
}

bool password_matches(const char *password, const char *hash)
{
    bool matches;

    pthread_once(&once, start);
    while (sem_wait(&places))
        ;
    matches = !crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password));
    sem_post(&places);
    return hash && matches;
}
