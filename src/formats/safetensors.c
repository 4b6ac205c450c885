/* safetensors.c - reading: map, parse the header, check every range. */

#include "formats/safetensors.h"

#include "base/error.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_BYTES 8

static const struct {
    const char *name;
    size_t size;
} types[] = {
#define X(name, size) { #name, size },
    SAFETENSORS_TYPES(X)
#undef X
};

#define TYPE_COUNT (sizeof(types) / sizeof(*types))

const char *safetensors_type_name(enum safetensors_type type)
{
    return types[type].name;
}

size_t safetensors_type_size(enum safetensors_type type)
{
    return types[type].size;
}

/* --- one tensor -------------------------------------------------------------------------- */

static int read_type(struct safetensors_tensor *tensor, const json_t *value, struct error *err)
{
    const char *name = json_string_value(value);

    for (size_t i = 0; name && i < TYPE_COUNT; i++) {
        if (!strcmp(name, types[i].name)) {
            tensor->type = (enum safetensors_type)i;
            return 0;
        }
    }
    if (!name)
        return FAIL(err, CORRUPT, "tensor '%s' has no dtype", tensor->name);
    return FAIL(err, UNSUPPORTED, "tensor '%s' has the dtype '%s', which is not supported",
                tensor->name, name);
}

/* Also computes size_bytes, without overflow. */
static int read_shape(struct safetensors_tensor *tensor, const json_t *value, struct error *err)
{
    size_t rank = json_array_size(value), size_bytes = types[tensor->type].size;
    bool empty = false;

    if (!json_is_array(value))
        return FAIL(err, CORRUPT, "tensor '%s' has no shape", tensor->name);
    if (rank > SAFETENSORS_MAX_RANK)
        return FAIL(err, UNSUPPORTED, "tensor '%s' has %zu dimensions, more than %d", tensor->name,
                    rank, SAFETENSORS_MAX_RANK);
    tensor->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *item = json_array_get(value, i);
        json_int_t extent = json_integer_value(item);

        if (!json_is_integer(item) || extent < 0)
            return FAIL(err, CORRUPT, "tensor '%s' has a shape with something else than sizes",
                        tensor->name);
        tensor->shape[i] = extent;
        empty = empty || !extent;
        if (extent && __builtin_mul_overflow(size_bytes, (size_t)extent, &size_bytes))
            return FAIL(err, CORRUPT, "the shape of tensor '%s' is too large", tensor->name);
    }
    tensor->size_bytes = empty ? 0 : size_bytes;
    return 0;
}

/* Checks the range against file and shape, and points `data` to it. */
static int read_range(struct safetensors_tensor *tensor, const json_t *value, const char *values,
                      size_t values_bytes, struct error *err)
{
    const json_t *begin_value = json_array_get(value, 0), *end_value = json_array_get(value, 1);
    json_int_t begin = json_integer_value(begin_value), end = json_integer_value(end_value);

    if (json_array_size(value) != 2 || !json_is_integer(begin_value) ||
        !json_is_integer(end_value) || begin < 0 || end < begin)
        return FAIL(err, CORRUPT, "tensor '%s' has no valid data_offsets", tensor->name);
    if ((size_t)end > values_bytes)
        return FAIL(err, CORRUPT, "tensor '%s' ends at byte %lld of %zu: the file is truncated",
                    tensor->name, (long long)end, values_bytes);
    if ((size_t)(end - begin) != tensor->size_bytes)
        return FAIL(err, CORRUPT, "tensor '%s' has %lld bytes where dtype and shape need %zu",
                    tensor->name, (long long)(end - begin), tensor->size_bytes);
    tensor->data = values + begin;
    return 0;
}

/* --- the header -------------------------------------------------------------------------- */

static int read_metadata(struct safetensors *file, json_t *object, struct error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return FAIL(err, CORRUPT, "__metadata__ is not an object");
    file->metadata =
        ARENA_ARRAY(&file->_arena, struct safetensors_metadata, json_object_size(object));
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return FAIL(err, CORRUPT, "metadata '%s' is not a string", key);
        file->metadata[file->metadata_count++] = (struct safetensors_metadata){
            arena_strdup(&file->_arena, key),
            arena_strdup(&file->_arena, json_string_value(value)),
        };
    }
    return 0;
}

static int read_tensors(struct safetensors *file, json_t *header, const char *values,
                        size_t values_bytes, struct error *err)
{
    const char *name;
    json_t *entry;

    file->tensors = ARENA_ARRAY(&file->_arena, struct safetensors_tensor, json_object_size(header));
    json_object_foreach(header, name, entry)
    {
        struct safetensors_tensor *tensor = &file->tensors[file->tensor_count];

        if (!strcmp(name, "__metadata__")) {
            if (read_metadata(file, entry, err))
                return -1;
            continue;
        }
        tensor->name = arena_strdup(&file->_arena, name);
        if (read_type(tensor, json_object_get(entry, "dtype"), err) ||
            read_shape(tensor, json_object_get(entry, "shape"), err) ||
            read_range(tensor, json_object_get(entry, "data_offsets"), values, values_bytes, err))
            return -1;
        file->tensor_count++;
    }
    return 0;
}

