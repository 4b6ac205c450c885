/* not_finite_test.c - the first step whose output is not finite is found in any layout. */

#include "base/error.h"
#include "cpu/device_support.h"
#include "nn/layers.h"
#include "nn/planned_support.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define SIDE 8

/* Three channels fill a part of a block: the last pixel lies behind as many floats as there are. */
static void build(struct graph *g, uint64_t seed, struct net *net)
{
    struct value *image = graph_input(g, "image", SHAPE(2, 3, SIDE, SIDE), DTYPE_F32), *x;

    (void)seed;
    x = nn_conv(g, "wide", image, .out = 16);
    x = nn_activation(g, nn_conv(g, "narrow", x, .out = 3), ACTIVATION_RELU);
    net_finish(g, image, nn_linear(g, "head", nn_global_avgpool(g, x), .out = 4), net);
}

static void fill_weight(struct planned *p, const char *name, float value)
{
    const struct weight *weight = weights_find(&p->weights, name);
    int64_t count = shape_count(&weight->shape);
    float *values = malloc((size_t)count * sizeof(*values));
    struct error err;

    CHECK(values);
    for (int64_t i = 0; i < count; i++)
        values[i] = value;
    CHECK_OK(weights_write(&p->weights, &p->live, weight, values, &err), err);
    free(values);
}

static void write_image(struct planned *p, float last)
{
    struct plan_slot slot = plan_value(p->plan, p->net.image);
    float *pixels = slot.data;

    memset(pixels, 0, slot.bytes);
    pixels[2 * 3 * SIDE * SIDE - 1] = last;
}

TEST(not_finite_values_are_found_in_the_last_pixel_of_few_channels)
{
    struct plan_not_finite found;
    struct error err = { 0 };
    struct planned p;

    planned_init(&p, test_device(), &(struct planned_options){ .build = build, .seed = 1,
                                                               .evaluation = true });
    planned_run(&p, RUN_PLAIN);
    fill_weight(&p, "wide.weight", 1);
    fill_weight(&p, "narrow.weight", 100);
    write_image(&p, 1e37f);
    CHECK_OK(plan_run_to_not_finite(p.plan, &p.run, &found, &err), err);
    CHECK(found.step);
    CHECK_TEXT(found.step->name, "narrow");
    CHECK_TEXT(found.what, "Inf");
    write_image(&p, 1);
    CHECK_OK(plan_run_to_not_finite(p.plan, &p.run, &found, &err), err);
    CHECK(!found.step && !found.what);
    planned_release(&p);
}
