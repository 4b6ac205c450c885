/* presets.c - named sets of values, merged over the defaults; see config.h. */

#include "train/config.h"

#include "base/error.h"

#include <string.h>

const struct preset config_presets[] = {
    { "basic", SCOPE_CLASSIFIERS, "Adam at a constant rate: to see whether anything learns at all",
      "{\"optimizer\":{\"type\":\"adam\",\"learning_rate\":0.001},\"scheduler\":{\"type\":\"none\"}"
      "}" },
    { "standard", SCOPE_CLASSIFIERS, "AdamW with cosine decay: a good start for most datasets",
      "{\"optimizer\":{\"type\":\"adamw\",\"learning_rate\":0.001,\"weight_decay\":0.01},"
      "\"scheduler\":{\"type\":\"cosine\",\"warmup_epochs\":5}}" },
    { "small_data", SCOPE_CLASSIFIERS, "from scratch on a few thousand images or fewer",
      "{\"optimizer\":{\"type\":\"adamw\",\"learning_rate\":0.001,\"weight_decay\":0.05},"
      "\"scheduler\":{\"type\":\"cosine\",\"warmup_epochs\":3},"
      "\"augmentation\":{\"random_flip\":true,\"random_crop\":true,\"crop_scale\":[0.35,1]},"
      "\"ema\":true,\"ema_decay\":0.998,\"label_smoothing\":0.1}" },
    { "aggressive", SCOPE_CLASSIFIERS, "strong augmentation for long runs",
      "{\"optimizer\":{\"type\":\"adamw\",\"learning_rate\":0.001,\"weight_decay\":0.05},"
      "\"scheduler\":{\"type\":\"cosine_warm_restarts\",\"T_0\":10,\"T_mult\":2,\"warmup_epochs\":"
      "3},"
      "\"augmentation\":{\"random_rotation\":true,\"rotation_degrees\":15,\"crop_scale\":[0.7,1],"
      "\"color_jitter\":true,\"brightness\":0.3,\"contrast\":0.3,\"saturation\":0.3,\"hue\":0.15,"
      "\"random_erasing\":true,\"mixup\":true,\"mixup_alpha\":0.2,\"cutmix\":true,"
      "\"cutmix_alpha\":1},\"validation\":{\"early_stopping\":true,"
      "\"early_stopping_patience\":15},\"gradient_clip_value\":1}" },
    { "fine_tuning", SCOPE_CLASSIFIERS, "small steps from pretrained weights",
      "{\"optimizer\":{\"type\":\"sgd\",\"learning_rate\":0.0001,\"momentum\":0.9,"
      "\"weight_decay\":0.0001},\"scheduler\":{\"type\":\"step\",\"step_size\":10,\"gamma\":0.1},"
      "\"augmentation\":{\"color_jitter\":true,\"brightness\":0.1,\"contrast\":0.1,"
      "\"saturation\":0.1},\"validation\":{\"early_stopping\":true,"
      "\"early_stopping_patience\":5,\"early_stopping_min_delta\":0.001}}" },
    { "standard", SCOPE_DETECTORS, "the usual recipe of YOLO trainers", "{}" },
    { "small_data", SCOPE_DETECTORS, "from scratch on a few thousand images or fewer",
      "{\"nbs\":16,\"cos_lr\":true,\"close_mosaic\":30}" },
    { "easy", SCOPE_DETECTORS, "mosaic and mirror images only",
      "{\"mosaic\":1,\"fliplr\":0.5,\"amp\":true,\"hsv_h\":0,\"hsv_s\":0,\"hsv_v\":0,"
      "\"translate\":0,\"scale\":0}" },
    { "medium", SCOPE_DETECTORS, "colours, rotation and some mixup besides",
      "{\"mosaic\":1,\"mixup\":0.1,\"fliplr\":0.5,\"hsv_h\":0.015,\"hsv_s\":0.7,\"hsv_v\":0.4,"
      "\"degrees\":10,\"translate\":0.1,\"scale\":0.5,\"amp\":true}" },
    { "advanced", SCOPE_DETECTORS, "strong augmentation for long runs",
      "{\"mosaic\":1,\"mixup\":0.15,\"copy_paste\":0.1,\"fliplr\":0.5,\"hsv_h\":0.02,"
      "\"hsv_s\":0.8,\"hsv_v\":0.5,\"degrees\":15,\"translate\":0.2,\"scale\":0.9,\"shear\":5,"
      "\"perspective\":0.0005,\"close_mosaic\":15,\"amp\":true}" },
    { "speed", SCOPE_DETECTORS, "small images", "{\"image_size\":320}" },
    { "accuracy", SCOPE_DETECTORS, "large images", "{\"image_size\":1280}" },
    { NULL, SCOPE_ALL, NULL, NULL },
};

const struct preset *config_preset_find(const char *name, enum config_scope scope)
{
    for (const struct preset *preset = config_presets; preset->name; preset++)
        if (preset->scope == scope && !strcmp(preset->name, name))
            return preset;
    return NULL;
}

/* Was another optimizer chosen than that which the object "optimizer" of a preset is about? */
static bool chose_another(const struct field_values *values, const json_t *optimizer)
{
    static const char *const names[] = { "optimizer.type", "optimizer" };
    const struct config *config = values->target;
    const char *own = json_string_value(json_object_get(optimizer, "type"));

    for (int i = 0; i < 2; i++) {
        const struct field *field = field_find(values, names[i]);
        int chosen = i ? config->optimizer_name : config->optimizer.type;

        if (values->origins[field - values->fields] > ORIGIN_PRESET)
            return !own || strcmp(own, field_option(values->arena, field, chosen)) != 0;
    }
    return false;
}

/* Walk the preset and set only what is still a default. */
static void apply(struct field_values *values, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        const char *name = prefix ? arena_printf(values->arena, "%s.%s", prefix, key) : key;
        const struct field *field;

        if (json_is_object(value)) {
            apply(values, name, value);
            continue;
        }
        field = field_find(values, name);
        BUG_IF(!field);
        if (values->origins[field - values->fields] == ORIGIN_DEFAULT)
            field_set_json(values, name, value, ORIGIN_PRESET);
    }
}

void config_apply_preset(struct field_values *values, const struct preset *preset,
                         bool was_asked_for)
{
    struct error err;
    json_t *object = json_parse(preset->json, strlen(preset->json), preset->name, &err);

    BUG_IF(!object);
    if (!was_asked_for && chose_another(values, json_object_get(object, "optimizer")))
        json_object_del(object, "optimizer");
    apply(values, NULL, object);
    json_decref(object);
}
