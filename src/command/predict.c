/* predict.c - `fovea predict`: what is on these images; one-shot, or resident and fed by a pipe. */

#include "base/arguments.h"
#include "base/clock.h"
#include "base/file.h"
#include "command/command.h"
#include "command/predict_internal.h"
#include "nn/device.h"
#include "train/task.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DETECTIONS 1000

/* times: at the beginning, before and after the network ran, after its answer was read. */
static int print_json(struct session *s, const char *path, const double times[4], struct error *err)
{
    const struct checkpoint *c = &s->predictor.checkpoint;
    struct str text = STR_INIT;
    struct json_writer w;
    int result;

    json_begin(&w, &text);
    json_object_open(&w);
    json_put_text(&w, "image_path", path);
    json_put_text(&w, "task_type", c->task->name);
    json_put_text(&w, "model_name", c->model_name);
    if (s->save_folder)
        json_put_text(&w, "drawing_path", s->drawing.text);
    result = s->answers->write_json(s, &w, err);
    json_put_number(&w, "inference_time_ms", 1000 * (times[2] - times[1]));
    json_put_number(&w, "preprocessing_time_ms", 1000 * (times[1] - times[0]));
    json_put_number(&w, "postprocessing_time_ms", 1000 * (times[3] - times[2]));
    json_close(&w);
    if (!result)
        puts(text.text);
    str_release(&text);
    return result;
}

static void print_text(struct session *s, const char *path)
{
    struct str text = STR_INIT;

    s->answers->write_text(s, &text);
    printf("%s:%s\n", path, text.text);
    str_release(&text);
}

static int save_drawing(struct session *s, const char *path, struct error *err)
{
    if (predict_files_target(&s->files, path, s->save_folder, &s->drawing, err) ||
        file_make_folders(s->save_folder, err))
        return -1;
    return s->answers->save(s, s->drawing.text, err);
}

