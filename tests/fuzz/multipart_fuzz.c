/* A form of any bytes, after a line that says how it is cut: what arrives is the same in any
 * pieces, parts begin and end in turn, and names are clean text.
 *
 * The sources are included, so that no library of a whole server is needed.  modules: base */

#include "net/http_request.c"
#include "net/multipart.c"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

struct seen {
    struct str text;
    bool is_open;
};

static int on_begin(void *context, const struct multipart_part *part, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    BUG_IF(seen->is_open || !*part->name || strpbrk(part->name, "\r\n"));
    BUG_IF(part->filename && !http_is_utf8(part->filename, strlen(part->filename)));
    seen->is_open = true;
    str_printf(&seen->text, "[%s|%s]", part->name, part->filename ? part->filename : "-");
    return 0;
}

static int on_data(void *context, const char *data, size_t size_bytes, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    BUG_IF(!seen->is_open || !size_bytes);
    str_add_bytes(&seen->text, data, size_bytes);
    return 0;
}

static int on_end(void *context, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    BUG_IF(!seen->is_open);
    seen->is_open = false;
    return 0;
}

static int feed(const char *data, size_t size_bytes, size_t piece_bytes, struct seen *seen)
{
    static const struct multipart_events events = { on_begin, on_data, on_end };
    struct multipart *m;
    struct error err;
    int result = 0;

    BUG_IF(multipart_new(&m, "multipart/form-data; boundary=ab", &events, seen, &err));
    while (size_bytes && !result) {
        size_t bytes = piece_bytes < size_bytes ? piece_bytes : size_bytes;
        char *copy = malloc(bytes);

        memcpy(copy, data, bytes);
        result = multipart_feed(m, copy, bytes, &err);
        free(copy);
        data += bytes;
        size_bytes -= bytes;
    }
    if (!result)
        result = multipart_finish(m, &err);
    BUG_IF(!result && seen->is_open);
    multipart_free(m);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct seen whole = { .text = STR_INIT }, cut = { .text = STR_INIT };
    size_t piece_bytes;

    if (!size_bytes)
        return 0;
    piece_bytes = 1 + data[0];
    data++, size_bytes--;
    BUG_IF(feed((const char *)data, size_bytes, size_bytes, &whole) !=
           feed((const char *)data, size_bytes, piece_bytes, &cut));
    /* After a failure one may have got further than the other, not elsewhere. */
    BUG_IF(memcmp(whole.text.text, cut.text.text,
                  whole.text.length < cut.text.length ? whole.text.length : cut.text.length));
    str_release(&whole.text);
    str_release(&cut.text);
    return 0;
}
