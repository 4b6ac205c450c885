/* bench_check.c - see bench_check.h. */

#include "command/bench_check.h"

#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative to the largest magnitude of the output.  Winograd's transforms cost the most digits:
 * 1e-5 has been seen. */
#define MOST_ERROR 5e-5

#define HASHES_LIMIT_BYTES ((size_t)64 << 20)

static const char *op_name(const struct step *step)
{
    return step->node ? step->node->op->name : "reorder";
}

/* --- against the reference -------------------------------------------------------------------- */

/* The worst step of each kernel and op. */
struct verdict {
    const struct step *step;
    int index, count;
    struct plan_deviation worst;
};

static int largest_first(const void *a, const void *b)
{
    double x = ((const struct verdict *)a)->worst.error;
    double y = ((const struct verdict *)b)->worst.error;

    return x < y ? 1 : x > y ? -1 : 0;
}

static int gather(const struct plan *plan, const struct plan_deviation *deviations,
                  struct verdict *verdicts)
{
    int count = 0;

    for (int i = 0; i < plan_step_count(plan); i++) {
        const struct step *step = plan_step(plan, i);
        struct verdict *v = verdicts;

        if (!deviations[i].checked)
            continue;
        while (v < verdicts + count && (strcmp(v->step->kernel, step->kernel) ||
                                        strcmp(op_name(v->step), op_name(step))))
            v++;
        if (v == verdicts + count) {
            *v = (struct verdict){ step, i, 0, deviations[i] };
            count++;
        }
        v->count++;
        if (deviations[i].error > v->worst.error)
            *v = (struct verdict){ step, i, v->count, deviations[i] };
    }
    qsort(verdicts, (size_t)count, sizeof(*verdicts), largest_first);
    return count;
}

int bench_verify(struct plan *plan, const struct run_state *run, struct error *err)
{
    int steps = plan_step_count(plan), checked = 0, sampled = 0, count, result = -1;
    struct plan_deviation *deviations = calloc((size_t)steps + 1, sizeof(*deviations));
    struct verdict *verdicts = calloc((size_t)steps + 1, sizeof(*verdicts));

    BUG_IF(!deviations || !verdicts);
    if (plan_run_checked(plan, run, deviations, err))
        goto done;
    count = gather(plan, deviations, verdicts);
    printf("%10s %6s  %-24s %-26s %s\n", "error", "steps", "kernel", "op", "worst layer");
    for (int i = 0; i < count; i++)
        printf("%10.1e %6d  %-24s %-26s %s\n", verdicts[i].worst.error, verdicts[i].count,
               verdicts[i].step->kernel, op_name(verdicts[i].step), verdicts[i].step->name);
    for (int i = 0; i < steps; i++) {
        checked += deviations[i].checked;
        sampled += deviations[i].sampled;
    }
    printf("%d steps checked against the reference, %d of them on a sample of their outputs\n",
           checked, sampled);
    result = count && !(verdicts[0].worst.error <= MOST_ERROR)
                 ? FAIL(err, INVALID, "step %d, kernel %s of layer '%s', is off by %.1e, more than "
                                      "%.0e", verdicts[0].index, verdicts[0].step->kernel,
                        verdicts[0].step->name, verdicts[0].worst.error, MOST_ERROR)
                 : 0;
done:
    free(deviations);
    free(verdicts);
    return result;
}

/* --- against another run ---------------------------------------------------------------------- */

static void add_line(struct str *text, const struct plan *plan, int i, uint64_t hash)
{
    const struct step *step = plan_step(plan, i);

    str_printf(text, "%016llx %d %s %s %s\n", (unsigned long long)hash, i, step->kernel,
               op_name(step), step->name);
}

static int hash_lines(struct plan *plan, const struct run_state *run, struct str *text,
                      struct error *err)
{
    int steps = plan_step_count(plan), result;
    uint64_t *hashes = calloc((size_t)steps + 1, sizeof(*hashes));

    BUG_IF(!hashes);
    result = plan_run_hashed(plan, run, hashes, err);
    for (int i = 0; i < steps && !result; i++)
        add_line(text, plan, i, hashes[i]);
    free(hashes);
    return result;
}

int bench_write_hashes(struct plan *plan, const struct run_state *run, const char *path,
                       struct error *err)
{
    struct str text = STR_INIT;
    int result = hash_lines(plan, run, &text, err);

    if (!result)
        result = file_replace(path, text.text, text.length, err);
    str_release(&text);
    return result;
}

/* Both texts without the lines that they have in common at their beginning. */
static void skip_common_lines(const char **a, const char **b)
{
    for (;;) {
        size_t length = strcspn(*a, "\n");

        if (!**a || !**b || strncmp(*a, *b, length + 1))
            return;
        *a += length + ((*a)[length] == '\n');
        *b += length + ((*b)[length] == '\n');
    }
}

int bench_compare_hashes(struct plan *plan, const struct run_state *run, const char *path,
                         struct error *err)
{
    struct str text = STR_INIT, before = STR_INIT;
    int result = file_read(path, HASHES_LIMIT_BYTES, &before, err);

    if (!result)
        result = hash_lines(plan, run, &text, err);
    if (!result) {
        const char *now = text.text, *then = before.text;

        skip_common_lines(&now, &then);
        if (*now || *then)
            result = FAIL(err, INVALID, "the runs differ from this step on: '%.*s' here, '%.*s' in "
                                        "'%s'", (int)strcspn(now, "\n"), now,
                          (int)strcspn(then, "\n"), then, path);
        else
            printf("%d steps, all with the same bits as in '%s'\n", plan_step_count(plan), path);
    }
    str_release(&text);
    str_release(&before);
    return result;
}
