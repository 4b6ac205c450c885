/* labelled_split_test.c - another split for data sets of boxes, written as lists. */

#include "dataset_support.h"

#include "base/error.h"
#include "base/file.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

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

static json_t *look(struct lab *lab, const char *id)
{
    json_t *body = expect(&lab->platform, 200, "POST",
                          path_of("/api/v1/datasets/%s/analyze?wait=1", id), lab->ada, NULL);

    CHECK_TEXT(text_at(body, "status"), "ready");
    return body;
}

/* What is drawn is what the engine finds then; the same seed draws the same. */
static void check_drawn(struct lab *lab, const char *id)
{
    static const char *const wish = "{\"train\":0.34,\"val\":0.33,\"test\":0.33,\"seed\":7}";
    json_t *said, *found, *body;

    said = expect(&lab->platform, 200, "POST", path_of("/api/v1/datasets/%s/split", id), lab->ada,
                  wish);
    CHECK(sum_of_members(json_object_get(said, "splits")) == 9 && int_at(said, "moved") > 0);
    CHECK(int_at(json_object_get(said, "splits"), "val") >= 2 &&
          int_at(json_object_get(said, "splits"), "test") >= 1);
    body = look(lab, id);
    CHECK(int_at(body, "num_images") == 9 && int_at(body, "num_classes") == 3);
    json_decref(body);
    found = get(lab, "/api/v1/datasets/%s/split", id);
    CHECK(json_equal(json_object_get(said, "splits"), json_object_get(found, "splits")));
    CHECK(json_equal(json_object_get(said, "by_class"), json_object_get(found, "by_class")));
    json_decref(found);
    json_decref(said);
    body = expect(&lab->platform, 200, "POST", path_of("/api/v1/datasets/%s/split", id), lab->ada,
                  wish);
    CHECK(int_at(body, "moved") == 0);
    json_decref(body);
    json_decref(look(lab, id));
}

static bool has_image(const json_t *page, const char *path)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(page, "images"), i,
                       row) if (!strcmp(text_at(row, "filename"), path)) return true;
    return false;
}

static void check_assigned(struct lab *lab, const char *id, const char *image)
{
    struct arena arena = ARENA_INIT;
    json_t *body;

    json_decref(expect(&lab->platform, 200, "POST", path_of("/api/v1/datasets/%s/split", id),
                       lab->ada, "{\"train\":0.6,\"val\":0.4,\"seed\":1}"));
    json_decref(look(lab, id));
    for (int i = 0; i < 2; i++) {
        const char *split = i ? "val" : "test";

        body = expect(&lab->platform, 200, "POST", path_of("/api/v1/datasets/%s/split", id),
                      lab->ada, arena_printf(&arena, "{\"assign\":{\"%s\":\"%s\"}}", image, split));
        CHECK(int_at(body, "moved") == 1);
        json_decref(body);
        json_decref(look(lab, id));
        body = get(lab, arena_printf(&arena, "/api/v1/datasets/%%s/images?split=%s&limit=9", split),
                   id);
        CHECK(has_image(body, image));
        json_decref(body);
    }
    arena_release(&arena);
}

TEST(labelled_dataset_gets_another_split_by_lists)
{
    const char *folder = labelled_folder("object_detection");
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct error err;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    body = send_labelled_folder(&lab, "shapes", "yolo", folder);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    check_drawn(&lab, id);
    CHECK_OK(file_read(arena_printf(&arena, "%s/datasets/%s/data.yaml", lab.platform.folder, id),
                       1 << 20, &text, &err),
             err);
    CHECK(strstr(text.text, "triangle") && strstr(text.text, "\ntrain: train.txt\nval: val.txt\n"
                                                             "test: test.txt\n"));
    CHECK_OK(file_read(arena_printf(&arena, "%s/quarantine/%s/.edited/data.yaml",
                                    lab.platform.folder, id),
                       1 << 20, &text, &err),
             err);
    CHECK(strstr(text.text, "images/train"));
    check_assigned(&lab, id, "images/train/000000000001.jpg");
    json_decref(expect(&lab.platform, 400, "POST", path_of("/api/v1/datasets/%s/split", id),
                       lab.ada, "{\"assign\":{\"images/train/000000000001.jpg\":\"nowhere\"}}"));
    json_decref(expect(&lab.platform, 404, "POST", path_of("/api/v1/datasets/%s/split", id),
                       lab.ada, "{\"assign\":{\"data.yaml\":\"val\"}}"));
    str_release(&text);
    arena_release(&arena);
    free(id);
    lab_close(&lab);
}

/* In a folder of its own, without data.yaml and without any division. */
TEST(labelled_dataset_without_a_split_gets_one)
{
    const char *folder = labelled_folder("object_detection");
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    run_program("cd %s && mkdir -p set/images set/labels && mv images/*/*.jpg set/images && "
                "mv labels/*/*.txt set/labels && rm -rf images labels data.yaml",
                folder);
    body = send_labelled_folder(&lab, "shapes", "yolo", folder);
    id = strdup(text_at(body, "id"));
    json_decref(body);
    check_drawn(&lab, id);
    CHECK(
        file_exists(arena_printf(&arena, "%s/datasets/%s/set/train.txt", lab.platform.folder, id)));
    check_assigned(&lab, id, "set/images/000000000001.jpg");
    arena_release(&arena);
    free(id);
    lab_close(&lab);
}

/* Where annotation files say the split, a file beside them says another one. */
TEST(labelled_dataset_in_other_formats_gets_another_split)
{
    static const struct {
        const char *format;
        bool has_config;
    } cases[] = { { "voc", false }, { "coco", true }, { "dice", true } };
    const char *folder = labelled_folder("object_detection");
    struct arena arena = ARENA_INIT;
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *made = arena_printf(&arena, "%s/as_%s", folder, cases[i].format);

        run_program(TEST_BIN_DIR "/fovea-engine dataset convert %s %s --to %s > /dev/null", folder,
                    made, cases[i].format);
        body = send_labelled_folder(&lab, "shapes", "auto", made);
        id = strdup(text_at(body, "id"));
        CHECK_TEXT(text_at(body, "detected_format"), cases[i].format);
        json_decref(body);
        check_drawn(&lab, id);
        CHECK(cases[i].has_config ==
              file_exists(arena_printf(&arena, "%s/datasets/%s/split_config.json",
                                       lab.platform.folder, id)));
        free(id);
    }
    arena_release(&arena);
    lab_close(&lab);
}

/* A classifier's images stay where they are, too, where such a file has the last word. */
TEST(labelled_dataset_of_classes_follows_its_split_config)
{
    const char *folder = sample_folder();
    struct lab lab;
    json_t *body;
    char *id;

    lab_open(&lab);
    run_program("cd %s && echo '{\"method\":\"auto\",\"default_ratio\":0.5}' > split_config.json",
                folder);
    id = add_sample(&lab, folder);
    body = get(&lab, "/api/v1/datasets/%s/split", id);
    CHECK(int_at(json_object_get(body, "splits"), "train") == 8 &&
          int_at(json_object_get(body, "splits"), "val") == 10);
    json_decref(body);
    body = expect(&lab.platform, 200, "POST", path_of("/api/v1/datasets/%s/split", id), lab.ada,
                  "{\"train\":0.8,\"val\":0.2}");
    CHECK(int_at(json_object_get(body, "splits"), "val") == 4);
    json_decref(body);
    json_decref(look(&lab, id));
    body = get(&lab, "/api/v1/datasets/%s/split", id);
    CHECK(int_at(json_object_get(body, "splits"), "val") == 4);
    json_decref(body);
    free(id);
    lab_close(&lab);
}
