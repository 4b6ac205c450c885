/* mixup.c - two scenes, one seen through the other (Zhang et al. 2017). */
#include "base/error.h"
#include "data/scene.h"

#define ALPHA 32.0 /* the share stays near one half */

int scene_mixup(struct scene *scene, const struct scene *other, struct rng *rng,
                struct error *err)
{
    double share = rng_beta(rng, ALPHA, ALPHA);
    int weight = (int)(share * 65536 + 0.5);
    size_t count = 3 * (size_t)scene->width * (size_t)scene->height;

    BUG_IF(scene->width != other->width || scene->height != other->height);
    for (size_t i = 0; i < count; i++)
        scene->pixels[i] = (uint8_t)((scene->pixels[i] * weight +
                                      other->pixels[i] * (65536 - weight) + 32768) >>
                                     16);
    return scene_add_objects(scene, other, 0, 0, err);
}
