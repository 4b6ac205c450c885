/* write_openapi.c - prints the description of the API, from which the types of the web UI are made
 * before the UI becomes part of fovea; later `fovea serve --openapi` prints the same. */

#include "api/api.h"

#include "base/str.h"

#include <stdio.h>

int main(void)
{
    struct str text = STR_INIT;

    api_write_openapi(&text);
    puts(text.text);
    str_release(&text);
    return 0;
}
