/* guide.c - see guide.h.  One row per model, one text per family. */

#include "models/guide.h"

#include <stddef.h>
#include <string.h>

enum { TEXTS_MOST = 4 };

struct family {
    const char *use_cases[TEXTS_MOST], *pros[TEXTS_MOST], *cons[TEXTS_MOST];
    const char *when_to_use, *when_not_to_use;
    const char *optimizer, *scheduler;
    const char *figure; /* what rows tell; NULL: imagenet_top1 */
};

static const struct family resnet = {
    .use_cases = { "First baseline on a new dataset", "Quality control on a production line",
                   "Feature extraction" },
    .pros = { "Trains reliably with the default settings", "Fast on CPUs: plain 3x3 convolutions",
              "Well understood; every tool knows it" },
    .cons = { "More parameters and FLOPs than newer networks of the same accuracy" },
    .when_to_use = "As the first network on any dataset, and where training time on a CPU counts.",
    .when_not_to_use = "Where the finished model must be small, or run on a phone.",
    .optimizer = "adamw", .scheduler = "cosine",
};

static const struct family mobilenet = {
    .use_cases = { "Phones and embedded boards", "Many models on one server",
                   "Quick experiments on small images" },
    .pros = { "Very small", "Lowest memory and fastest epochs of the catalogue" },
    .cons = { "Less accurate than larger networks", "Sensitive to the learning rate from scratch" },
    .when_to_use = "Where size and latency of the finished model matter most.",
    .when_not_to_use = "Where the last percent of accuracy matters and time does not.",
    .optimizer = "adamw", .scheduler = "cosine",
};

static const struct family efficientnet = {
    .use_cases = { "Accuracy within a small model",
                   "Fine-grained classes (species, parts, defects)" },
    .pros = { "High accuracy per parameter", "A family of sizes: grow when the data does" },
    .cons = { "Slower per image than its FLOPs suggest: depthwise convolutions and many layers",
              "Needs more epochs than a ResNet" },
    .when_to_use = "Where a small and accurate model is worth a longer training.",
    .when_not_to_use = "For a first quick look at a dataset.",
    .optimizer = "adamw",
    .scheduler = "cosine",
};

static const struct family transformer = {
    .use_cases = { "Large datasets", "Fine-tuning from pretrained weights" },
    .pros = { "Scales with data", "The whole image is seen at once" },
    .cons = { "Weak from scratch on a few thousand images",
              "Needs warm-up and small learning rates" },
    .when_to_use = "With pretrained weights, or with very many images.",
    .when_not_to_use =
        "From scratch on a small dataset: a convolutional network learns more there.",
    .optimizer = "adamw",
    .scheduler = "cosine",
};

static const struct family convnext = {
    .use_cases = { "High accuracy with plain convolutions", "Fine-tuning from pretrained weights" },
    .pros = { "As accurate as transformers of its size", "Works at any image size" },
    .cons = { "Large, and slow to train on a CPU", "Needs strong augmentation from scratch" },
    .when_to_use = "Where accuracy counts and there are images, or pretrained weights, enough.",
    .when_not_to_use = "On small datasets without pretrained weights.",
    .optimizer = "adamw", .scheduler = "cosine",
};

#define DETECTOR_CONS                                                                            \
    { "From scratch it needs some hundred images and many epochs",                               \
      "Every object must be labelled: what is left out is learned as background" }

static const struct family detector = {
    .use_cases = { "Finding and counting objects", "Live video and cameras",
                   "Defects and their place" },
    .pros = { "One pass gives all boxes: fast enough for video", "Small and large objects alike",
              "Five sizes from phone to server" },
    .cons = DETECTOR_CONS,
    .when_to_use = "When it matters where things are and how many, not only what is shown.",
    .when_not_to_use = "When one label per image is enough: a classifier needs no boxes.",
    .optimizer = "auto", .scheduler = "linear", .figure = "coco_map50_95",
};