static int predict_file(struct session *s, const char *path, struct error *err)
{
    double times[4] = { clock_seconds() };
    struct decode_info info;

    if (decoder_open(s->decoder, path, &info, err))
        return -1;
    s->width = info.width;
    s->height = info.height;
    if (s->answers->prepare(s, err))
        return -1;
    times[1] = clock_seconds();
    if (predictor_run(&s->predictor, s->values, err))
        return -1;
    times[2] = clock_seconds();
    if (s->answers->find(s, err) || (s->save_folder && save_drawing(s, path, err)))
        return -1;
    times[3] = clock_seconds();
    if (!s->json)
        print_text(s, path);
    else if (print_json(s, path, times, err))
        return -1;
    fflush(stdout);
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

/* Wishes of a request for itself; absent and senseless ones keep their value. */
static void read_wishes(const json_t *request, struct predict_wishes *wishes)
{
    json_int_t top_k = json_integer_value(json_object_get(request, "top_k"));
    json_int_t most = json_integer_value(json_object_get(request, "max_detections"));
    const json_t *confidence = json_object_get(request, "confidence_threshold");
    const json_t *iou = json_object_get(request, "iou_threshold");

    if (top_k > 0)
        wishes->top_k = top_k > INT_MAX ? INT_MAX : (int)top_k;
    if (most > 0)
        wishes->max_detections = most > MOST_DETECTIONS ? MOST_DETECTIONS : (int)most;
    if (json_is_number(confidence))
        wishes->confidence = json_number_value(confidence);
    if (json_is_number(iou))
        wishes->iou = json_number_value(iou);
    if (json_object_get(request, "agnostic_nms"))
        wishes->is_agnostic = json_is_true(json_object_get(request, "agnostic_nms"));
}

/* What a resident program is asked for: a path, or {"image_path": PATH, "top_k": N, ...}. */
static void predict_line(struct session *s, const char *line, size_t length)
{
    json_t *request =
        *line == '{' ? json_parse(line, length, "the request", &(struct error){ 0 }) : NULL;
    const char *path =
        *line == '{' ? json_string_value(json_object_get(request, "image_path")) : line;
    struct predict_wishes usual = s->wishes;
    struct error problem = { 0 };

    read_wishes(request, &s->wishes);
    if (!path) {
        FAIL(&problem, INVALID, "a request is a path or {\"image_path\": PATH}");
        print_failure(s, "", &problem);
    } else if (predict_file(s, path, &problem)) {
        print_failure(s, path, &problem);
    }
    s->wishes = usual;
    json_decref(request);
}

static int predict_all(struct session *s, bool resident, struct error *err)
{
    int failures = 0, count = s->files.paths.count;
    struct error problem = { 0 };
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    for (int i = 0; i < count; i++)
        if (predict_file(s, s->files.paths.items[i], &problem)) {
            print_failure(s, s->files.paths.items[i], &problem);
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
    if (predictor_open(&s->predictor, path, device, 1, err))
        return -1;
    s->answers =
        s->predictor.checkpoint.task == &task_classification ? &predict_classes : &predict_objects;
    if (s->save_folder && !s->answers->save)
        return FAIL(err, INVALID, "a classifier finds nothing to draw: --save is for detectors");
    s->decoder = decoder_new();
    s->values = malloc((size_t)shape_count(&s->predictor.ends.image->shape) * sizeof(float));
    if (!s->values)
        return FAIL(err, NO_MEMORY, "no memory for an image of %d pixels",
                    s->predictor.checkpoint.transform.image_size);
    return s->answers->open(s, err);
}

static void close_session(struct session *s)
{
    if (s->work)
        s->answers->close(s);
    predictor_close(&s->predictor);
    decoder_free(s->decoder);
    free(s->values);
    predict_files_release(&s->files);
    str_release(&s->drawing);
}

struct predict_options {
    const char *path, *top_k, *threads, *confidence, *iou, *most;
    bool resident;
};

static int read_options(const struct predict_options *o, struct session *s, struct error *err)
{
    if (command_read_integer(o->top_k, "top_k", 1, INT_MAX, &s->wishes.top_k, err) ||
        command_read_integer(o->threads, "threads", 0, COMMAND_MOST_THREADS, &s->threads, err) ||
        command_read_number(o->confidence, "confidence_threshold", 0, 1, &s->wishes.confidence,
                            err) ||
        command_read_number(o->iou, "iou_threshold", 0, 1, &s->wishes.iou, err) ||
        command_read_integer(o->most, "max_detections", 1, MOST_DETECTIONS,
                             &s->wishes.max_detections, err))
        return -1;
    return 0;
}

/* Before anything is written it is known that no drawing takes the place of an image. */
static int take_images(struct session *s, const struct arguments *arguments, struct error *err)
{
    for (int i = 0; i < arguments->positional_count; i++)
        if (predict_files_add(&s->files, arguments->positionals[i], err))
            return -1;
    for (int i = 0; s->save_folder && i < s->files.paths.count; i++)
        if (predict_files_target(&s->files, s->files.paths.items[i], s->save_folder, &s->drawing,
                                 err))
            return -1;
    return 0;
}

static int run(int argc, char **argv, struct error *err)
{
    struct predict_options o = {
        .top_k = "5", .threads = "0", .confidence = "0.25", .iou = "0.45", .most = "100"
    };
    struct session session = { .drawing = STR_INIT };
    const struct option options[] = {
        { "checkpoint_path", "checkpoint", &o.path, NULL, "FILE", "checkpoint to use; required" },
        { "top_k", NULL, &o.top_k, NULL, "N", "classes to name (default 5)" },
        { "confidence_threshold", "conf", &o.confidence, NULL, "X",
          "objects: least confidence (default 0.25)" },
        { "iou_threshold", "iou", &o.iou, NULL, "X",
          "objects: overlap from which the weaker one goes (default 0.45)" },
        { "max_detections", NULL, &o.most, NULL, "N", "objects: at most so many (default 100)" },
        { "agnostic_nms", NULL, NULL, &session.wishes.is_agnostic, NULL,
          "objects: overlaps count between classes too" },
        { "save", NULL, &session.save_folder, NULL, "FOLDER",
          "objects: draw them, into files there; not the folder of the images" },
        { "threads", NULL, &o.threads, NULL, "N", "0: one per core" },
        { "json", NULL, NULL, &session.json, NULL, "one JSON object per image" },
        { "stdin", NULL, NULL, &o.resident, NULL,
          "stay, and read a path, or {\"image_path\", \"top_k\", ...}, per line from standard "
          "input" },
        OPTION_END,
    };
    struct arguments arguments = { .options = options,
                                   .most_positionals = ARGUMENTS_ANY_COUNT };
    struct device *device = NULL;
    int status = -1;

    if (arguments_parse(&arguments, argc, argv, err))
        return -1;
    if (arguments.help)
        return command_print_options(&command_predict, NULL, options);
    if (!o.path)
        return FAIL(err, INVALID, "--checkpoint_path FILE is required");
    if (!arguments.positional_count && !o.resident)
        return FAIL(err, INVALID, "no image is given");
    if (read_options(&o, &session, err))
        return -1;
    if (!take_images(&session, &arguments, err) &&
        !command_open_device(&device, session.threads, err) &&
        !open_session(&session, o.path, device, err))
        status = predict_all(&session, o.resident, err);
    else if (o.resident && session.json)
        print_failure(&session, NULL, err); /* who waits for an answer gets one */
    close_session(&session);
    device_close(device);
    return status;
}

const struct command command_predict = {
    "predict",
    "say what is on images",
    "--checkpoint_path FILE [OPTIONS] IMAGE_OR_FOLDER...",
    run,
};
