/* datasets_listing.c - the rows of a data set's files, and the sums over them.
 *
 * Rows are written in groups, so that the database has time for others between them, under a new
 * tag; readers see them when the data set names that tag, all at once.  Of two who list at the same
 * time, the one who began later wins: tags are times. */

#include "app/datasets/datasets_internal.h"
#include "app/datasets/datasets_layout.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "store/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_ROWS 500
#define LINE_MOST ((size_t)64 << 10)

#define RECORD struct dataset_file
static const struct column columns[] = { COLUMNS_TABLE(DATASET_FILE_COLUMNS) };
#undef RECORD
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(*columns)))

struct listing {
    struct app *app;
    const char *id;
    const json_t *class_names; /* NULL: images are classified */
    int64_t tag;
    struct dataset_file rows[GROUP_ROWS]; /* texts live in the arena of the whole listing */
    int count;
    int64_t file_count, total_bytes, image_count;
};

/* --- writing --------------------------------------------------------------------------------- */

static struct db_value int_or_null(int64_t value)
{
    return value ? db_int(value) : db_null();
}

/* Which classes are on an image. */
static int write_objects(struct db_connection *connection, const struct listing *l,
                         const struct dataset_file *f, struct error *err)
{
    json_t *classes = json_parse(f->classes, strlen(f->classes), "classes", err);
    const json_t *count;
    const char *name;
    int result = classes ? 0 : -1;

    json_object_foreach(classes, name, count)
        if (!result)
            result = db_run(connection, STATEMENT_dataset_object_add,
                            DB_ARGS(db_text(l->id), db_int(l->tag), db_text(name),
                                    db_text(f->path), db_text(f->split),
                                    db_int((int64_t)json_integer_value(count))),
                            NULL, NULL, err);
    json_decref(classes);
    return result;
}

static int write_group(struct db_connection *connection, void *context, struct error *err)
{
    const struct listing *l = context;

    for (int i = 0; i < l->count; i++) {
        const struct dataset_file *f = &l->rows[i];

        if (db_run(connection, STATEMENT_dataset_file_add,
                   DB_ARGS(db_text(l->id), db_int(l->tag), db_text(f->path), db_int(f->size_bytes),
                           db_text(f->split), db_text(f->class_name), int_or_null(f->width),
                           int_or_null(f->height), db_text(f->state), db_text(f->reason),
                           f->classes ? db_int(f->objects) : db_null(), db_text(f->classes),
                           db_int(f->annotation_offset), int_or_null(f->annotation_bytes)),
                   NULL, NULL, err) ||
            (f->classes && write_objects(connection, l, f, err)))
            return -1;
    }
    return 0;
}

static int flush(struct listing *l, struct error *err)
{
    int result = l->count ? db_transact(l->app->db, write_group, l, err) : 0;

    l->count = 0;
    return result;
}

static int add(struct listing *l, const struct dataset_file *file, struct error *err)
{
    l->rows[l->count++] = *file;
    l->file_count++;
    l->total_bytes += file->size_bytes;
    l->image_count += !strcmp(file->state, "used") && file_is_image_name(file->path);
    return l->count == GROUP_ROWS ? flush(l, err) : 0;
}

/* Of all classes, as JSON. */
struct class_sums {
    struct str names, images, objects;
    int64_t count, object_count;
};

static void add_class(struct class_sums *sums, struct json_writer w[3], const char *name,
                      int64_t images, int64_t objects)
{
    json_text(&w[0], name);
    json_put_int(&w[1], name, images);
    json_put_int(&w[2], name, objects);
    sums->count++;
    sums->object_count += objects;
}

/* In the order of their ids, those without objects as well. */
static void add_labelled(const struct listing *l, const struct db_rows *rows,
                         struct class_sums *sums, struct json_writer w[3])
{
    struct map found = MAP_INIT;
    const json_t *name;
    size_t i;

