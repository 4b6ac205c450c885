/* checkpoint_foreign_test.c - files that are no checkpoint, lack a part, or are of another run:
 * refused by name, with what is wrong. */

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cpu/device_cpu.h"
#include "test.h"
#include "train/checkpoint.h"
#include "train/predictor.h"

#include <string.h>

#define SIZE 32
#define MAX_METADATA 16

struct written {
    struct device *device;
    struct network network;
    const char *folder;
    struct str path; /* of a checkpoint */
};

static void open_network(struct network *network, struct device *device, enum optimizer_kind kind,
                         bool average, uint64_t seed)
{
    struct network_options options = {
        .model = model_find("mobilenetv3_small_100"),
        .shape = { .batch = 2, .image_size = SIZE, .classes = 2 },
        .training = true, .average = average
    };
    struct error err;

    optimizer_options_init(&options.optimizer, kind);
    CHECK_OK(network_open(network, device, &options, &err), err);
    CHECK_OK(weights_start(&network->weights, &network->live, seed, &err), err);
}

static void write_checkpoint(const char *path, const struct network *network, bool resumable)
{
    static const char *const names[] = { "cat", "dog" };
    struct checkpoint_state state = { .epoch = 1, .plateau_scale = 1, .device = "some device" };
    struct transform transform;
    struct checkpoint_info info = { .model = network->options.model,
                                    .class_names = (char *const *)names, .class_count = 2,
                                    .transform = &transform, .config_json = "{}" };
    struct error err;

    transform_init(&transform, SIZE);
    CHECK_OK(checkpoint_write(path, network, &info, &state, resumable, &err), err);
}

static void written_init(struct written *w, enum optimizer_kind kind)
{
    *w = (struct written){ .folder = test_folder(), .path = STR_INIT };
    w->device = device_reference_open(false);
    open_network(&w->network, w->device, kind, false, 1);
    str_printf(&w->path, "%s/c.safetensors", w->folder);
    write_checkpoint(w->path.text, &w->network, true);
}

static void written_release(struct written *w)
{
    network_close(&w->network);
    device_close(w->device);
    str_release(&w->path);
}

/* The checkpoint again, with another value of one key; NULL: without it. */
static void rewrite(const struct written *w, const char *key, const char *value, const char *path)
{
    struct safetensors_metadata metadata[MAX_METADATA];
    struct safetensors file;
    struct error err;
    int count = 0;

    CHECK_OK(safetensors_open(&file, w->path.text, &err), err);
    CHECK(file.metadata_count <= MAX_METADATA && safetensors_metadata_find(&file, key));
    for (int i = 0; i < file.metadata_count; i++) {
        bool changed = !strcmp(file.metadata[i].key, key);

        if (!changed || value)
            metadata[count++] = (struct safetensors_metadata){
                file.metadata[i].key, changed ? value : file.metadata[i].value };
    }
    CHECK_OK(safetensors_write(path, metadata, count, file.tensors, file.tensor_count, &err), err);
    safetensors_close(&file);
}

/* Buffers have the size of the network's input, and are filled with colour images. */
TEST(checkpoint_whose_network_takes_grey_images_is_refused)
{
    struct predictor predictor;
    struct value *image;
    struct written w;
    struct error err;

    written_init(&w, OPTIMIZER_SGD);
    CHECK_OK(predictor_open(&predictor, w.path.text, w.device, 1, &err), err);
    predictor_close(&predictor);
    image = graph_find(&w.network.model_graph, "image");
    image->shape.dim[1] = 1;
    w.network.model_graph.nodes[0]->inputs[1]->shape.dim[1] = 1; /* of the first convolution */
    write_checkpoint(w.path.text, &w.network, false);
    CHECK(predictor_open(&predictor, w.path.text, w.device, 1, &err));
    CHECK(strstr(err.text, "does not take batches of colour images"));
    written_release(&w);
}

