/* profile.h - where the time of a plan goes, against what the machine can do. */
#ifndef COMMAND_PROFILE_H
#define COMMAND_PROFILE_H

struct plan;

/* seconds: summed over `runs` runs, by step.  Prints to stdout, the slowest first. */
void profile_print(const struct plan *plan, const double *seconds, int runs, int threads);

#endif
