/* guide.h - what is said of a model where a person chooses one: what it is good for, and published
 * figures.  The figures are those of the pretrained weights that papers, timm and Ultralytics
 * report for ImageNet-1k and COCO; they are shown as a reference and say nothing of a network
 * trained here. */
#ifndef MODELS_GUIDE_H
#define MODELS_GUIDE_H

#include "base/json.h"

/* The members of an open object: priority, status, performance_tier, recommended, benchmark,
 * use_cases, pros, cons, when_to_use, when_not_to_use, alternatives, recommended_settings.  A model
 * without a row gets priority 2 and no more. */
void guide_write(const char *model_name, struct json_writer *w);

#endif