static const struct family outliner = {
    .use_cases = { "Measuring areas and shapes", "Cells, parts, crops in the field",
                   "Cutting objects out" },
    .pros = { "A mask for every single object", "Hardly slower than boxes alone" },
    .cons = { "Outlines are costly to label", "Masks have a quarter of the image's resolution" },
    .when_to_use = "When the outline of each object counts.",
    .when_not_to_use = "When boxes are enough, or very thin structures matter.",
    .optimizer = "auto", .scheduler = "linear", .figure = "coco_mask_map50_95",
};

static const struct family poser = {
    .use_cases = { "Posture of people", "Animals in behavioural studies",
                   "Corners and joints of known parts" },
    .pros = { "Box and key points of every individual in one pass",
              "Any number of key points, taken from the dataset" },
    .cons = DETECTOR_CONS,
    .when_to_use = "When the same named points are to be found on every object.",
    .when_not_to_use = "When objects have no points in common.",
    .optimizer = "auto", .scheduler = "linear", .figure = "coco_pose_map50_95",
};

static const struct row {
    const char *model;
    int priority;
    const char *tier;
    double score; /* per cent, the family's figure, of the published pretrained weights */
    double gflops; /* multiply-adds of one image, in thousand millions */
    const struct family *family;
    const char *smaller, *larger;
} rows[] = {
    { "resnet18", 0, "fast", 69.8, 1.8, &resnet, "mobilenetv3_small_100", "resnet34" },
    { "resnet34", 1, "balanced", 73.3, 3.7, &resnet, "resnet18", "resnet50" },
    { "resnet50", 0, "balanced", 80.4, 4.1, &resnet, "resnet18", "resnet101" },
    { "resnet101", 2, "accurate", 81.9, 7.8, &resnet, "resnet50", "convnext_tiny" },
    { "mobilenetv2_100", 1, "fast", 72.9, 0.3, &mobilenet, "mobilenetv3_small_100",
      "efficientnet_b0" },
    { "mobilenetv3_small_100", 0, "fast", 67.7, 0.06, &mobilenet, NULL, "mobilenetv3_large_100" },
    { "mobilenetv3_large_100", 1, "fast", 75.8, 0.2, &mobilenet, "mobilenetv3_small_100",
      "efficientnet_b0" },
    { "efficientnet_b0", 0, "balanced", 77.7, 0.4, &efficientnet, "mobilenetv3_large_100",
      "efficientnet_b1" },
    { "efficientnet_b1", 1, "balanced", 78.8, 0.6, &efficientnet, "efficientnet_b0",
      "efficientnet_b2" },
    { "efficientnet_b2", 2, "balanced", 80.6, 0.9, &efficientnet, "efficientnet_b1",
      "efficientnet_b3" },
    { "efficientnet_b3", 2, "accurate", 82.1, 1.6, &efficientnet, "efficientnet_b2",
      "efficientnetv2_s" },
    { "efficientnetv2_s", 0, "accurate", 83.9, 2.9, &efficientnet, "efficientnet_b0", NULL },
    { "vit_tiny_patch16_224", 1, "fast", 75.5, 1.1, &transformer, "mobilenetv3_small_100",
      "vit_small_patch16_224" },
    { "vit_small_patch16_224", 2, "balanced", 81.4, 4.3, &transformer, "vit_tiny_patch16_224",
      "vit_base_patch16_224" },
    { "vit_base_patch16_224", 1, "accurate", 84.5, 16.9, &transformer, "vit_small_patch16_224",
      NULL },
    { "convnext_tiny", 1, "accurate", 82.1, 4.5, &convnext, "resnet50", NULL },
    { "yolo11n", 0, "fast", 39.5, 3.3, &detector, NULL, "yolo11s" },
    { "yolo11s", 1, "fast", 47.0, 10.8, &detector, "yolo11n", "yolo11m" },
    { "yolo11m", 2, "balanced", 51.5, 34.0, &detector, "yolo11s", "yolo11l" },
    { "yolo11l", 1, "accurate", 53.4, 43.5, &detector, "yolo11m", "yolo11x" },
    { "yolo11x", 2, "accurate", 54.7, 97.5, &detector, "yolo11l", NULL },
    { "yolo11n-seg", 0, "fast", 32.0, 5.2, &outliner, NULL, "yolo11s-seg" },
    { "yolo11s-seg", 1, "fast", 37.8, 17.8, &outliner, "yolo11n-seg", "yolo11m-seg" },
    { "yolo11m-seg", 2, "balanced", 41.5, 61.7, &outliner, "yolo11s-seg", "yolo11l-seg" },
    { "yolo11l-seg", 2, "accurate", 42.9, 71.1, &outliner, "yolo11m-seg", "yolo11x-seg" },
    { "yolo11x-seg", 2, "accurate", 43.8, 159.5, &outliner, "yolo11l-seg", NULL },
    { "yolo11n-pose", 0, "fast", 50.0, 3.8, &poser, NULL, "yolo11s-pose" },
    { "yolo11s-pose", 1, "fast", 58.9, 11.6, &poser, "yolo11n-pose", "yolo11m-pose" },
    { "yolo11m-pose", 2, "balanced", 64.9, 35.9, &poser, "yolo11s-pose", "yolo11l-pose" },
    { "yolo11l-pose", 2, "accurate", 66.1, 45.4, &poser, "yolo11m-pose", "yolo11x-pose" },
    { "yolo11x-pose", 2, "accurate", 69.5, 101.7, &poser, "yolo11l-pose", NULL },
};

