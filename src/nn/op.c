/* op.c - the table of ops; see op.h. */

#include "nn/op.h"

#include "nn/ops.h"

#include <string.h>

static const struct op *const ops[] = {
#define OP(name) &op_##name,
#define TRAINING_OP(name) OP(name)
#include "nn/ops.def"
#undef OP
#undef TRAINING_OP
};

#define OP_COUNT ((int)(sizeof(ops) / sizeof(ops[0])))

const struct op *op_find(const char *name)
{
    for (int i = 0; i < OP_COUNT; i++)
        if (!strcmp(ops[i]->name, name))
            return ops[i];
    return NULL;
}

const struct op *const *op_all(int *count)
{
    *count = OP_COUNT;
    return ops;
}
