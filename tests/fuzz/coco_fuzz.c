/* coco_fuzz.c - truths and results of whatever bytes are read or refused, and what is read can be
 * scored.  The first byte chooses the kind of shape; the two texts are parted by a byte 1.
 * modules: train data formats base */

#include "base/error.h"
#include "score/coco_set.h"
#include "score/detection_metrics.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    enum overlap_kind kind = size_bytes ? (enum overlap_kind)(data[0] % 3) : OVERLAP_BOX;
    const char *text = (const char *)data + 1;
    const char *parting = size_bytes ? memchr(text, 1, size_bytes - 1) : NULL;
    struct detection_metrics metrics;
    struct overlap_rule rule;
    struct error err;
    struct coco_set set;

    if (!parting)
        return 0;
    if (!coco_set_init(&set, &(struct coco_text){ "truth", text, (size_t)(parting - text) },
                       &(struct coco_text){ "results", parting + 1,
                                            size_bytes - 2 - (size_t)(parting - text) },
                       kind, &err)) {
        coco_set_rule(&set, kind, &rule);
        detection_metrics_init(&metrics, &rule, set.category_count);
        coco_set_measure(&set, &metrics);
        detection_metrics_summarise(&metrics, NULL);
        detection_metrics_release(&metrics);
    }
    coco_set_release(&set);
    return 0;
}
