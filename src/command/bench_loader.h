/* bench_loader.h - `bench --mode load`: how many images the loader makes a second. */
#ifndef COMMAND_BENCH_LOADER_H
#define COMMAND_BENCH_LOADER_H

#include "data/loader.h"

/* Go through the training images of a folder for that long, with random resized crops and flips as
 * train has them by default, and print the rates as JSON.  The first epoch, which fills the
 * system's file cache, does not count. */
int bench_loader(const char *folder, const struct loader_options *options, double seconds,
                 struct error *err);

#endif
