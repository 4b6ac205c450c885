/* dice.c */
#include "base/error.h"
#include "data/labelled/labelled_internal.h"

static double judge(struct labelled *all)
{
    (void)all;
    return 0;
}

static int read(struct labelled *all, struct error *err)
{
    return FAIL(err, UNSUPPORTED, "'%s' is not read yet", all->dataset->root);
}

const struct labelled_format labelled_dice = { "dice", judge, read };
