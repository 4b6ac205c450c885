#include "net/http_compress.h"

#include "net/server_support.h"
#include "test.h"

#include <stdlib.h>
#include <zlib.h>

TEST(http_compress_knows_what_is_text)
{
    CHECK(http_is_compressible("text/plain"));
    CHECK(http_is_compressible("text/html; charset=utf-8"));
    CHECK(http_is_compressible("application/json"));
    CHECK(http_is_compressible("Application/JSON;charset=utf-8"));
    CHECK(http_is_compressible("image/svg+xml"));
    CHECK(!http_is_compressible("image/png"));
    CHECK(!http_is_compressible("application/jsonx"));
    CHECK(!http_is_compressible("application/octet-stream"));
    CHECK(!http_is_compressible("text/event-stream"));
    CHECK(!http_is_compressible(""));
}

TEST(http_compress_reads_what_the_client_takes)
{
    CHECK(http_accepts_gzip("gzip"));
    CHECK(http_accepts_gzip("deflate, GZIP ,br"));
    CHECK(http_accepts_gzip("br;q=1.0, gzip;q=0.001"));
    CHECK(http_accepts_gzip("x-gzip"));
    CHECK(http_accepts_gzip("*"));
    CHECK(http_accepts_gzip("gzip; q=1"));
    CHECK(!http_accepts_gzip(NULL));
    CHECK(!http_accepts_gzip(""));
    CHECK(!http_accepts_gzip("identity"));
    CHECK(!http_accepts_gzip("gzip;q=0"));
    CHECK(!http_accepts_gzip("gzip; q=0.000, br"));
    CHECK(!http_accepts_gzip("*;q=0"));
    CHECK(!http_accepts_gzip("*, gzip;q=0"));
    CHECK(!http_accepts_gzip("gzipped, br"));
}

static void unpack(const void *data, size_t size_bytes, char *out, size_t out_bytes)
{
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)data,
                        .avail_in = (uInt)size_bytes,
                        .next_out = (Bytef *)out,
                        .avail_out = (uInt)out_bytes };

    CHECK(inflateInit2(&stream, 15 + 16) == Z_OK);
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    CHECK(stream.total_out == out_bytes && !stream.avail_in);
    inflateEnd(&stream);
}

TEST(http_compress_gives_what_unpacks_to_the_same)
{
    char text[5000], unpacked[5000];
    void *packed;
    size_t packed_bytes;
    unsigned state = 1;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i * i % 23);
    CHECK(!http_gzip(text, sizeof(text), &packed, &packed_bytes));
    CHECK(packed_bytes < sizeof(text) / 2);
    unpack(packed, packed_bytes, unpacked, sizeof(unpacked));
    CHECK(!memcmp(text, unpacked, sizeof(text)));
    free(packed);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)((state = state * 1664525u + 1013904223u) >> 24);
    CHECK(http_gzip(text, sizeof(text), &packed, &packed_bytes) == -1 && !packed);
}

TEST(http_compress_is_used_for_text_that_is_long_enough)
{
    static const char *const takes_gzip[] = { "Accept-Encoding: gzip", NULL };
    static const struct {
        const char *target;
        const char *const *headers;
        size_t size_bytes;
        bool is_packed, varies;
    } cases[] = {
        { "/text?bytes=20000", takes_gzip, 20000, true, true },
        { "/text?bytes=20000&type=application/json", takes_gzip, 20000, true, true },
        { "/text?bytes=20000", NULL, 20000, false, true },
        { "/text?bytes=1000", takes_gzip, 1000, false, false },
        { "/text?bytes=20000&random=1", takes_gzip, 20000, false, true },
        { "/text?bytes=20000&type=image/png", takes_gzip, 20000, false, false },
    };
    struct net_server server;

    net_server_start(&server, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_reply reply;

        net_fetch(&server, "GET", cases[i].target, cases[i].headers, NULL, 0, &reply);
        CHECK(reply.status == 200);
        CHECK(!!net_reply_header(&reply, "Content-Encoding") == cases[i].is_packed);
        CHECK(!!net_reply_header(&reply, "Vary") == cases[i].varies);
        if (cases[i].is_packed) {
            char *text = malloc(cases[i].size_bytes);

            CHECK_TEXT(net_reply_header(&reply, "Content-Encoding"), "gzip");
            CHECK(reply.body.length < cases[i].size_bytes / 4);
            unpack(reply.body.text, reply.body.length, text, cases[i].size_bytes);
            CHECK(text[0] == 'a' && text[25] == 'z' && text[26] == 'a');
            free(text);
        } else {
            CHECK(reply.body.length == cases[i].size_bytes);
        }
        net_reply_release(&reply);
    }
    net_server_stop(&server);
}
