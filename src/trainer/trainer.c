/* trainer.c - see trainer.h: opening, closing, parameters, answers. */

#include "trainer/trainer_internal.h"

#include "base/file.h"
#include "trainer/catalogue.h"
#include "trainer/engine_runs.h"
#include "trainer/resident.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- places ---------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
    char *made = strdup(text);

    BUG_IF(!made);
    return made;
}

/* The folder, made if it is missing, by its absolute name. */
static int open_folder(char **out, const char *path, struct error *err)
{
    if (file_make_folders(path, err))
        return -1;
    *out = realpath(path, NULL);
    return *out ? 0 : FAIL_ERRNO(err, "cannot use '%s'", path);
}

static int open_folder_below(char **out, const char *path, const char *base, const char *name,
                             struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = open_folder(out, path ? path : file_join(&arena, base, name), err);

    arena_release(&arena);
    return result;
}

/* fovea-engine in the folder of this program. */
static char *engine_beside(void)
{
    static const char name[] = "fovea-engine";
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + sizeof(name) + 1 > sizeof(path))
        return copy(name);
    memcpy(slash + 1, name, sizeof(name));
    return copy(path);
}

/* Who runs a service for each framework also has one for "huggingface", without models yet. */
static int read_framework(char **out, const char *name, struct error *err)
{
    static const char *const frameworks[] = { "timm", "ultralytics", "huggingface" };

    if (!name)
        return 0;
    for (size_t i = 0; i < sizeof(frameworks) / sizeof(*frameworks); i++)
        if (!strcmp(name, frameworks[i])) {
            *out = copy(name);
            return 0;
        }
    return FAIL(err, INVALID, "there is no framework '%s'; it is timm or ultralytics, or none for "
                              "the models of both", name);
}

/* Who started us may have ignored SIGCHLD: then the kernel would throw exit codes away. */
static void keep_exit_codes(void)
{
    struct sigaction action;

    if (!sigaction(SIGCHLD, NULL, &action) && action.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL);
}

/* --- opening and closing --------------------------------------------------------------------- */

int trainer_open(struct trainer **out, const struct trainer_options *options, struct error *err)
{
    struct trainer *t = calloc(1, sizeof(*t));
    const char *data = options->data_folder;

    BUG_IF(!t);
    t->engine = options->engine ? copy(options->engine) : engine_beside();
    t->sink = options->sink;
    t->launcher = &launcher_local;
    keep_exit_codes();
    if (read_framework(&t->framework, options->framework, err) ||
        open_folder(&t->data_folder, data, err) ||
        open_folder_below(&t->dataset_folder, options->dataset_folder, data, "datasets", err) ||
        open_folder_below(&t->state_folder, options->state_folder, data, "trainer", err) ||
        open_folder_below(&t->weights_folder, options->weights_folder, data, "weights", err))
        goto failed;
    t->catalogue = catalogue_new();
    t->residents = residents_new(t, options->resident_limit, options->resident_memory_bytes);
    if (engine_runs_open(&t->runs, t, err))
        goto failed;
    *out = t;
    return 0;
failed:
    trainer_close(t, false);
    return -1;
}

void trainer_interrupt(struct trainer *trainer)
{
    atomic_store(&trainer->is_stopping, true);
}

void trainer_close(struct trainer *t, bool stop_engines)
{
    if (!t)
        return;
    trainer_interrupt(t);
    engine_runs_close(t->runs, stop_engines);
    residents_free(t->residents);
    catalogue_free(t->catalogue);
    free(t->framework);
    free(t->engine);
    free(t->data_folder);
    free(t->dataset_folder);
    free(t->state_folder);
    free(t->weights_folder);
    free(t);
}

/* --- parameters ------------------------------------------------------------------------------ */

const char *parameter_text(const json_t *parameters, const char *name)
{
    const char *text = json_string_value(json_object_get(parameters, name));

    return text && *text ? text : NULL;
}

int64_t parameter_integer(const json_t *parameters, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(parameters, name);
    const char *text = json_string_value(value);
    char *end;
    long long number;

    if (json_is_integer(value))
        return json_integer_value(value);
    if (!text || !*text)
        return fallback;
    number = strtoll(text, &end, 10);
    return *end ? fallback : number;
}

double parameter_number(const json_t *parameters, const char *name, double fallback)
{
    const json_t *value = json_object_get(parameters, name);
    const char *text = json_string_value(value);
    char *end;
    double number;

    if (json_is_number(value))
        return json_number_value(value);
    if (!text || !*text)
        return fallback;
    number = strtod(text, &end);
    return *end ? fallback : number;
}

bool parameter_flag(const json_t *parameters, const char *name)
{
    const json_t *value = json_object_get(parameters, name);
    const char *text = json_string_value(value);

    return json_is_true(value) || (text && (!strcmp(text, "true") || !strcmp(text, "1")));
}

/* --- answers --------------------------------------------------------------------------------- */

void answer_detail(struct trainer_answer *answer, int status, const char *code, const char *detail)
{
    answer->status = status;
    json_decref(answer->body);
    answer->body = json_pack("{s:s, s:s}", "detail", detail, "code", code);
    if (!answer->body) /* words that are not UTF-8 */
        answer->body = json_pack("{s:s, s:s}", "detail", "The request failed", "code", code);
}

void answer_error(struct trainer_answer *answer, const struct error *err)
{
    static const struct {
        enum error_kind kind;
        int status;
    } statuses[] = { { ERR_INVALID, 400 },     { ERR_CORRUPT, 400 },   { ERR_UNSUPPORTED, 400 },
                     { ERR_DENIED, 403 },      { ERR_NOT_FOUND, 404 }, { ERR_CONFLICT, 409 },
                     { ERR_TOO_LARGE, 413 },   { ERR_NO_SPACE, 507 },  { ERR_UNAVAILABLE, 503 },
                     { ERR_CANCELLED, 503 } };
    char code[32];
    int status = 500;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        if (statuses[i].kind == err->kind)
            status = statuses[i].status;
    snprintf(code, sizeof(code), "%s", error_kind_name(err->kind));
    for (char *at = code; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    answer_detail(answer, status, code, err->text);
}