    for (int row = 0; row < rows->count; row++)
        map_set(&found, db_at(rows, row, 0)->text, (void *)db_at(rows, row, 1));
    json_array_foreach((json_t *)l->class_names, i, name) {
        const struct db_value *numbers = map_find(&found, json_string_value(name));

        add_class(sums, w, json_string_value(name), numbers ? numbers[0].integer : 0,
                  numbers ? numbers[1].integer : 0);
    }
    map_release(&found);
}

static int sum_classes(struct listing *l, struct class_sums *sums, struct error *err)
{
    enum statement statement = l->class_names ? STATEMENT_dataset_object_classes
                                              : STATEMENT_dataset_file_classes;
    struct str *texts[3] = { &sums->names, &sums->images, &sums->objects };
    struct arena arena = ARENA_INIT;
    struct json_writer w[3];
    struct db_rows rows;
    int result = db_read(l->app->db, statement, DB_ARGS(db_text(l->id), db_int(l->tag)), &arena,
                         &rows, err);

    for (int i = 0; i < 3; i++) {
        json_begin(&w[i], texts[i]);
        if (i)
            json_object_open(&w[i]);
        else
            json_array_open(&w[i]);
    }
    if (!result && l->class_names)
        add_labelled(l, &rows, sums, w);
    for (int i = 0; !result && !l->class_names && i < rows.count; i++)
        if (db_at(&rows, i, 0)->type != DB_NULL)
            add_class(sums, w, db_at(&rows, i, 0)->text, db_at(&rows, i, 1)->integer, 0);
    for (int i = 0; i < 3; i++)
        json_close(&w[i]);
    arena_release(&arena);
    return result;
}

/* The rows of this listing. */
static int forget(const struct listing *l, struct error *err)
{
    struct db_value id = db_text(l->id), tag = db_int(l->tag);

    return db_write_parts(l->app->db, STATEMENT_dataset_file_forget_listing, DB_ARGS(id, tag),
                          err) ||
                   db_write_parts(l->app->db, STATEMENT_dataset_object_forget_listing,
                                  DB_ARGS(id, tag), err)
               ? -1
               : 0;
}

/* Those of earlier ones. */
static int forget_older(const struct listing *l, struct error *err)
{
    struct db_value id = db_text(l->id);

    return db_write_parts(l->app->db, STATEMENT_dataset_file_forget, DB_ARGS(id), err) ||
                   db_write_parts(l->app->db, STATEMENT_dataset_object_forget, DB_ARGS(id), err)
               ? -1
               : 0;
}

/* Somebody who began later has finished already, and has seen what is newer; or there is no such
 * data set any more. */
static int give_way(struct listing *l, struct arena *arena, struct error *err)
{
    struct dataset dataset;

    return dataset_read(l->app, l->id, arena, &dataset, err) ? -1 : forget(l, err);
}

/* The new rows count from here on, and the old ones go. */
static int finish(struct listing *l, struct error *err)
{
    struct class_sums sums = { STR_INIT, STR_INIT, STR_INIT, 0, 0 };
    struct arena arena = ARENA_INIT;
    struct db_rows rows = { 0 };
    int result = -1;

    if (flush(l, err) || sum_classes(l, &sums, err) ||
        db_write(l->app->db, STATEMENT_dataset_set_listing,
                 DB_ARGS(db_text(l->id), db_int(l->tag), db_int(l->file_count),
                         db_int(l->total_bytes), db_int(l->image_count), int_or_null(sums.count),
                         db_text(sums.count ? sums.names.text : NULL),
                         db_text(sums.count ? sums.images.text : NULL),
                         db_int(clock_unix_microseconds()),
                         db_text(l->class_names ? sums.objects.text : NULL),
                         l->class_names ? db_int(sums.object_count) : db_null()),
                 &arena, &rows, err))
        goto done;
    result = rows.count ? forget_older(l, err) : give_way(l, &arena, err);
done:
    str_release(&sums.names);
    str_release(&sums.images);
    str_release(&sums.objects);
    arena_release(&arena);
    return result;
}

