/* golden_support.c - see golden_support.h. */

#include "golden_support.h"

#include "base/str.h"
#include "test.h"

#include <stdlib.h>

double golden_uniform(uint32_t i, uint32_t t, uint32_t s)
{
    uint32_t h = i * 2654435761u + (t + 1) * 0x9E3779B9u + s * 0x85EBCA6Bu;

    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    h ^= h >> 16;
    return (h >> 8) / 8388608.0 - 1.0;
}

json_t *golden_read(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof(path), "%s/golden/%s.json", TEST_SOURCE_DIR, name);
    root = json_load_file(path, 0, &error);
    if (!root)
        test_fail(__FILE__, __LINE__, "cannot read %s: %s", path, error.text);
    return root;
}

double golden_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static double parameter_value(const struct weight *weight, uint32_t t, int64_t i, uint32_t seed)
{
    double u = golden_uniform((uint32_t)i, t, seed);
    bool is_weight = str_ends_with(weight->name, "weight");
    double count = (double)shape_count(&weight->shape);

    if (is_weight && weight->shape.rank >= 2)
        return u * sqrt(6.0 / (count / (double)weight->shape.dim[0]));
    if (is_weight)
        return 1 + 0.1 * u;
    return (str_ends_with(weight->name, "bias") ? 0.1 : 0.02) * u;
}

void golden_fill_weights(struct network *network, const json_t *names, uint32_t seed)
{
    struct error err;

    for (size_t t = 0; t < json_array_size(names); t++) {
        const json_t *item = json_array_get(names, t);
        const json_t *text = json_is_string(item) ? item : json_object_get(item, "name");
        const char *name = json_string_value(text);
        const struct weight *weight = weights_find(&network->weights, name);
        int64_t count;
        float *values;

        if (!weight)
            test_fail(__FILE__, __LINE__, "there is no parameter '%s'", name);
        count = shape_count(&weight->shape);
        values = malloc((size_t)count * sizeof(float));
        for (int64_t i = 0; i < count; i++)
            values[i] = (float)parameter_value(weight, (uint32_t)t, i, seed);
        CHECK_OK(weights_write(&network->weights, &network->live, weight, values, &err), err);
        free(values);
    }
}

void golden_fill_image(float *image, int batch, int size, uint32_t seed)
{
    int coarse = (size + 7) / 8;

    for (int plane = 0; plane < batch * 3; plane++)
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++) {
                uint32_t big = (uint32_t)((plane * coarse + y / 8) * coarse + x / 8);
                uint32_t fine = (uint32_t)((plane * size + y) * size + x);

                *image++ = (float)(0.75 * golden_uniform(big, 900001, seed) +
                                   0.25 * golden_uniform(fine, 900002, seed));
            }
}
