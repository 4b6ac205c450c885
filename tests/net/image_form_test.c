/* image_form_test.c - an image and fields that arrive as a form. */

#include "net/image_form.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#include <dirent.h>
#include <string.h>

#define TYPE "multipart/form-data; boundary=frontier"
#define FIELD(name, value) \
    "--frontier\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, filename, value)                                                 \
    "--frontier\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" filename \
    "\"\r\n\r\n" value "\r\n"
#define END "--frontier--\r\n"

static int files_in(const char *folder)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    int count = 0;

    CHECK(stream);
    while ((entry = readdir(stream)))
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

static struct image_form *open_form(const char *folder)
{
    struct image_form *form;
    struct error err;

    CHECK_OK(image_form_new(&form, TYPE, folder, &err), err);
    return form;
}

/* Byte by byte: a piece may end anywhere. */
static int feed(struct image_form *form, const char *text, struct error *err)
{
    for (; *text; text++)
        if (image_form_feed(form, text, 1, err))
            return -1;
    return image_form_finish(form, err);
}

TEST(image_form_keeps_the_file_until_it_is_freed)
{
    struct image_form *form;
    struct str folder = STR_INIT, text = STR_INIT;
    struct error err;

    str_printf(&folder, "%s/made", test_folder());
    form = open_form(folder.text);
    CHECK(!image_form_path(form) && !image_form_name(form));
    CHECK_OK(feed(form, FIELD("top_k", "3")
                  FILE_PART("file", "C:/photos/cat.jpg", "a\r\n--front") END, &err), err);
    CHECK_TEXT(image_form_name(form), "cat.jpg");
    CHECK_TEXT(json_string_value(json_object_get(image_form_fields(form), "top_k")), "3");
    CHECK_OK(file_read(image_form_path(form), 100, &text, &err), err);
    CHECK_TEXT(text.text, "a\r\n--front");
    CHECK(files_in(folder.text) == 1);
    image_form_free(form);
    CHECK(files_in(folder.text) == 0);
    str_release(&folder);
    str_release(&text);
}

/* What does not fit, and what is said of it. */
TEST(image_form_is_small_and_whole)
{
    static const struct {
        const char *body, *message;
    } bad[] = {
        { FILE_PART("file", "a", "x") FILE_PART("more", "b", "y") END, "One file at a time" },
        { FIELD("top_k", "\xff") END, "The field top_k is not UTF-8" },
        { FILE_PART("file", "a", "x"), "The form is not complete" },
    };
    const char *folder = test_folder();
    struct str many = STR_INIT;
    struct image_form *form;
    struct error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        form = open_form(folder);
        CHECK(feed(form, bad[i].body, &err));
        CHECK(strstr(err.text, bad[i].message));
        image_form_free(form);
    }
    for (int i = 0; i < 51; i++)
        str_printf(&many, FIELD("field%d", "1"), i);
    form = open_form(folder);
    CHECK(feed(form, many.text, &err) && err.kind == ERR_TOO_LARGE);
    image_form_free(form);
    str_clear(&many);
    str_add(&many, FIELD("long", ""));
    many.length -= 2;
    many.text[many.length] = 0;
    for (int i = 0; i < 4097; i++)
        str_add_char(&many, 'x');
    form = open_form(folder);
    CHECK(feed(form, many.text, &err) && err.kind == ERR_TOO_LARGE);
    image_form_free(form);
    CHECK(files_in(folder) == 0);
    str_release(&many);
}

TEST(image_form_ends_when_it_is_too_large)
{
    static const char head[] = "--frontier\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"a\"\r\n\r\n";
    static char piece[1 << 20];
    struct image_form *form = open_form(test_folder());
    struct error err;
    size_t sent = 0;

    memset(piece, 'x', sizeof(piece));
    CHECK_OK(image_form_feed(form, head, strlen(head), &err), err);
    while (!image_form_feed(form, piece, sizeof(piece), &err))
        CHECK((sent += sizeof(piece)) <= IMAGE_FORM_MOST);
    CHECK(err.kind == ERR_TOO_LARGE);
    CHECK(strstr(err.text, "larger than 64 MB"));
    image_form_free(form);
}