/* --- what the doctor saw --------------------------------------------------------------------- */

struct seen {
    struct map map; /* path to struct dataset_file */
    struct arena *arena;
};

static int64_t int_of(const json_t *line, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(line, key));
}

static const char *text_of(const json_t *line, const char *key, struct arena *arena)
{
    return arena_strdup(arena, json_string_value(json_object_get(line, key)));
}

/* An image of objects has no class of its own. */
static void read_classes(const json_t *line, struct arena *arena, struct dataset_file *file)
{
    const json_t *classes = json_object_get(line, "classes");
    const json_t *place = json_object_get(line, "annotation");
    char *text = json_is_object(classes) ? json_dumps(classes, JSON_COMPACT) : NULL;

    if (!text) {
        file->class_name = text_of(line, "class", arena);
        return;
    }
    file->classes = arena_strdup(arena, text);
    file->objects = int_of(line, "objects");
    file->annotation_offset = (int64_t)json_integer_value(json_array_get(place, 0));
    file->annotation_bytes = (int64_t)json_integer_value(json_array_get(place, 1));
    free(text);
}

static void read_line(struct seen *seen, const char *text, size_t length)
{
    struct error ignored;
    json_t *line = json_parse(text, length, "files.jsonl", &ignored);
    struct dataset_file *file;

    if (json_is_object(line) && json_is_string(json_object_get(line, "path"))) {
        file = ARENA_NEW(seen->arena, struct dataset_file);
        file->path = text_of(line, "path", seen->arena);
        file->split = text_of(line, "split", seen->arena);
        read_classes(line, seen->arena, file);
        file->reason = text_of(line, "reason", seen->arena);
        file->width = int_of(line, "width");
        file->height = int_of(line, "height");
        file->state = file->reason ? "excluded" : "used";
        map_set(&seen->map, file->path, file);
    }
    json_decref(line);
}

static int read_lines(struct seen *seen, const char *path, struct error *err)
{
    FILE *stream = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    if (!stream)
        return FAIL_ERRNO(err, "cannot read what the doctor saw");
    while ((length = getline(&line, &capacity, stream)) > 0)
        if ((size_t)length <= LINE_MOST)
            read_line(seen, line, (size_t)length);
    free(line);
    fclose(stream);
    return 0;
}

/* --- both ------------------------------------------------------------------------------------ */

static const char *entry_path(const void *list, int index)
{
    return ((const struct blob_entry *)list)[index].path;
}

/* Classes are folders in these formats; in the others the engine will have to say. */
static bool is_tree(const char *format)
{
    return !strcmp(format, "imagefolder") || !strcmp(format, "dice");
}

/* The rest is "labels" where there are any: the doctor names every file that is not used. */
static void describe(const struct layout *layout, bool tree, const struct blob_entry *entry,
                     struct arena *arena, struct dataset_file *file)
{
    struct layout_place place = { 0 };

    if (tree)
        layout_place(layout, entry->path, &place);
    *file = (struct dataset_file){ .path = entry->path, .size_bytes = entry->size_bytes,
                                   .split = place.split, .reason = place.reason,
                                   .state = place.reason                          ? "excluded"
                                            : tree || file_is_image_name(entry->path) ? "used"
                                                                                   : "labels" };
    if (place.class_name && !place.reason)
        file->class_name = arena_strndup(arena, place.class_name, place.class_bytes);
}

