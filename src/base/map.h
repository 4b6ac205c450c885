/* map.h - from a string to a pointer.  Keys are copied; values are borrowed. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

struct map {
    struct map_slot *_slots;
    int count, _capacity;
};

#define MAP_INIT { 0 }

void map_release(struct map *map);
void *map_find(const struct map *map, const char *key); /* NULL if absent */
void map_set(struct map *map, const char *key, void *value);

#endif
