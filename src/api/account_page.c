/* account_page.c - what the links that the server gives out lead to: make the first administrator,
 * set a password, join a project.  The web UI has these pages too; this one is for a server that
 * was built without it. */

#include "api/account_internal.h"
#include "api/web_ui.h"

route_handler route_account_page;

__asm__(".pushsection .rodata\n"
        "account_page_html:\n"
        ".incbin \"api/account_page.html\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char account_page_html[];

void route_account_page(struct call *call)
{
    if (!web_ui_page(call->api->web, call))
        call_send_page(call, account_page_html);
}