/* The store says which files there are, the doctor what he thinks of those that he has seen. */
static int write_listing(struct app *app, const char *id, const struct seen *seen,
                         const json_t *class_names, struct arena *arena, struct error *err)
{
    struct listing *l = calloc(1, sizeof(*l));
    struct blob_entry *entries;
    struct dataset dataset;
    struct layout layout;
    int count, result = -1;
    bool is_classified;

    BUG_IF(!l);
    *l = (struct listing){ .app = app, .id = id, .class_names = class_names,
                           .tag = clock_unix_microseconds() };
    if (dataset_read(app, id, arena, &dataset, err) ||
        blob_list(app->datasets->blob, dataset_key("datasets", id, NULL, arena), arena, &entries,
                  &count, err))
        goto done;
    layout_begin(&layout, entry_path, entries, count);
    is_classified = seen ? !class_names : is_tree(dataset.format);
    result = 0;
    for (int i = 0; i < count && !result; i++) {
        const struct dataset_file *known = seen ? map_find(&seen->map, entries[i].path) : NULL;
        struct dataset_file file;

        describe(&layout, is_classified, &entries[i], arena, &file);
        if (known) {
            file = *known;
            file.path = entries[i].path;
            file.size_bytes = entries[i].size_bytes;
        }
        result = add(l, &file, err);
    }
    if (!result)
        result = finish(l, err);
    if (result) {
        struct error ignored;

        forget(l, &ignored);
    }
done:
    free(l);
    return result;
}

int dataset_list_by_path(struct app *app, const char *id, struct error *err)
{
    struct arena arena = ARENA_INIT;
    int result = write_listing(app, id, NULL, NULL, &arena, err);

    arena_release(&arena);
    return result;
}

int dataset_list_by_doctor(struct app *app, const char *id, const char *lines_path,
                           const json_t *class_names, struct error *err)
{
    struct arena arena = ARENA_INIT;
    struct seen seen = { .map = MAP_INIT, .arena = &arena };
    int result = -1;

    if (!read_lines(&seen, lines_path, err))
        result = write_listing(app, id, &seen, class_names, &arena, err);
    map_release(&seen.map);
    arena_release(&arena);
    return result;
}

/* --- reading --------------------------------------------------------------------------------- */

int datasets_files(struct app *app, const struct dataset *dataset,
                   const struct dataset_file_page *page, struct arena *arena,
                   struct dataset_file **files, int *count, int64_t *total, struct error *err)
{
    struct db_value id = db_text(dataset->id), split = db_text(page->split);
    struct db_value class_name = db_text(page->class_name), state = db_text(page->state);
    struct db_value path = db_text(page->path);
    struct db_rows rows, counted;

    if (db_read(app->db, STATEMENT_dataset_file_list,
                DB_ARGS(id, split, class_name, state, path, db_int(page->limit),
                        db_int(page->offset)),
                arena, &rows, err) ||
        db_read(app->db, STATEMENT_dataset_file_count,
                DB_ARGS(id, split, class_name, state, path), arena, &counted, err))
        return -1;
    *total = db_at(&counted, 0, 0)->integer;
    *count = rows.count;
    *files = ARENA_ARRAY(arena, struct dataset_file, rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        columns_read(columns, COLUMN_COUNT, &rows, i, &(*files)[i]);
    return 0;
}

int datasets_sums(struct app *app, const struct dataset *dataset, struct arena *arena,
                  struct dataset_sums *sums, struct error *err)
{
    struct db_rows rows, fixed;

    *sums = (struct dataset_sums){ 0 };
    if (db_read(app->db, STATEMENT_dataset_file_sums,
                DB_ARGS(db_text(dataset->id)), arena, &rows, err) ||
        db_read(app->db, STATEMENT_dataset_fix_sums, DB_ARGS(db_text(dataset->id)), arena, &fixed,
                err))
        return -1;
    for (int i = 0; i < rows.count; i++) {
        bool is_used = strcmp(db_at(&rows, i, 0)->text, "excluded") != 0;

        *(is_used ? &sums->used_files : &sums->excluded_files) += db_at(&rows, i, 1)->integer;
        *(is_used ? &sums->used_bytes : &sums->excluded_bytes) += db_at(&rows, i, 2)->integer;
    }
    sums->fixed_files = db_at(&fixed, 0, 0)->integer;
    sums->fixed_bytes = db_at(&fixed, 0, 1)->integer;
    return 0;
}