/* By place; of those in one place, which all but one are empty, the empty ones first. */
static int compare_places(const void *a, const void *b)
{
    const struct safetensors_tensor *x = a, *y = b;

    if (x->data != y->data)
        return (const char *)x->data < (const char *)y->data ? -1 : 1;
    return (x->size_bytes > y->size_bytes) - (x->size_bytes < y->size_bytes);
}

static int check_order(struct safetensors *file, const char *values, size_t values_bytes,
                       struct error *err)
{
    const char *at = values;

    if (file->tensor_count > 1)
        qsort(file->tensors, (size_t)file->tensor_count, sizeof(*file->tensors), compare_places);
    for (int i = 0; i < file->tensor_count; i++) {
        const struct safetensors_tensor *tensor = &file->tensors[i];

        if (tensor->data != at)
            return FAIL(err, CORRUPT, "tensor '%s' %s", tensor->name,
                        (const char *)tensor->data < at ? "overlaps another one"
                                                        : "follows a hole in the data");
        at += tensor->size_bytes;
    }
    if (at != values + values_bytes)
        return FAIL(err, CORRUPT, "%zu bytes at the end belong to no tensor",
                    values_bytes - (size_t)(at - values));
    for (int i = 0; i < file->tensor_count; i++)
        map_set(&file->_by_name, file->tensors[i].name, &file->tensors[i]);
    return 0;
}

static int parse(struct safetensors *file, const char *data, size_t size_bytes, struct error *err)
{
    uint64_t header_bytes = 0;
    json_t *header;
    int result = -1;

    if (size_bytes < LENGTH_BYTES)
        return FAIL(err, CORRUPT, "not a safetensors file: %zu bytes", size_bytes);
    for (int i = 0; i < LENGTH_BYTES; i++)
        header_bytes |= (uint64_t)(uint8_t)data[i] << 8 * i;
    if (header_bytes > SAFETENSORS_MAX_HEADER_BYTES)
        return FAIL(err, CORRUPT, "not a safetensors file: a header of %llu bytes",
                    (unsigned long long)header_bytes);
    if (header_bytes > size_bytes - LENGTH_BYTES)
        return FAIL(err, CORRUPT, "the header of %llu bytes is cut off",
                    (unsigned long long)header_bytes);
    header = json_parse(data + LENGTH_BYTES, header_bytes, "header", err);
    if (!header)
        return -1;
    if (!json_is_object(header)) {
        FAIL(err, CORRUPT, "the header is not a JSON object");
    } else {
        const char *values = data + LENGTH_BYTES + header_bytes;
        size_t values_bytes = size_bytes - LENGTH_BYTES - header_bytes;

        if (!read_tensors(file, header, values, values_bytes, err) &&
            !check_order(file, values, values_bytes, err))
            result = 0;
    }
    json_decref(header);
    return result;
}

/* --- files ------------------------------------------------------------------------------- */

void safetensors_close(struct safetensors *file)
{
    if (file->_mapping)
        munmap(file->_mapping, file->_mapping_bytes);
    map_release(&file->_by_name);
    arena_release(&file->_arena);
    *file = (struct safetensors)SAFETENSORS_INIT;
}

int safetensors_parse(struct safetensors *file, const void *data, size_t size_bytes,
                      struct error *err)
{
    *file = (struct safetensors)SAFETENSORS_INIT;
    if (parse(file, data, size_bytes, err)) {
        safetensors_close(file);
        return -1;
    }
    return 0;
}

/* NULL and 0 bytes for an empty file, which cannot be mapped. */
static int map_file(const char *path, void **mapping, size_t *size_bytes, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = -1;
    struct stat info;

    *mapping = NULL;
    *size_bytes = 0;
    if (fd < 0)
        return FAIL_ERRNO(err, "cannot open '%s'", path);
    if (fstat(fd, &info)) {
        FAIL_ERRNO(err, "cannot read '%s'", path);
    } else if (!S_ISREG(info.st_mode)) {
        FAIL(err, INVALID, "'%s' is not a file", path);
    } else if (info.st_size > 0) {
        *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (*mapping == MAP_FAILED) {
            FAIL_ERRNO(err, "cannot map '%s'", path);
        } else {
            *size_bytes = (size_t)info.st_size;
            result = 0;
        }
    } else {
        result = 0;
    }
    close(fd);
    return result;
}

int safetensors_open(struct safetensors *file, const char *path, struct error *err)
{
    void *mapping;
    size_t size_bytes;

    *file = (struct safetensors)SAFETENSORS_INIT;
    if (map_file(path, &mapping, &size_bytes, err))
        return -1;
    if (safetensors_parse(file, mapping, size_bytes, err)) {
        if (mapping)
            munmap(mapping, size_bytes);
        return error_prefix(err, "cannot read '%s'", path);
    }
    file->_mapping = mapping;
    file->_mapping_bytes = size_bytes;
    return 0;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *file, const char *name)
{
    return map_find(&file->_by_name, name);
}

const char *safetensors_metadata_find(const struct safetensors *file, const char *key)
{
    for (int i = 0; i < file->metadata_count; i++) {
        if (!strcmp(file->metadata[i].key, key))
            return file->metadata[i].value;
    }
    return NULL;
}
