#include "base/map.h"

#include "test.h"

TEST(map_finds_nothing_in_an_empty_map)
{
    struct map map = MAP_INIT;

    CHECK(!map_find(&map, "a"));
    map_release(&map);
}

TEST(map_copies_keys_and_replaces_values)
{
    struct map map = MAP_INIT;
    char key[8] = "one";
    int first, second;

    map_set(&map, key, &first);
    key[0] = 'X';
    CHECK(map_find(&map, "one") == &first);
    CHECK(!map_find(&map, "Xne"));
    map_set(&map, "one", &second);
    CHECK(map_find(&map, "one") == &second && map.count == 1);
    map_set(&map, "", &first);
    CHECK(map_find(&map, "") == &first && map.count == 2);
    map_release(&map);
    CHECK(!map.count && !map_find(&map, "one"));
}

TEST(map_holds_many)
{
    struct map map = MAP_INIT;
    static int values[20000];
    char key[64];

    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "layer%d.conv.weight", i);
        map_set(&map, key, &values[i]);
    }
    CHECK(map.count == 20000);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "layer%d.conv.weight", i);
        CHECK(map_find(&map, key) == &values[i]);
    }
    CHECK(!map_find(&map, "layer20000.conv.weight"));
    map_release(&map);
}
