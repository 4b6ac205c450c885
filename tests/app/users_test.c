/* users_test.c - accounts, sessions that rotate, API keys. */

#include "app/accounts/users.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "test.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD "long enough 1"

struct setup {
    struct app *app;
    struct arena arena;
    struct user user;
};

static void setup_init(struct setup *s, const char *folder)
{
    struct app_options options = { .data_folder = folder };
    struct user profile = { .email = "Ada@Example.com", .full_name = "Ada 러브레이스" };
    struct error err;

    *s = (struct setup){ 0 };
    CHECK_OK(app_open(&s->app, &options, &err), err);
    CHECK_OK(users_register(s->app, &profile, PASSWORD, ROLE_STANDARD_ENGINEER, &s->arena,
                            &s->user, &err), err);
}

static void setup_release(struct setup *s)
{
    app_close(s->app);
    arena_release(&s->arena);
}

TEST(user_registers_once_whatever_the_case)
{
    struct user again = { .email = "ada@EXAMPLE.com" }, user;
    struct setup s;
    struct error err;
    int64_t count;

    setup_init(&s, test_folder());
    CHECK(s.user.id == 1 && s.user.is_active && s.user.created_at > 0);
    CHECK_TEXT(s.user.email, "Ada@Example.com");
    CHECK_TEXT(s.user.full_name, "Ada 러브레이스");
    CHECK_TEXT(s.user.system_role, "standard_engineer");
    CHECK(s.user.badge_color && !s.user.company && !strstr(s.user.hashed_password, PASSWORD));
    CHECK(users_register(s.app, &again, PASSWORD, ROLE_GUEST, &s.arena, &user, &err));
    CHECK(err.kind == ERR_CONFLICT);
    CHECK_TEXT(err.text, "Email already registered");
    CHECK_OK(users_count(s.app, &count, &err), err);
    CHECK(count == 1);
    setup_release(&s);
}

TEST(user_with_odd_email_or_password_is_refused)
{
    static const char *const emails[] = { "",        "a",       "@b.c", "a@",   "a@b",     "a@@b.c",
                                          "a@b@c.d", "a b@c.d", "a@b.", "a@.b", "a\n@b.c", NULL };
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    for (size_t i = 0; i < sizeof(emails) / sizeof(*emails); i++) {
        struct user profile = { .email = emails[i] }, user;

        CHECK(users_register(s.app, &profile, PASSWORD, ROLE_GUEST, &s.arena, &user, &err) &&
              err.kind == ERR_INVALID);
    }
    CHECK(users_register(s.app, &(struct user){ .email = "b@c.d" }, "short", ROLE_GUEST, &s.arena,
                         &(struct user){ 0 }, &err) && strstr(err.text, "8 to 100"));
    setup_release(&s);
}

TEST(login_takes_the_right_password_alone)
{
    struct session session;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &session, &err),
             err);
    CHECK(user.id == s.user.id);
    CHECK_OK(sessions_identify(s.app, session.access_token, &s.arena, &user, &err), err);
    CHECK(user.id == s.user.id);
    CHECK(sessions_identify(s.app, session.refresh_token, &s.arena, &user, &err));
    CHECK(sessions_login(s.app, "ada@example.com", "wrong password", &s.arena, &user, &session,
                         &err) && err.kind == ERR_DENIED);
    CHECK_TEXT(err.text, "Incorrect email or password");
    CHECK(sessions_login(s.app, "nobody@example.com", PASSWORD, &s.arena, &user, &session, &err));
    CHECK_TEXT(err.text, "Incorrect email or password");
    setup_release(&s);
}

