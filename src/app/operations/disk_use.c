/* disk_use.c - see disk_use.h. */

#include "app/operations/disk_use.h"

#include "app/jobs/job_control_internal.h"
#include "app/operations/admin.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DAY_MICROSECONDS (24LL * 3600 * 1000000)
#define CHECKPOINTS "checkpoints"

/* --- counting -------------------------------------------------------------------------------- */

/* Files go while we look, and that is fine.  `depth` is where a folder "checkpoints", or that of an
 * earlier attempt, "checkpoints-1", lies below the path: 1 in the folder of a job, 2 in that of a
 * project. */
static void add_tree(const char *path, int depth, int64_t *checkpoints, int64_t *others)
{
    char *roots[] = { (char *)path, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool inside = false;
    FTSENT *entry;

    while (walk && (entry = fts_read(walk))) {
        if (entry->fts_level == depth)
            inside = entry->fts_info == FTS_D && str_starts_with(entry->fts_name, CHECKPOINTS);
        if (entry->fts_info == FTS_F)
            *(inside && entry->fts_level > depth ? checkpoints : others) +=
                entry->fts_statp->st_size;
    }
    if (walk)
        fts_close(walk);
}

static int64_t tree_bytes(const char *path)
{
    int64_t none = 0, bytes = 0;

    add_tree(path, -2, &none, &bytes); /* FTS's levels begin at -1 */
    return bytes;
}

static int read_datasets(struct app *app, int64_t project_id, struct arena *arena, int64_t *bytes,
                         struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_dataset_sum_bytes, DB_ARGS(db_int(project_id)), arena, &rows,
                err))
        return -1;
    *bytes = db_at(&rows, 0, 0)->integer;
    return 0;
}

int disk_of_project(struct app *app, int64_t project_id, struct arena *arena,
                    struct project_disk *disk, struct error *err)
{
    struct db_rows rows;

    *disk = (struct project_disk){ 0 };
    if (read_datasets(app, project_id, arena, &disk->datasets_bytes, err) ||
        db_read(app->db, STATEMENT_job_list_disk, DB_ARGS(db_int(project_id)), arena, &rows, err))
        return -1;
    disk->jobs = ARENA_ARRAY(arena, struct job_disk, rows.count + 1);
    disk->job_count = rows.count;
    for (int i = 0; i < rows.count; i++) {
        struct job_disk *job = &disk->jobs[i];
        struct job row = { .output_dir = db_at(&rows, i, 4)->text };
        const char *folder = control_output_folder(app, &row, arena);

        *job = (struct job_disk){ .job_id = db_at(&rows, i, 0)->integer,
                                  .experiment_name = db_at(&rows, i, 1)->text,
                                  .model_name = db_at(&rows, i, 2)->text,
                                  .status = db_at(&rows, i, 3)->text };
        if (folder)
            add_tree(folder, 1, &job->checkpoints_bytes, &job->outputs_bytes);
        disk->outputs_bytes += job->outputs_bytes;
        disk->checkpoints_bytes += job->checkpoints_bytes;
    }
    return 0;
}

static int64_t file_bytes(const struct app *app, const char *name, struct arena *arena)
{
    struct stat status;

    return stat(app_path(app, name, arena), &status) ? 0 : status.st_size;
}

int disk_of_platform(struct app *app, const struct user *actor, struct arena *arena,
                     struct platform_disk *disk, struct error *err)
{
    static const char *const others[] = { "thumbnails", "quarantine", "uploads", "trainer" };
    static const char *const database[] = { "vision_platform.db", "vision_platform.db-wal",
                                            "vision_platform.db-shm" };
    struct project_page all = { .limit = INT64_MAX };
    struct project *projects;
    struct statvfs space;
    int64_t total;

    *disk = (struct platform_disk){ 0 };
    if (projects_search(app, actor, &all, arena, &projects, &disk->project_count, &total, err))
        return -1;
    if (statvfs(app->data_folder, &space))
        return FAIL_ERRNO(err, "'%s'", app->data_folder);
    disk->total_bytes = (int64_t)space.f_blocks * (int64_t)space.f_frsize;
    disk->free_bytes = (int64_t)space.f_bavail * (int64_t)space.f_frsize;
    for (size_t i = 0; i < sizeof(database) / sizeof(*database); i++)
        disk->database_bytes += file_bytes(app, database[i], arena);
    disk->weights_bytes = tree_bytes(app_path(app, "weights", arena));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        disk->other_bytes += tree_bytes(app_path(app, others[i], arena));
    disk->rows = projects;
    disk->projects = ARENA_ARRAY(arena, struct project_disk, disk->project_count + 1);
    for (int i = 0; i < disk->project_count; i++) {
        struct project_disk *p = &disk->projects[i];

        add_tree(
            app_path(app, arena_printf(arena, "outputs/%lld", (long long)projects[i].id), arena), 2,
            &p->checkpoints_bytes, &p->outputs_bytes);
        if (read_datasets(app, projects[i].id, arena, &p->datasets_bytes, err))
            return -1;
    }
    return 0;
}

/* --- making room ----------------------------------------------------------------------------- */

/* Files that stay whatever they are called. */
struct kept {
    struct file_id {
        dev_t device;
        ino_t inode;
    } *ids;
    int count;
};

static void keep(struct kept *kept, const struct app *app, const char *path, struct arena *arena)
{
    struct stat status;

    if (path && *path && !stat(app_path(app, path, arena), &status))
        kept->ids[kept->count++] = (struct file_id){ status.st_dev, status.st_ino };
}

