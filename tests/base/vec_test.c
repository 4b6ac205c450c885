#include "base/vec.h"

#include "test.h"

TEST(vec_keeps_items_in_order_while_growing)
{
    struct {
        struct item {
            int number;
            double value;
        } *items;
        int count, capacity;
    } list = { 0 };

    for (int i = 0; i < 1000; i++)
        *VEC_ADD(&list) = (struct item){ i, i * 0.5 };
    CHECK(list.count == 1000 && list.capacity >= 1000);
    for (int i = 0; i < 1000; i++)
        CHECK(list.items[i].number == i && list.items[i].value == i * 0.5);
    VEC_RELEASE(&list);
    CHECK(!list.items && !list.count && !list.capacity);
    VEC_ADD(&list)->number = 7;
    CHECK(list.items[0].number == 7);
    VEC_RELEASE(&list);
}
