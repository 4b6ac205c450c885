/* lettering.h - text on RGB pixels in a font of the system, for letters that canvas_text() lacks.
 *
 * Fontconfig finds the font that has most of the letters, and FreeType draws it.  Not for several
 * threads at once. */
#ifndef FORMATS_LETTERING_H
#define FORMATS_LETTERING_H

#include "formats/canvas.h"

struct lettering;

/* Letters for these texts, which are UTF-8.  NULL: canvas_text() has all of them, or no font of
 * this machine has any of the others.  Owned. */
struct lettering *lettering_open(const char *const *texts, int count);
void lettering_close(struct lettering *lettering);

/* A line of `height` pixels, with room above and below the letters; (x, y) is its upper left. */
int lettering_width(struct lettering *lettering, int height, const char *text);
void lettering_draw(struct lettering *lettering, const struct canvas *canvas, int x, int y,
                    int height, uint32_t colour, const char *text);

#endif
