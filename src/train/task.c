/* task.c - see task.h. */

#include "train/task.h"

#include <string.h>

static const struct task_type *const tasks[] = {
    &task_classification,
    &task_detection,
    &task_segmentation,
    &task_pose,
};

const struct task_type *task_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++)
        if (!strcmp(tasks[i]->name, name))
            return tasks[i];
    return NULL;
}

const struct task_type *task_type_at(int index)
{
    return index < (int)(sizeof(tasks) / sizeof(*tasks)) ? tasks[index] : NULL;
}

const struct task_type *task_type_of(const struct model *model)
{
    return tasks[model->task];
}

bool task_type_has_score(const struct task_type *task, const char *name)
{
    for (const char *const *score = task->scores; *score; score++)
        if (!strcmp(*score, name))
            return true;
    return !strcmp(name, "loss");
}

struct evaluation *evaluation_new(const struct evaluation *about)
{
    return about->task->evaluation_new(about);
}

void evaluation_free(struct evaluation *evaluation)
{
    if (evaluation)
        evaluation->task->evaluation_free(evaluation);
}
