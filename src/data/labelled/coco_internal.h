/* coco_internal.h - annotations in JSON: what the readers of COCO's and DICE's files share. */
#ifndef DATA_COCO_INTERNAL_H
#define DATA_COCO_INTERNAL_H

#include "data/labelled/labelled_internal.h"
#include "data/mask.h"

/* One annotation file. */
struct coco_source {
    int file;
    enum dataset_split split;
    bool has_split;         /* the file's name says it */
    const char *split_name; /* as it stands there: "train2017"; "" */
    struct json_file json;
    json_t *splits; /* of split_config, by image id; NULL: none */
    bool has_images, has_nested; /* annotations stand inside the images */
};

struct coco_category {
    int64_t id;
    const char *name;
    bool is_background; /* images of it show nothing */
    int class_id;
};

/* Why a listed image is not used. */
enum coco_loss { COCO_LOST_NEVER, COCO_LOST_FILE, COCO_LOST_LEFT_OUT };

struct coco {
    struct labelled *all;
    struct coco_source sources[16];
    int source_count;
    struct {
        struct coco_category *items;
        int count, capacity;
    } categories; /* sorted by id once all are known */
    struct map image_files; /* "SOURCE:ID" -> file + 1 */
    struct map lost;        /* the same of listed images that are not used -> enum coco_loss */
    struct map base_names;  /* of images -> file + 1; coco.several when there are several */
    int several;
    int64_t *image_ids; /* by image, once these are settled */
    bool *has_image_id;
    const char **keypoint_names;
    int keypoint_count;
    struct mask mask; /* scratch */
    struct {
        struct annotation_point *items;
        int count, capacity;
    } points;
    struct {
        int *items, count, capacity;
    } rings;
    struct {
        uint32_t *items;
        int count, capacity;
    } runs;
    struct {
        struct annotation_keypoint *items;
        int count, capacity;
    } keypoints;
};

/* coco.c: read the sources that were added; takes `coco`'s memory. */
int coco_read(struct coco *coco, struct error *err);
/* Is there an object with these members at the top of a JSON file?  keys ends with NULL. */
bool coco_has_members(struct labelled *all, int file, const char *const *keys);
int coco_add_source(struct coco *coco, int file);

/* coco_category.c */
int coco_read_categories(struct coco *coco, const struct coco_source *source,
                         struct json_slice list, struct error *err);
void coco_settle_categories(struct coco *coco);
const struct coco_category *coco_find_category(const struct coco *coco, int64_t id);

/* coco_object.c: one annotation of an image. */
int coco_read_object(struct coco *coco, const struct labelled_place *place, const json_t *json,
                     struct error *err);

#endif
