/* scores.h - how good a network is after an epoch: named numbers, in the order of their columns. */
#ifndef TRAIN_SCORES_H
#define TRAIN_SCORES_H

#include <stdbool.h>

struct json_writer;

#define SCORES_MAX 32

struct scores {
    const char *names[SCORES_MAX]; /* borrowed: constants of the task */
    double values[SCORES_MAX];
    int count;
};

void scores_add(struct scores *scores, const char *name, double value);
/* False, and *value untouched, when there is none of that name. */
bool scores_find(const struct scores *scores, const char *name, double *value);
/* 0 when there is none. */
double scores_get(const struct scores *scores, const char *name);
/* As members of the object that is open; all but the one named `except` (NULL: all). */
void scores_write(const struct scores *scores, struct json_writer *w, const char *except);

#endif
