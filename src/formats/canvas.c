/* canvas.c - see canvas.h. */

#include "formats/canvas.h"

#include <math.h>
#include <stddef.h>

#define FIRST_LETTER 0x20
#define LETTERS 96
#define UNKNOWN_LETTER 0x7f
#define INK_COLUMNS 5

static const char *const letters[LETTERS] = {
#define GLYPH(letter, rows) [(letter) - FIRST_LETTER] = (rows),
#include "formats/font.def"
#undef GLYPH
};

static int clip(double value, int most)
{
    return value > 0 ? (value < most ? (int)value : most) : 0;
}

static void blend(uint8_t *pixel, uint32_t colour, double opacity)
{
    for (int i = 0; i < 3; i++) {
        double wanted = colour >> (16 - 8 * i) & 255;

        pixel[i] = (uint8_t)(pixel[i] + (wanted - pixel[i]) * opacity + 0.5);
    }
}

static void blend_run(const struct canvas *canvas, int y, int first, int end, uint32_t colour,
                      double opacity)
{
    for (int x = first; x < end; x++)
        blend(canvas->pixels + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3, colour,
              opacity);
}

void canvas_fill(const struct canvas *canvas, int x, int y, int width, int height,
                 uint32_t colour, double opacity)
{
    int left = clip(x, canvas->width), right = clip((double)x + width, canvas->width);
    int top = clip(y, canvas->height), bottom = clip((double)y + height, canvas->height);

    for (int row = top; row < bottom; row++)
        blend_run(canvas, row, left, right, colour, opacity);
}

void canvas_frame(const struct canvas *canvas, int x, int y, int width, int height, int thickness,
                  uint32_t colour)
{
    if (2 * thickness >= width || 2 * thickness >= height) {
        canvas_fill(canvas, x, y, width, height, colour, 1);
        return;
    }
    canvas_fill(canvas, x, y, width, thickness, colour, 1);
    canvas_fill(canvas, x, y + height - thickness, width, thickness, colour, 1);
    canvas_fill(canvas, x, y + thickness, thickness, height - 2 * thickness, colour, 1);
    canvas_fill(canvas, x + width - thickness, y + thickness, thickness, height - 2 * thickness,
                colour, 1);
}

/* All pixels whose middle is within half the thickness of the line; its edge is softened over one
 * pixel.  A disc is a line without length. */
void canvas_line(const struct canvas *canvas, double x1, double y1, double x2, double y2,
                 double thickness, uint32_t colour)
{
    double reach = thickness / 2, dx = x2 - x1, dy = y2 - y1, length2 = dx * dx + dy * dy;
    int top, bottom, left, right;

    if (!isfinite(length2) || !isfinite(reach))
        return;
    top = clip(floor(fmin(y1, y2) - reach - 1), canvas->height);
    bottom = clip(ceil(fmax(y1, y2) + reach + 1), canvas->height);
    left = clip(floor(fmin(x1, x2) - reach - 1), canvas->width);
    right = clip(ceil(fmax(x1, x2) + reach + 1), canvas->width);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            double px = x + 0.5 - x1, py = y + 0.5 - y1;
            double along = length2 > 0 ? fmin(fmax((px * dx + py * dy) / length2, 0), 1) : 0;
            double cover = reach + 0.5 - hypot(px - along * dx, py - along * dy);

            if (cover > 0)
                blend_run(canvas, y, x, x + 1, colour, fmin(cover, 1));
        }
}

void canvas_disc(const struct canvas *canvas, double x, double y, double radius, uint32_t colour)
{
    canvas_line(canvas, x, y, x, y, 2 * radius, colour);
}

/* --- text ------------------------------------------------------------------------------------- */

/* The glyph of the next character, which is stepped over. */
static const char *next_glyph(const char **text)
{
    unsigned char c = (unsigned char)*(*text)++;

    while (((unsigned char)**text & 0xC0) == 0x80) /* the rest of a UTF-8 sequence */
        ++*text;
    return letters[(c < FIRST_LETTER || c > UNKNOWN_LETTER ? UNKNOWN_LETTER : c) - FIRST_LETTER];
}

void canvas_text(const struct canvas *canvas, int x, int y, int scale, uint32_t colour,
                 const char *text)
{
    while (*text && x < canvas->width) {
        const char *glyph = next_glyph(&text);

        for (int row = 0; row < CANVAS_LETTER_HEIGHT; row++)
            for (int column = 0; column < INK_COLUMNS; column++)
                if (glyph[row * (INK_COLUMNS + 1) + column] == '1')
                    canvas_fill(canvas, x + column * scale, y + row * scale, scale, scale, colour,
                                1);
        x += CANVAS_LETTER_WIDTH * scale;
    }
}

int canvas_text_width(int scale, const char *text)
{
    int width = 0;

    while (*text && width < 1 << 20) {
        next_glyph(&text);
        width += CANVAS_LETTER_WIDTH * scale;
    }
    return width ? width - scale : 0;
}

/* --- colours ---------------------------------------------------------------------------------- */

/* Hues a golden angle apart never meet again, and neighbours are far from each other; lightness
 * alternates so that more than a few can be told apart. */
uint32_t canvas_palette(int index)
{
    double hue = fmod(index * 137.50776 + 210, 360) / 60;
    double value = index % 3 == 1 ? 0.78 : 0.95, saturation = index % 2 ? 0.62 : 0.85;
    uint32_t colour = 0;

    for (int i = 0; i < 3; i++) {
        double k = fmod(5 - 2 * i + hue, 6);
        double part = value - value * saturation * fmax(0, fmin(fmin(k, 4 - k), 1));

        colour = colour << 8 | (uint32_t)(255 * part + 0.5);
    }
    return colour;
}

uint32_t canvas_ink_on(uint32_t colour)
{
    double light = 0.299 * (colour >> 16 & 255) + 0.587 * (colour >> 8 & 255) +
                   0.114 * (colour & 255);

    return light > 140 ? 0x000000 : 0xFFFFFF;
}
