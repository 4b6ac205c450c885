/* user_command.c - see user_command.h. */

#include "main/user_command.h"

#include "app/accounts/users.h"
#include "base/arguments.h"
#include "base/environment.h"
#include "base/clock.h"
#include "base/error.h"
#include "main/cli.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define USAGE                                                                         \
    "fovea user - accounts of the platform\n\n"                                       \
    "Usage: fovea user list [--json]\n"                                               \
    "       fovea user add EMAIL [--role ROLE] [--full_name NAME]\n"                  \
    "       fovea user passwd EMAIL\n"                                                \
    "       fovea user role EMAIL ROLE\n"                                             \
    "       fovea user activate EMAIL\n"                                              \
    "       fovea user deactivate EMAIL\n\n"                                          \
    "add and passwd read the password from the terminal, or from standard input.\n"   \
    "Roles: guest, standard_engineer, advanced_engineer, manager, admin.\n"

struct user_call {
    struct app *app;
    struct arena arena;
    char **words; /* after the verb */
    const char *role, *full_name;
    bool json;
};

/* --- passwords ------------------------------------------------------------------------------- */

/* One line, without its end. */
static int read_line(char *line, size_t size, struct error *err)
{
    char *end;

    if (!fgets(line, (int)size, stdin))
        return FAIL(err, INVALID, "no password was given");
    end = strpbrk(line, "\r\n");
    if (end)
        *end = '\0';
    else if (strlen(line) == size - 1)
        return FAIL(err, INVALID, "the password is too long");
    return 0;
}

static int ask(const char *prompt, char *line, size_t size, struct error *err)
{
    struct termios before, silent;
    int result;

    if (tcgetattr(STDIN_FILENO, &before))
        return FAIL_ERRNO(err, "cannot read from the terminal");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", prompt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    result = read_line(line, size, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fprintf(stderr, "\n");
    return result;
}

#define LINE_SIZE 1024

static int read_password(char line[LINE_SIZE], struct error *err)
{
    char again[LINE_SIZE];
    int result;

    if (!isatty(STDIN_FILENO))
        return read_line(line, LINE_SIZE, err);
    if (ask("New password", line, LINE_SIZE, err) || password_check(line, err) ||
        ask("Once more", again, LINE_SIZE, err))
        return -1;
    result = strcmp(line, again) ? FAIL(err, INVALID, "the two passwords differ") : 0;
    explicit_bzero(again, sizeof(again));
    return result;
}

/* --- verbs ----------------------------------------------------------------------------------- */

static int find(struct user_call *c, struct user *user, struct error *err)
{
    if (!users_find(c->app, c->words[0], &c->arena, user, err))
        return 0;
    return err->kind == ERR_NOT_FOUND
               ? FAIL(err, NOT_FOUND, "there is no account '%s'", c->words[0])
               : -1;
}

static int check_role(const char *name, enum role *role, struct error *err)
{
    int found = role_find(name);

    if (found < 0)
        return FAIL(err, INVALID, "there is no role '%s'; it is one of guest, standard_engineer, "
                                  "advanced_engineer, manager, admin", name);
    *role = (enum role)found;
    return 0;
}

static void list_json(const struct user *users, int count)
{
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_array_open(&w);
    for (int i = 0; i < count; i++) {
        char created[CLOCK_TEXT_SIZE];

        clock_format_utc(users[i].created_at, created);
        json_object_open(&w);
        json_put_int(&w, "id", users[i].id);
        json_put_text(&w, "email", users[i].email);
        json_put_text(&w, "full_name", users[i].full_name);
        json_put_text(&w, "system_role", users[i].system_role);
        json_put_bool(&w, "is_active", users[i].is_active);
        json_put_text(&w, "created_at", created);
        json_close(&w);
    }
    json_close(&w);
    printf("%s\n", text.text);
    str_release(&text);
}

static int list(struct user_call *c, struct error *err)
{
    struct user *users;
    int count;

    if (users_list(c->app, &c->arena, &users, &count, err))
        return -1;
    if (c->json) {
        list_json(users, count);
        return 0;
    }
    printf("%5s  %-20s %-8s %s\n", "id", "role", "active", "email");
    for (int i = 0; i < count; i++)
        printf("%5lld  %-20s %-8s %s\n", (long long)users[i].id, users[i].system_role,
               users[i].is_active ? "yes" : "no", users[i].email);
    return 0;
}

