/* datasets_fixes.c - what the doctor proposes, and doing it; see datasets.h. */

#include "app/datasets/datasets_internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORD struct dataset_fix
static const struct column columns[] = { COLUMNS_TABLE(DATASET_FIX_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

static const char *text_of(const json_t *object, const char *key, struct arena *arena)
{
    return arena_strdup(arena, json_string_value(json_object_get(object, key)));
}

/* The members of the report's "proposed_fixes" that make sense. */
static void read_proposed(const json_t *report, struct arena *arena, struct dataset_fix *fixes,
                          int *count)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(report, "proposed_fixes"), i, row) {
        struct dataset_fix fix = {
            .id = text_of(row, "id", arena),
            .kind = text_of(row, "kind", arena),
            .path = text_of(row, "path", arena),
            .reason = text_of(row, "reason", arena),
            .action = text_of(row, "action", arena),
            .line = (int64_t)json_integer_value(json_object_get(row, "line")),
            .size_bytes = (int64_t)json_integer_value(json_object_get(row, "size")),
        };

        if (fix.id && fix.kind && fix.path && fix.action)
            fixes[(*count)++] = fix;
    }
}

int datasets_fixes(struct app *app, const struct dataset *dataset, struct arena *arena,
                   struct dataset_fix **fixes, int *count, struct error *err)
{
    struct db_rows applied;
    const char *text;
    json_t *report = NULL;

    if (datasets_report(app, dataset, arena, &text, err) ||
        db_read(app->db, STATEMENT_dataset_fix_list, DB_ARGS(db_text(dataset->id)), arena,
                &applied, err))
        return -1;
    if (text) {
        report = json_parse(text, strlen(text), "the report", err);
        if (!report)
            return -1;
    }
    *fixes = ARENA_ARRAY(arena, struct dataset_fix,
                         json_array_size(json_object_get(report, "proposed_fixes")) +
                             (size_t)applied.count + 1);
    *count = 0;
    /* A report of older files proposes what nobody can judge any more. */
    if (strcmp(dataset->status, "analyzing") != 0)
        read_proposed(report, arena, *fixes, count);
    for (int i = 0; i < applied.count; i++)
        columns_read(columns, COLUMN_COUNT, &applied, i, &(*fixes)[(*count)++]);
    json_decref(report);
    return 0;
}

/* --- applying -------------------------------------------------------------------------------- */

/* What edited files were, in the quarantine: apart from files that are taken out. */
#define EDITED ".edited"
#define TAKEN_OUT_MOST 1000 /* files of one path */

static bool is_edit(const struct dataset_fix *fix)
{
    return !strcmp(fix->action, "edit");
}

/* The id of an edit is that of a line: the next one in its place has the same. */
static int note(struct app *app, const struct dataset *dataset, const struct dataset_fix *fix,
                struct error *err)
{
    int64_t now = clock_unix_microseconds();
    struct arena arena = ARENA_INIT;
    const char *id = is_edit(fix) ? arena_printf(&arena, "%s-%" PRIx64, fix->id, (uint64_t)now)
                                  : fix->id;
    int result = db_write(app->db, STATEMENT_dataset_fix_add,
                          DB_ARGS(db_text(dataset->id), db_text(id), db_text(fix->kind),
                                  db_text(fix->path), db_text(fix->reason),
                                  db_int(is_edit(fix) ? 0 : fix->size_bytes), db_int(now),
                                  db_text(fix->action), fix->line ? db_int(fix->line) : db_null()),
                          NULL, NULL, err);

    arena_release(&arena);
    return result;
}

/* To the same path in the quarantine; what was taken out there before stays, and this one goes to
 * .2/PATH, and so on. */
static int quarantine(struct app *app, const char *id, const char *path, struct arena *arena,
                      struct error *err)
{
    const char *from = dataset_key("datasets", id, path, arena);
    const char *to = dataset_key("quarantine", id, path, arena);
    int result = blob_move(app->datasets->blob, from, to, err);

    for (int i = 2; result && err->kind == ERR_CONFLICT && i < TAKEN_OUT_MOST; i++) {
        to = dataset_key("quarantine", id, arena_printf(arena, ".%d/%s", i, path), arena);
        result = blob_move(app->datasets->blob, from, to, err);
    }
    return result;
}

