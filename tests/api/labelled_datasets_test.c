/* labelled_datasets_test.c - data sets of boxes, outlines and key points over HTTP. */

#include "dataset_support.h"

#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE LABELLED_SIDE

/* The text is lent until the next call. */
static const char *path_of(const char *format, const char *id)
{
    static char path[512];

    snprintf(path, sizeof(path), format, id);
    return path;
}

static json_t *get(struct lab *lab, const char *format, const char *id)
{
    return expect(&lab->platform, 200, "GET", path_of(format, id), lab->ada, NULL);
}

/* --- what is there --------------------------------------------------------------------------- */

TEST(labelled_dataset_counts_images_and_objects)
{
    const char *folder = labelled_folder("instance_segmentation");
    struct lab lab;
    json_t *body, *objects, *page, *row, *report;
    int64_t with_triangle;
    char *id;

    lab_open(&lab);
    body = send_labelled_folder(&lab, "shapes", "yolo", folder);
    id = strdup(text_at(body, "id"));
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK_TEXT(text_at(body, "task_type"), "instance_segmentation");
    CHECK_TEXT(text_at(body, "detected_format"), "yolo");
    CHECK(int_at(body, "num_images") == 9 && int_at(body, "file_count") == 19);
    CHECK(int_at(body, "num_classes") == 3);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(body, "class_names"), 2)),
               "triangle");
    objects = json_object_get(body, "object_distribution");
    CHECK(sum_of_members(objects) == int_at(body, "num_objects") && sum_of_members(objects) >= 9);
    with_triangle = int_at(json_object_get(body, "class_distribution"), "triangle");
    CHECK(with_triangle >= 1 && with_triangle <= 9 && with_triangle <= int_at(objects, "triangle"));
    json_decref(body);

    page = get(&lab, "/api/v1/datasets/%s/images?class=triangle", id);
    CHECK(int_at(page, "total") == with_triangle);
    row = json_array_get(json_object_get(page, "images"), 0);
    CHECK(int_at(json_object_get(row, "classes"), "triangle") >= 1);
    CHECK(int_at(row, "objects") == sum_of_members(json_object_get(row, "classes")));
    CHECK(json_is_null(json_object_get(row, "class")) && int_at(row, "width") == SIDE);
    json_decref(page);
    page = get(&lab, "/api/v1/datasets/%s/images?split=val", id);
    CHECK(int_at(page, "total") == 3);
    json_decref(page);
    page = get(&lab, "/api/v1/datasets/%s/images?state=labels", id);
    CHECK(int_at(page, "total") == 10);
    json_decref(page);

    report = get(&lab, "/api/v1/datasets/%s/report", id);
    CHECK(int_at(json_object_get(json_object_get(report, "files"), "used"), "files") == 19);
    CHECK(int_at(json_object_get(json_object_get(report, "report"), "labels"), "objects") > 0);
    CHECK_TEXT(text_at(json_object_get(report, "report"), "declared_format"), "yolo");
    json_decref(report);
    page = get(&lab, "/api/v1/datasets/%s/split", id);
    CHECK(int_at(json_object_get(page, "splits"), "train") == 6);
    CHECK(sum_of_members(json_object_get(json_object_get(page, "by_class"), "triangle")) ==
          with_triangle);
    json_decref(page);
    free(id);
    lab_close(&lab);
}

/* The numbers of a file's first line; gives how many. */
static int first_line(const char *path, double *numbers, int most)
{
    struct str text = STR_INIT;
    struct error err;
    char *at, *end;
    int count = 0;

    CHECK_OK(file_read(path, 1 << 20, &text, &err), err);
    text.text[strcspn(text.text, "\n")] = 0;
    for (at = text.text; count < most; at = end) {
        numbers[count] = strtod(at, &end);
        if (end == at)
            break;
        count++;
    }
    str_release(&text);
    return count;
}

static bool is_close(const json_t *array, size_t index, double wanted)
{
    return fabs(json_number_value(json_array_get(array, index)) - wanted) < 0.02;
}

#define FIRST "images/train/000000000001.jpg"
#define FIRST_LABELS "labels/train/000000000001.txt"