static const struct row *find(const char *model)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!strcmp(rows[i].model, model))
            return &rows[i];
    return NULL;
}

static void put_texts(struct json_writer *w, const char *key, const char *const *texts)
{
    json_key(w, key);
    json_array_open(w);
    for (int i = 0; i < TEXTS_MOST && texts[i]; i++)
        json_text(w, texts[i]);
    json_close(w);
}

static void put_alternative(struct json_writer *w, const char *model, const char *reason)
{
    if (!model)
        return;
    json_object_open(w);
    json_put_text(w, "model", model);
    json_put_text(w, "reason", reason);
    json_close(w);
}

static void put_benchmark(struct json_writer *w, const struct row *row)
{
    json_key(w, "benchmark");
    json_object_open(w);
    if (row->family->figure) {
        json_put_number(w, row->family->figure, row->score);
        if (!strcmp(row->model, "yolo11n")) { /* as the first edition of the catalogue had them */
            json_put_number(w, "coco_map", 37.3);
            json_put_number(w, "inference_speed_v100", 200);
        }
    } else {
        json_put_number(w, "imagenet_top1", row->score);
    }
    json_put_number(w, "gmacs", row->gflops);
    json_put_text(w, "reference", row->family->figure
                      ? "published for pretrained weights on COCO; not measured here"
                      : "published for pretrained weights on ImageNet-1k; not measured here");
    json_close(w);
}

static void put_settings(struct json_writer *w, const struct family *family)
{
    json_key(w, "recommended_settings");
    json_object_open(w);
    json_put_text(w, "optimizer", family->optimizer);
    json_put_text(w, "scheduler", family->scheduler);
    json_put_text(w, "preset", "small_data");
    json_close(w);
}

void guide_write(const char *model_name, struct json_writer *w)
{
    const struct row *row = find(model_name);

    json_put_int(w, "priority", row ? row->priority : 2);
    json_put_text(w, "status", "active");
    json_put_bool(w, "inference_only", false);
    if (!row)
        return;
    json_put_bool(w, "recommended", row->priority == 0);
    json_put_text(w, "performance_tier", row->tier);
    put_benchmark(w, row);
    put_texts(w, "use_cases", row->family->use_cases);
    put_texts(w, "pros", row->family->pros);
    put_texts(w, "cons", row->family->cons);
    json_put_text(w, "when_to_use", row->family->when_to_use);
    json_put_text(w, "when_not_to_use", row->family->when_not_to_use);
    json_key(w, "alternatives");
    json_array_open(w);
    put_alternative(w, row->smaller, "smaller and faster");
    put_alternative(w, row->larger, "more accurate, and slower");
    json_close(w);
    put_settings(w, row->family);
}
