/* predict.c - `fovea predict`: what is on these images; one-shot, or resident and fed by a pipe. */

#include "base/arguments.h"
#include "base/clock.h"
#include "base/json.h"
#include "command/command.h"
#include "data/decode.h"
#include "nn/device.h"
#include "train/metrics.h"
#include "train/predictor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
    struct predictor predictor;
    struct decoder *decoder;
    struct transform_table table;
    uint8_t *pixels;
    float *values;
    int top_k, width, height; /* the image's own size */
    bool json;
};

/* Read and normalise one file into session->values. */
static int prepare(struct session *s, const char *path, struct error *err)
{
    const struct transform *t = &s->predictor.checkpoint.transform;
    struct decode_info info;
    int size = t->image_size;
    struct decode_view view = { .width = size, .height = size, .interpolation = t->interpolation,
                                .is_exact = true };
    struct augment_image image = { .width = size, .height = size, .pixels = s->pixels,
                                   .values = s->values };

    if (decoder_open(s->decoder, path, &info, err))
        return -1;
    s->width = info.width;
    s->height = info.height;
    view.part = transform_rectangle(t, info.width, info.height);
    if (decoder_draw(s->decoder, &view, s->pixels, err))
        return -1;
    transform_normalise(&s->table, &image);
    return 0;
}

/* times: at the beginning, before and after the network ran. */
static void print_json(const struct session *s, const char *path, const int *top,
                       const float *confidence, int count, const double times[3])
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    struct str text = STR_INIT;
    struct json_writer w;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "image_path", path);
    json_put_text(&w, "task_type", "image_classification");
    json_put_text(&w, "model_name", c->model_name);
    json_key(&w, "predictions");
    json_array_open(&w);
    for (int i = 0; i < count; i++) {
        json_object_open(&w);
        json_put_text(&w, "label", c->class_names[top[i]]);
        json_put_int(&w, "label_id", top[i]);
        json_put_number(&w, "confidence", confidence[i]);
        json_close(&w);
    }
    json_close(&w);
    json_put_int(&w, "image_width", s->width);
    json_put_int(&w, "image_height", s->height);
    json_put_number(&w, "inference_time_ms", 1000 * (times[2] - times[1]));
    json_put_number(&w, "preprocessing_time_ms", 1000 * (times[1] - times[0]));
    json_close(&w);
    puts(text.text);
    str_release(&text);
}

/* The k best classes; k may be larger than METRICS_TOP. */
static int rank(const float *probability, int classes, int k, int *top, float *confidence)
{
    int count = k < classes ? k : classes;
    bool *taken = calloc((size_t)classes + 1, sizeof(bool));

    BUG_IF(!taken);
    for (int i = 0; i < count; i++) {
        int best = -1;

        for (int c = 0; c < classes; c++)
            if (!taken[c] && (best < 0 || probability[c] > probability[best]))
                best = c;
        taken[best] = true;
        top[i] = best;
        confidence[i] = probability[best];
    }
    free(taken);
    return count;
}

static int predict_file(struct session *s, const char *path, struct error *err)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    double times[3] = { clock_seconds() };
    const float *probability;
    int *top;
    float *confidence;
    int count;

    if (prepare(s, path, err))
        return -1;
    times[1] = clock_seconds();
    if (predictor_run(&s->predictor, s->values, err))
        return -1;
    times[2] = clock_seconds();
    probability = predictor_output(&s->predictor, 0);
    top = calloc((size_t)c->class_count, sizeof(int));
    confidence = calloc((size_t)c->class_count, sizeof(float));
    BUG_IF(!top || !confidence);
    count = rank(probability, c->class_count, s->top_k, top, confidence);
    if (s->json) {
        print_json(s, path, top, confidence, count, times);
    } else {
        printf("%s:", path);
        for (int i = 0; i < count; i++)
            printf("%s %s %.1f %%", i ? "," : "", c->class_names[top[i]], 100 * confidence[i]);
        printf("\n");
    }
    fflush(stdout);
    free(top);
    free(confidence);
    return 0;
}

/* A failure is an answer too: the other files go on.  path NULL: none of them can be used. */
static void print_failure(const struct session *s, const char *path, const struct error *err)
{
    struct str text = STR_INIT;
    struct json_writer w;

    if (!s->json) {
        fprintf(stderr, "fovea predict: %s\n", err->text);
        return;
    }
    json_begin(&w, &text);
    json_object_open(&w);
    if (path)
        json_put_text(&w, "image_path", path);
    json_put_text(&w, "error", err->text);
    json_put_text(&w, "kind", error_kind_name(err->kind));
    json_close(&w);
    puts(text.text);
    fflush(stdout);
    str_release(&text);
}