TEST(labelled_dataset_gives_outlines_in_pixels)
{
    const char *folder = labelled_folder("instance_segmentation");
    struct arena arena = ARENA_INIT;
    double numbers[1024];
    struct lab lab;
    json_t *body, *page, *image, *object, *points;
    char *id;
    int count;

    lab_open(&lab);
    body = send_labelled_folder(&lab, "outlines", "yolo", folder);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    page = get(&lab, "/api/v1/datasets/%s/annotations?limit=2", id);
    CHECK(int_at(page, "total") == 9 && json_array_size(json_object_get(page, "images")) == 2);
    image = json_array_get(json_object_get(page, "images"), 0);
    CHECK_TEXT(text_at(image, "filename"), FIRST);
    CHECK(int_at(image, "width") == SIDE && int_at(image, "height") == SIDE);
    object = json_array_get(json_object_get(image, "true_boxes"), 0);
    count = first_line(file_join(&arena, folder, FIRST_LABELS), numbers, 1024);
    CHECK(int_at(object, "class_id") == (int64_t)numbers[0]);
    points = json_array_get(json_object_get(object, "polygons"), 0);
    CHECK((int)json_array_size(points) == (count - 1) / 2);
    CHECK(is_close(json_array_get(points, 0), 0, SIDE * numbers[1]) &&
          is_close(json_array_get(points, 0), 1, SIDE * numbers[2]));
    CHECK(!json_object_get(object, "keypoints"));
    json_decref(page);
    page = get(&lab, "/api/v1/datasets/%s/annotations?path=images/val/000000000008.jpg", id);
    CHECK(int_at(page, "total") == 1);
    json_decref(page);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(labelled_dataset_gives_boxes_and_points_in_pixels_to_who_may_look)
{
    const char *folder = labelled_folder("pose_estimation");
    struct arena arena = ARENA_INIT;
    double numbers[1024];
    struct lab lab;
    json_t *body, *page, *object, *points;
    const char *url;

    lab_open(&lab);
    body = send_labelled_folder(&lab, "points", "auto", folder);
    url = arena_printf(&arena, "/api/v1/datasets/%s/annotations", text_at(body, "id"));
    CHECK_TEXT(text_at(body, "format"), "yolo");
    CHECK_TEXT(text_at(body, "task_type"), "pose_estimation");
    CHECK(int_at(json_object_get(body, "keypoints"), "count") > 1);
    json_decref(body);
    page = expect(&lab.platform, 200, "GET", url, lab.ada, NULL);
    object = json_array_get(json_object_get(
        json_array_get(json_object_get(page, "images"), 0), "true_boxes"), 0);
    first_line(file_join(&arena, folder, FIRST_LABELS), numbers, 1024);
    points = json_object_get(object, "bbox"); /* left, top, width, height */
    CHECK(is_close(points, 0, SIDE * (numbers[1] - numbers[3] / 2)) &&
          is_close(points, 1, SIDE * (numbers[2] - numbers[4] / 2)) &&
          is_close(points, 2, SIDE * numbers[3]) && is_close(points, 3, SIDE * numbers[4]));
    CHECK_TEXT(text_at(object, "format"), "xywh");
    points = json_array_get(json_object_get(object, "keypoints"), 0);
    CHECK(is_close(points, 0, SIDE * numbers[5]) && is_close(points, 1, SIDE * numbers[6]));
    CHECK(json_integer_value(json_array_get(points, 2)) == (json_int_t)numbers[7]);
    json_decref(page);
    json_decref(expect(&lab.platform, 404, "GET", url, lab.bob, NULL));
    json_decref(expect(&lab.platform, 401, "GET", url, NULL, NULL));
    arena_release(&arena);
    lab_close(&lab);
}

/* One column of pixels, 30 to 39 of the one at 20. */
#define RUNS(id)                                                                              \
    "{\"id\":" #id ",\"image_id\":" #id ",\"category_id\":1,\"bbox\":[20,30,1,10],\"area\":10," \
    "\"iscrowd\":0,\"segmentation\":{\"size\":[96,96],\"counts\":[1950,10,7256]}}"
#define PICTURE(id) \
    "{\"id\":" #id ",\"file_name\":\"00000000000" #id ".jpg\",\"width\":96,\"height\":96}"

TEST(labelled_dataset_traces_masks_that_are_runs)
{
    static const char labels[] = "{\"images\":[" PICTURE(1) "," PICTURE(2) "],\"annotations\":["
                                 RUNS(1) "," RUNS(2) "],"
                                 "\"categories\":[{\"id\":1,\"name\":\"a\"}]}";
    const char *folder = labelled_folder("object_detection");
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *body, *page, *points;
    struct error err;

    lab_open(&lab);
    run_program("rm -r %s/labels %s/data.yaml && mkdir %s/annotations", folder, folder, folder);
    CHECK_OK(file_replace(file_join(&arena, folder, "annotations/instances_train.json"), labels,
                          strlen(labels), &err),
             err);
    body = send_labelled_folder(&lab, "runs", "coco", folder);
    CHECK_TEXT(text_at(body, "task_type"), "instance_segmentation");
    page = get(&lab, "/api/v1/datasets/%s/annotations?path=" FIRST, text_at(body, "id"));
    points = json_object_get(json_array_get(json_object_get(page, "images"), 0), "true_boxes");
    points = json_array_get(json_object_get(json_array_get(points, 0), "polygons"), 0);
    CHECK(json_array_size(points) == 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *point = json_array_get(points, i);

        CHECK(is_close(point, 0, 20) || is_close(point, 0, 21));
        CHECK(is_close(point, 1, 30) || is_close(point, 1, 40));
    }
    json_decref(page);
    json_decref(body);
    arena_release(&arena);
    lab_close(&lab);
}

TEST(labelled_dataset_of_classes_has_no_boxes)
{
    struct lab lab;
    json_t *page;
    char *id;

    lab_open(&lab);
    id = add_sample(&lab, sample_folder());
    page = get(&lab, "/api/v1/datasets/%s/annotations", id);
    CHECK(int_at(page, "total") == 18);
    CHECK(json_is_null(json_object_get(json_array_get(json_object_get(page, "images"), 0),
                                       "true_boxes")));
    json_decref(page);
    free(id);
    lab_close(&lab);
}

/* --- declared and found ---------------------------------------------------------------------- */

/* The same objects in another format. */
static json_t *send_converted(struct lab *lab, const char *folder, const char *format,
                              const char *declared)
{
    struct arena arena = ARENA_INIT;
    const char *other = arena_printf(&arena, "%s/%s", test_folder(), format);
    json_t *body;

    run_program(TEST_BIN_DIR "/fovea-engine dataset convert %s %s --to %s > /dev/null", folder,
                other, format);
    body = send_labelled_folder(lab, format, declared, other);
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK_TEXT(text_at(body, "format"), declared);
    CHECK_TEXT(text_at(body, "detected_format"), format);
    CHECK_TEXT(text_at(body, "task_type"), "object_detection");
    arena_release(&arena);
    return body;
}

TEST(labelled_dataset_is_what_is_found_not_what_was_said)
{
    static const char *const formats[] = { "coco", "voc", "dice" };
    const char *folder = labelled_folder("object_detection");
    struct str form = STR_INIT;
    struct lab lab;
    json_t *body, *report;
    int64_t objects;

    lab_open(&lab);
    body = send_labelled_folder(&lab, "yolo", "yolo", folder);
    objects = int_at(body, "num_objects");
    json_decref(body);
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        body = send_converted(&lab, folder, formats[i], formats[i]);
        CHECK(int_at(body, "num_objects") == objects && objects >= 9);
        json_decref(body);
    }
    body = send_converted(&lab, folder, "coco", "voc");
    report = get(&lab, "/api/v1/datasets/%s/report", text_at(body, "id"));
    json_decref(body);
    body = json_object_get(json_object_get(report, "report"), "quality_checks");
    body = json_object_get(body, "warnings");
    CHECK(strstr(json_string_value(json_array_get(body, json_array_size(body) - 1)),
                 "declared as voc, but this is coco"));
    json_decref(report);
    body = send_labelled_folder(&lab, "folders", "yolo", sample_folder());
    CHECK_TEXT(text_at(body, "status"), "ready");
    CHECK_TEXT(text_at(body, "detected_format"), "imagefolder");
    CHECK(int_at(json_object_get(body, "class_distribution"), "circle") == 9);
    json_decref(body);

    str_clear(&form);
    form_begin_as(&form, "no labels", "coco");
    form_file(&form, "images/a.jpg", "x", 1);
    body = send_labelled(&lab, &form);
    CHECK_TEXT(text_at(body, "status"), "not_ready");
    CHECK(strstr(text_at(body, "status_reason"), "JSON file"));
    CHECK(!strstr(text_at(body, "status_reason"), lab.platform.folder));
    json_decref(body);
    str_release(&form);
    lab_close(&lab);
}

