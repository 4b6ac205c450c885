/* sample_shapes.h - the outlines of the drawn dataset. */
#ifndef DATA_SAMPLE_SHAPES_H
#define DATA_SAMPLE_SHAPES_H

#include "data/sample.h"

struct sample_shape {
    const char *name;
    void (*outline)(struct sample_scene *scene); /* fills the loops, within the unit circle */
};

/* In the order in which classes join as more are asked for. */
extern const struct sample_shape sample_shapes[SAMPLE_CLASS_LIMIT];

/* Distance of a point to the outline, negative inside, holes being outside. */
double sample_distance(const struct sample_scene *scene, double x, double y);

#endif
