#include "net/http_range.h"

#include "net/server_support.h"
#include "test.h"

TEST(http_range_reads_ranges)
{
    static const struct {
        const char *range;
        int64_t size_bytes;
        enum http_range expected;
        int64_t offset, count;
    } cases[] = {
        { "bytes=0-0", 10, HTTP_RANGE_PART, 0, 1 },
        { "bytes=0-9", 10, HTTP_RANGE_PART, 0, 10 },
        { "bytes=2-", 10, HTTP_RANGE_PART, 2, 8 },
        { "bytes=9-", 10, HTTP_RANGE_PART, 9, 1 },
        { "bytes=3-99", 10, HTTP_RANGE_PART, 3, 7 },
        { "bytes=-3", 10, HTTP_RANGE_PART, 7, 3 },
        { "bytes=-30", 10, HTTP_RANGE_PART, 0, 10 },
        { "Bytes= 1-2 ", 10, HTTP_RANGE_PART, 1, 2 },
        { "bytes=0-99999999999999999999999999", 10, HTTP_RANGE_PART, 0, 10 },
        { "bytes=5000000000-5000000001", 6000000000, HTTP_RANGE_PART, 5000000000, 2 },
        { "bytes=10-", 10, HTTP_RANGE_OUTSIDE },
        { "bytes=10-20", 10, HTTP_RANGE_OUTSIDE },
        { "bytes=99999999999999999999999999-", 10, HTTP_RANGE_OUTSIDE },
        { "bytes=-0", 10, HTTP_RANGE_OUTSIDE },
        { "bytes=0-", 0, HTTP_RANGE_OUTSIDE },
        { "bytes=-5", 0, HTTP_RANGE_OUTSIDE },
        { NULL, 10, HTTP_RANGE_WHOLE },
        { "", 10, HTTP_RANGE_WHOLE },
        { "bytes=", 10, HTTP_RANGE_WHOLE },
        { "bytes=-", 10, HTTP_RANGE_WHOLE },
        { "bytes=5", 10, HTTP_RANGE_WHOLE },
        { "bytes=5-4", 10, HTTP_RANGE_WHOLE },
        { "bytes=a-b", 10, HTTP_RANGE_WHOLE },
        { "bytes=--5", 10, HTTP_RANGE_WHOLE },
        { "bytes=0-1,3-4", 10, HTTP_RANGE_WHOLE },
        { "bytes=0-1, 3-4", 10, HTTP_RANGE_WHOLE },
        { "lines=0-1", 10, HTTP_RANGE_WHOLE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t offset = 0, count = 0;

        if (http_range_parse(cases[i].range, cases[i].size_bytes, &offset, &count) !=
                cases[i].expected ||
            offset != cases[i].offset || count != cases[i].count)
            test_fail(__FILE__, __LINE__, "'%s': %lld, %lld", cases[i].range, (long long)offset,
                      (long long)count);
    }
}

TEST(http_range_compares_tags)
{
    CHECK(http_tag_matches("\"a\"", "\"a\""));
    CHECK(http_tag_matches("W/\"a\"", "\"a\""));
    CHECK(http_tag_matches("\"a\"", "W/\"a\""));
    CHECK(http_tag_matches(" \"x\" ,W/\"y,z\",  \"a\"", "\"a\""));
    CHECK(http_tag_matches("\"x\", \"a, b\"", "\"a, b\""));
    CHECK(http_tag_matches(" * ", "\"a\""));
    CHECK(!http_tag_matches(NULL, "\"a\""));
    CHECK(!http_tag_matches("", "\"a\""));
    CHECK(!http_tag_matches("a", "\"a\""));
    CHECK(!http_tag_matches("\"a", "\"a\""));
    CHECK(!http_tag_matches("\"ab\"", "\"a\""));
    CHECK(!http_tag_matches("\"b, a\"", "\"a\""));
    CHECK(!http_tag_matches("*, \"a\"", "\"a\""));
    CHECK(!http_tag_matches("\"A\"", "\"a\""));
}

TEST(http_range_needs_the_same_file)
{
    const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";

    CHECK(http_range_is_current(NULL, "\"a\"", date));
    CHECK(http_range_is_current("\"a\"", "\"a\"", date));
    CHECK(http_range_is_current(date, "\"a\"", date));
    CHECK(!http_range_is_current("\"b\"", "\"a\"", date));
    CHECK(!http_range_is_current("W/\"a\"", "\"a\"", date));
    CHECK(!http_range_is_current("W/\"a\"", "W/\"a\"", date));
    CHECK(!http_range_is_current("Sun, 06 Nov 1994 08:49:38 GMT", "\"a\"", date));
    CHECK(!http_range_is_current("x", "\"a\"", NULL));
}
