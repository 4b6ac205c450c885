/* web_pack.c - see web_pack.h.  WEB_PACK_FILE is given by the build. */

#include "main/web_pack.h"

__asm__(".pushsection .rodata\n"
        ".globl web_pack\n"
        "web_pack:\n"
        ".incbin \"" WEB_PACK_FILE "\"\n"
        "web_pack_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const char web_pack_end[];

size_t web_pack_bytes(void)
{
    return (size_t)(web_pack_end - web_pack);
}
