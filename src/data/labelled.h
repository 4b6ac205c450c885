/* labelled.h - data sets of boxes, outlines and key points, as they are found in the wild.
 *
 * Formats    yolo  data.yaml or none; images/ and labels/ side by side in any order with the split
 *                  folders, or list files train.txt and val.txt; a text file per image
 *            coco  annotations of a split in one JSON file, instances_* or person_keypoints_*
 *            dice  the platform's own annotations*.json in its variants, and the older folder of
 *                  a JSON file per image
 *            voc   JPEGImages, Annotations/NAME.xml, ImageSets/Main; or images beside their files;
 *                  labels.txt, a name a line, gives classes their order, else they are sorted
 * Paths      Whatever a file says, only what was found below the data set's folder is opened:
 *            names are looked up in the list of those files.  Absolute paths and paths of another
 *            machine are cut from the left until they fit.
 * Sizes      Those of the upright image, read from its header; what a label file says of the size
 *            is compared with it.
 * Repairs    Where it is plain what was meant a row is repaired in memory, and a finding says so:
 *            a box that leaves the image is clipped, an outline among boxes becomes its box.  What
 *            is not understood is left out, and so is a box among outlines.
 * Task       By content: key points make pose, at least two outlines for every plain box
 *            segmentation, everything else detection.
 * Classes    Those that are named.  Rows of other ids are left out; proposed is to name the ids
 *            that many rows use and that are near the named ones, and to drop the other rows.
 *            Where none is named, YOLO's are the ids that rows use, but for strays far from the
 *            rest.  Names that stand twice get a number: "car", "car (2)".
 * Val        An entry of data.yaml that names nothing is refused, unless the options or a
 *            split_config decide; images that are in train too stay there, with a warning.
 * Warnings   What was repaired, left out or remarked, by reason; is_lenient: only in findings.
 */
#ifndef DATA_LABELLED_H
#define DATA_LABELLED_H

#include "data/dataset_internal.h"

/* Fill builder->dataset, whose root is set: the whole work of dataset_open() for these tasks.
 * 1: asked to look for what there is, found no labels. */
int labelled_open(struct dataset_builder *builder, struct error *err);

#endif
