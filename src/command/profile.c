/* profile.c - see profile.h. */

#include "command/profile.h"

#include "nn/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *kernel, *layer, *op;
    double seconds, flops, bytes;
    int count;
};

static int slowest_first(const void *a, const void *b)
{
    double x = ((const struct row *)a)->seconds, y = ((const struct row *)b)->seconds;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* The least time that the machine allows, as a share of the time taken. */
static double roof_share(const struct row *r, const struct roofline *roofline)
{
    double arithmetic = r->flops / roofline->flops_per_second;
    double memory = r->bytes / roofline->bytes_per_second;

    return (arithmetic > memory ? arithmetic : memory) / r->seconds;
}

static void print_row(const struct row *r, double total, const struct roofline *roofline)
{
    printf("%9.3f %5.1f%% %8.1f %7.1f %5.0f%%  %-26s %-22s %s", 1e3 * r->seconds,
           100 * r->seconds / total, r->flops / r->seconds / 1e9, r->bytes / r->seconds / 1e9,
           100 * roof_share(r, roofline), r->op, r->kernel, r->layer);
    if (r->count > 1)
        printf("%d steps", r->count);
    printf("\n");
}

static void print_rows(struct row *rows, int count, double total, int most,
                       const struct roofline *roofline)
{
    qsort(rows, (size_t)count, sizeof(*rows), slowest_first);
    printf("%9s %6s %8s %7s %6s  %-26s %-22s %s\n", "ms", "share", "GFLOP/s", "GB/s", "roof", "op",
           "kernel", "layer");
    for (int i = 0; i < count && i < most; i++)
        if (rows[i].seconds > 0)
            print_row(&rows[i], total, roofline);
}

static struct row *row_of_kind(struct row *rows, int *count, const struct step *step)
{
    const char *op = step->node ? step->node->op->name : "reorder";

    for (int i = 0; i < *count; i++)
        if (!strcmp(rows[i].kernel, step->kernel) && !strcmp(rows[i].op, op))
            return &rows[i];
    rows[*count] = (struct row){ .kernel = step->kernel, .layer = "", .op = op };
    return &rows[(*count)++];
}

void profile_print(const struct plan *plan, const double *seconds, int runs,
                   const struct roofline *roofline, int threads)
{
    int count = plan_step_count(plan), kinds = 0;
    struct row *layers = calloc((size_t)count + 1, sizeof(*layers));
    struct row *kind_rows = calloc((size_t)count + 1, sizeof(*kind_rows));
    double total = 0;

    if (!layers || !kind_rows)
        goto done;
    for (int i = 0; i < count; i++) {
        const struct step *step = plan_step(plan, i);
        struct row *kind = row_of_kind(kind_rows, &kinds, step);

        layers[i] = (struct row){ .kernel = step->kernel, .layer = step->name,
                                  .op = step->node ? step->node->op->name : "reorder",
                                  .seconds = seconds[i] / runs, .flops = step->flops,
                                  .bytes = step->bytes, .count = 1 };
        kind->seconds += layers[i].seconds;
        kind->flops += step->flops;
        kind->bytes += step->bytes;
        kind->count++;
        total += layers[i].seconds;
    }
    printf("\n%.3f ms per step in %d steps, %d threads; roof: %.0f GFLOP/s, %.1f GB/s\n\nby kind\n",
           1e3 * total, count, threads, roofline->flops_per_second / 1e9,
           roofline->bytes_per_second / 1e9);
    print_rows(kind_rows, kinds, total, kinds, roofline);
    printf("\nby layer (slowest 40)\n");
    print_rows(layers, count, total, 40, roofline);
done:
    free(layers);
    free(kind_rows);
}
