/* setup_test.c - the first administrator is made by the link, by one person, once. */

#include "app/accounts/setup.h"
#include "base/error.h"
#include "base/str.h"
#include "test.h"

#include <pthread.h>
#include <string.h>

#define PASSWORD "long enough 1"

struct fixture {
    struct app *app;
    struct arena arena;
};

static void fixture_init(struct fixture *f)
{
    struct app_options options = { .data_folder = test_folder() };
    struct error err;

    *f = (struct fixture){ 0 };
    CHECK_OK(app_open(&f->app, &options, &err), err);
}

static void fixture_release(struct fixture *f)
{
    app_close(f->app);
    arena_release(&f->arena);
}

static const char *token_of(struct fixture *f)
{
    const char *link;
    struct error err;

    CHECK_OK(setup_link(f->app, "http://127.0.0.1:8000", &f->arena, &link, &err), err);
    CHECK(link && str_starts_with(link, "http://127.0.0.1:8000/setup?token="));
    return strchr(link, '=') + 1;
}

static int finish(struct fixture *f, const char *token, const char *email, struct error *err)
{
    struct user profile = { .email = email }, user;

    return setup_finish(f->app, token, &profile, PASSWORD, &f->arena, &user, err);
}

TEST(setup_link_makes_one_administrator_once)
{
    struct fixture f;
    struct error err;
    const char *token, *none;
    struct user user;

    fixture_init(&f);
    token = token_of(&f);
    CHECK(finish(&f, "0123456789abcdef0123456789abcdef", "a@b.cd", &err) && err.kind == ERR_DENIED);
    CHECK(finish(&f, token, "no address", &err) && err.kind == ERR_INVALID); /* keeps the token */
    CHECK_OK(finish(&f, token, "a@b.cd", &err), err);
    CHECK_OK(users_find(f.app, "a@b.cd", &f.arena, &user, &err), err);
    CHECK_TEXT(user.system_role, "admin");
    CHECK(finish(&f, token, "c@d.ef", &err) && err.kind == ERR_CONFLICT);
    CHECK_OK(setup_link(f.app, "x", &f.arena, &none, &err), err);
    CHECK(!none);
    fixture_release(&f);
}

TEST(setup_link_of_an_earlier_start_is_void)
{
    struct fixture f;
    struct error err;
    const char *old, *new;

    fixture_init(&f);
    old = token_of(&f);
    new = token_of(&f);
    CHECK(strcmp(old, new));
    CHECK(finish(&f, old, "a@b.cd", &err) && err.kind == ERR_DENIED);
    CHECK_OK(finish(&f, new, "a@b.cd", &err), err);
    fixture_release(&f);
}

/* Somebody who registers before the operator has used his link must not take his place. */
TEST(setup_is_needed_until_there_is_an_administrator)
{
    struct user profile = { .email = "early@b.cd" }, user;
    struct fixture f;
    struct error err;
    bool needed;

    fixture_init(&f);
    CHECK_OK(users_register(f.app, &profile, PASSWORD, ROLE_STANDARD_ENGINEER, &f.arena, &user,
                            &err), err);
    CHECK_OK(setup_is_needed(f.app, &needed, &err), err);
    CHECK(needed);
    CHECK_OK(finish(&f, token_of(&f), "a@b.cd", &err), err);
    CHECK_OK(setup_is_needed(f.app, &needed, &err), err);
    CHECK(!needed);
    fixture_release(&f);
}

#define RACERS 6

struct racer {
    struct fixture *f;
    const char *token;
    int number;
    bool won;
};

static void *race(void *data)
{
    struct racer *r = data;
    char email[32];
    struct user profile = { .email = email }, user;
    struct arena arena = ARENA_INIT;
    struct error err;

    snprintf(email, sizeof(email), "racer%d@b.cd", r->number);
    r->won = !setup_finish(r->f->app, r->token, &profile, PASSWORD, &arena, &user, &err);
    arena_release(&arena);
    return NULL;
}

TEST(setup_link_used_by_several_at_once_serves_one)
{
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    struct fixture f;
    struct error err;
    const char *token;
    int64_t count;
    int winners = 0;

    fixture_init(&f);
    token = token_of(&f);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ &f, token, i, false };
        CHECK(!pthread_create(&threads[i], NULL, race, &racers[i]));
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        winners += racers[i].won;
    }
    CHECK(winners == 1);
    CHECK_OK(users_count(f.app, &count, &err), err);
    CHECK(count == 1);
    fixture_release(&f);
}