/* --- labels that are wrong ------------------------------------------------------------------- */

#define BAD_LABELS               \
    "0 0.5 0.5 0.2 0.2\n"        \
    "1 0.9 0.5 0.4 0.2\n"        \
    "0 0.5 0.5 0.2 0.2\n"        \
    "x y z\n"

static const json_t *find_fix(const json_t *fixes, const char *kind)
{
    const json_t *fix;
    size_t i;

    json_array_foreach(json_object_get(fixes, "fixes"), i, fix)
        if (!strcmp(text_at(fix, "kind"), kind))
            return fix;
    test_fail(__FILE__, __LINE__, "no fix '%s'", kind);
    return NULL;
}

static int64_t finding_count(struct lab *lab, const char *id)
{
    json_t *report = get(lab, "/api/v1/datasets/%s/report", id);
    int64_t count = int_at(json_object_get(json_object_get(report, "report"), "labels"),
                           "finding_count");

    json_decref(report);
    return count;
}

static void check_labels(struct lab *lab, const char *kind, const char *id, const char *inner,
                         const char *wanted)
{
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct error err;

    CHECK_OK(file_read(arena_printf(&arena, "%s/%s/%s/%s" FIRST_LABELS, lab->platform.folder, kind,
                                    id, inner),
                       1 << 20, &text, &err),
             err);
    CHECK_TEXT(text.text, wanted);
    str_release(&text);
    arena_release(&arena);
}

