/* columns.c - see columns.h. */

#include "store/columns.h"

#include "base/error.h"

#include <math.h>
#include <string.h>
#include <time.h>

static int64_t read_time(const struct db_value *value)
{
    struct tm tm = { 0 };

    if (value->type != DB_TEXT)
        return value->integer;
    if (!strptime(value->text, "%Y-%m-%d %H:%M:%S", &tm) &&
        !strptime(value->text, "%Y-%m-%dT%H:%M:%S", &tm))
        return 0;
    return (int64_t)timegm(&tm) * 1000000;
}

static void read_one(const struct column *column, const struct db_value *value, void *place)
{
    bool is_null = value->type == DB_NULL;

    switch (column->type) {
    case COLUMN_TEXT:
        *(const char **)place = is_null ? NULL : value->text;
        break;
    case COLUMN_INT:
        *(int64_t *)place = value->type == DB_REAL ? (int64_t)value->real : value->integer;
        break;
    case COLUMN_TIME:
        *(int64_t *)place = read_time(value);
        break;
    case COLUMN_BOOL:
        *(bool *)place = value->integer != 0;
        break;
    case COLUMN_REAL:
        *(double *)place = is_null                  ? NAN
                           : value->type == DB_REAL ? value->real
                                                    : (double)value->integer;
        break;
    }
}

void columns_read(const struct column *columns, int count, const struct db_rows *rows, int row,
                  void *record)
{
    BUG_IF(rows->columns != count);
    for (int i = 0; i < count; i++)
        read_one(&columns[i], db_at(rows, row, i), (char *)record + columns[i].offset);
}

int64_t columns_changed(const char *const *before, const char *const *after, int count)
{
    int64_t mask = 0;

    for (int i = 0; i < count; i++) {
        bool is_same = before[i] && after[i] ? !strcmp(before[i], after[i]) : before[i] == after[i];

        mask |= (int64_t)!is_same << i;
    }
    return mask;
}
