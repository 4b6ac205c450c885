/* bench_check.h - `bench --verify`, `--hashes`, `--same_as`: is each step of the plan right? */
#ifndef COMMAND_BENCH_CHECK_H
#define COMMAND_BENCH_CHECK_H

#include "nn/plan.h"

/* Run the plan, hold each step against its op's reference kernel and print the largest error of
 * each kernel.  Fails when one is above what single precision explains. */
int bench_verify(struct plan *plan, const struct run_state *run, struct error *err);

/* Run the plan and write a line "HASH STEP KERNEL OP LAYER" per step to a file. */
int bench_write_hashes(struct plan *plan, const struct run_state *run, const char *path,
                       struct error *err);

/* Run the plan and fail at the first step whose line is not that of the file. */
int bench_compare_hashes(struct plan *plan, const struct run_state *run, const char *path,
                         struct error *err);

#endif