TEST(labelled_dataset_names_wrong_rows_and_mends_them)
{
    struct arena arena = ARENA_INIT;
    const char *folder = labelled_folder("object_detection");
    struct lab lab;
    const json_t *fix;
    json_t *body, *fixes, *report;
    struct error err;
    char *id;

    lab_open(&lab);
    CHECK_OK(file_replace(file_join(&arena, folder, FIRST_LABELS), BAD_LABELS, strlen(BAD_LABELS),
                          &err),
             err);
    body = send_labelled_folder(&lab, "dirty", "yolo", folder);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    CHECK(finding_count(&lab, id) == 3);
    report = get(&lab, "/api/v1/datasets/%s/report", id);
    body = json_object_get(json_object_get(report, "report"), "labels");
    body = json_object_get(body, "findings");
    CHECK_TEXT(text_at(json_array_get(body, 0), "path"), FIRST_LABELS);
    CHECK(int_at(json_array_get(body, 0), "line") == 2);
    CHECK(strstr(text_at(json_array_get(body, 0), "message"), "right edge"));
    json_decref(report);

    fixes = get(&lab, "/api/v1/datasets/%s/fixes", id);
    fix = find_fix(fixes, "drop_duplicate");
    CHECK_TEXT(text_at(fix, "action"), "edit");
    CHECK(int_at(fix, "line") == 3);
    json_decref(expect(&lab.platform, 404, "POST", path_of("/api/v1/datasets/%s/fixes", id),
                       lab.bob, "{\"all\":true}"));
    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/fixes?wait=1", id),
                  lab.ada, arena_printf(&arena, "{\"ids\":[\"%s\"]}", text_at(fix, "id")));
    CHECK(int_at(body, "applied") == 1);
    json_decref(body);
    json_decref(fixes);
    check_labels(&lab, "datasets", id, "", "0 0.5 0.5 0.2 0.2\n1 0.9 0.5 0.4 0.2\nx y z\n");
    check_labels(&lab, "quarantine", id, ".edited/", BAD_LABELS);
    CHECK(finding_count(&lab, id) == 2);

    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/fixes?wait=1", id),
                  lab.ada, "{\"all\":true}");
    CHECK(int_at(body, "applied") == 2);
    CHECK_TEXT(text_at(json_object_get(body, "dataset"), "status"), "ready");
    json_decref(body);
    CHECK(finding_count(&lab, id) == 0);
    check_labels(&lab, "datasets", id, "",
                 "0 0.5 0.5 0.2 0.2\n1 0.850000 0.500000 0.300000 0.200000\n");
    fixes = get(&lab, "/api/v1/datasets/%s/fixes", id);
    CHECK(json_is_true(json_object_get(find_fix(fixes, "clip"), "applied")));
    json_decref(fixes);
    report = get(&lab, "/api/v1/datasets/%s/report", id); /* no file was taken out */
    CHECK(int_at(json_object_get(json_object_get(report, "files"), "fixed"), "files") == 0);
    json_decref(report);
    free(id);
    arena_release(&arena);
    lab_close(&lab);
}

