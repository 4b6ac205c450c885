/* test.h - tests that register themselves.
 *
 *     TEST(arena_aligns_to_16) { CHECK(x == y); CHECK_TEXT(a, "b"); }
 *
 * A binary runs all its tests, or those whose name contains one of its arguments, and prints a
 * line per failure and "N passed, N failed" at the end.  A failed CHECK ends its test.
 * TEST_SLOW(name) runs only with --all.  SKIP("why") prints the reason and counts as skipped. */
#ifndef TEST_H
#define TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
    bool slow;
    struct test *next;
};

void test_register(struct test *test);
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define TEST_WITH(test_name, is_slow)                                                   \
    static void test_name(void);                                                        \
    __attribute__((constructor)) static void register_##test_name(void)                 \
    {                                                                                   \
        static struct test test = { #test_name, test_name, is_slow, NULL };             \
        test_register(&test);                                                           \
    }                                                                                   \
    static void test_name(void)
#define TEST(test_name) TEST_WITH(test_name, false)
#define TEST_SLOW(test_name) TEST_WITH(test_name, true)

#define CHECK(condition)                                          \
    do {                                                          \
        if (!(condition))                                         \
            test_fail(__FILE__, __LINE__, "%s", #condition);      \
    } while (0)
/* A call that must succeed: CHECK_OK(dataset_open(&d, path, &err), err) prints the error text. */
#define CHECK_OK(call, err)                                                   \
    do {                                                                      \
        if (call)                                                             \
            test_fail(__FILE__, __LINE__, "%s: %s", #call, (err).text);       \
    } while (0)
#define CHECK_TEXT(a, b)                                                                    \
    do {                                                                                    \
        const char *test_a = (a), *test_b = (b);                                            \
        if (!test_a || !test_b || strcmp(test_a, test_b))                                   \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a,                    \
                      test_a ? test_a : "(null)", test_b ? test_b : "(null)");              \
    } while (0)
#define CHECK_NEAR(a, b, tolerance)                                                         \
    do {                                                                                    \
        double test_a = (a), test_b = (b);                                                  \
        if (!(fabs(test_a - test_b) <= (tolerance)))                                        \
            test_fail(__FILE__, __LINE__, "%s is %.9g, not %.9g", #a, test_a, test_b);      \
    } while (0)
#define SKIP(...) test_skip(__VA_ARGS__)

/* A fresh empty folder, removed when the test ends; a file of the real-data folder that stands
 * beside the project (`../shared/<path>`), or NULL when it is absent. */
const char *test_folder(void);
const char *test_shared(const char *path);

#endif
