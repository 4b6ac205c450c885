/* map.c - see map.h.  Open addressing with linear probing; at most two thirds full. */

#include "base/map.h"

#include "base/base_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map_slot {
    char *key; /* NULL: free */
    void *value;
    uint64_t hash;
};

/* FNV-1a, then one multiplication to spread it: the low bits choose the slot. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

void map_release(struct map *map)
{
    for (int i = 0; i < map->_capacity; i++)
        free(map->_slots[i].key);
    free(map->_slots);
    *map = (struct map)MAP_INIT;
}

/* The slot that holds the key, or the free one where it belongs. */
static struct map_slot *slot_of(const struct map *map, const char *key, uint64_t hash)
{
    uint64_t mask = (uint64_t)map->_capacity - 1;
    uint64_t at = hash & mask;

    for (;; at = (at + 1) & mask) {
        struct map_slot *slot = &map->_slots[at];

        if (!slot->key || (slot->hash == hash && !strcmp(slot->key, key)))
            return slot;
    }
}

void *map_find(const struct map *map, const char *key)
{
    return map->count ? slot_of(map, key, hash_of(key))->value : NULL;
}

static void grow(struct map *map)
{
    struct map old = *map;
    size_t capacity = old._capacity ? (size_t)old._capacity * 2 : 16;

    map->_slots = memory_checked(calloc(capacity, sizeof(struct map_slot)),
                                 capacity * sizeof(struct map_slot));
    map->_capacity = (int)capacity;
    for (int i = 0; i < old._capacity; i++) {
        struct map_slot *slot = &old._slots[i];

        if (slot->key)
            *slot_of(map, slot->key, slot->hash) = *slot;
    }
    free(old._slots);
}

void map_set(struct map *map, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct map_slot *slot;

    if ((int64_t)map->count * 3 >= (int64_t)map->_capacity * 2)
        grow(map);
    slot = slot_of(map, key, hash);
    if (!slot->key) {
        slot->key = memory_checked(strdup(key), strlen(key) + 1);
        slot->hash = hash;
        map->count++;
    }
    slot->value = value;
}
