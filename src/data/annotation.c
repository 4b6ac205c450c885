/* annotation.c - growing arrays of ground truth. */
#include "data/annotation.h"
#include "base/error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

/* Room for `more` items after `count`. */
static int reserve(void **items, int64_t count, int64_t more, int64_t *capacity, size_t item_size,
                   struct error *err)
{
    int64_t wanted = *capacity ? *capacity : FIRST_CAPACITY;
    void *larger;

    if (count + more <= *capacity)
        return 0;
    while (wanted < count + more)
        wanted += wanted / 2;
    larger = realloc(*items, (size_t)wanted * item_size);
    if (!larger)
        return FAIL(err, NO_MEMORY, "no memory for %lld annotations", (long long)wanted);
    *items = larger;
    *capacity = wanted;
    return 0;
}

#define RESERVE(all, array, count, more, capacity, err)                                      \
    reserve((void **)&(all)->array, (all)->count, (more), &(all)->capacity,                  \
            sizeof(*(all)->array), (err))

void annotations_init(struct annotations *all, int keypoint_count)
{
    *all = (struct annotations){ .keypoint_count = keypoint_count };
}

void annotations_release(struct annotations *all)
{
    free(all->images);
    free(all->items);
    free(all->rings);
    free(all->points);
    free(all->runs);
    free(all->keypoints);
    memset(all, 0, sizeof(*all));
}

int annotations_begin_image(struct annotations *all, int width, int height, struct error *err)
{
    int64_t capacity = all->_image_capacity;

    if (reserve((void **)&all->images, all->image_count, 1, &capacity, sizeof(*all->images), err))
        return -1;
    all->_image_capacity = (int)capacity;
    all->images[all->image_count++] =
        (struct annotation_image){ width, height, all->item_count, 0 };
    return 0;
}

struct annotation *annotations_add(struct annotations *all, const struct annotation *start,
                                   struct error *err)
{
    struct annotation *item;

    BUG_IF(all->image_count == 0);
    if (RESERVE(all, items, item_count, 1, _item_capacity, err))
        return NULL;
    item = &all->items[all->item_count++];
    *item = *start;
    item->first_ring = all->ring_count;
    item->first_run = all->run_count;
    item->ring_count = item->run_count = 0;
    item->first_keypoint = -1;
    all->images[all->image_count - 1].count++;
    return item;
}

static struct annotation *newest(struct annotations *all)
{
    BUG_IF(all->item_count == 0);
    return &all->items[all->item_count - 1];
}

int annotations_add_ring(struct annotations *all, const struct annotation_point *points, int count,
                         struct error *err)
{
    if (RESERVE(all, rings, ring_count, 1, _ring_capacity, err) ||
        RESERVE(all, points, point_count, count, _point_capacity, err))
        return -1;
    memcpy(all->points + all->point_count, points, sizeof(*points) * (size_t)count);
    all->rings[all->ring_count++] = (struct annotation_ring){ all->point_count, count };
    all->point_count += count;
    newest(all)->ring_count++;
    return 0;
}

int annotations_add_runs(struct annotations *all, const uint32_t *runs, int count,
                         struct error *err)
{
    if (RESERVE(all, runs, run_count, count, _run_capacity, err))
        return -1;
    memcpy(all->runs + all->run_count, runs, sizeof(*runs) * (size_t)count);
    all->run_count += count;
    newest(all)->run_count += count;
    return 0;
}

int annotations_add_keypoints(struct annotations *all, const struct annotation_keypoint *keypoints,
                              struct error *err)
{
    int count = all->keypoint_count;

    BUG_IF(count == 0 || newest(all)->first_keypoint >= 0);
    if (RESERVE(all, keypoints, keypoint_total, count, _keypoint_capacity, err))
        return -1;
    memcpy(all->keypoints + all->keypoint_total, keypoints, sizeof(*keypoints) * (size_t)count);
    newest(all)->first_keypoint = all->keypoint_total;
    all->keypoint_total += count;
    return 0;
}

int annotations_group(struct annotations *all, const int *image_of, struct error *err)
{
    size_t count = (size_t)all->item_count;
    struct annotation *items = malloc(sizeof(*items) * (count ? count : 1));
    int64_t first = 0;

    if (!items)
        return FAIL(err, NO_MEMORY, "no memory for %zu annotations", count);
    for (int i = 0; i < all->image_count; i++)
        all->images[i].count = 0;
    for (size_t i = 0; i < count; i++)
        all->images[image_of[i]].count++;
    for (int i = 0; i < all->image_count; i++) {
        all->images[i].first = first;
        first += all->images[i].count;
        all->images[i].count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct annotation_image *image = &all->images[image_of[i]];

        items[image->first + image->count++] = all->items[i];
    }
    free(all->items);
    all->items = items;
    all->_item_capacity = (int64_t)count;
    return 0;
}

int annotations_most_per_image(const struct annotations *all, const int *images, int count)
{
    int most = 0;

    for (int i = 0; i < count; i++) {
        const struct annotation *items = annotations_of(all, images[i]);
        int here = 0;

        for (int j = 0; j < all->images[images[i]].count; j++)
            here += !items[j].is_crowd;
        most = here > most ? here : most;
    }
    return most;
}

int64_t annotations_memory_bytes(const struct annotations *all)
{
    return (int64_t)sizeof(*all->images) * all->image_count +
           (int64_t)sizeof(*all->items) * all->item_count +
           (int64_t)sizeof(*all->rings) * all->ring_count +
           (int64_t)sizeof(*all->points) * all->point_count +
           (int64_t)sizeof(*all->runs) * all->run_count +
           (int64_t)sizeof(*all->keypoints) * all->keypoint_total;
}

struct annotation_box annotation_box_around(const struct annotation_point *points, int count)
{
    struct annotation_box box = { 0 };

    for (int i = 0; i < count; i++) {
        const struct annotation_point *p = &points[i];

        if (i == 0)
            box = (struct annotation_box){ p->x, p->y, p->x, p->y };
        box.left = fminf(box.left, p->x);
        box.top = fminf(box.top, p->y);
        box.right = fmaxf(box.right, p->x);
        box.bottom = fmaxf(box.bottom, p->y);
    }
    return box;
}

struct annotation_box annotation_box_join(struct annotation_box a, struct annotation_box b)
{
    return (struct annotation_box){ fminf(a.left, b.left), fminf(a.top, b.top),
                                    fmaxf(a.right, b.right), fmaxf(a.bottom, b.bottom) };
}

struct annotation_box annotation_box_clip(struct annotation_box box, float width, float height)
{
    return (struct annotation_box){
        fminf(fmaxf(box.left, 0), width), fminf(fmaxf(box.top, 0), height),
        fminf(fmaxf(box.right, 0), width), fminf(fmaxf(box.bottom, 0), height)
    };
}

double annotation_ring_area(const struct annotation_point *points, int count)
{
    double sum = 0;

    for (int i = 0; i < count; i++) {
        const struct annotation_point *a = &points[i], *b = &points[i + 1 < count ? i + 1 : 0];

        sum += (double)a->x * b->y - (double)b->x * a->y;
    }
    return fabs(sum) / 2;
}
