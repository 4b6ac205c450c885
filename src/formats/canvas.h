/* canvas.h - lines, boxes, shades and letters on RGB pixels.
 *
 * Everything is cut at the edges, wherever it lies, so that coordinates need no checks.  Colours
 * are 0xRRGGBB; `opacity` is 0 to 1.  Letters are five by nine pixels, enlarged by whole numbers;
 * UTF-8 beyond ASCII shows as a hollow box: lettering.h has fonts for it. */
#ifndef FORMATS_CANVAS_H
#define FORMATS_CANVAS_H

#include <stdint.h>

struct canvas {
    uint8_t *pixels; /* borrowed; R G B, no gaps between rows */
    int width, height;
};

#define CANVAS_LETTER_WIDTH 6 /* with the gap to the next */
#define CANVAS_LETTER_HEIGHT 9 /* two of them below the line */

void canvas_fill(const struct canvas *canvas, int x, int y, int width, int height,
                 uint32_t colour, double opacity);

/* The border of a box, `thickness` pixels to the inside. */
void canvas_frame(const struct canvas *canvas, int x, int y, int width, int height, int thickness,
                  uint32_t colour);
void canvas_line(const struct canvas *canvas, double x1, double y1, double x2, double y2,
                 double thickness, uint32_t colour);
void canvas_disc(const struct canvas *canvas, double x, double y, double radius, uint32_t colour);

void canvas_text(const struct canvas *canvas, int x, int y, int scale, uint32_t colour,
                 const char *text);
int canvas_text_width(int scale, const char *text);

/* A colour that differs from its neighbours', by index; and black or white, whichever is easier to
 * read on it. */
uint32_t canvas_palette(int index);
uint32_t canvas_ink_on(uint32_t colour);

#endif
