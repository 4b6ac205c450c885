/* multipart_test.c - forms, whole and cut anywhere, good and hostile. */

#include "net/multipart.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/str.h"
#include "test.h"

#include <stdlib.h>
#include <sys/resource.h>

#define TYPE "multipart/form-data; boundary=frontier"

/* What arrived, as text: "[name|filename|type]content" of each part. */
struct seen {
    struct str text;
    int begun, ended;
    size_t data_bytes;
    bool only_count;
};

static int on_begin(void *context, const struct multipart_part *part, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    CHECK(seen->begun++ == seen->ended);
    str_printf(&seen->text, "[%s|%s|%s]", part->name, part->filename ? part->filename : "-",
               part->type ? part->type : "-");
    return 0;
}

static int on_data(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    CHECK(size_bytes > 0 && seen->begun == seen->ended + 1);
    seen->data_bytes += size_bytes;
    if (!seen->only_count)
        str_add_bytes(&seen->text, data, size_bytes);
    return 0;
}

static int on_end(void *context, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    seen->ended++;
    return 0;
}

static const struct multipart_events events = { on_begin, on_data, on_end };

/* Pieces of this many bytes; 0: of any sizes. */
static int feed(const char *type, const char *body, size_t length, size_t piece_bytes,
                struct rng *rng, struct seen *seen, struct error *err)
{
    struct multipart *m;
    int result = 0;

    *seen = (struct seen){ .text = STR_INIT };
    if (multipart_new(&m, type, &events, seen, err))
        return -1;
    while (length && !result) {
        size_t bytes = piece_bytes ? piece_bytes : 1 + rng_below(rng, 40);
        char *copy;

        if (bytes > length)
            bytes = length;
        copy = malloc(bytes); /* so that a byte too far is seen */
        CHECK(copy);
        memcpy(copy, body, bytes);
        result = multipart_feed(m, copy, bytes, err);
        free(copy);
        body += bytes;
        length -= bytes;
    }
    if (!result)
        result = multipart_finish(m, err);
    multipart_free(m);
    return result;
}

static void check_form(const char *type, const char *body, size_t length, const char *expected,
                       size_t expected_length)
{
    struct rng rng = rng_for(1, 2, 3);

    for (size_t piece = 0; piece <= length; piece++) {
        struct seen seen;
        struct error err;

        CHECK_OK(feed(type, body, length, piece, &rng, &seen, &err), err);
        if (seen.text.length != expected_length ||
            memcmp(seen.text.text, expected, expected_length))
            test_fail(__FILE__, __LINE__, "pieces of %zu: %s", piece, seen.text.text);
        CHECK(seen.begun == seen.ended);
        str_release(&seen.text);
    }
}

#define CHECK_FORM(type, body, expected) \
    check_form(type, body, sizeof(body) - 1, expected, sizeof(expected) - 1)

static void check_refused(const char *type, const char *body, size_t length, const char *reason)
{
    struct rng rng = rng_for(4, 5, 6);

    for (size_t piece = 0; piece <= length + 1; piece++) {
        struct seen seen;
        struct error err = { 0 };

        CHECK(feed(type, body, length, piece, &rng, &seen, &err));
        if (err.kind != ERR_INVALID || !strstr(err.text, reason))
            test_fail(__FILE__, __LINE__, "'%s' is not about '%s'", err.text, reason);
        str_release(&seen.text);
    }
}

#define CHECK_REFUSED(type, body, reason) check_refused(type, body, sizeof(body) - 1, reason)

TEST(multipart_gives_fields_and_files_however_they_are_cut)
{
    CHECK_FORM(TYPE,
               "--frontier\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nMy Dataset\r\n"
               "--frontier\r\nContent-Disposition: form-data; name=\"files\"; "
               "filename=\"train/cat/a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
               "\xff\xd8 bytes \r\n--fronti\r\n-\r\r\n--\r\r\n--frontie\r\n\r\n"
               "--frontier\r\ncontent-disposition:form-data;name=empty;filename=e\r\n\r\n\r\n"
               "--frontier--\r\nwhat comes here is dropped",
               "[name|-|-]My Dataset[files|train/cat/a.jpg|image/jpeg]"
               "\xff\xd8 bytes \r\n--fronti\r\n-\r\r\n--\r\r\n--frontie\r\n[empty|e|-]");
}

TEST(multipart_takes_a_preamble_padding_and_zeros)
{
    CHECK_FORM("Multipart/Form-Data; charset=utf-8; boundary=\"fron tier\";",
               "hello\r\n--fron tier \t\r\nX: y\r\n"
               "Content-Disposition: form-data; name=a\r\n\r\n\0\r\0\n\r\n--fron tier--",
               "[a|-|-]\0\r\0\n");
    CHECK_FORM(TYPE, "--frontier--", "");
}

TEST(multipart_decodes_file_names)
{
    CHECK_FORM(TYPE,
               "--frontier\r\nContent-Disposition: form-data; name=\"f\"; "
               "filename=\"a \\\"b\\\" c\\\\d \\e %22.jpg\"\r\n\r\n\r\n"
               "--frontier\r\nContent-Disposition: form-data; name=f; filename=\"naive.jpg\"; "
               "filename*=UTF-8''na%C3%AFve%20%3b.jpg\r\n\r\n\r\n"
               "--frontier\r\nContent-Disposition: form-data; name=\"\xc3\xa9\"; "
               "filename=\"\xed\x95\x9c.jpg\"\r\n\r\n\r\n--frontier--",
               "[f|a \"b\" c\\d \\e \".jpg|-][f|na\xc3\xafve ;.jpg|-]"
               "[\xc3\xa9|\xed\x95\x9c.jpg|-]");
}

#define PART(headers) "--frontier\r\n" headers "\r\n\r\nx\r\n--frontier--"

