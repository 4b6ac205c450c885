/* safetensors.h - named tensors in a file: https://github.com/huggingface/safetensors
 *
 * A header of JSON (name, dtype, shape and byte range of each tensor, and a map of strings called
 * metadata), then the values, little-endian.  Reading maps the file into memory and trusts
 * nothing: ranges must lie inside the file, fit shape and dtype, and follow each other without
 * overlap or hole.
 */
#ifndef FORMATS_SAFETENSORS_H
#define FORMATS_SAFETENSORS_H

#include "base/arena.h"
#include "base/map.h"

#include <stddef.h>
#include <stdint.h>

struct error;

/* clang-format off */
#define SAFETENSORS_TYPES(X)                                          \
    X(F64, 8) X(F32, 4) X(F16, 2) X(BF16, 2)                          \
    X(I64, 8) X(I32, 4) X(I16, 2) X(I8, 1) X(U8, 1) X(BOOL, 1)
/* clang-format on */

enum safetensors_type {
#define X(name, size) SAFETENSORS_##name,
    SAFETENSORS_TYPES(X)
#undef X
};

const char *safetensors_type_name(enum safetensors_type type); /* "BF16" */
size_t safetensors_type_size(enum safetensors_type type);

#define SAFETENSORS_MAX_RANK 8
#define SAFETENSORS_MAX_HEADER_BYTES (100 * 1000 * 1000)

struct safetensors_tensor {
    const char *name;
    enum safetensors_type type;
    int rank; /* 0: a scalar */
    int64_t shape[SAFETENSORS_MAX_RANK];
    const void *data; /* size_bytes of them; as aligned as the file has them */
    size_t size_bytes;
};

struct safetensors_metadata {
    const char *key, *value;
};

/* --- reading ----------------------------------------------------------------------------- */

/* Everything in it is lent until safetensors_close(). */
struct safetensors {
    struct safetensors_tensor *tensors; /* in the order of the file */
    int tensor_count;
    struct safetensors_metadata *metadata;
    int metadata_count;

    struct map _by_name;
    struct arena _arena;
    void *_mapping;
    size_t _mapping_bytes;
};

#define SAFETENSORS_INIT                                                                           \
    {                                                                                              \
        0                                                                                          \
    }

/* Messages name the path.  On failure there is nothing to close. */
int safetensors_open(struct safetensors *file, const char *path, struct error *err);

/* The same for bytes in memory, borrowed until safetensors_close(). */
int safetensors_parse(struct safetensors *file, const void *data, size_t size_bytes,
                      struct error *err);

void safetensors_close(struct safetensors *file);

const struct safetensors_tensor *safetensors_find(const struct safetensors *file,
                                                  const char *name); /* NULL if absent */
const char *safetensors_metadata_find(const struct safetensors *file, const char *key);

/* --- writing ----------------------------------------------------------------------------- */

/* Replaces `path` by these tensors (size_bytes is not looked at; type and shape say it).  At every
 * moment the path holds either the old file or the new one, complete; after a failure, of which a
 * full disk is NO_SPACE, the old one.  Tensors of wider types come first in the file, so that all
 * are aligned; otherwise the order is kept. */
int safetensors_write(const char *path, const struct safetensors_metadata *metadata,
                      int metadata_count, const struct safetensors_tensor *tensors,
                      int tensor_count, struct error *err);

/* The same for tensors that are not in memory as they stand in the file: `read` is called once
 * per tensor, in the file's order, and fills `data` with its values. */
struct safetensors_source {
    int (*read)(void *context, int tensor, void *data, struct error *err);
    void *context;
};

int safetensors_write_from(const char *path, const struct safetensors_metadata *metadata,
                           int metadata_count, const struct safetensors_tensor *tensors,
                           int tensor_count, const struct safetensors_source *source,
                           struct error *err);

#endif
