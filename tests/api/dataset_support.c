/* dataset_support.c - see dataset_support.h. */

#include "dataset_support.h"

#include "app/datasets/datasets.h"
#include "app/services/services.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "store/blob.h"
#include "test.h"
#include "trainer/trainer.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#define ENGINE TEST_BIN_DIR "/fovea-engine"

/* --- the platform ---------------------------------------------------------------------------- */

static void call_trainer(void *context, const char *method, const char *path,
                         const json_t *parameters, int *status, json_t **answer)
{
    struct trainer_answer got;

    trainer_call(context, method, path, parameters, &got);
    *status = got.status;
    *answer = got.body;
}

static int deliver(void *context, const json_t *message, struct error *err)
{
    (void)context, (void)message, (void)err;
    return 0;
}

static void open_all(struct lab *lab)
{
    struct platform *p = &lab->platform;
    struct app_options app = { .data_folder = p->folder };
    struct api_options api = { .open_registration = true };
    struct trainer_options trainer = { .engine = ENGINE, .data_folder = p->folder,
                                       .sink = { .deliver = deliver } };
    struct services_options services = { .module = call_trainer };
    struct error err;

    CHECK_OK(app_open(&p->app, &app, &err), err);
    CHECK_OK(trainer_open(&lab->trainer, &trainer, &err), err);
    services.module_context = lab->trainer;
    p->app->services = services_new(&services);
    CHECK_OK(datasets_open(p->app, &err), err);
    api.app = p->app;
    CHECK_OK(api_open(&p->api, &api, &err), err);
}

static void close_all(struct lab *lab)
{
    api_close(lab->platform.api);
    datasets_close(lab->platform.app);
    trainer_close(lab->trainer, true);
    services_free(lab->platform.app->services);
    app_close(lab->platform.app);
}

void lab_open(struct lab *lab)
{
    if (!file_exists(ENGINE))
        SKIP("%s has not been built", ENGINE);
    *lab = (struct lab){ .platform.folder = test_folder() };
    open_all(lab);
    free(login(&lab->platform, "admin@example.com"));
    lab->ada = login(&lab->platform, "ada@example.com");
    lab->bob = login(&lab->platform, "bob@example.com");
    json_decref(expect(&lab->platform, 201, "POST", "/api/v1/projects", lab->ada,
                       "{\"name\":\"Dog vs Cat\"}"));
}

void lab_close(struct lab *lab)
{
    close_all(lab);
    free(lab->ada);
    free(lab->bob);
}

void lab_reopen(struct lab *lab)
{
    close_all(lab);
    open_all(lab);
}

void run_program(const char *format, ...)
{
    struct str line = STR_INIT;
    va_list list;

    va_start(list, format);
    str_vprintf(&line, format, list);
    va_end(list);
    if (system(line.text))
        test_fail(__FILE__, __LINE__, "%s failed", line.text);
    str_release(&line);
}

const char *sample_folder(void)
{
    const char *folder = test_folder();

    run_program(ENGINE " dataset sample %s --num_classes 2 --train 6 --val 3 --image_size 40 "
                       "> /dev/null",
                folder);
    return folder;
}

/* --- forms ----------------------------------------------------------------------------------- */

void form_field(struct str *form, const char *name, const char *value)
{
    str_printf(form, "--xYzZY\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", name,
               value);
}

void form_file(struct str *form, const char *filename, const void *data, size_t size_bytes)
{
    str_printf(form,
               "--xYzZY\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s\"\r\n"
               "Content-Type: application/octet-stream\r\n\r\n",
               filename);
    str_add_bytes(form, data, size_bytes);
    str_add(form, "\r\n");
}

static void list_folder(const char *folder, struct arena *arena, struct blob_entry **entries,
                        int *count)
{
    struct blob *blob;
    struct error err;

    *count = 0;
    if (!file_is_folder(folder))
        return;
    CHECK_OK(blob_open_local(&blob, folder, &err), err);
    CHECK_OK(blob_list(blob, ".", arena, entries, count, &err), err);
    blob_close(blob);
}

void form_folder(struct str *form, const char *folder)
{
    struct arena arena = ARENA_INIT;
    struct blob_entry *entries;
    int count;

    list_folder(folder, &arena, &entries, &count);
    for (int i = 0; i < count; i++) {
        struct str content = STR_INIT;
        struct error err;

        CHECK_OK(file_read(file_join(&arena, folder, entries[i].path), 1 << 24, &content, &err),
                 err);
        form_file(form, entries[i].path, content.text, content.length);
        str_release(&content);
    }
    arena_release(&arena);
}

void form_begin(struct str *form, const char *name)
{
    form_field(form, "name", name);
    form_field(form, "format", "imagefolder");
    form_field(form, "visibility", "private");
    form_field(form, "project_id", "1");
}