TEST(multipart_refuses_what_is_no_form)
{
    CHECK_REFUSED("multipart/form-data", "", "no boundary");
    CHECK_REFUSED("multipart/form-data; boundary=", "", "no boundary");
    CHECK_REFUSED("multipart/form-data; boundary=\"a", "", "no boundary");
    CHECK_REFUSED("multipart/form-data; boundary=a; boundary=b", "", "no boundary");
    CHECK_REFUSED("multipart/form-data; boundary=\"a\rb\"", "", "no boundary");
    CHECK_REFUSED("text/plain; boundary=a", "", "no boundary");
    CHECK_REFUSED(TYPE, "", "not complete");
    CHECK_REFUSED(TYPE, "--frontier", "not complete");
    CHECK_REFUSED(TYPE, "--frontier\r\n", "not complete");
    CHECK_REFUSED(TYPE,
                  "--frontier\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--frontier",
                  "not complete");
    CHECK_REFUSED(TYPE,
                  "--frontier\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--frontierX",
                  "text after a boundary");
}

TEST(multipart_refuses_odd_parts)
{
    CHECK_REFUSED(TYPE, PART("Content-Type: text/plain"), "no form-data");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: attachment; name=a"), "no form-data");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data"), "no usable name");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=\"\""), "no usable name");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=\"a"), "cannot be read");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a b"), "cannot be read");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; name=b"), "cannot be read");
    CHECK_REFUSED(TYPE,
                  PART("Content-Disposition: form-data; name=a; filename=b; filename=\"../c\""),
                  "cannot be read");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename=\"a\tb\""),
                  "control characters");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename=\"\xff\""),
                  "not UTF-8");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename*=UTF-8''%00"),
                  "file name cannot be read");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename*=UTF-8''%C0%AE"),
                  "not UTF-8");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename*=latin1''a"),
                  "file name cannot be read");
    CHECK_REFUSED(TYPE, PART("Content-Disposition: form-data; name=a; filename=\"a\0b\""), "NUL");
    CHECK_REFUSED(TYPE,
                  PART("Content-Disposition: form-data; name=a\r\n"
                       "Content-Type: multipart/mixed; boundary=b"),
                  "form within a form");
    CHECK_REFUSED(TYPE,
                  PART("Content-Disposition: form-data; name=a\r\n"
                       "Content-Transfer-Encoding: base64"),
                  "encoded");
}

TEST(multipart_bounds_headers_and_preamble)
{
    struct str body = STR_INIT;
    struct seen seen;
    struct error err;

    str_add(&body, "--frontier\r\nContent-Disposition: form-data; name=a\r\n");
    for (int i = 0; i < 2000; i++)
        str_printf(&body, "X-%d: y\r\n", i);
    CHECK(feed(TYPE, body.text, body.length, 1000, NULL, &seen, &err));
    CHECK(strstr(err.text, "too long"));
    str_release(&seen.text);
    str_clear(&body);
    for (int i = 0; i < 2000; i++)
        str_add(&body, "xx");
    CHECK(feed(TYPE, body.text, body.length, 1000, NULL, &seen, &err));
    CHECK(strstr(err.text, "does not begin"));
    str_release(&seen.text);
    str_release(&body);
}

/* Random content over the letters of the delimiter, against a search of the whole text. */
TEST(multipart_finds_the_boundary_among_its_own_letters)
{
    static const char letters[] = "\r\n--ab";
    uint64_t seed = 20261121;
    struct rng rng = rng_for(seed, 0, 0);

    for (int round = 0; round < 300; round++) {
        struct str content = STR_INIT, body = STR_INIT, expected = STR_INIT;
        struct seen seen;
        struct error err;

        for (int i = 0; i < 200; i++)
            str_add_char(&content, letters[rng_below(&rng, 6)]);
        if (!strstr(content.text, "\r\n--ab") && strncmp(content.text, "--ab", 4)) {
            str_printf(&body, "--ab\r\nContent-Disposition: form-data; name=n\r\n\r\n%s\r\n--ab--",
                       content.text);
            str_printf(&expected, "[n|-|-]%s", content.text);
            if (feed("multipart/form-data; boundary=ab", body.text, body.length, 0, &rng, &seen,
                     &err))
                test_fail(__FILE__, __LINE__, "seed %llu, round %d: %s", (unsigned long long)seed,
                          round, err.text);
            CHECK_TEXT(seen.text.text, expected.text);
            str_release(&seen.text);
        }
        str_release(&content);
        str_release(&body);
        str_release(&expected);
    }
}

static long peak_kilobytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Of zeros, and of the worst content: each byte could begin a boundary. */
TEST(multipart_memory_does_not_grow_with_the_file)
{
    static const char head[] = "--frontier\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    static char piece[64 << 10];

    for (int worst = 0; worst < 2; worst++) {
        struct seen seen = { .text = STR_INIT, .only_count = true };
        struct multipart *m;
        struct error err;
        long before;

        memset(piece, worst ? '\r' : 0, sizeof(piece));
        CHECK_OK(multipart_new(&m, TYPE, &events, &seen, &err), err);
        CHECK_OK(multipart_feed(m, head, sizeof(head) - 1, &err), err);
        before = peak_kilobytes();
        for (int i = 0; i < 4096; i++) /* 256 MiB */
            CHECK_OK(multipart_feed(m, piece, sizeof(piece), &err), err);
        CHECK(peak_kilobytes() - before < 16 << 10);
        CHECK_OK(multipart_feed(m, "\r\n--frontier--", 14, &err), err);
        CHECK_OK(multipart_finish(m, &err), err);
        CHECK(seen.data_bytes == (size_t)4096 * sizeof(piece));
        multipart_free(m);
        str_release(&seen.text);
    }
}
