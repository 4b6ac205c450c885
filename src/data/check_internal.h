/* check_internal.h - the steps of check_run() that have a file of their own. */
#ifndef DATA_CHECK_INTERNAL_H
#define DATA_CHECK_INTERNAL_H

#include "data/check.h"

/* check_pairs.c: fill pairs and their counts from the files' hashes. */
void check_find_pairs(struct check_report *report);

#endif
