/* safetensors_write.c - writing: the header at once, the values from where they are. */

#include "formats/safetensors.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_ALIGNMENT 8

static size_t tensor_bytes(const struct safetensors_tensor *tensor)
{
    size_t size_bytes = safetensors_type_size(tensor->type);

    for (int i = 0; i < tensor->rank; i++)
        size_bytes *= (size_t)tensor->shape[i];
    return size_bytes;
}

/* Pointers to the tensors, those with wide types first. */
static const struct safetensors_tensor **
order_tensors(struct arena *arena, const struct safetensors_tensor *tensors, int count)
{
    const struct safetensors_tensor **ordered =
        ARENA_ARRAY(arena, const struct safetensors_tensor *, count);
    int placed = 0;

    for (size_t size = 8; size >= 1; size /= 2) {
        for (int i = 0; i < count; i++) {
            if (safetensors_type_size(tensors[i].type) == size)
                ordered[placed++] = &tensors[i];
        }
    }
    return ordered;
}

static int check_names(const struct safetensors_tensor *tensors, int count, struct error *err)
{
    struct map seen = MAP_INIT;
    int result = 0;

    for (int i = 0; i < count && !result; i++) {
        const char *name = tensors[i].name;

        if (!strcmp(name, "__metadata__") || map_find(&seen, name))
            result = FAIL(err, INVALID, "the tensor name '%s' is already taken", name);
        map_set(&seen, name, (void *)(uintptr_t)name);
    }
    map_release(&seen);
    return result;
}

static void write_entry(struct json_writer *w, const struct safetensors_tensor *tensor,
                        size_t begin)
{
    json_key(w, tensor->name);
    json_object_open(w);
    json_put_text(w, "dtype", safetensors_type_name(tensor->type));
    json_key(w, "shape");
    json_array_open(w);
    for (int i = 0; i < tensor->rank; i++)
        json_int(w, tensor->shape[i]);
    json_close(w);
    json_key(w, "data_offsets");
    json_array_open(w);
    json_int(w, (int64_t)begin);
    json_int(w, (int64_t)(begin + tensor_bytes(tensor)));
    json_close(w);
    json_close(w);
}

/* The length in front and spaces behind, so that the values begin at a multiple of 8. */
static void write_header(struct str *out, const struct safetensors_metadata *metadata,
                         int metadata_count, const struct safetensors_tensor **tensors,
                         int tensor_count)
{
    struct json_writer w;
    size_t begin = 0;
    uint64_t length;

    str_add_bytes(out, "\0\0\0\0\0\0\0\0", sizeof(length));
    json_begin(&w, out);
    json_object_open(&w);
    if (metadata_count) {
        json_key(&w, "__metadata__");
        json_object_open(&w);
        for (int i = 0; i < metadata_count; i++)
            json_put_text(&w, metadata[i].key, metadata[i].value);
        json_close(&w);
    }
    for (int i = 0; i < tensor_count; i++) {
        write_entry(&w, tensors[i], begin);
        begin += tensor_bytes(tensors[i]);
    }
    json_close(&w);
    while (out->length % HEADER_ALIGNMENT)
        str_add_char(out, ' ');
    length = out->length - sizeof(length);
    for (size_t i = 0; i < sizeof(length); i++)
        out->text[i] = (char)(length >> 8 * i);
}

/* What is written, in the file's order. */
struct writing {
    const char *path;
    const struct safetensors_tensor *tensors; /* in the caller's order */
    const struct safetensors_tensor **ordered;
    int count;
    const struct safetensors_source *source; /* NULL: the tensors have their data */
    void *buffer;                            /* as large as the largest tensor, for the source */
};

static const void *values_of(const struct writing *w, int place, struct error *err)
{
    int tensor = (int)(w->ordered[place] - w->tensors);

    if (!w->source)
        return w->tensors[tensor].data;
    return w->source->read(w->source->context, tensor, w->buffer, err) ? NULL : w->buffer;
}

static int write_values(struct file_replacement *file, const struct str *header,
                        const struct writing *w, struct error *err)
{
    if (file_write_all(file->fd, header->text, header->length, w->path, err))
        return -1;
    for (int i = 0; i < w->count; i++) {
        size_t size_bytes = tensor_bytes(w->ordered[i]);
        const void *values = size_bytes ? values_of(w, i, err) : "";

        if (!values || file_write_all(file->fd, values, size_bytes, w->path, err))
            return -1;
    }
    return 0;
}

static void *largest_buffer(const struct safetensors_tensor *tensors, int count)
{
    size_t most = 1;

    for (int i = 0; i < count; i++)
        if (tensor_bytes(&tensors[i]) > most)
            most = tensor_bytes(&tensors[i]);
    return malloc(most);
}

int safetensors_write_from(const char *path, const struct safetensors_metadata *metadata,
                           int metadata_count, const struct safetensors_tensor *tensors,
                           int tensor_count, const struct safetensors_source *source,
                           struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct str header = STR_INIT;
    struct file_replacement file;
    struct writing w = { .path = path, .tensors = tensors, .count = tensor_count,
                         .source = source };
    int result = -1;

    if (check_names(tensors, tensor_count, err))
        return -1;
    w.ordered = order_tensors(&arena, tensors, tensor_count);
    write_header(&header, metadata, metadata_count, w.ordered, tensor_count);
    if (header.length > SAFETENSORS_MAX_HEADER_BYTES) {
        FAIL(err, TOO_LARGE, "'%s' would have a header of %zu bytes", path, header.length);
        goto done;
    }
    if (source && !(w.buffer = largest_buffer(tensors, tensor_count))) {
        FAIL(err, NO_MEMORY, "no memory to write '%s'", path);
        goto done;
    }
    if (file_replacement_open(&file, path, err))
        goto done;
    if (write_values(&file, &header, &w, err)) {
        file_replacement_abandon(&file);
        goto done;
    }
    result = file_replacement_commit(&file, err);
done:
    free(w.buffer);
    str_release(&header);
    arena_release(&arena);
    return result;
}

int safetensors_write(const char *path, const struct safetensors_metadata *metadata,
                      int metadata_count, const struct safetensors_tensor *tensors,
                      int tensor_count, struct error *err)
{
    return safetensors_write_from(path, metadata, metadata_count, tensors, tensor_count, NULL, err);
}