static int add(struct user_call *c, struct error *err)
{
    struct user profile = { .email = c->words[0], .full_name = c->full_name }, user;
    char password[LINE_SIZE];
    enum role role = ROLE_STANDARD_ENGINEER;
    int result = (c->role && check_role(c->role, &role, err)) || read_password(password, err) ||
                 users_register(c->app, &profile, password, role, &c->arena, &user, err);

    explicit_bzero(password, sizeof(password));
    if (!result)
        printf("%s is made, as %s\n", user.email, user.system_role);
    return result ? -1 : 0;
}

static int set_password(struct user_call *c, struct error *err)
{
    char password[LINE_SIZE];
    struct user user;
    int result = find(c, &user, err) || read_password(password, err) ||
                 users_set_password(c->app, user.id, password, err);

    explicit_bzero(password, sizeof(password));
    if (!result)
        printf("%s has a new password, and is logged out everywhere\n", user.email);
    return result ? -1 : 0;
}

static int set_role(struct user_call *c, struct error *err)
{
    struct user user;
    enum role role = ROLE_GUEST;

    if (check_role(c->words[1], &role, err) || find(c, &user, err) ||
        users_set_role(c->app, user.id, role, err))
        return -1;
    printf("%s is %s now\n", user.email, role_names[role]);
    return 0;
}

static int activate(struct user_call *c, struct error *err)
{
    struct user user;

    if (find(c, &user, err) || users_set_active(c->app, user.id, true, err))
        return -1;
    printf("%s may log in\n", user.email);
    return 0;
}

static int deactivate(struct user_call *c, struct error *err)
{
    struct user user;

    if (find(c, &user, err) || users_set_active(c->app, user.id, false, err))
        return -1;
    printf("%s may not log in, and is logged out everywhere\n", user.email);
    return 0;
}

/* --- dispatch -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int words;
    int (*run)(struct user_call *call, struct error *err);
} verbs[] = {
    { "list", 0, list },         { "add", 1, add },
    { "passwd", 1, set_password }, { "role", 2, set_role },
    { "activate", 1, activate }, { "deactivate", 1, deactivate },
};
#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))

static int run(struct user_call *c, const struct arguments *a, const char *data,
               const char *database, struct error *err)
{
    size_t verb = 0;
    int result;

    if (!a->positional_count)
        return FAIL(err, INVALID, "say what: list, add, passwd, role, activate or deactivate");
    while (verb < VERB_COUNT && strcmp(verbs[verb].name, a->positionals[0]))
        verb++;
    if (verb == VERB_COUNT)
        return FAIL(err, INVALID, "there is no '%s'; it is list, add, passwd, role, activate or "
                                  "deactivate", a->positionals[0]);
    if (a->positional_count != verbs[verb].words + 1)
        return FAIL(err, INVALID, "'%s' takes %d word%s more; --help shows which",
                    verbs[verb].name, verbs[verb].words, verbs[verb].words == 1 ? "" : "s");
    c->words = a->positionals + 1;
    if (cli_open(&c->app, data, database, err))
        return -1;
    result = verbs[verb].run(c, err);
    app_close(c->app);
    return result;
}

int user_command(int argc, char **argv)
{
    const char *data = CLI_DATA_FOLDER, *database = environment_find("DATABASE_URL");
    struct user_call call = { 0 };
    const struct option options[] = {
        { "data", NULL, &data, NULL, "FOLDER",
          "the server's data folder (default " CLI_DATA_FOLDER ")" },
        { "database_url", NULL, &database, NULL, "URL", "as for serve ($DATABASE_URL)" },
        { "role", NULL, &call.role, NULL, "ROLE", "of a new account (standard_engineer)" },
        { "full_name", NULL, &call.full_name, NULL, "NAME", "of a new account" },
        { "json", NULL, NULL, &call.json, NULL, "print the list as JSON" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options,
                                   .most_positionals = ARGUMENTS_ANY_COUNT };
    struct error err;
    int code;

    if (cli_parse(&arguments, argc, argv, "user", USAGE, &code))
        return code;
    code = run(&call, &arguments, data, database, &err) ? cli_fail("user", &err) : 0;
    arena_release(&call.arena);
    return code;
}