TEST(inactive_users_are_out_at_once)
{
    struct session session, again;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &session, &err),
             err);
    CHECK_OK(users_set_active(s.app, s.user.id, false, &err), err);
    CHECK(sessions_identify(s.app, session.access_token, &s.arena, &user, &err) &&
          err.kind == ERR_DENIED);
    CHECK(sessions_refresh(s.app, session.refresh_token, &s.arena, &user, &again, &err));
    CHECK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &again, &err));
    CHECK_TEXT(err.text, "Inactive user");
    CHECK(users_set_active(s.app, 999, true, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

/* As if the token had been used so long ago; it has none yet. */
static void use_before(struct setup *s, const char *refresh_token, int64_t seconds)
{
    int64_t now = clock_unix_microseconds();
    struct token token;
    struct error err;

    CHECK_OK(token_read(&token, refresh_token, TOKEN_REFRESH, s->app->token_secret, now / 1000000,
                        &err), err);
    CHECK_OK(db_write(s->app->db, STATEMENT_refresh_use,
                      DB_ARGS(db_text(token.id), db_int(now - seconds * 1000000)), NULL, NULL,
                      &err), err);
}

TEST(refresh_token_serves_once_and_its_copy_ends_the_session)
{
    struct session first, second, third;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &first, &err),
             err);
    use_before(&s, first.refresh_token, 9);
    CHECK_OK(sessions_refresh(s.app, first.refresh_token, &s.arena, &user, &second, &err), err);
    CHECK(strcmp(first.refresh_token, second.refresh_token));
    CHECK_OK(sessions_identify(s.app, second.access_token, &s.arena, &user, &err), err);
    CHECK_OK(sessions_refresh(s.app, second.refresh_token, &s.arena, &user, &third, &err), err);
    /* the thief, or the victim after him */
    use_before(&s, third.refresh_token, 11);
    CHECK(sessions_refresh(s.app, third.refresh_token, &s.arena, &user, &second, &err) &&
          err.kind == ERR_DENIED);
    CHECK_TEXT(err.text, "Invalid refresh token");
    CHECK(sessions_refresh(s.app, first.refresh_token, &s.arena, &user, &third, &err));
    CHECK(sessions_refresh(s.app, second.refresh_token, &s.arena, &user, &third, &err));
    CHECK(sessions_refresh(s.app, "nonsense", &s.arena, &user, &third, &err));
    CHECK(sessions_refresh(s.app, second.access_token, &s.arena, &user, &third, &err));
    setup_release(&s);
}

TEST(logout_and_new_password_end_sessions)
{
    struct session one, two, none;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &one, &err), err);
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &two, &err), err);
    CHECK_OK(sessions_end(s.app, one.refresh_token, &err), err);
    CHECK_OK(sessions_end(s.app, "nonsense", &err), err);
    CHECK(sessions_refresh(s.app, one.refresh_token, &s.arena, &user, &none, &err));
    CHECK_OK(users_set_password(s.app, s.user.id, "another one 2", &err), err);
    CHECK(sessions_refresh(s.app, two.refresh_token, &s.arena, &user, &none, &err));
    CHECK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &none, &err));
    CHECK_OK(sessions_login(s.app, "ada@example.com", "another one 2", &s.arena, &user, &none,
                            &err), err);
    setup_release(&s);
}

#define RACERS 8

struct racer {
    struct setup *s;
    const char *token;
    bool won;
};

static void *race(void *data)
{
    struct racer *r = data;
    struct arena arena = ARENA_INIT;
    struct session session;
    struct user user;
    struct error err;

    r->won = !sessions_refresh(r->s->app, r->token, &arena, &user, &session, &err);
    arena_release(&arena);
    return NULL;
}

/* Tabs of a browser have one cookie, and their access tokens run out at the same time. */
TEST(refresh_token_used_by_many_at_once_serves_them_all)
{
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    struct session session;
    struct user user;
    struct setup s;
    struct error err;
    int winners = 0;

    setup_init(&s, test_folder());
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &session, &err),
             err);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ &s, session.refresh_token, false };
        CHECK(!pthread_create(&threads[i], NULL, race, &racers[i]));
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        winners += racers[i].won;
    }
    CHECK(winners == RACERS);
    setup_release(&s);
}

TEST(api_key_identifies_until_it_is_removed)
{
    struct api_key *keys, made;
    struct user user;
    struct setup s;
    struct error err;
    const char *key;
    int count;

    setup_init(&s, test_folder());
    CHECK_OK(api_keys_add(s.app, s.user.id, "laptop", &s.arena, &made, &key, &err), err);
    CHECK(str_starts_with(key, "fvk_") && strlen(key) == 44);
    CHECK_OK(sessions_identify(s.app, key, &s.arena, &user, &err), err);
    CHECK(user.id == s.user.id);
    CHECK_OK(api_keys_list(s.app, s.user.id, &s.arena, &keys, &count, &err), err);
    CHECK(count == 1 && !keys[0].last_used_at); /* nothing was written, nothing waited for */
    sessions_note_use(s.app, &user);
    CHECK_OK(sessions_identify(s.app, key, &s.arena, &user, &err), err);
    CHECK(!user.used_key_id); /* a moment ago */
    CHECK_OK(api_keys_list(s.app, s.user.id, &s.arena, &keys, &count, &err), err);
    CHECK(count == 1 && keys[0].last_used_at > 0 && !strncmp(keys[0].prefix, key, 8) &&
          strlen(keys[0].prefix) == 8);
    CHECK_TEXT(keys[0].name, "laptop");
    CHECK(keys[0].id == made.id && keys[0].created_at == made.created_at);
    CHECK_TEXT(keys[0].prefix, made.prefix);
    CHECK(api_keys_remove(s.app, s.user.id + 1, keys[0].id, &err) && err.kind == ERR_NOT_FOUND);
    CHECK_OK(api_keys_remove(s.app, s.user.id, keys[0].id, &err), err);
    CHECK(sessions_identify(s.app, key, &s.arena, &user, &err) && err.kind == ERR_DENIED);
    CHECK(api_keys_add(s.app, s.user.id, "", &s.arena, &made, &key, &err) &&
          err.kind == ERR_INVALID);
    setup_release(&s);
}

