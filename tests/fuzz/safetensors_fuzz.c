/* safetensors_fuzz.c - any bytes as a safetensors file: what is accepted lies inside of them, piece
 * by piece.  modules: formats base */

#include "base/error.h"
#include "formats/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct safetensors file;
    struct error err;

    if (safetensors_parse(&file, data, size_bytes, &err))
        return 0;
    for (int i = 0; i < file.tensor_count; i++) {
        const struct safetensors_tensor *tensor = &file.tensors[i];
        const uint8_t *values = tensor->data;
        size_t expected_bytes = safetensors_type_size(tensor->type);

        for (int k = 0; k < tensor->rank; k++)
            expected_bytes *= (size_t)tensor->shape[k];
        if (values < data || values + tensor->size_bytes > data + size_bytes ||
            tensor->size_bytes != expected_bytes || safetensors_find(&file, tensor->name) != tensor)
            abort();
    }
    safetensors_close(&file);
    return 0;
}
