#include "base/arena.h"

#include "test.h"

#include <stdint.h>

TEST(arena_blocks_are_aligned_zeroed_and_apart)
{
    struct arena arena = ARENA_INIT;
    unsigned char *blocks[300];

    for (int i = 0; i < 300; i++) {
        size_t size = (size_t)i * 7;

        blocks[i] = arena_alloc(&arena, size);
        CHECK((uintptr_t)blocks[i] % 16 == 0);
        for (size_t j = 0; j < size; j++)
            CHECK(blocks[i][j] == 0);
        memset(blocks[i], i, size);
    }
    for (int i = 0; i < 300; i++)
        for (size_t j = 0; j < (size_t)i * 7; j++)
            CHECK(blocks[i][j] == (unsigned char)i);
    arena_release(&arena);
}

TEST(arena_gives_empty_blocks_addresses_of_their_own)
{
    struct arena arena = ARENA_INIT;
    void *first = arena_alloc(&arena, 0), *second = arena_alloc(&arena, 0);

    CHECK(first && second && first != second);
    arena_release(&arena);
}

TEST(arena_large_block_leaves_the_newest_chunk_in_use)
{
    struct arena arena = ARENA_INIT;
    char *small = arena_strdup(&arena, "small"), *next;
    struct arena_chunk *newest = arena._chunks;
    char *large = arena_alloc(&arena, 1 << 20);

    memset(large, 1, 1 << 20);
    CHECK(arena._chunks == newest);
    next = arena_strdup(&arena, "next");
    CHECK(arena._chunks == newest && next > small && next < small + 4096);
    CHECK_TEXT(small, "small");
    arena_release(&arena);
}

TEST(arena_may_be_used_again_after_release)
{
    struct arena arena = ARENA_INIT;

    arena_release(&arena);
    memset(arena_alloc(&arena, 100000), 0xFF, 100000);
    arena_release(&arena);
    CHECK(!arena._chunks);
    CHECK(*(char *)arena_alloc(&arena, 1) == 0);
    arena_release(&arena);
}

TEST(arena_copies_texts)
{
    struct arena arena = ARENA_INIT;
    static const int numbers[] = { 1, 2, 3 };
    int *copy = arena_copy(&arena, numbers, sizeof(numbers));
    int *array = ARENA_ARRAY(&arena, int, 5);

    CHECK(copy != numbers && copy[0] == 1 && copy[2] == 3);
    CHECK(array[0] == 0 && array[4] == 0);
    CHECK(!arena_strdup(&arena, NULL));
    CHECK_TEXT(arena_strdup(&arena, "abc"), "abc");
    CHECK_TEXT(arena_strndup(&arena, "abcdef", 3), "abc");
    CHECK_TEXT(arena_strndup(&arena, "ab", 30), "ab");
    CHECK_TEXT(arena_printf(&arena, "%s/%d", "epoch", 12), "epoch/12");
    CHECK(strlen(arena_printf(&arena, "%10000s", "x")) == 10000);
    arena_release(&arena);
}