/* What a resident program is asked for: a path, or {"image_path": PATH, "top_k": N}. */
static void predict_line(struct session *s, const char *line, size_t length)
{
    json_t *request = *line == '{' ? json_parse(line, length, "the request", &(struct error){ 0 })
                                   : NULL;
    json_t *top_k = json_object_get(request, "top_k");
    const char *path = *line == '{' ? json_string_value(json_object_get(request, "image_path"))
                                    : line;
    int usual_top_k = s->top_k;
    struct error problem = { 0 };

    if (json_integer_value(top_k) > 0)
        s->top_k = json_integer_value(top_k) > INT_MAX ? INT_MAX : (int)json_integer_value(top_k);
    if (!path) {
        FAIL(&problem, INVALID, "a request is a path or {\"image_path\": PATH}");
        print_failure(s, "", &problem);
    } else if (predict_file(s, path, &problem)) {
        print_failure(s, path, &problem);
    }
    s->top_k = usual_top_k;
    json_decref(request);
}

static int predict_all(struct session *s, char **paths, int count, bool resident, struct error *err)
{
    int failures = 0;
    struct error problem = { 0 };
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    for (int i = 0; i < count; i++)
        if (predict_file(s, paths[i], &problem)) {
            print_failure(s, paths[i], &problem);
            failures++;
        }
    while (resident && (length = getline(&line, &capacity, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (length)
            predict_line(s, line, (size_t)length);
    }
    free(line);
    if (failures)
        return FAIL(err, CORRUPT, "%d of %d images could not be used", failures, count);
    return 0;
}

static int open_session(struct session *s, const char *path, struct device *device,
                        struct error *err)
{
    size_t count;

    if (predictor_open(&s->predictor, path, device, 1, err))
        return -1;
    count = (size_t)shape_count(&s->predictor.ends.image->shape);
    s->decoder = decoder_new();
    s->pixels = malloc(count);
    s->values = malloc(count * sizeof(float));
    if (!s->pixels || !s->values)
        return FAIL(err, NO_MEMORY, "no memory for an image of %d pixels",
                    s->predictor.checkpoint.transform.image_size);
    transform_table_init(&s->table, &s->predictor.checkpoint.transform);
    return 0;
}

static void close_session(struct session *s)
{
    predictor_close(&s->predictor);
    decoder_free(s->decoder);
    free(s->pixels);
    free(s->values);
}

static int run(int argc, char **argv, struct error *err)
{
    const char *path = NULL, *top_k = "5", *threads = "0";
    bool json = false, resident = false;
    const struct option options[] = {
        { "checkpoint_path", "checkpoint", &path, NULL, "FILE", "checkpoint to use; required" },
        { "top_k", NULL, &top_k, NULL, "N", "classes to name (default 5)" },
        { "threads", NULL, &threads, NULL, "N", "0: one per core" },
        { "json", NULL, NULL, &json, NULL, "one JSON object per image" },
        { "stdin", NULL, NULL, &resident, NULL,
          "stay, and read a path, or {\"image_path\", \"top_k\"}, per line from standard input" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options };
    struct session session = { 0 };
    struct device *device = NULL;
    int status = -1;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_predict, NULL, options);
    if (!path)
        return FAIL(err, INVALID, "--checkpoint_path FILE is required");
    if (!arguments.positional_count && !resident)
        return FAIL(err, INVALID, "no image is given");
    session.json = json;
    session.top_k = (int)strtol(top_k, NULL, 10);
    if (session.top_k < 1)
        return FAIL(err, INVALID, "top_k must be at least 1, not '%s'", top_k);
    if (!command_open_device(&device, (int)strtol(threads, NULL, 10), err) &&
        !open_session(&session, path, device, err))
        status =
            predict_all(&session, arguments.positionals, arguments.positional_count, resident, err);
    else if (resident && json)
        print_failure(&session, NULL, err); /* who waits for an answer gets one */
    close_session(&session);
    device_close(device);
    return status;
}

const struct command command_predict = {
    "predict", "say what is on images", "--checkpoint_path FILE [OPTIONS] IMAGE...", run,
};
