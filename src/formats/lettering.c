/* lettering.c - see lettering.h. */

#include "formats/lettering.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include FT_FREETYPE_H

#define EM 0.82 /* of a line's height, so that accents and descenders have room in it */
#define BASELINE 0.78
#define LAST_ASCII 0x7E
#define UNKNOWN_LETTER 0xFFFD
#define WIDEST 0x8000

struct lettering {
    FT_Library library;
    FT_Face face;
};

/* The next character, which is stepped over; broken UTF-8 is one unknown letter a byte. */
static FcChar32 next_letter(const char **text)
{
    FcChar32 letter;
    int length = FcUtf8ToUcs4((const FcChar8 *)*text, &letter, (int)strnlen(*text, 4));

    *text += length > 0 ? length : 1;
    return length > 0 ? letter : UNKNOWN_LETTER;
}

/* The letters that canvas_text() lacks. */
static FcCharSet *missing_letters(const char *const *texts, int count)
{
    FcCharSet *letters = FcCharSetCreate();

    for (int i = 0; letters && i < count; i++)
        for (const char *text = texts[i]; *text;) {
            FcChar32 letter = next_letter(&text);

            if (letter > LAST_ASCII && letter != UNKNOWN_LETTER)
                FcCharSetAddChar(letters, letter);
        }
    return letters;
}

/* The best font by what fontconfig knows; NULL: it has none of the letters. */
static FcPattern *match(FcConfig *config, const FcCharSet *letters)
{
    FcPattern *wanted = FcPatternCreate(), *found = NULL;
    FcCharSet *has;
    FcResult result;

    if (wanted && FcPatternAddCharSet(wanted, FC_CHARSET, letters) &&
        FcPatternAddBool(wanted, FC_SCALABLE, FcTrue) &&
        FcPatternAddBool(wanted, FC_COLOR, FcFalse) &&
        FcConfigSubstitute(config, wanted, FcMatchPattern)) {
        FcDefaultSubstitute(wanted);
        found = FcFontMatch(config, wanted, &result);
    }
    if (wanted)
        FcPatternDestroy(wanted);
    if (found && (FcPatternGetCharSet(found, FC_CHARSET, 0, &has) != FcResultMatch ||
                  !FcCharSetIntersectCount(has, letters))) {
        FcPatternDestroy(found);
        found = NULL;
    }
    return found;
}

static int open_face(struct lettering *lettering, const FcPattern *font)
{
    FcChar8 *file;
    int index = 0;

    if (FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch)
        return -1;
    FcPatternGetInteger(font, FC_INDEX, 0, &index);
    return FT_Init_FreeType(&lettering->library) ||
                   FT_New_Face(lettering->library, (const char *)file, index, &lettering->face)
               ? -1
               : 0;
}

struct lettering *lettering_open(const char *const *texts, int count)
{
    FcCharSet *letters = missing_letters(texts, count);
    bool are_missing = letters && FcCharSetCount(letters);
    FcConfig *config = are_missing ? FcInitLoadConfigAndFonts() : NULL;
    FcPattern *font = config ? match(config, letters) : NULL;
    struct lettering *lettering = font ? calloc(1, sizeof(*lettering)) : NULL;

    if (lettering && open_face(lettering, font)) {
        lettering_close(lettering);
        lettering = NULL;
    }
    if (font)
        FcPatternDestroy(font);
    if (config)
        FcConfigDestroy(config);
    if (letters)
        FcCharSetDestroy(letters);
    return lettering;
}

void lettering_close(struct lettering *lettering)
{
    if (!lettering)
        return;
    if (lettering->face)
        FT_Done_Face(lettering->face);
    if (lettering->library)
        FT_Done_FreeType(lettering->library);
    free(lettering);
}

/* The next glyph of a line, drawn by FreeType; NULL: it cannot be. */
static FT_GlyphSlot next_glyph(struct lettering *lettering, const char **text)
{
    return FT_Load_Char(lettering->face, next_letter(text), FT_LOAD_RENDER)
               ? NULL
               : lettering->face->glyph;
}

static bool set_height(struct lettering *lettering, int height)
{
    return !FT_Set_Pixel_Sizes(lettering->face, 0, (FT_UInt)(height * EM + 0.5));
}

int lettering_width(struct lettering *lettering, int height, const char *text)
{
    int width = 0;

    while (set_height(lettering, height) && *text && width < WIDEST) {
        const FT_GlyphSlotRec *glyph = next_glyph(lettering, &text);

        width += glyph ? (int)(glyph->advance.x >> 6) : 0;
    }
    return width;
}

static void draw_glyph(const struct canvas *canvas, const FT_GlyphSlotRec *glyph, int x, int y,
                       uint32_t colour)
{
    const FT_Bitmap *bitmap = &glyph->bitmap;

    if (bitmap->pixel_mode != FT_PIXEL_MODE_GRAY)
        return;
    for (int row = 0; row < (int)bitmap->rows; row++)
        for (int column = 0; column < (int)bitmap->width; column++)
            canvas_fill(canvas, x + glyph->bitmap_left + column, y - glyph->bitmap_top + row, 1, 1,
                        colour, bitmap->buffer[row * bitmap->pitch + column] / 255.0);
}

void lettering_draw(struct lettering *lettering, const struct canvas *canvas, int x, int y,
                    int height, uint32_t colour, const char *text)
{
    while (set_height(lettering, height) && *text && x < canvas->width) {
        const FT_GlyphSlotRec *glyph = next_glyph(lettering, &text);

        if (glyph)
            draw_glyph(canvas, glyph, x, y + (int)(height * BASELINE + 0.5), colour);
        x += glyph ? (int)(glyph->advance.x >> 6) : 0;
    }
}
