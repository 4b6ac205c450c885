/* trainer_http_test.c - an image sent with the request. */

#include "trainer_support.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"
#include "trainer/trainer_http.h"

#include <curl/curl.h>
#include <dirent.h>
#include <string.h>

struct scene {
    struct service service;
    struct trainer_http *http;
    char checkpoint[1024], image[700];
};

static void scene_open(struct scene *s)
{
    struct trainer_http_options options = { .secret = "between us" };
    struct error err;

    service_open(&s->service);
    snprintf(s->checkpoint, sizeof(s->checkpoint), "%s", service_train(&s->service, 1, 1));
    snprintf(s->image, sizeof(s->image), "%s/datasets/shapes/val/circle/0000.jpg", s->service.data);
    options.trainer = s->service.trainer;
    CHECK_OK(trainer_http_open(&s->http, &options, &err), err);
}

static void scene_close(struct scene *s)
{
    trainer_http_close(s->http);
    service_release(&s->service);
}

static size_t keep(char *data, size_t size, size_t count, void *text)
{
    str_add_bytes(text, data, size * count);
    return size * count;
}

/* Send a form with these; NULL leaves one out.  Gives the body. */
static json_t *post_form(const struct scene *s, const char *path, const char *secret,
                         const char *image, const char *checkpoint, long wanted)
{
    CURL *curl = curl_easy_init();
    curl_mime *form = curl_mime_init(curl);
    struct curl_slist *headers = NULL;
    struct str url = STR_INIT, text = STR_INIT;
    curl_mimepart *part;
    struct error err;
    json_t *body;
    long status;

    if (image) {
        part = curl_mime_addpart(form);
        curl_mime_name(part, "file");
        CHECK(!curl_mime_filedata(part, image));
    }
    if (checkpoint) {
        part = curl_mime_addpart(form);
        curl_mime_name(part, "checkpoint_path");
        curl_mime_data(part, checkpoint, CURL_ZERO_TERMINATED);
    }
    part = curl_mime_addpart(form);
    curl_mime_name(part, "top_k");
    curl_mime_data(part, "2", CURL_ZERO_TERMINATED);
    str_printf(&url, "http://127.0.0.1:%d%s", trainer_http_port(s->http), path);
    str_printf(&text, "X-Internal-Auth: %s", secret);
    headers = curl_slist_append(headers, text.text);
    str_clear(&text);
    curl_easy_setopt(curl, CURLOPT_URL, url.text);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    CHECK(curl_easy_perform(curl) == CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != wanted)
        test_fail(__FILE__, __LINE__, "%s gave %ld, not %ld: %s", path, status, wanted, text.text);
    body = json_parse(text.text, text.length, "the answer", &err);
    CHECK(body);
    curl_mime_free(form);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    str_release(&url);
    str_release(&text);
    return body;
}

static int count_images_left(const struct scene *s)
{
    struct str path = STR_INIT;
    struct dirent *entry;
    int count = 0;
    DIR *folder;

    str_printf(&path, "%s/trainer/images", s->service.data);
    folder = opendir(path.text);
    CHECK(folder);
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.';
    closedir(folder);
    str_release(&path);
    return count;
}

TEST(predict_takes_the_file_of_a_form)
{
    struct scene s;
    struct str broken = STR_INIT;
    struct error err;
    json_t *body;

    scene_open(&s);
    for (int i = 0; i < 2; i++) {
        body = post_form(&s, i ? "/inference/quick" : "/inference/predict", "between us", s.image,
                         s.checkpoint, 200);
        CHECK(json_array_size(json_object_get(body, "predictions")) == 2);
        CHECK(!json_object_get(body, "image_path"));
        json_decref(body);
    }
    json_decref(post_form(&s, "/inference/predict", "between u", s.image, s.checkpoint, 403));
    body = post_form(&s, "/inference/predict", "between us", NULL, s.checkpoint, 400);
    CHECK_TEXT(service_detail(body), "file is required");
    json_decref(body);
    json_decref(post_form(&s, "/inference/predict", "between us", s.image, NULL, 400));
    json_decref(post_form(&s, "/inference/predict", "between us", s.image, "nowhere.safetensors",
                          404));
    json_decref(post_form(&s, "/inference/nothing", "between us", s.image, s.checkpoint, 404));

    str_printf(&broken, "%s/broken.jpg", s.service.data);
    CHECK_OK(file_replace(broken.text, "no image", 8, &err), err);
    body = post_form(&s, "/inference/predict", "between us", broken.text, s.checkpoint, 400);
    CHECK(strstr(service_detail(body), "the image"));
    CHECK(!strstr(service_detail(body), s.service.data));
    json_decref(body);
    trainer_http_close(s.http); /* which ends all requests */
    s.http = NULL;
    CHECK(count_images_left(&s) == 0);
    str_release(&broken);
    scene_close(&s);
}
