/* mask.c - runs: made, read, written, compared. */
#include "data/mask.h"
#include "base/error.h"
#include "base/str.h"
#include "data/mask_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void mask_release(struct mask *mask)
{
    free(mask->runs);
    memset(mask, 0, sizeof(*mask));
}

/* ---- building ---------------------------------------------------------------------------- */

int mask_begin(struct mask *mask, int width, int height, struct error *err)
{
    if (width < 1 || height < 1 || width > MASK_SIDE_LIMIT || height > MASK_SIDE_LIMIT)
        return FAIL(err, INVALID, "a mask of %d x %d is not within 1 and %d pixels a side", width,
                    height, MASK_SIDE_LIMIT);
    mask->width = width;
    mask->height = height;
    mask->run_count = 0;
    return 0;
}

int mask_add_run(struct mask *mask, uint32_t run, struct error *err)
{
    if (mask->run_count == mask->_capacity) {
        int capacity = mask->_capacity ? mask->_capacity + mask->_capacity / 2 : 32;
        uint32_t *larger = realloc(mask->runs, sizeof(*larger) * (size_t)capacity);

        if (!larger)
            return FAIL(err, NO_MEMORY, "no memory for a mask of %d runs", capacity);
        mask->runs = larger;
        mask->_capacity = capacity;
    }
    mask->runs[mask->run_count++] = run;
    return 0;
}

/* Make the newest pixels `count` more of a colour: 0 outside, 1 inside. */
int mask_extend(struct mask *mask, uint32_t count, int colour, struct error *err)
{
    if (count == 0)
        return 0;
    if (mask->run_count == 0 && colour == 1 && mask_add_run(mask, 0, err))
        return -1;
    if (mask->run_count && (mask->run_count - 1) % 2 == colour) {
        mask->runs[mask->run_count - 1] += count;
        return 0;
    }
    return mask_add_run(mask, count, err);
}

static uint64_t pixels_of(const struct mask *mask)
{
    return (uint64_t)mask->width * (uint64_t)mask->height;
}

int mask_set_empty(struct mask *mask, int width, int height, struct error *err)
{
    if (mask_begin(mask, width, height, err))
        return -1;
    return mask_add_run(mask, (uint32_t)pixels_of(mask), err);
}

static int check_total(const struct mask *mask, uint64_t total, struct error *err)
{
    if (total != pixels_of(mask))
        return FAIL(err, CORRUPT, "the runs of a mask add up to %llu pixels, not to %d x %d",
                    (unsigned long long)total, mask->width, mask->height);
    return 0;
}

int mask_set_runs(struct mask *mask, int width, int height, const uint32_t *runs, int count,
                  struct error *err)
{
    uint64_t total = 0;

    if (mask_begin(mask, width, height, err))
        return -1;
    for (int i = 0; i < count; i++) {
        total += runs[i];
        if (total > pixels_of(mask))
            break;
        if (mask_extend(mask, runs[i], i % 2, err))
            return -1;
    }
    return check_total(mask, total, err);
}

/* The next number of a text; -1 when it is broken. */
static int read_number(const char **text, const char *end, int64_t *out)
{
    int64_t value = 0;
    int shift = 0;

    for (;;) {
        int group;

        if (*text == end || shift > 40)
            return -1;
        group = (unsigned char)*(*text)++ - '0';
        if (group < 0 || group > 63)
            return -1;
        value |= (int64_t)(group & 31) << shift;
        shift += 5;
        if (group & 32)
            continue;
        if (group & 16)
            value -= (int64_t)1 << shift;
        *out = value;
        return 0;
    }
}

int mask_set_text(struct mask *mask, int width, int height, const char *text, size_t length,
                  struct error *err)
{
    const char *end = text + length;
    int64_t before[2] = { 0, 0 }; /* the runs one and two back, as they were written */
    uint64_t total = 0;

    if (mask_begin(mask, width, height, err))
        return -1;
    for (int i = 0; text < end; i++) {
        int64_t run;

        if (read_number(&text, end, &run))
            return FAIL(err, CORRUPT, "the text of a mask is broken in its run %d", i + 1);
        if (i > 2)
            run += before[1];
        if (run < 0 || (uint64_t)run > pixels_of(mask) - total)
            return FAIL(err, CORRUPT, "run %d of a mask's text is %lld, which does not fit %d x %d",
                        i + 1, (long long)run, width, height);
        before[1] = before[0];
        before[0] = run;
        total += (uint64_t)run;
        if (mask_extend(mask, (uint32_t)run, i % 2, err))
            return -1;
    }
    return check_total(mask, total, err);
}

int mask_set_pixels(struct mask *mask, int width, int height, const uint8_t *pixels, int stride,
                    struct error *err)
{
    uint32_t run = 0;
    int colour = 0;

    if (mask_begin(mask, width, height, err))
        return -1;
    for (int x = 0; x < width; x++)
        for (int y = 0; y < height; y++) {
            int here = pixels[(size_t)y * (size_t)stride + (size_t)x] != 0;

            if (here != colour) {
                if (mask_add_run(mask, run, err))
                    return -1;
                run = 0;
                colour = here;
            }
            run++;
        }
    return mask_add_run(mask, run, err);
}

int mask_set_box(struct mask *mask, int width, int height, const struct annotation_box *box,
                 struct error *err)
{
    const struct annotation_point corners[4] = { { box->left, box->top },
                                                 { box->left, box->bottom },
                                                 { box->right, box->bottom },
                                                 { box->right, box->top } };

    return mask_set_ring(mask, width, height, corners, 4, err);
}

