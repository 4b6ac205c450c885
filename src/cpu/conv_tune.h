/* conv_tune.h - measure this machine and write the rows of conv_rules.def for it.
 *
 * The only place that times algorithms: a person runs it, looks at the rows and commits them. */
#ifndef CPU_CONV_TUNE_H
#define CPU_CONV_TUNE_H

struct error;
struct str;

/* Appends the measured times as comments and one row per direction; takes about a minute. */
int conv_tune(int threads, struct str *out, struct error *err);

#endif
