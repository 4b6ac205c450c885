/* json_fuzz.c - whatever bytes a text holds, json_text() writes JSON that reads back, and
 * json_parse() neither crashes nor leaks.  modules: base */

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *bytes = strndup((const char *)data, size_bytes);
    struct str text = STR_INIT;
    struct json_writer w;
    struct error err;
    json_t *tree;

    json_begin(&w, &text);
    json_array_open(&w);
    json_text(&w, bytes);
    json_close(&w);
    tree = json_parse(text.text, text.length, "written", &err);
    BUG_IF(!tree || !json_is_string(json_array_get(tree, 0)));
    json_decref(tree);
    json_decref(json_parse((const char *)data, size_bytes, "input", &err));
    str_release(&text);
    free(bytes);
    return 0;
}
