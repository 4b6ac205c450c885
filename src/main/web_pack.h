/* web_pack.h - the web UI (api/web_ui.h) inside this program; cmake/web.cmake makes it. */
#ifndef MAIN_WEB_PACK_H
#define MAIN_WEB_PACK_H

#include <stddef.h>

extern const char web_pack[];
size_t web_pack_bytes(void);

#endif