int mask_set_annotation(struct mask *mask, int width, int height, const struct annotations *all,
                        const struct annotation *item, struct error *err)
{
    const struct annotation_ring *rings = annotation_rings(all, item);
    struct mask one = MASK_INIT;
    int result = 0;

    if (item->run_count)
        return mask_set_runs(mask, width, height, all->runs + item->first_run, item->run_count,
                             err);
    if (item->ring_count == 0)
        return mask_set_box(mask, width, height, &item->box, err);
    for (int i = 0; i < item->ring_count && !result; i++) {
        result = mask_set_ring(i ? &one : mask, width, height, annotation_points(all, &rings[i]),
                               rings[i].point_count, err);
        if (!result && i)
            result = mask_unite(mask, &one, err);
    }
    mask_release(&one);
    return result;
}

/* ---- two masks --------------------------------------------------------------------------- */

/* Goes through a mask stretch by stretch. */
struct cursor {
    const struct mask *mask;
    int run;
    uint32_t left; /* of the run */
};

static void skip_empty(struct cursor *cursor)
{
    while (cursor->left == 0 && cursor->run + 1 < cursor->mask->run_count)
        cursor->left = cursor->mask->runs[++cursor->run];
}

static struct cursor cursor_at_start(const struct mask *mask)
{
    struct cursor cursor = { mask, 0, mask->run_count ? mask->runs[0] : 0 };

    skip_empty(&cursor);
    return cursor;
}

/* The stretch in which neither mask changes; 0 at the end. */
static uint32_t common_stretch(const struct cursor *a, const struct cursor *b)
{
    return a->left < b->left ? a->left : b->left;
}

static void advance(struct cursor *cursor, uint32_t count)
{
    cursor->left -= count;
    skip_empty(cursor);
}

int mask_unite(struct mask *mask, const struct mask *other, struct error *err)
{
    struct mask out = MASK_INIT;
    struct cursor a = cursor_at_start(mask), b = cursor_at_start(other);
    uint32_t stretch;

    BUG_IF(mask->width != other->width || mask->height != other->height);
    if (mask_begin(&out, mask->width, mask->height, err))
        return -1;
    while ((stretch = common_stretch(&a, &b))) {
        if (mask_extend(&out, stretch, a.run % 2 || b.run % 2, err)) {
            mask_release(&out);
            return -1;
        }
        advance(&a, stretch);
        advance(&b, stretch);
    }
    mask_release(mask);
    *mask = out;
    return 0;
}

int64_t mask_common(const struct mask *a, const struct mask *b)
{
    struct cursor at_a = cursor_at_start(a), at_b = cursor_at_start(b);
    int64_t total = 0;
    uint32_t stretch;

    BUG_IF(a->width != b->width || a->height != b->height);
    while ((stretch = common_stretch(&at_a, &at_b))) {
        if (at_a.run % 2 && at_b.run % 2)
            total += stretch;
        advance(&at_a, stretch);
        advance(&at_b, stretch);
    }
    return total;
}

double mask_iou(const struct mask *found, const struct mask *truth, bool truth_is_crowd)
{
    int64_t common = mask_common(found, truth), area = mask_area(found);
    int64_t whole = truth_is_crowd ? area : area + mask_area(truth) - common;

    return whole ? (double)common / (double)whole : 0;
}

/* ---- what a mask says -------------------------------------------------------------------- */

int64_t mask_area(const struct mask *mask)
{
    int64_t area = 0;

    for (int i = 1; i < mask->run_count; i += 2)
        area += mask->runs[i];
    return area;
}

struct annotation_box mask_box(const struct mask *mask)
{
    int left = mask->width, top = mask->height, right = 0, bottom = 0;
    uint64_t at = 0, height = (uint64_t)mask->height;

    for (int i = 0; i < mask->run_count; at += mask->runs[i++]) {
        uint64_t last = at + mask->runs[i] - 1;

        if (i % 2 == 0 || mask->runs[i] == 0)
            continue;
        left = (int)(at / height) < left ? (int)(at / height) : left;
        right = (int)(last / height) + 1;
        if (at / height != last / height) { /* over the end of a column */
            top = 0;
            bottom = mask->height;
            continue;
        }
        top = (int)(at % height) < top ? (int)(at % height) : top;
        bottom = (int)(last % height) + 1 > bottom ? (int)(last % height) + 1 : bottom;
    }
    if (right == 0)
        return (struct annotation_box){ 0 };
    return (struct annotation_box){ (float)left, (float)top, (float)right, (float)bottom };
}

void mask_write_text(const struct mask *mask, struct str *out)
{
    for (int i = 0; i < mask->run_count; i++) {
        int64_t value = mask->runs[i];
        bool goes_on;

        if (i > 2)
            value -= mask->runs[i - 2];
        do {
            int group = (int)(value & 31);

            value >>= 5;
            goes_on = value != (group & 16 ? -1 : 0);
            str_add_char(out, (char)('0' + (group | (goes_on ? 32 : 0))));
        } while (goes_on);
    }
}

void mask_write_pixels(const struct mask *mask, uint8_t *pixels, int stride, uint8_t value)
{
    int x = 0, y = 0;

    for (int i = 0; i < mask->run_count; i++) {
        uint32_t left = mask->runs[i];

        while (left) {
            uint32_t here = (uint32_t)(mask->height - y);

            here = here < left ? here : left;
            for (uint32_t k = 0; k < here; k++)
                pixels[((size_t)y + k) * (size_t)stride + (size_t)x] = i % 2 ? value : 0;
            left -= here;
            y += (int)here;
            if (y == mask->height) {
                y = 0;
                x++;
            }
        }
    }
}