TEST(secrets_last_and_follow_the_environment)
{
    const char *folder = test_folder();
    struct app_options options = { .data_folder = folder };
    struct session session;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, folder);
    CHECK(strlen(s.app->internal_secret) == 64);
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &session, &err),
             err);
    app_close(s.app);
    CHECK_OK(app_open(&s.app, &options, &err), err);
    CHECK_OK(sessions_identify(s.app, session.access_token, &s.arena, &user, &err), err);
    app_close(s.app);
    setenv("JWT_SECRET", "of the operator", 1);
    setenv("INTERNAL_AUTH_TOKEN", "inside", 1);
    CHECK_OK(app_open(&s.app, &options, &err), err);
    CHECK(sessions_identify(s.app, session.access_token, &s.arena, &user, &err));
    CHECK_TEXT(s.app->internal_secret, "inside");
    unsetenv("JWT_SECRET");
    unsetenv("INTERNAL_AUTH_TOKEN");
    setup_release(&s);
}

TEST(roles_and_profiles_change)
{
    struct user changed = { 0 }, user, *users;
    struct setup s;
    struct error err;
    int count;

    setup_init(&s, test_folder());
    CHECK_OK(users_set_role(s.app, s.user.id, ROLE_ADMIN, &err), err);
    changed = s.user;
    changed.bio = "first programmer";
    changed.full_name = NULL;
    CHECK_OK(users_update_profile(s.app, &s.user, &changed, &err), err);
    CHECK_OK(users_get(s.app, s.user.id, &s.arena, &user, &err), err);
    CHECK_TEXT(user.system_role, "admin");
    CHECK_TEXT(user.bio, "first programmer");
    CHECK(!user.full_name && user.updated_at >= s.user.updated_at);
    CHECK_OK(users_list(s.app, &s.arena, &users, &count, &err), err);
    CHECK(count == 1 && users[0].id == s.user.id);
    CHECK(role_find("manager") == ROLE_MANAGER && role_find("king") == -1);
    setup_release(&s);
}

TEST(new_password_ends_all_that_the_old_one_opened)
{
    struct session before, after;
    struct api_key made;
    struct user user;
    struct setup s;
    struct error err;
    const char *key;

    setup_init(&s, test_folder());
    CHECK_OK(api_keys_add(s.app, s.user.id, "ci", &s.arena, &made, &key, &err), err);
    CHECK_OK(sessions_login(s.app, "ada@example.com", PASSWORD, &s.arena, &user, &before, &err),
             err);
    CHECK_OK(users_set_password(s.app, s.user.id, "brand new 1", &err), err);
    CHECK(sessions_identify(s.app, before.access_token, &s.arena, &user, &err) &&
          err.kind == ERR_DENIED);
    CHECK(sessions_refresh(s.app, before.refresh_token, &s.arena, &user, &after, &err) &&
          err.kind == ERR_DENIED);
    CHECK_OK(sessions_login(s.app, "ada@example.com", "brand new 1", &s.arena, &user, &after, &err),
             err);
    CHECK_OK(sessions_identify(s.app, after.access_token, &s.arena, &user, &err), err);
    CHECK_OK(sessions_identify(s.app, key, &s.arena, &user, &err), err);
    setup_release(&s);
}

/* The row was read, then the password changed, then the session was written. */
TEST(login_under_way_when_the_password_changes_opens_nothing)
{
    struct session late, next;
    struct user user, old;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(users_get(s.app, s.user.id, &s.arena, &old, &err), err);
    CHECK_OK(users_set_password(s.app, s.user.id, "brand new 1", &err), err);
    CHECK_OK(sessions_begin(s.app, &old, &s.arena, &late, &err), err);
    CHECK(sessions_identify(s.app, late.access_token, &s.arena, &user, &err));
    CHECK(sessions_refresh(s.app, late.refresh_token, &s.arena, &user, &next, &err));
    setup_release(&s);
}

