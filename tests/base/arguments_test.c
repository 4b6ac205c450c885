#include "base/arguments.h"

#include "base/error.h"
#include "test.h"

/* What parsing these words says; NULL: they fit. */
static const char *problem_of(struct arguments *a, int count, const char *const *words)
{
    static char *argv[8];
    static struct error err;

    for (int i = 0; i < count; i++)
        argv[i] = (char *)words[i];
    return arguments_parse(a, count, argv, &err) ? err.text : NULL;
}

#define PROBLEM_OF(a, ...)                                                   \
    problem_of(a, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), \
               (const char *[]){ __VA_ARGS__ })

TEST(arguments_take_options_and_as_many_words_as_fit)
{
    const char *data = NULL;
    bool is_quiet = false;
    const struct option options[] = {
        { "data", NULL, &data, NULL, "FOLDER", "where it is" },
        { "be_quiet", NULL, NULL, &is_quiet, NULL, "say nothing" },
        OPTION_END,
    };
    struct arguments one = { .options = options, .most_positionals = 1 };
    struct arguments any = { .options = options, .most_positionals = ARGUMENTS_ANY_COUNT };

    CHECK(!PROBLEM_OF(&one, "--data", "a", "file", "--be-quiet", "--data=b"));
    CHECK_TEXT(data, "b"); /* the last one counts */
    CHECK(is_quiet && one.positional_count == 1);
    CHECK_TEXT(one.positionals[0], "file");
    CHECK(!PROBLEM_OF(&any, "a", "b", "--", "--data"));
    CHECK(any.positional_count == 3);
}

TEST(arguments_refuse_words_that_nobody_looks_at)
{
    const struct option options[] = { OPTION_END };
    struct arguments none = { .options = options };
    struct arguments one = { .options = options, .most_positionals = 1 };
    struct arguments help = { .options = options };

    CHECK_TEXT(PROBLEM_OF(&none, "/srv/fovea"),
               "unexpected argument '/srv/fovea'; --help shows what fits");
    CHECK(strstr(PROBLEM_OF(&one, "a", "b"), "unexpected argument 'b'"));
    CHECK(!PROBLEM_OF(&help, "resnet50", "--help") && help.help);
}
