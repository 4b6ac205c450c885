/* yaml_fuzz.c - any bytes as YAML, as JSON to walk through, as a VOC file and as the runs of a
 * mask: all end, within their limits.  modules: data formats base */

#include "base/error.h"
#include "base/str.h"
#include "data/mask.h"
#include "data/voc_objects.h"
#include "formats/json_walk.h"
#include "formats/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void walk(struct json_slice value, int depth)
{
    struct json_walk walking;
    struct json_slice key, inner;
    struct error err;

    if (depth > 20 || json_walk_open(&walking, value, &err))
        return;
    while (json_walk_next(&walking, &key, &inner, &err) > 0) {
        json_decref(json_slice_parse(inner, &err));
        walk(inner, depth + 1);
    }
}

static void read_mask(const char *text, size_t length)
{
    struct mask mask = MASK_INIT, back = MASK_INIT;
    struct mask_rings rings = { 0 };
    struct str written = STR_INIT;
    struct error err;

    if (!mask_set_text(&mask, 40, 30, text, length, &err)) {
        mask_write_text(&mask, &written);
        BUG_IF(mask_set_text(&back, 40, 30, written.text, written.length, &err));
        BUG_IF(mask_common(&mask, &back) != mask_area(&mask));
        BUG_IF(mask_trace(&mask, &rings, &err));
    }
    mask_rings_release(&rings);
    mask_release(&mask);
    mask_release(&back);
    str_release(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    const char *text = (const char *)data;
    struct voc_file voc;
    struct error err;

    json_decref(yaml_parse(text, size_bytes, "input", &err));
    walk((struct json_slice){ text, size_bytes }, 0);
    voc_parse(&voc, text, size_bytes, &err);
    for (int i = 0; i < voc.object_count; i++)
        BUG_IF(voc.objects[i].end > size_bytes || voc.objects[i].begin > size_bytes);
    voc_release(&voc);
    read_mask(text, size_bytes);
    return 0;
}
