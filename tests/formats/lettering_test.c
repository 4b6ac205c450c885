/* lettering_test.c - letters in a font of the system. */

#include "formats/lettering.h"

#include "test.h"

#include <string.h>

#define WIDTH 120
#define HEIGHT 30
#define BYTES (WIDTH * HEIGHT * 3)
#define KOREAN "\xEA\xB0\x95\xEC\x95\x84\xEC\xA7\x80" /* puppy */
#define OTHER_KOREAN "\xEA\xB3\xA0\xEC\x96\x91\xEC\x9D\xB4" /* cat */

static int64_t ink(const uint8_t *pixels)
{
    int64_t sum = 0;

    for (int i = 0; i < BYTES; i++)
        sum += pixels[i];
    return sum;
}

TEST(lettering_is_for_what_the_small_letters_lack)
{
    static const char *const plain[] = { "cat", "dog ~", "" };
    static const char *const broken[] = { "\xFF\xFE", "\xEA" };

    CHECK(!lettering_open(plain, 3));
    CHECK(!lettering_open(broken, 2));
    CHECK(!lettering_open(NULL, 0));
}

TEST(lettering_draws_korean_names)
{
    static const char *const names[] = { "cat", KOREAN, OTHER_KOREAN };
    struct lettering *lettering = lettering_open(names, 3);
    uint8_t one[BYTES] = { 0 }, other[BYTES] = { 0 };
    struct canvas canvas = { one, WIDTH, HEIGHT };
    int width;

    if (!lettering)
        SKIP("no font of this machine has Korean letters");
    width = lettering_width(lettering, 20, KOREAN);
    CHECK(width > 30 && width < 70); /* three squares of about 16 pixels */
    CHECK(lettering_width(lettering, 20, "") == 0);
    CHECK(lettering_width(lettering, 20, KOREAN " 0.97") > width + 20);
    lettering_draw(lettering, &canvas, 5, 5, 20, 0xFFFFFF, KOREAN);
    for (int i = 0; i < BYTES; i++) {
        int x = i / 3 % WIDTH, y = i / 3 / WIDTH;

        CHECK(!one[i] || (x >= 5 && x < 5 + width && y >= 5 && y < 25));
    }
    canvas.pixels = other;
    lettering_draw(lettering, &canvas, 5, 5, 20, 0xFFFFFF, OTHER_KOREAN);
    CHECK(ink(one) > 20000 && ink(other) > 20000);
    CHECK(memcmp(one, other, BYTES) != 0); /* not boxes */
    lettering_draw(lettering, &canvas, -30, -8, 20, 0xFF0000, KOREAN);
    lettering_draw(lettering, &canvas, WIDTH - 9, HEIGHT - 9, 20, 0xFF0000, "\xFF" KOREAN "\xEA");
    lettering_close(lettering);
}
