/* split_config.h - which image is in which split, as JSON says it.
 *
 *     {"method": "custom", "ratio": 0.8, "seed": 42,
 *      "custom_splits": {"train/cat/1.jpg": "val", "train/cat/2.jpg": null},
 *      "exclude_images": ["train/cat/3.jpg"]}
 *
 * The same object serves a run (its split_strategy: use_dataset, auto, custom) and a data set, as
 * split_config.json in the folder where its layout begins (methods manual, auto, partial; there
 * the members are called default_ratio and splits).  Paths are as in struct dataset_assignment;
 * null says nothing about an image.
 *
 *   use_dataset     the data set decides
 *   custom, manual  images named in splits go there, the others stay
 *   auto, partial   images that are not named are divided by ratio and seed
 */
#ifndef DATA_SPLIT_CONFIG_H
#define DATA_SPLIT_CONFIG_H

#include "data/dataset.h"

#define SPLIT_CONFIG_FILE "split_config.json"

/* Each fills what struct dataset_options says about splits; what it points to is in the arena.
 * INVALID names the member that does not fit. */

/* A file of such an object. */
int split_config_read(struct arena *arena, const char *path, struct dataset_options *options,
                      struct error *err);
/* The object itself, when the text begins with '{', or the path of a file. */
int split_config_read_strategy(struct arena *arena, const char *text,
                               struct dataset_options *options, struct error *err);
/* The split of an earlier run: FOLDER/splits/{train,val,test}.txt of dataset_write_splits().
 * Exclusions stay as they are. */
int split_config_read_record(struct arena *arena, const char *folder,
                             struct dataset_options *options, struct error *err);

#endif
