#include "formats/safetensors.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/str.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- reading ----------------------------------------------------------------------------- */

/* A file of this header and so many bytes of values: 0, 1, 2, ... */
static void make_file(const char *header, size_t value_count, struct str *out)
{
    uint64_t length = strlen(header);

    str_clear(out);
    for (int i = 0; i < 8; i++)
        str_add_char(out, (char)(length >> 8 * i));
    str_add(out, header);
    for (size_t i = 0; i < value_count; i++)
        str_add_char(out, (char)i);
}

TEST(safetensors_are_read_in_the_order_of_the_file)
{
    struct safetensors file = SAFETENSORS_INIT;
    struct str bytes = STR_INIT;
    const struct safetensors_tensor *tensor;
    struct error err;

    make_file("{\"b\":{\"dtype\":\"U8\",\"shape\":[2,3],\"data_offsets\":[8,14]},"
              "\"__metadata__\":{\"format\":\"pt\",\"x\":\"\\u00e9\"},"
              "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
              "\"none\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[8,8]},"
              "\"s\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[14,16]}}   ",
              16, &bytes);
    CHECK_OK(safetensors_parse(&file, bytes.text, bytes.length, &err), err);
    CHECK(file.tensor_count == 4 && file.metadata_count == 2);
    CHECK_TEXT(file.tensors[0].name, "a");
    CHECK_TEXT(file.tensors[1].name, "none");
    CHECK_TEXT(file.tensors[2].name, "b");
    CHECK_TEXT(file.tensors[3].name, "s");
    CHECK(file.tensors[3].rank == 0 && file.tensors[3].size_bytes == 2);
    tensor = safetensors_find(&file, "b");
    CHECK(tensor && tensor->type == SAFETENSORS_U8 && tensor->rank == 2);
    CHECK(tensor->shape[0] == 2 && tensor->shape[1] == 3 && tensor->size_bytes == 6);
    CHECK(*(const uint8_t *)tensor->data == 8);
    CHECK(!safetensors_find(&file, "c"));
    CHECK_TEXT(safetensors_metadata_find(&file, "x"), "\xc3\xa9");
    CHECK(!safetensors_metadata_find(&file, "y"));
    safetensors_close(&file);
    str_release(&bytes);
}

TEST(safetensors_that_are_wrong_are_refused)
{
#define T(name, dtype, shape, offsets)                                                             \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    static const struct {
        const char *header;
        const char *text; /* part of the message */
    } cases[] = {
        { "[]", "the header is not a JSON object" },
        { "{", "header" },
        { "{}", "8 bytes at the end belong to no tensor" },
        { "{" T("a", "F32", "[2]", "[0,8]") "," T("a", "F32", "[2]", "[0,8]") "}", "duplicate" },
        { "{" T("a", "F32", "[3]", "[0,12]") "}", "tensor 'a' ends at byte 12 of 8" },
        { "{" T("a", "F32", "[3]", "[0,8]") "}",
          "tensor 'a' has 8 bytes where dtype and shape need 12" },
        { "{" T("a", "U8", "[4]", "[0,4]") "," T("b", "U8", "[3]", "[5,8]") "}",
          "tensor 'b' follows a hole" },
        { "{" T("a", "U8", "[5]", "[0,5]") "," T("b", "U8", "[4]", "[4,8]") "}",
          "tensor 'b' overlaps" },
        { "{" T("a", "U8", "[8]", "[0,8]") "," T("b", "U8", "[8]", "[0,8]") "}", "overlaps" },
        { "{" T("a", "U8", "[7]", "[1,8]") "}", "tensor 'a' follows a hole" },
        { "{" T("a", "U8", "[4]", "[0,4]") "}", "4 bytes at the end belong to no tensor" },
        { "{" T("a", "F8_E4M3", "[8]", "[0,8]") "}", "dtype 'F8_E4M3', which is not supported" },
        { "{" T("a", "f32", "[2]", "[0,8]") "}", "dtype 'f32', which is not supported" },
        { "{" T("a", "F32", "[-2]", "[0,8]") "}", "tensor 'a' has a shape with" },
        { "{" T("a", "F32", "[2.0]", "[0,8]") "}", "tensor 'a' has a shape with" },
        { "{" T("a", "F32", "2", "[0,8]") "}", "tensor 'a' has no shape" },
        { "{" T("a", "U8", "[4294967296,4294967296]", "[0,8]") "}",
          "the shape of tensor 'a' is too large" },
        { "{" T("a", "U8", "[1,1,1,1,1,1,1,1,8]", "[0,8]") "}", "tensor 'a' has 9 dimensions" },
        { "{" T("a", "F32", "[2]", "[8,0]") "}", "tensor 'a' has no valid data_offsets" },
        { "{" T("a", "F32", "[2]", "[-8,0]") "}", "tensor 'a' has no valid data_offsets" },
        { "{" T("a", "F32", "[2]", "[0]") "}", "tensor 'a' has no valid data_offsets" },
        { "{" T("a", "F32", "[2]", "[0,8,8]") "}", "tensor 'a' has no valid data_offsets" },
        { "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", "tensor 'a' has no dtype" },
        { "{\"a\":3}", "tensor 'a' has no dtype" },
        { "{\"__metadata__\":[]}", "__metadata__ is not an object" },
        { "{\"__metadata__\":{\"k\":1}}", "metadata 'k' is not a string" },
    };
