/* Any text as the path of a file: what is taken stays below the folder that it is put into.
 *
 * The source is included, so that no database is needed.  modules: base */

#include "store/blob.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *key = strndup((const char *)data, size_bytes);
    struct error err;
    int depth = 0;

    if (!blob_check_key(key, &err)) {
        BUG_IF(!*key || *key == '/' || key[strlen(key) - 1] == '/' || strstr(key, "//"));
        BUG_IF(!strcmp(key, ".") || !strcmp(key, "..") || !strncmp(key, "../", 3));
        BUG_IF(!strncmp(key, "./", 2) || strstr(key, "/../") || strstr(key, "/./"));
        BUG_IF(strlen(key) >= 3 && !strcmp(key + strlen(key) - 3, "/.."));
        BUG_IF(strpbrk(key, "\\\n\r\t\x1b\x7f") || strlen(key) > BLOB_KEY_MOST);
        for (const char *c = key; *c; c++)
            depth += *c == '/';
        BUG_IF(depth >= BLOB_DEPTH_MOST);
    } else {
        BUG_IF(err.kind != ERR_INVALID || !*err.text);
    }
    free(key);
    return 0;
}
