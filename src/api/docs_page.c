/* docs_page.c - /docs: a page that shows /openapi.json and lets one try it.
 *
 * The page (docs_page.html) is part of the program and asks nobody else for anything; its policy
 * says so to the browser too. */

#include "api/account_internal.h"

#include "app/accounts/token.h"
#include "base/str.h"

#include <string.h>

route_handler route_docs;

#define NONCE_MARK "@NONCE@" /* stands in the page where the browser wants the policy's word */

__asm__(".pushsection .rodata\n"
        "docs_page_html:\n"
        ".incbin \"api/docs_page.html\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char docs_page_html[];

void call_add_page_headers(struct call *call, const char *policy)
{
    http_add_header(call->request, "Content-Security-Policy", policy);
    http_add_header(call->request, "X-Frame-Options", "DENY");
    http_add_header(call->request, "Referrer-Policy", "no-referrer");
    http_add_header(call->request, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(call->request, "Permissions-Policy",
                    "camera=(), microphone=(), geolocation=()");
}

void call_send_page(struct call *call, const char *html)
{
    const char *from = html, *mark;
    struct str page = STR_INIT;
    char nonce[TOKEN_ID_SIZE];

    token_new_id(nonce);
    while ((mark = strstr(from, NONCE_MARK))) {
        str_add_bytes(&page, from, (size_t)(mark - from));
        str_add(&page, nonce);
        from = mark + strlen(NONCE_MARK);
    }
    str_add(&page, from);
    call_add_page_headers(call, arena_printf(call->arena,
                                             "default-src 'none'; script-src 'nonce-%s'; "
                                             "style-src 'nonce-%s'; connect-src 'self'; "
                                             "img-src data:; base-uri 'none'; form-action 'none'; "
                                             "frame-ancestors 'none'",
                                             nonce, nonce));
    http_respond(call->request, 200, "text/html; charset=utf-8", page.text, page.length);
    str_release(&page);
}

void route_docs(struct call *call)
{
    call_send_page(call, docs_page_html);
}