#undef T
    struct safetensors file = SAFETENSORS_INIT;
    struct str bytes = STR_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = { 0 };

        make_file(cases[i].header, 8, &bytes);
        CHECK(safetensors_parse(&file, bytes.text, bytes.length, &err));
        if (!strstr(err.text, cases[i].text))
            test_fail(__FILE__, __LINE__, "%s: \"%s\"", cases[i].header, err.text);
    }
    str_release(&bytes);
}

TEST(safetensors_cut_off_anywhere_are_refused)
{
    struct safetensors file = SAFETENSORS_INIT;
    struct str bytes = STR_INIT;
    struct error err;

    make_file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, &bytes);
    for (size_t length = 0; length < bytes.length; length++) {
        char *exact = malloc(length ? length : 1); /* so that reading beyond is noticed */

        memcpy(exact, bytes.text, length);
        CHECK(safetensors_parse(&file, exact, length, &err));
        free(exact);
    }
    memset(bytes.text, 0xff, 8);
    CHECK(safetensors_parse(&file, bytes.text, bytes.length, &err));
    CHECK(strstr(err.text, "a header of 18446744073709551615 bytes"));
    str_release(&bytes);
}

TEST(safetensors_open_names_the_file)
{
    struct arena arena = ARENA_INIT;
    struct safetensors file = SAFETENSORS_INIT;
    const char *path = file_join(&arena, test_folder(), "a.safetensors");
    struct error err;

    CHECK(safetensors_open(&file, path, &err) && err.kind == ERR_NOT_FOUND);
    CHECK(strstr(err.text, path));
    CHECK_OK(file_replace(path, "", 0, &err), err);
    CHECK(safetensors_open(&file, path, &err) && err.kind == ERR_CORRUPT);
    CHECK(strstr(err.text, path));
    CHECK(safetensors_open(&file, test_folder(), &err));
    arena_release(&arena);
}

/* --- real files -------------------------------------------------------------------------- */

static void check_stored(const struct safetensors *file, const json_t *expected)
{
    const char *name = json_string_value(json_object_get(expected, "name"));
    const json_t *shape = json_object_get(expected, "shape");
    const struct safetensors_tensor *tensor = safetensors_find(file, name);
    char digest[SHA256_TEXT_SIZE];
    struct sha256 sha;

    CHECK(tensor);
    CHECK_TEXT(safetensors_type_name(tensor->type),
               json_string_value(json_object_get(expected, "dtype")));
    CHECK((size_t)tensor->rank == json_array_size(shape));
    for (int i = 0; i < tensor->rank; i++)
        CHECK(tensor->shape[i] == json_integer_value(json_array_get(shape, (size_t)i)));
    sha256_init(&sha);
    sha256_add(&sha, tensor->data, tensor->size_bytes);
    sha256_finish(&sha, digest);
    CHECK_TEXT(digest, json_string_value(json_object_get(expected, "sha256")));
}

TEST(safetensors_of_others_have_the_expected_values)
{
    const char *folder = test_shared("data/model_files");
    struct arena arena = ARENA_INIT;
    struct str text = STR_INIT;
    struct error err;
    json_t *manifest;
    int count = 0;

    if (!folder)
        SKIP("no data/model_files");
    CHECK_OK(file_read(file_join(&arena, folder, "manifest.json"), 1 << 24, &text, &err), err);
    manifest = json_parse(text.text, text.length, "manifest.json", &err);
    CHECK(manifest);
    for (size_t i = 0; i < json_array_size(manifest); i++) {
        const json_t *entry = json_array_get(manifest, i);
        const json_t *tensors = json_object_get(entry, "tensors");
        const char *path = json_string_value(json_object_get(entry, "path"));
        struct safetensors file = SAFETENSORS_INIT;

        if (!str_ends_with(path, ".safetensors")) {
            CHECK(safetensors_open(&file, file_join(&arena, folder, path), &err));
            continue;
        }
        CHECK_OK(safetensors_open(&file, file_join(&arena, folder, path), &err), err);
        CHECK((size_t)file.tensor_count == json_array_size(tensors));
        for (size_t k = 0; k < json_array_size(tensors); k++)
            check_stored(&file, json_array_get(tensors, k));
        safetensors_close(&file);
        count++;
    }
    CHECK(count >= 1);
    json_decref(manifest);
    str_release(&text);
    arena_release(&arena);
}