static bool is_kept(const struct kept *kept, const struct stat *status)
{
    for (int i = 0; i < kept->count; i++)
        if (kept->ids[i].device == status->st_dev && kept->ids[i].inode == status->st_ino)
            return true;
    return false;
}

static bool is_named(const char *name, const char *stem)
{
    size_t length = strlen(stem);

    return !strncmp(name, stem, length) && name[length] == '.';
}

static bool is_checkpoint(const char *name)
{
    return *name != '.' && (str_ends_with(name, ".safetensors") || str_ends_with(name, ".pth") ||
                            str_ends_with(name, ".pt"));
}

static bool has_best(const char *folder, struct arena *arena)
{
    return !access(arena_printf(arena, "%s/best.safetensors", folder), F_OK) ||
           !access(arena_printf(arena, "%s/best.pth", folder), F_OK) ||
           !access(arena_printf(arena, "%s/best.pt", folder), F_OK);
}

static int clean_folder(const char *folder, bool keep_latest, const struct kept *kept, bool dry_run,
                        struct cleaned_job *cleaned, struct error *err)
{
    char *roots[] = { (char *)folder, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;
    int result = 0;

    while (walk && !result && (entry = fts_read(walk))) {
        if (entry->fts_info != FTS_F || entry->fts_level != 1 || !is_checkpoint(entry->fts_name) ||
            is_named(entry->fts_name, "best") ||
            (keep_latest && is_named(entry->fts_name, "latest")) ||
            is_kept(kept, entry->fts_statp))
            continue;
        if (!dry_run && unlink(entry->fts_accpath) && errno != ENOENT) {
            result = FAIL_ERRNO(err, "'%s' cannot be removed", entry->fts_name);
            continue;
        }
        cleaned->freed_bytes += entry->fts_statp->st_size;
        cleaned->files++;
    }
    if (walk)
        fts_close(walk);
    return result;
}

/* Rows of files that are gone. */
static int forget_rows(struct app *app, int64_t job_id, struct arena *arena, struct error *err)
{
    struct db_rows rows;

    if (db_read(app->db, STATEMENT_checkpoint_list, DB_ARGS(db_int(job_id)), arena, &rows, err))
        return -1;
    for (int i = 0; i < rows.count; i++) /* id first, path the fifth: CHECKPOINT_COLUMNS */
        if (access(app_path(app, db_at(&rows, i, 4)->text, arena), F_OK) &&
            db_write(app->db, STATEMENT_checkpoint_remove, DB_ARGS(*db_at(&rows, i, 0)), NULL, NULL,
                     err))
            return -1;
    return 0;
}

/* One row of job_list_disk. */
static int clean_job(struct app *app, const struct db_rows *rows, int row,
                     const struct clean_up *how, struct kept *kept, struct arena *arena,
                     struct cleaned_job *cleaned, struct error *err)
{
    struct job job = { .output_dir = db_at(rows, row, 4)->text };
    const char *status = db_at(rows, row, 3)->text, *best = db_at(rows, row, 5)->text;
    const char *folder = control_output_folder(app, &job, arena), *checkpoints;
    int64_t ended_at = db_at(rows, row, 6)->integer;
    int before = kept->count, result;
    bool stopped = !strcmp(status, "stopped"), keep_latest;

    cleaned->job_id = db_at(rows, row, 0)->integer;
    if (!folder || !strcmp(status, "pending") || !strcmp(status, "running") ||
        (how->older_than_days &&
         ended_at > clock_unix_microseconds() - how->older_than_days * DAY_MICROSECONDS))
        return 0;
    checkpoints = arena_printf(arena, "%s/" CHECKPOINTS, folder);
    keep(kept, app, best, arena);
    keep_latest = how->keep_latest || stopped ||
                  (kept->count == before && !has_best(checkpoints, arena));
    result = clean_folder(checkpoints, keep_latest, kept, how->dry_run, cleaned, err) ||
                     clean_folder(arena_printf(arena, "%s-1", checkpoints), false, kept,
                                  how->dry_run, cleaned, err)
                 ? -1
                 : 0;
    kept->count = before;
    return !result && !how->dry_run && cleaned->files
               ? forget_rows(app, cleaned->job_id, arena, err)
               : result;
}

int clean_up_project(struct app *app, int64_t project_id, const struct clean_up *how,
                     struct arena *arena, struct cleaned_job **jobs, int *count, struct error *err)
{
    struct db_rows rows, starts;
    struct kept kept = { 0 };

    if (db_read(app->db, STATEMENT_job_list_disk, DB_ARGS(db_int(project_id)), arena, &rows, err) ||
        db_read(app->db, STATEMENT_job_list_start_checkpoints, DB_NO_ARGS, arena, &starts, err))
        return -1;
    kept.ids = ARENA_ARRAY(arena, struct file_id, starts.count + 1);
    for (int i = 0; i < starts.count; i++)
        keep(&kept, app, db_at(&starts, i, 0)->text, arena);
    *jobs = ARENA_ARRAY(arena, struct cleaned_job, rows.count + 1);
    *count = 0;
    for (int i = 0; i < rows.count; i++) {
        struct cleaned_job *cleaned = &(*jobs)[*count];

        *cleaned = (struct cleaned_job){ 0 };
        if (clean_job(app, &rows, i, how, &kept, arena, cleaned, err))
            return -1;
        *count += cleaned->files > 0;
    }
    return 0;
}