static int remove_file(struct app *app, const struct dataset *dataset,
                       const struct dataset_fix *fix, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = -1;

    if (!blob_check_key(fix->path, err) &&
        !quarantine(app, dataset->id, fix->path, &arena, err))
        result = note(app, dataset, fix, err);
    else if (err->kind == ERR_NOT_FOUND)
        result = 0; /* somebody else has */
    arena_release(&arena);
    return result;
}

/* The engine changes the label files, all chosen rows of them at once: a row's number counts only
 * until the first is gone.  Where all are wanted, also what these bring to light. */
static int edit_files(struct app *app, const struct dataset *dataset,
                      const struct dataset_fix *fixes, int count, bool all, int *applied,
                      struct error *err)
{
    struct arena arena = ARENA_INIT;
    json_t *ids = json_array(), *parameters, *answer = NULL;
    int result = 0, edits = 0;

    for (int i = 0; i < count; i++)
        if (is_edit(&fixes[i]) && ++edits)
            json_array_append_new(ids, json_string(fixes[i].id));
    parameters = json_pack("{s:s, s:s, s:s*, s:s*, s:O*}", "dataset_path", dataset->id,
                           "quarantine_folder",
                           dataset_key("quarantine", dataset->id, EDITED, &arena), "format",
                           dataset->detected_format, "task", dataset->task_type, "ids",
                           all ? NULL : ids);
    BUG_IF(!parameters);
    if (edits)
        result = doctor_call(app, "/datasets/fix", parameters, &answer, err);
    for (int i = 0; i < count && edits && !result; i++)
        if (is_edit(&fixes[i])) {
            result = note(app, dataset, &fixes[i], err);
            *applied += !result;
        }
    json_decref(ids);
    json_decref(answer);
    json_decref(parameters);
    arena_release(&arena);
    return result;
}

static bool can_apply(const struct dataset_fix *fix)
{
    return !fix->applied_at && (!strcmp(fix->action, "remove") || is_edit(fix));
}

/* The proposals that are chosen, at the front. */
static int choose(struct dataset_fix *fixes, int *count, const char *const *ids, int id_count,
                  struct error *err)
{
    int chosen = 0;

    for (int i = 0; i < id_count; i++) {
        int at = chosen;

        while (at < *count && (!can_apply(&fixes[at]) || strcmp(fixes[at].id, ids[i]) != 0))
            at++;
        if (at == *count)
            return FAIL(err, NOT_FOUND, "There is no fix '%.100s' that can be applied", ids[i]);
        struct dataset_fix fix = fixes[at];

        fixes[at] = fixes[chosen];
        fixes[chosen++] = fix;
    }
    for (int i = 0; i < *count && !ids; i++)
        if (can_apply(&fixes[i]))
            fixes[chosen++] = fixes[i];
    *count = chosen;
    return 0;
}

static int apply(struct app *app, const struct dataset *dataset, const char *const *ids,
                 int id_count, int *applied, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct dataset_fix *fixes;
    int count, result = -1;

    if (dataset_check_idle(app, dataset, err) ||
        datasets_fixes(app, dataset, &arena, &fixes, &count, err) ||
        choose(fixes, &count, ids, id_count, err))
        goto done;
    result = 0;
    if (!count)
        goto done;
    /* First the mark, so that a restart in between looks again. */
    result = datasets_analyze(app, dataset, err);
    for (int i = 0; i < count && !result; i++)
        if (!is_edit(&fixes[i])) {
            result = remove_file(app, dataset, &fixes[i], err);
            *applied += !result;
        }
    if (!result)
        result = edit_files(app, dataset, fixes, count, !ids, applied, err);
    /* And a second one: the doctor may have looked while we moved. */
    if (!result)
        result = datasets_analyze(app, dataset, err);
done:
    arena_release(&arena);
    return result;
}

int datasets_apply_fixes(struct app *app, const struct dataset *dataset, const char *const *ids,
                         int id_count, int *applied, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct dataset_lock lock;
    struct dataset now;
    int result;

    *applied = 0;
    if (dataset_lock(app, dataset->id, &lock, err))
        return -1;
    result = dataset_read(app, dataset->id, &arena, &now, err) ||
                     apply(app, &now, ids, id_count, applied, err)
                 ? -1
                 : 0;
    dataset_unlock(app, &lock);
    arena_release(&arena);
    return result;
}