/* --- writing ----------------------------------------------------------------------------- */

static const uint8_t bytes3[3] = { 7, 8, 9 };
static const float floats[2][2] = { { 1, 2 }, { 3, 4 } };
static const int64_t number = 42;

static const struct safetensors_tensor written[] = {
    { "odd", SAFETENSORS_U8, 1, { 3 }, bytes3, 0 },
    { "weights \"1\"", SAFETENSORS_F32, 2, { 2, 2 }, floats, 0 },
    { "empty", SAFETENSORS_F16, 2, { 0, 4 }, NULL, 0 },
    { "step", SAFETENSORS_I64, 0, { 0 }, &number, 0 },
};
enum { WRITTEN_COUNT = sizeof(written) / sizeof(*written) };

TEST(safetensors_written_are_read_again)
{
    static const struct safetensors_metadata metadata[] = { { "a", "1\n2" }, { "b", "" } };
    struct arena arena = ARENA_INIT;
    struct safetensors file = SAFETENSORS_INIT;
    const char *path = file_join(&arena, test_folder(), "a.safetensors");
    struct error err;

    CHECK_OK(safetensors_write(path, metadata, 2, written, WRITTEN_COUNT, &err), err);
    CHECK_OK(safetensors_open(&file, path, &err), err);
    CHECK(file.tensor_count == WRITTEN_COUNT);
    CHECK_TEXT(file.tensors[0].name, "step"); /* the widest first, so that all are aligned */
    CHECK_TEXT(safetensors_metadata_find(&file, "a"), "1\n2");
    CHECK_TEXT(safetensors_metadata_find(&file, "b"), "");
    for (int i = 0; i < WRITTEN_COUNT; i++) {
        const struct safetensors_tensor *read = safetensors_find(&file, written[i].name);

        CHECK(read && read->type == written[i].type && read->rank == written[i].rank);
        CHECK(!memcmp(read->shape, written[i].shape, sizeof(read->shape)));
        CHECK((uintptr_t)read->data % safetensors_type_size(read->type) == 0);
        CHECK(!read->size_bytes || !memcmp(read->data, written[i].data, read->size_bytes));
    }
    safetensors_close(&file);
    CHECK_OK(safetensors_write(path, NULL, 0, NULL, 0, &err), err);
    CHECK_OK(safetensors_open(&file, path, &err), err);
    CHECK(file.tensor_count == 0 && file.metadata_count == 0);
    safetensors_close(&file);
    arena_release(&arena);
}

TEST(safetensors_names_are_written_once)
{
    static const struct safetensors_tensor twice[] = {
        { "a", SAFETENSORS_U8, 1, { 3 }, bytes3, 0 },
        { "a", SAFETENSORS_U8, 1, { 3 }, bytes3, 0 },
    };
    struct arena arena = ARENA_INIT;
    const char *path = file_join(&arena, test_folder(), "a.safetensors");
    struct error err;

    CHECK(safetensors_write(path, NULL, 0, twice, 2, &err) && err.kind == ERR_INVALID);
    CHECK_TEXT(err.text, "the tensor name 'a' is already taken");
    CHECK(!file_exists(path));
    arena_release(&arena);
}

/* Stands before the library's write(): room for so many bytes, then the disk is full. */
static size_t room_bytes = SIZE_MAX;

ssize_t write(int fd, const void *data, size_t size_bytes)
{
    if (!room_bytes) {
        errno = ENOSPC;
        return -1;
    }
    size_bytes = size_bytes < room_bytes ? size_bytes : room_bytes;
    room_bytes -= room_bytes == SIZE_MAX ? 0 : size_bytes;
    return syscall(SYS_write, fd, data, size_bytes);
}

TEST(safetensors_on_a_full_disk_leave_the_old_file)
{
    struct arena arena = ARENA_INIT;
    struct safetensors file = SAFETENSORS_INIT;
    const char *folder = test_folder();
    const char *path = file_join(&arena, folder, "a.safetensors");
    static const uint8_t values[1000];
    struct safetensors_tensor large = { "a", SAFETENSORS_U8, 1, { sizeof(values) }, values, 0 };
    struct error err;
    char **names;
    int count;

    CHECK_OK(safetensors_write(path, NULL, 0, written, WRITTEN_COUNT, &err), err);
    for (size_t room = 0; room < sizeof(values); room += 100) {
        room_bytes = room;
        int result = safetensors_write(path, NULL, 0, &large, 1, &err);
        room_bytes = SIZE_MAX;
        CHECK(result && err.kind == ERR_NO_SPACE && strstr(err.text, path));
        CHECK_OK(safetensors_open(&file, path, &err), err);
        CHECK(file.tensor_count == WRITTEN_COUNT);
        safetensors_close(&file);
        CHECK_OK(file_list(&arena, folder, &names, &count, &err), err);
        CHECK(count == 1);
    }
    arena_release(&arena);
}
