/* profile.h - where the time of a plan goes, against what the machine can do. */
#ifndef COMMAND_PROFILE_H
#define COMMAND_PROFILE_H

struct plan;
struct roofline;

/* seconds: summed over `runs` runs, by step.  Prints to stdout, the slowest first.  "roof" is how
 * near a step is to what its arithmetic or its memory traffic allows at best, whichever binds;
 * above 100 % the data came from caches. */
void profile_print(const struct plan *plan, const double *seconds, int runs,
                   const struct roofline *roofline, int threads);

#endif
