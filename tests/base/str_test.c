#include "base/str.h"

#include "base/base_internal.h"
#include "test.h"

#include <stdint.h>
#include <stdlib.h>

TEST(str_is_printable_at_any_time)
{
    struct str str = STR_INIT;

    CHECK_TEXT(str.text, "");
    str_clear(&str);
    str_add(&str, "");
    CHECK_TEXT(str.text, "");
    str_add(&str, "a");
    str_clear(&str);
    CHECK_TEXT(str.text, "");
    CHECK(str.length == 0);
    str_release(&str);
    CHECK_TEXT(str.text, "");
}

TEST(str_grows_by_every_kind_of_addition)
{
    struct str str = STR_INIT;

    str_add(&str, "ab");
    str_add_char(&str, 'c');
    str_add_bytes(&str, "d\0e", 3);
    str_printf(&str, "%03d", 7);
    CHECK(str.length == 9 && !memcmp(str.text, "abcd\0e007", 10));
    for (int i = 0; i < 10000; i++)
        str_printf(&str, "%d,", i % 10);
    CHECK(str.length == 20009 && str.text[20009] == '\0');
    CHECK_TEXT(str.text + 20005, "8,9,");
    str_release(&str);
}

TEST(str_detach_gives_the_bytes)
{
    struct str str = STR_INIT;
    char *text = str_detach(&str);

    CHECK_TEXT(text, "");
    free(text);
    str_add(&str, "kept");
    text = str_detach(&str);
    CHECK_TEXT(text, "kept");
    CHECK(str.length == 0);
    CHECK_TEXT(str.text, "");
    free(text);
}

TEST(str_reserve_refuses_what_cannot_be)
{
    struct str str = STR_INIT;

    str_add(&str, "abc");
    CHECK(str_reserve(&str, SIZE_MAX - 1) == -1);
    CHECK_TEXT(str.text, "abc");
    str_release(&str);
}

TEST(str_looks_at_both_ends)
{
    CHECK(str_starts_with("layer1.0", "layer1") && str_starts_with("a", ""));
    CHECK(!str_starts_with("lay", "layer1"));
    CHECK(str_ends_with("a.safetensors", ".safetensors") && str_ends_with("a", ""));
    CHECK(!str_ends_with("png", ".png"));
}

TEST(str_distance_counts_edits_and_swaps)
{
    static const struct {
        const char *a, *b;
        int distance;
    } rows[] = {
        { "", "", 0 },          { "", "abc", 3 },           { "abc", "", 3 },
        { "abc", "abc", 0 },    { "abc", "abd", 1 },        { "abc", "acb", 1 },
        { "abcd", "acbd", 1 },  { "epochs", "epoch", 1 },   { "kitten", "sitting", 3 },
        { "ab", "ba", 1 },      { "batch_szie", "batch_size", 1 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK(str_distance(rows[i].a, rows[i].b) == rows[i].distance);
        CHECK(str_distance(rows[i].b, rows[i].a) == rows[i].distance);
    }
}

TEST(str_nearest_suggests_only_what_is_near)
{
    static const char *const words[] = { "resnet18", "resnet34", "vit_tiny", "lr", "x" };

    CHECK_TEXT(str_nearest("resnet19", words, 5), "resnet18");
    CHECK_TEXT(str_nearest("vit_tyni", words, 5), "vit_tiny");
    CHECK_TEXT(str_nearest("rl", words, 5), "lr");
    CHECK(!str_nearest("convnext", words, 5));
    CHECK(!str_nearest("q", words, 5));
    CHECK(!str_nearest("resnet18", words, 0));
}
