/* The web UI's pack: what is one, and what is none.  How its files are delivered is tested in
 * web/e2e/delivery.spec.ts. */

#include "api/web_ui.h"
#include "base/error.h"
#include "test.h"

#include <string.h>

#define LINE(path, plain, gzip) path "\ttext/html\t\"tag\"\tno-cache\t" plain "\t" gzip "\n"

static bool is_pack(const char *text, size_t size_bytes)
{
    struct web_ui *ui = NULL;
    struct error err;
    bool is_one = !web_ui_new(&ui, text, size_bytes, &err);

    web_ui_free(ui);
    return is_one;
}

TEST(web_ui_takes_whole_packs)
{
    static const char one[] = "fovea-web 1 1\n" LINE("/index.html", "5", "3") "\nhellogzp";
    static const char none[] = "fovea-web 0 there was no Node.\n";

    CHECK(is_pack(one, strlen(one)));
    CHECK(is_pack(none, strlen(none)));
}

TEST(web_ui_refuses_what_is_cut_or_foreign)
{
    static const char one[] = "fovea-web 1 1\n" LINE("/index.html", "5", "3") "\nhellogzp";
    static const char *const others[] = {
        "", "hello", "fovea-web 2 1\n" LINE("/index.html", "1", "0") "\na",
        "fovea-web 1 2\n" LINE("/index.html", "1", "0") "\na",
        "fovea-web 1 1\n/index.html\ttext/html\n\na",
        "fovea-web 1 1\n" LINE("/other.html", "1", "0") "\na",
        "fovea-web 1 1\n" LINE("/index.html", "99999999999999999999", "2") "\na",
    };

    for (size_t length = 0; length < strlen(one); length++)
        CHECK(!is_pack(one, length));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        CHECK(!is_pack(others[i], strlen(others[i])));
}
