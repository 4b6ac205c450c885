/* copy_paste.c - objects of the mirrored image, cut out and pasted (Ghiasi et al. 2021). */
#include "base/error.h"
#include "data/scene.h"
#include <math.h>

#define HIDDEN_MAX 0.3 /* share of another object's box that a pasted one may hide */

struct paste {
    const struct scene *from;
    struct scene *to;
};

static void paste_stretch(void *context, int y, int begin, int end)
{
    struct paste *paste = context;
    size_t at = 3 * ((size_t)y * (size_t)paste->to->width + (size_t)begin);

    for (int i = 0; i < 3 * (end - begin); i++)
        paste->to->pixels[at + (size_t)i] = paste->from->pixels[at + (size_t)i];
}

static bool hides_too_much(const struct scene *scene, const struct annotation_box *box)
{
    for (int i = 0; i < scene->object_count; i++) {
        const struct annotation_box *other = &scene->objects[i].box;
        float width = fminf(box->right, other->right) - fmaxf(box->left, other->left);
        float height = fminf(box->bottom, other->bottom) - fmaxf(box->top, other->top);
        float area = annotation_box_width(other) * annotation_box_height(other);

        if (width > 0 && height > 0 && width * height > (float)HIDDEN_MAX * area)
            return true;
    }
    return false;
}

/* `spare` becomes the mirror image; objects of it join the scene. */
int scene_copy_paste(struct scene *scene, struct scene *spare,
                     const struct scene_settings *settings, struct rng *rng, struct error *err)
{
    struct paste paste = { spare, scene };
    bool has_outline = false;

    for (int i = 0; i < scene->object_count; i++)
        has_outline |= scene->objects[i].ring_count > 0;
    if (!has_outline || (scene->keypoint_count && !scene->flip_index))
        return 0;
    if (scene_copy(spare, scene, err))
        return -1;
    scene_mirror(spare);
    for (int i = 0; i < spare->object_count; i++) {
        const struct scene_object *object = &spare->objects[i];
        struct scene one = *spare;

        if (rng_uniform(rng) >= settings->copy_paste || object->is_crowd ||
            object->ring_count == 0 || hides_too_much(scene, &object->box))
            continue;
        if (scene_paint(spare->points, spare->rings + object->first_ring, object->ring_count,
                        object->is_even_odd, 1, scene->width, scene->height, paste_stretch,
                        &paste, err))
            return -1;
        one.objects = &spare->objects[i]; /* the same arrays, one object */
        one.object_count = 1;
        if (scene_add_objects(scene, &one, 0, 0, err))
            return -1;
    }
    return 0;
}
