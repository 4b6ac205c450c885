/* convert.h - stored tensors of any numeric type as float. */
#ifndef TRAIN_CONVERT_H
#define TRAIN_CONVERT_H

#include "formats/safetensors.h"

/* `values` has `count` places, the number of the tensor's elements. */
void tensor_to_float(const struct safetensors_tensor *tensor, float *values, int64_t count);

#endif