void form_end(struct str *form)
{
    str_add(form, "--xYzZY--\r\n");
}

static size_t keep(char *data, size_t size, size_t count, void *text)
{
    str_add_bytes(text, data, size * count);
    return size * count;
}

void send_bytes(struct lab *lab, const char *method, const char *path, const char *token,
                const char *type, const void *data, size_t size_bytes, struct reply *reply)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    struct str url = STR_INIT, line = STR_INIT;
    struct error err;

    *reply = (struct reply){ .headers = STR_INIT, .text = STR_INIT };
    str_printf(&url, "http://127.0.0.1:%d%s", api_port(lab->platform.api), path);
    str_printf(&line, "Authorization: Bearer %s", token ? token : "");
    headers = curl_slist_append(headers, line.text);
    str_clear(&line);
    str_printf(&line, "Content-Type: %s", type);
    headers = curl_slist_append(headers, line.text);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url.text);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (!strcmp(method, "HEAD")) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size_bytes);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, data);
    }
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply->headers);
    curl_easy_perform(curl); /* a refusal may come while it is still sending */
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (reply->text.length)
        reply->body = json_parse(reply->text.text, reply->text.length, "reply", &err);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    str_release(&url);
    str_release(&line);
}

json_t *send_form(struct lab *lab, long status, const char *path, const char *token,
                  const struct str *form)
{
    struct reply reply;
    json_t *body;

    send_bytes(lab, "POST", path, token, FORM_TYPE, form->text, form->length, &reply);
    if (reply.status != status || !reply.body)
        test_fail(__FILE__, __LINE__, "POST %s gave %ld, not %ld: %s", path, reply.status, status,
                  reply.text.text);
    body = json_incref(reply.body);
    reply_release(&reply);
    return body;
}

char *add_sample(struct lab *lab, const char *folder)
{
    struct str form = STR_INIT;
    json_t *body;
    char *id;

    form_begin(&form, "sample");
    form_folder(&form, folder);
    form_end(&form);
    body = send_form(lab, 201, "/api/v1/datasets?wait=1", lab->ada, &form);
    CHECK_TEXT(text_at(body, "status"), "ready");
    id = strdup(text_at(body, "id"));
    json_decref(body);
    str_release(&form);
    return id;
}

/* --- files ----------------------------------------------------------------------------------- */

void wait_for_path(const char *path, bool exists)
{
    const struct timespec pause = { 0, 5000000 };
    double end = clock_seconds() + 10;

    while (file_exists(path) != exists) {
        if (clock_seconds() > end)
            test_fail(__FILE__, __LINE__, "'%s' %s", path,
                      exists ? "does not appear" : "does not go");
        nanosleep(&pause, NULL);
    }
}

void wait_for_no_uploads(const struct lab *lab)
{
    const struct timespec pause = { 0, 5000000 };
    struct str folder = STR_INIT;
    double end = clock_seconds() + 10;

    str_printf(&folder, "%s/uploads", lab->platform.folder);
    while (count_files(folder.text)) {
        if (clock_seconds() > end)
            test_fail(__FILE__, __LINE__, "uploads are left over");
        nanosleep(&pause, NULL);
    }
    str_release(&folder);
}

int count_files(const char *folder)
{
    struct arena arena = ARENA_INIT;
    struct blob_entry *entries;
    int count;

    list_folder(folder, &arena, &entries, &count);
    arena_release(&arena);
    return count;
}

/* --- data sets with labels ------------------------------------------------------------------- */

const char *labelled_folder(const char *task)
{
    const char *folder = test_folder();

    run_program(TEST_BIN_DIR "/fovea-engine dataset sample %s --task %s --num_classes 3 --train 6 "
                             "--val 3 --image_size %d > /dev/null",
                folder, task, LABELLED_SIDE);
    return folder;
}

void form_begin_as(struct str *form, const char *name, const char *format)
{
    form_field(form, "name", name);
    form_field(form, "format", format);
    form_field(form, "project_id", "1");
}

json_t *send_labelled(struct lab *lab, struct str *form)
{
    form_end(form);
    return send_form(lab, 201, "/api/v1/datasets?wait=1", lab->ada, form);
}

json_t *send_labelled_folder(struct lab *lab, const char *name, const char *format,
                             const char *folder)
{
    struct str form = STR_INIT;
    json_t *body;

    form_begin_as(&form, name, format);
    form_folder(&form, folder);
    body = send_labelled(lab, &form);
    str_release(&form);
    return body;
}

int64_t sum_of_members(const json_t *object)
{
    const json_t *value;
    const char *key;
    int64_t sum = 0;

    json_object_foreach((json_t *)object, key, value) sum += (int64_t)json_integer_value(value);
    return sum;
}