TEST(one_administrator_always_stays)
{
    struct user profile = { .email = "second@example.com" }, second;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(users_set_role(s.app, s.user.id, ROLE_ADMIN, &err), err);
    CHECK(users_set_role(s.app, s.user.id, ROLE_MANAGER, &err) && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, "This is the last administrator");
    CHECK(users_set_active(s.app, s.user.id, false, &err) && users_remove(s.app, s.user.id, &err));
    CHECK_OK(users_register(s.app, &profile, PASSWORD, ROLE_ADMIN, &s.arena, &second, &err), err);
    CHECK_OK(users_set_active(s.app, second.id, false, &err), err);
    CHECK(users_set_role(s.app, s.user.id, ROLE_GUEST, &err)); /* the other one cannot log in */
    CHECK_OK(users_set_active(s.app, second.id, true, &err), err);
    CHECK_OK(users_remove(s.app, s.user.id, &err), err);
    CHECK(users_remove(s.app, s.user.id, &err) && err.kind == ERR_NOT_FOUND);
    setup_release(&s);
}

static void execute(struct setup *s, const char *sql)
{
    sqlite3 *handle;

    CHECK(sqlite3_open(arena_printf(&s->arena, "%s/vision_platform.db", s->app->data_folder),
                       &handle) == SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        test_fail(__FILE__, __LINE__, "%s: %s", sql, sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

TEST(password_link_is_not_used_up_when_the_password_cannot_be_set)
{
    int64_t expires_at;
    const char *link;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(password_links_add(s.app, s.user.id, &s.arena, &link, &expires_at, &err), err);
    execute(&s, "CREATE TRIGGER full BEFORE UPDATE ON users BEGIN "
                "SELECT RAISE(ABORT, 'full'); END");
    CHECK(password_links_use(s.app, link, "by the link", &s.arena, &user, &err));
    execute(&s, "DROP TRIGGER full");
    CHECK_OK(password_links_use(s.app, link, "by the link", &s.arena, &user, &err), err);
    setup_release(&s);
}

TEST(profile_changes_at_the_same_moment_are_both_kept)
{
    struct user first, second, user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    first = second = s.user; /* both have read the same */
    first.bio = "first programmer";
    second.company = "Analytical Engines";
    second.full_name = NULL;
    CHECK_OK(users_update_profile(s.app, &s.user, &first, &err), err);
    CHECK_OK(users_update_profile(s.app, &s.user, &second, &err), err);
    CHECK_OK(users_get(s.app, s.user.id, &s.arena, &user, &err), err);
    CHECK_TEXT(user.bio, "first programmer");
    CHECK_TEXT(user.company, "Analytical Engines");
    CHECK(!user.full_name);
    setup_release(&s);
}

TEST(password_link_serves_once_and_for_its_time)
{
    const char *first, *second;
    int64_t expires_at;
    struct session session;
    struct user user;
    struct setup s;
    struct error err;

    setup_init(&s, test_folder());
    CHECK_OK(password_links_add(s.app, s.user.id, &s.arena, &first, &expires_at, &err), err);
    CHECK_OK(password_links_add(s.app, s.user.id, &s.arena, &second, &expires_at, &err), err);
    CHECK(expires_at > s.user.created_at);
    CHECK(password_links_use(s.app, first, "by the link", &s.arena, &user, &err) &&
          err.kind == ERR_DENIED);
    CHECK(password_links_use(s.app, second, "short", &s.arena, &user, &err) &&
          err.kind == ERR_INVALID); /* and the link is still good */
    CHECK_OK(password_links_use(s.app, second, "by the link", &s.arena, &user, &err), err);
    CHECK(password_links_use(s.app, second, "by the link", &s.arena, &user, &err));
    CHECK_OK(sessions_login(s.app, "ada@example.com", "by the link", &s.arena, &user, &session,
                            &err), err);
    CHECK_OK(password_links_add(s.app, s.user.id, &s.arena, &first, &expires_at, &err), err);
    CHECK_OK(users_set_password(s.app, s.user.id, "another one", &err), err);
    CHECK(password_links_use(s.app, first, "by the link", &s.arena, &user, &err));
    setup_release(&s);
}
