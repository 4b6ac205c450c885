/* op_test.c - the table of ops: what every entry has to have. */

#include "nn/op.h"
#include "nn/ops.h"
#include "test.h"

TEST(ops_are_found_by_name)
{
    CHECK(op_find("conv2d") == &op_conv2d);
    CHECK(op_find("softmax_cross_entropy_grad") == &op_softmax_cross_entropy_grad);
    CHECK(!op_find("conv3d"));
    CHECK(!op_find(""));
}

TEST(ops_are_complete)
{
    int count;
    const struct op *const *ops = op_all(&count);

    CHECK(count > 40);
    for (int i = 0; i < count; i++) {
        const struct op *op = ops[i];

        if (op_find(op->name) != op)
            test_fail(__FILE__, __LINE__, "two ops are called '%s'", op->name);
        if (op->version < 1 || !op->shape || !op->reference)
            test_fail(__FILE__, __LINE__, "'%s' lacks a version, shape rule or kernel", op->name);
        if (!op->attributes_size != !op->attributes)
            test_fail(__FILE__, __LINE__, "'%s' has attributes without a table", op->name);
    }
}

static size_t element_bytes(const struct attribute *attribute)
{
    static const size_t sizes[] = { [ATTRIBUTE_INT] = sizeof(int),
                                    [ATTRIBUTE_REAL] = sizeof(double),
                                    [ATTRIBUTE_BOOL] = sizeof(bool),
                                    [ATTRIBUTE_INTS] = sizeof(int) };

    return sizes[attribute->type];
}

/* The table's first field that begins at `at` or behind it; NULL: none. */
static const struct attribute *next_field(const struct op *op, size_t at)
{
    const struct attribute *next = NULL;

    for (const struct attribute *a = op->attributes; a && a->name; a++)
        if (a->offset >= at && (!next || a->offset < next->offset))
            next = a;
    return next;
}

/* A field missing in its table would be lost when a graph is stored.  Between fields there may
 * be nothing but the padding that alignment asks for. */
TEST(attribute_tables_cover_their_structs)
{
    int count;
    const struct op *const *ops = op_all(&count);

    for (int i = 0; i < count; i++) {
        size_t at = 0, end = ops[i]->attributes_size;
        const struct attribute *field;

        while ((field = next_field(ops[i], at)) != NULL) {
            if (field->offset - at >= element_bytes(field))
                test_fail(__FILE__, __LINE__, "the table of '%s' has a hole before %s",
                          ops[i]->name, field->name);
            at = field->offset + element_bytes(field) * (size_t)field->count;
        }
        if (at > end || end - at >= sizeof(double))
            test_fail(__FILE__, __LINE__, "the table of '%s' ends at %zu of %zu bytes",
                      ops[i]->name, at, end);
    }
}
