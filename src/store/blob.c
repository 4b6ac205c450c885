/* blob.c - what all kinds of storage share; see blob.h. */

#include "store/blob.h"

#include "base/error.h"

#include <string.h>

/* --- keys ------------------------------------------------------------------------------------ */

/* The bytes of the character that begins here; 0: none does. */
static size_t utf8_length(const unsigned char *text)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t code = *text;
    size_t count = code < 0x80 ? 1 : code >> 5 == 6 ? 2 : code >> 4 == 14 ? 3
                   : code >> 3 == 30                                      ? 4
                                                                          : 0;

    if (count < 2)
        return count;
    code &= 0x7fU >> count;
    for (size_t i = 1; i < count; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 0x3fU);
    }
    return code < least[count] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : count;
}

static bool is_clean(const char *key)
{
    const unsigned char *c = (const unsigned char *)key;

    while (*c) {
        size_t count = utf8_length(c);

        /* 0x80 to 0x9f are control characters too */
        if (!count || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            return false;
        c += count;
    }
    return true;
}

static bool is_name(const char *name, size_t length)
{
    return length && length <= BLOB_NAME_MOST && strncmp(name, ".", length) &&
           !(length == 2 && !strncmp(name, "..", 2));
}

int blob_check_key(const char *key, struct error *err)
{
    const char *name = key;
    int depth = 0;

    /* A text that is not clean is not repeated. */
    if (!is_clean(key))
        return FAIL(err, INVALID, "A path is not UTF-8 or has control characters");
    if (!*key || strlen(key) > BLOB_KEY_MOST)
        return FAIL(err, INVALID, "A path must have 1 to %d bytes", BLOB_KEY_MOST);
    if (strchr(key, '\\'))
        return FAIL(err, INVALID, "The path '%.200s' has a backslash", key);
    if (strlen(key) >= 2 && key[1] == ':')
        return FAIL(err, INVALID, "The path '%.200s' begins with a drive", key);
    for (;;) {
        size_t length = strcspn(name, "/");

        if (!is_name(name, length))
            return FAIL(err, INVALID,
                        "The path '%.200s' is not allowed: it must be relative, without '.', '..' "
                        "and names of more than %d bytes",
                        key, BLOB_NAME_MOST);
        if (++depth > BLOB_DEPTH_MOST)
            return FAIL(err, INVALID, "The path '%.200s' has more than %d folders", key,
                        BLOB_DEPTH_MOST - 1);
        if (!name[length])
            return 0;
        name += length + 1;
    }
}

/* --- files ----------------------------------------------------------------------------------- */

void blob_close(struct blob *blob)
{
    if (blob)
        blob->functions->close(blob);
}

int blob_put(struct blob *blob, const char *key, const char *path, struct error *err)
{
    return blob->functions->put(blob, key, path, err);
}

int blob_put_tree(struct blob *blob, const char *prefix, const char *folder, struct error *err)
{
    return blob->functions->put_tree(blob, prefix, folder, err);
}

int blob_open_file(struct blob *blob, const char *key, int *fd, struct error *err)
{
    return blob->functions->open(blob, key, fd, err);
}

bool blob_has(struct blob *blob, const char *key)
{
    return blob->functions->has(blob, key);
}

int blob_list(struct blob *blob, const char *prefix, struct arena *arena,
              struct blob_entry **entries, int *count, struct error *err)
{
    return blob->functions->list(blob, prefix, arena, entries, count, err);
}

int blob_list_folders(struct blob *blob, const char *prefix, struct arena *arena, char ***names,
                      int *count, struct error *err)
{
    return blob->functions->list_folders(blob, prefix, arena, names, count, err);
}

int blob_move(struct blob *blob, const char *from, const char *to, struct error *err)
{
    return blob->functions->move(blob, from, to, err);
}

int blob_copy(struct blob *blob, const char *from, const char *to, struct error *err)
{
    return blob->functions->copy(blob, from, to, err);
}

int blob_remove(struct blob *blob, const char *key, struct error *err)
{
    return blob->functions->remove(blob, key, err);
}

int blob_remove_tree(struct blob *blob, const char *prefix, struct error *err)
{
    return blob->functions->remove_tree(blob, prefix, err);
}

int blob_free_bytes(struct blob *blob, int64_t *bytes, struct error *err)
{
    return blob->functions->free_bytes(blob, bytes, err);
}

char *blob_local_path(struct blob *blob, const char *key, struct arena *arena)
{
    return blob->functions->local_path(blob, key, arena);
}
