/* plans_test.c - what is asked of tables that grow reads no more of them than it needs. */

#include "base/error.h"
#include "store/db_internal.h"
#include "test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct scene {
    struct db *db;
    sqlite3 *handle;
};

static void scene_open(struct scene *s)
{
    char path[512];
    struct error err;

    snprintf(path, sizeof(path), "%s/plans.db", test_folder());
    CHECK_OK(db_open(&s->db, path, &err), err);
    CHECK(sqlite3_open(path, &s->handle) == SQLITE_OK);
}

static void scene_close(struct scene *s)
{
    sqlite3_close(s->handle);
    db_close(s->db);
}

/* No step of the plan may go through all of a table or an index, but for the index `except`, or
 * NULL; "newest" is what a part of a statement has found. */
static void check_plan(struct scene *s, const char *sql, const char *except)
{
    char explain[4096];
    sqlite3_stmt *plan;

    snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
    if (sqlite3_prepare_v2(s->handle, explain, -1, &plan, NULL) != SQLITE_OK)
        test_fail(__FILE__, __LINE__, "%s: %s", sql, sqlite3_errmsg(s->handle));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);

        if (!strncmp(step, "SCAN ", 5) && strcmp(step, "SCAN newest") != 0 &&
            (!except || !strstr(step, except)))
            test_fail(__FILE__, __LINE__, "%s: %s", sql, step);
    }
    sqlite3_finalize(plan);
}

TEST(statements_find_their_rows_by_an_index)
{
    static const enum statement statements[] = {
        STATEMENT_dataset_jobs,
        STATEMENT_dataset_users_elsewhere,
        STATEMENT_invitation_list_for,
        STATEMENT_user_forget_jobs,
        STATEMENT_user_forget_datasets,
        STATEMENT_job_remove_points,
        STATEMENT_job_remove_metrics,
        STATEMENT_job_remove_logs,
        STATEMENT_job_remove_images,
        STATEMENT_dataset_file_forget,
        STATEMENT_dataset_object_forget_all,
    };
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        check_plan(&s, statement_sql[statements[i]], NULL);
    /* Of those that have completed, until it has the newest 20. */
    check_plan(&s, statement_sql[STATEMENT_job_mean_seconds], "training_jobs_completed");
    /* What the database does by itself when a user is removed. */
    check_plan(&s, "SELECT id FROM inference_results WHERE user_id = $1", NULL);
    check_plan(&s, "SELECT id FROM project_members WHERE invited_by = $1", NULL);
    check_plan(&s, "SELECT id FROM invitations WHERE inviter_id = $1", NULL);
    check_plan(&s, "SELECT id FROM invitations WHERE invitee_id = $1", NULL);
    scene_close(&s);
}
