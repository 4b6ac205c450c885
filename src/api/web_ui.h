/* web_ui.h - the web UI, which is part of the program.
 *
 * A pack is what web/tools/pack.mjs makes of the built pages: a line "fovea-web 1 COUNT", a line
 * per file "path TAB type TAB etag TAB cache TAB plain bytes TAB gzip bytes" (gzip 0: not smaller),
 * an empty line, and then the bytes of each file, plain and compressed, in that order.  A pack
 * without files is "fovea-web 0 REASON", and the reason is what / says.
 *
 * Delivery   Files under their paths; those whose names change with their content may be kept for
 *            a year, the others are asked for again with their ETag.  Any other path that a browser
 *            asks for as a page, outside the API, is the application's own: index.html.
 *            /config.json tells the application where the API is.
 */
#ifndef API_WEB_UI_H
#define API_WEB_UI_H

#include <stdbool.h>
#include <stddef.h>

struct call;
struct error;
struct web_ui;

/* The pack is borrowed.  Fails when it is none. */
int web_ui_new(struct web_ui **out, const char *pack, size_t size_bytes, struct error *err);
void web_ui_free(struct web_ui *ui); /* NULL is fine */

/* For requests without a route: answers what is the UI's; false: it is not.  ui NULL: false. */
bool web_ui_answer(const struct web_ui *ui, struct call *call);

/* index.html, for routes that are pages as well; false: there is no UI. */
bool web_ui_page(const struct web_ui *ui, struct call *call);

#endif
