/* inference_history.c - predictions that people have asked for, kept with their images; see
 * inference.h. */

#include "app/jobs/inference.h"

#include "app/jobs/job_control_internal.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "net/image_form.h"
#include "store/columns.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "inferences"
#define NAME_MOST 255

#define RECORD struct inference_row
static const struct column columns[] = { COLUMNS_TABLE(INFERENCE_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

/* NULL: the job has no folder of ours. */
static const char *image_path(struct app *app, const struct job *job, const char *file_name,
                              struct arena *arena)
{
    const char *folder = control_output_folder(app, job, arena);

    return folder ? arena_printf(arena, "%s/" FOLDER "/%s", folder, file_name) : NULL;
}

/* --- keeping --------------------------------------------------------------------------------- */

/* ".jpg" of "My cat.JPG": only what is an image's; anything else is "". */
static const char *extension(const char *name)
{
    static const char *const known[] = { ".jpg",  ".jpeg", ".png", ".webp",
                                         ".gif",  ".bmp",  ".tif", ".tiff" };
    const char *dot = name ? strrchr(name, '.') : NULL;

    for (size_t i = 0; dot && i < sizeof(known) / sizeof(*known); i++)
        if (!strcasecmp(dot, known[i]))
            return known[i];
    return "";
}

/* At most so many bytes, and no part of a letter. */
static const char *short_name(const char *name, struct arena *arena)
{
    size_t length = name ? strlen(name) : 0;

    if (length <= NAME_MOST)
        return name;
    length = NAME_MOST;
    while (length && ((unsigned char)name[length] & 0xc0) == 0x80)
        length--;
    return arena_strndup(arena, name, length);
}

static struct db_value number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? db_real(json_number_value(value)) : db_null();
}

static int add_row(struct app *app, const struct job *job, const struct user *user,
                   const struct inference_request *request, const char *image_name,
                   const json_t *answer, struct arena *arena, int64_t *id, struct error *err)
{
    const json_t *predictions = json_object_get(answer, "predictions");
    const json_t *first = json_array_get(predictions, 0);
    const char *label = json_string_value(json_object_get(first, "label"));
    char *text = json_dumps(predictions, JSON_COMPACT | JSON_REAL_PRECISION(15));
    struct stat status;
    struct db_rows rows;
    int result;

    if (stat(request->image_path, &status))
        status.st_size = 0;
    result = db_write(app->db, STATEMENT_inference_add,
                      DB_ARGS(db_int(job->id), db_int(user->id), db_text(request->checkpoint_path),
                              db_text(short_name(image_name, arena)), db_int(status.st_size),
                              db_text(label), number_of(first, "confidence"), db_text(text),
                              number_of(answer, "inference_time_ms"),
                              db_int(clock_unix_microseconds())),
                      arena, &rows, err);
    free(text);
    if (!result)
        *id = db_at(&rows, 0, 0)->integer;
    return result;
}

static int remove_old(struct app *app, const struct job *job, struct arena *arena,
                      struct error *err)
{
    struct inference_row *rows;
    int64_t total;
    int count;

    if (inferences_list(app, job->id, INT64_MAX, INFERENCES_KEPT, arena, &rows, &count, &total,
                        err))
        return -1;
    for (int i = 0; i < count; i++)
        if (inferences_remove(app, job, &rows[i], err))
            return -1;
    return 0;
}

/* OUTPUT_DIR may be on another disk. */
static int move_image(const char *from, const char *to, struct error *err)
{
    struct str bytes = STR_INIT;
    int result = rename(from, to);

    if (result && errno == EXDEV) {
        result = file_read(from, IMAGE_FORM_MOST, &bytes, err) ||
                 file_replace(to, bytes.text, bytes.length, err);
        unlink(from);
    } else if (result) {
        FAIL_ERRNO(err, "the image cannot be kept");
    }
    str_release(&bytes);
    return result ? -1 : 0;
}

int inferences_keep(struct app *app, const struct job *job, const struct user *user,
                    const struct inference_request *request, const char *image_name,
                    const json_t *answer, int64_t *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *folder = image_path(app, job, "", &arena), *name, *path;
    int result = -1;

    *id = 0;
    if (!folder) {
        result = 0;
        goto done;
    }
    if (file_make_folders(folder, err) ||
        add_row(app, job, user, request, image_name, answer, &arena, id, err))
        goto done;
    name = arena_printf(&arena, "%lld%s", (long long)*id, extension(image_name));
    path = image_path(app, job, name, &arena);
    if (move_image(request->image_path, path, err)) {
        db_write(app->db, STATEMENT_inference_remove, DB_ARGS(db_int(*id)), NULL, NULL,
                 &(struct error){ 0 });
        goto done;
    }
    result = db_write(app->db, STATEMENT_inference_set_file, DB_ARGS(db_int(*id), db_text(name)),
                      NULL, NULL, err);
    if (!result)
        result = remove_old(app, job, &arena, err);
done:
    arena_release(&arena);
    return result;
}

/* --- reading --------------------------------------------------------------------------------- */

int inferences_list(struct app *app, int64_t job_id, int64_t limit, int64_t offset,
                    struct arena *arena, struct inference_row **out, int *count, int64_t *total,
                    struct error *err)
{
    struct db_rows rows, counted;

    if (db_read(app->db, STATEMENT_inference_list,
                DB_ARGS(db_int(job_id), db_int(limit), db_int(offset)), arena, &rows, err) ||
        db_read(app->db, STATEMENT_inference_count, DB_ARGS(db_int(job_id)), arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *count = rows.count;
    *out = ARENA_ARRAY(arena, struct inference_row, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*out)[i]);
    return 0;
}

int inferences_get(struct app *app, int64_t id, struct arena *arena, struct inference_row *row,
                   struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_inference_get, DB_ARGS(db_int(id)), arena, &rows, err))
        return -1;
    if (!rows.count)
        return FAIL(err, NOT_FOUND, "Inference result not found");
    columns_read(columns, COLUMN_COUNT, &rows, 0, row);
    return 0;
}

int inferences_open_image(struct app *app, const struct job *job, const struct inference_row *row,
                          int *fd, struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *path = row->file_name ? image_path(app, job, row->file_name, &arena) : NULL;

    *fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    arena_release(&arena);
    return *fd < 0 ? FAIL(err, NOT_FOUND, "The image is no longer there") : 0;
}

int inferences_remove(struct app *app, const struct job *job, const struct inference_row *row,
                      struct error *err)
{
    struct arena arena = ARENA_INIT;
    const char *path = row->file_name ? image_path(app, job, row->file_name, &arena) : NULL;
    int result = 0;

    if (path && unlink(path) && errno != ENOENT)
        result = FAIL_ERRNO(err, "the image cannot be removed");
    if (!result)
        result = db_write(app->db, STATEMENT_inference_remove, DB_ARGS(db_int(row->id)), NULL, NULL,
                          err);
    arena_release(&arena);
    return result;
}
