/* job_fit.c - see job_fit.h. */

#include "app/jobs/job_fit.h"

#include "app/datasets/datasets_internal.h"
#include "app/services/services.h"
#include "base/error.h"

#include <string.h>

#define BY_CONTENT "auto"

/* Which tasks a data set of each task can be trained for: outlines and key points have boxes. */
/* clang-format off */
static const struct fit {
    const char *task, *datasets[3];
} fits[] = {
    { "image_classification",  { "image_classification" } },
    { "object_detection",      { "object_detection", "instance_segmentation", "pose_estimation" } },
    { "instance_segmentation", { "instance_segmentation" } },
    { "pose_estimation",       { "pose_estimation" } },
};
/* clang-format on */

static const struct fit *find_fit(const char *task)
{
    for (size_t i = 0; i < sizeof(fits) / sizeof(*fits); i++)
        if (!strcmp(fits[i].task, task))
            return &fits[i];
    return NULL;
}

static bool is_classification(const struct fit *fit)
{
    return fit == fits;
}

static int check_format(const struct fit *fit, const char *format, struct error *err)
{
    bool is_tree = !strcmp(format, "imagefolder");

    if (!strcmp(format, "dice") || !strcmp(format, BY_CONTENT) || is_classification(fit) == is_tree)
        return 0;
    if (is_tree)
        return FAIL(err, INVALID,
                    "The dataset format 'imagefolder' has no labels for the task '%s': use yolo, "
                    "coco, dice or voc",
                    fit->task);
    return FAIL(err, INVALID,
                "The dataset format '%s' does not fit the task '%s': use imagefolder or dice",
                format, fit->task);
}

static int check_task(const struct job *job, const struct fit *fit, const struct dataset *dataset,
                      struct error *err)
{
    for (int i = 0; i < 3 && fit->datasets[i]; i++)
        if (!strcmp(fit->datasets[i], dataset->task_type))
            return 0;
    return FAIL(err, INVALID,
                "The dataset '%s' is for the task '%s': model '%s' is to be trained for '%s'",
                dataset->name, dataset->task_type, job->model_name, fit->task);
}

static bool find_dataset(struct app *app, const struct job *job, struct arena *arena,
                         struct dataset *dataset)
{
    struct error ignored;

    return job->dataset_id && !dataset_read(app, job->dataset_id, arena, dataset, &ignored);
}

int job_fit_dataset(struct app *app, struct job *job, struct arena *arena, struct error *err)
{
    const struct fit *fit = find_fit(task_type_full(job->task_type));
    bool was_said = job->dataset_format != NULL;
    struct dataset dataset = { 0 };
    bool is_known = find_dataset(app, job, arena, &dataset);

    if (!was_said)
        job->dataset_format = is_known && dataset.detected_format ? dataset.detected_format
                              : is_known                          ? dataset.format
                              : is_classification(fit)            ? "imagefolder"
                                                                  : BY_CONTENT;
    if (!fit)
        return 0;
    if (is_known && dataset.task_type && check_task(job, fit, &dataset, err))
        return -1;
    return was_said && !is_known ? check_format(fit, job->dataset_format, err) : 0;
}

const char *job_fit_format(struct app *app, const struct job *job, struct arena *arena)
{
    struct dataset dataset;
    const char *format = job->dataset_format;

    if (find_dataset(app, job, arena, &dataset))
        format = dataset.detected_format ? dataset.detected_format : dataset.format;
    /* To the engine "imagefolder" is no promise where labels are wanted: it looks. */
    return format && !strcmp(format, BY_CONTENT) ? "imagefolder" : format;
}