/* --- hostile files --------------------------------------------------------------------------- */

/* A good data set but for this file. */
static void check_hostile(struct lab *lab, const char *format, const char *name, const void *data,
                          size_t size_bytes)
{
    const char *folder = labelled_folder("object_detection");
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, folder, name);
    json_t *body, *report;
    struct error err;
    char *text;

    if (strcmp(format, "yolo"))
        run_program("rm -r %s/labels %s/data.yaml", folder, folder);
    run_program("mkdir -p \"$(dirname %s)\"", path);
    CHECK_OK(file_replace(path, data, size_bytes, &err), err);
    body = send_labelled_folder(lab, name, format, folder);
    if (strcmp(text_at(body, "status"), "not_ready") && strcmp(text_at(body, "status"), "ready"))
        test_fail(__FILE__, __LINE__, "%s is %s", name, text_at(body, "status"));
    CHECK(text_at(body, "status_reason") || !strcmp(text_at(body, "status"), "ready"));
    report = get(lab, "/api/v1/datasets/%s/report", text_at(body, "id"));
    text = json_dumps(report, 0);
    CHECK(!strstr(text, lab->platform.folder) && !strstr(text, "root:x"));
    free(text);
    json_decref(report);
    json_decref(get(lab, "/api/v1/datasets/%s/annotations", text_at(body, "id")));
    json_decref(body);
    arena_release(&arena);
}

TEST(labelled_dataset_survives_hostile_files)
{
    struct str deep = STR_INIT, bomb = STR_INIT;
    static const char outside[] = "path: /etc\ntrain: ../../../../etc/passwd\nval: /etc\nnc: 1\n"
                                  "names: ['a']\n";
    static const char numbers[] = "0 1e999 nan -inf 1\n4294967296 .5 .5 .1 .1\n-1 .5 .5 .1 .1\n";
    static const char escapes[] =
        "{\"images\":[{\"id\":1,\"file_name\":\"../../../../etc/passwd\",\"width\":1e9,"
        "\"height\":-1}],\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1e300,"
        "\"bbox\":[0,0,1e308,1e308]}],\"categories\":[{\"id\":1,\"name\":\"a\"}]}";
    struct lab lab;

    lab_open(&lab);
    for (int i = 0; i < 100000; i++)
        str_add_char(&deep, '[');
    str_add(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
        str_printf(&bomb, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            str_printf(&bomb, "*a%d%s", i - 1, k < 8 ? ", " : "]\n");
    }
    check_hostile(&lab, "yolo", "data.yaml", outside, strlen(outside));
    check_hostile(&lab, "yolo", "data.yaml", deep.text, deep.length);
    check_hostile(&lab, "yolo", "data.yaml", bomb.text, bomb.length);
    check_hostile(&lab, "yolo", "data.yaml", "\0\xff\xfe\0: \x80", 7);
    check_hostile(&lab, "yolo", FIRST_LABELS, numbers, strlen(numbers));
    check_hostile(&lab, "yolo", FIRST_LABELS, "\0\1\2\xff 0 0", 8);
    check_hostile(&lab, "coco", "annotations/instances_train.json", deep.text, deep.length);
    check_hostile(&lab, "coco", "annotations/instances_train.json", escapes, strlen(escapes));
    check_hostile(&lab, "voc", "Annotations/000000000001.xml",
                  "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><annotation>&e;", 69);
    str_release(&deep);
    str_release(&bomb);
    lab_close(&lab);
}