TEST(checkpoint_without_a_sound_part_is_refused_by_name)
{
    static const struct {
        const char *key, *value, *said;
    } cases[] = {
        { "format", NULL, "not a checkpoint" },
        { "format", "pt", "not a checkpoint" },
        { "model_name", NULL, "not a checkpoint" },
        { "classes", NULL, "'classes'" },
        { "classes", "[]", "names no classes" },
        { "classes", "[\"cat\"", "classes" },
        { "state", NULL, "'state'" },
        { "state", "{\"epoch\":", "state" },
        { "transform", NULL, "'transform'" },
        { "transform", "[]", "transform" },
        { "transform", "{\"image_size\":0}", "image size" },
        { "transform", "{\"image_size\":100000}", "image size" },
        { "transform", "{\"std\":[0,0,0]}", "deviation" },
    };
    struct written w;
    struct str path = STR_INIT;

    written_init(&w, OPTIMIZER_SGD);
    str_printf(&path, "%s/changed.safetensors", w.folder);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct checkpoint checkpoint;
        struct error err = { 0 };

        rewrite(&w, cases[i].key, cases[i].value, path.text);
        if (!checkpoint_open(&checkpoint, path.text, &err) || !strstr(err.text, path.text) ||
            !strstr(err.text, cases[i].said))
            test_fail(__FILE__, __LINE__, "%s = %s gave \"%s\"", cases[i].key,
                      cases[i].value ? cases[i].value : "nothing", err.text);
    }
    str_release(&path);
    written_release(&w);
}

TEST(checkpoint_open_says_what_other_files_are)
{
    static const struct {
        const char *content;
        size_t length;
        enum error_kind kind;
    } cases[] = {
        { "", 0, ERR_CORRUPT },
        { "PK\3\4 a zip, as .pt files are", 29, ERR_CORRUPT },
        { "\2\0\0\0\0\0\0\0{}", 10, ERR_UNSUPPORTED }, /* safetensors, of nothing */
    };
    const char *folder = test_folder();
    struct str path = STR_INIT;
    struct checkpoint checkpoint;
    struct error err;

    str_printf(&path, "%s/other.safetensors", folder);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CHECK_OK(file_replace(path.text, cases[i].content, cases[i].length, &err), err);
        CHECK(checkpoint_open(&checkpoint, path.text, &err));
        if (err.kind != cases[i].kind || !strstr(err.text, path.text))
            test_fail(__FILE__, __LINE__, "case %zu: %s", i, err.text);
    }
    CHECK(checkpoint_open(&checkpoint, folder, &err) && strstr(err.text, folder));
    str_add(&path, ".none");
    CHECK(checkpoint_open(&checkpoint, path.text, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(strstr(err.text, path.text));
    str_release(&path);
}

/* An optimizer with two moments cannot go on from a file with one, nor an average from none. */
TEST(checkpoint_of_another_kind_of_run_is_not_restored)
{
    static const struct {
        enum optimizer_kind kind;
        bool average;
        const char *reason;
    } others[] = { { OPTIMIZER_ADAMW, false, "another optimizer" },
                   { OPTIMIZER_RMSPROP, false, "another optimizer" },
                   { OPTIMIZER_SGD, true, "without an average" } };
    struct written w;

    written_init(&w, OPTIMIZER_SGD);
    for (int i = 0; i < 3; i++) {
        struct checkpoint checkpoint;
        struct network network;
        struct error err;

        open_network(&network, w.device, others[i].kind, others[i].average, 2);
        CHECK_OK(checkpoint_open(&checkpoint, w.path.text, &err), err);
        CHECK(checkpoint_restore(&checkpoint, &network, &err) && err.kind == ERR_INVALID);
        CHECK(strstr(err.text, others[i].reason));
        checkpoint_close(&checkpoint);
        network_close(&network);
    }
    written_release(&w);
}

static void hash_of(const char *path, char text[SHA256_TEXT_SIZE])
{
    struct checkpoint checkpoint;
    struct error err;

    CHECK_OK(checkpoint_open(&checkpoint, path, &err), err);
    checkpoint_weights_hash(&checkpoint.file, text);
    checkpoint_close(&checkpoint);
}

TEST(checkpoint_hash_is_of_the_weights_alone)
{
    char resumable[SHA256_TEXT_SIZE], plain[SHA256_TEXT_SIZE], changed[SHA256_TEXT_SIZE];
    struct written w;
    struct error err;
    float bias[2] = { 0, 1e-30f };

    written_init(&w, OPTIMIZER_ADAMW);
    hash_of(w.path.text, resumable);
    rewrite(&w, "config", "{\"epochs\":7}", w.path.text);
    hash_of(w.path.text, plain);
    CHECK_TEXT(plain, resumable);
    write_checkpoint(w.path.text, &w.network, false); /* no moments */
    hash_of(w.path.text, plain);
    CHECK_TEXT(plain, resumable);
    CHECK_OK(weights_write(&w.network.weights, &w.network.live,
                           weights_find(&w.network.weights, "classifier.bias"), bias, &err), err);
    write_checkpoint(w.path.text, &w.network, false);
    hash_of(w.path.text, changed);
    CHECK(strcmp(changed, resumable));
    written_release(&w);
}
