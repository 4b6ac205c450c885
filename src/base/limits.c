/* limits.c - see limits.h; man 7 cgroups. */

#include "base/limits.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT ((size_t)1 << 16)
#define GROUPS "/sys/fs/cgroup"

/* --- small files ------------------------------------------------------------------------------ */

static bool read_text(const char *folder, const char *name, struct str *out)
{
    struct str path = STR_INIT;
    struct error ignored;
    bool is_read;

    str_printf(&path, "%s/%s", folder, name);
    is_read = !file_read(path.text, TEXT_LIMIT, out, &ignored);
    str_release(&path);
    return is_read;
}

/* False for a file that is not there, and for "max". */
static bool read_number(const char *folder, const char *name, int64_t *value)
{
    struct str text = STR_INIT;
    bool is_number = false;
    char *end;

    if (!read_text(folder, name, &text))
        return false;
    *value = strtoll(text.text, &end, 10);
    is_number = end != text.text;
    str_release(&text);
    return is_number;
}

static int64_t read_value(const char *folder, const char *name, const char *key)
{
    struct str path = STR_INIT;
    int64_t value;

    str_printf(&path, "%s/%s", folder, name);
    value = file_read_counter(path.text, key);
    str_release(&path);
    return value;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Is it one of the names between commas, which end at a colon? */
static bool is_listed(const char *names, const char *name)
{
    while (*names && *names != ':') {
        size_t length = strcspn(names, ",:");

        if (length == strlen(name) && !strncmp(names, name, length))
            return true;
        names += length + (names[length] == ',');
    }
    return false;
}

/* Append our group's path in the hierarchy of a controller of version 1, or in that of version 2
 * (NULL), from a line "number:controllers:/path". */
static bool add_group(const char *root, const char *controller, struct str *out)
{
    struct str text = STR_INIT;
    bool is_found = false;

    if (!read_text(root, "proc/self/cgroup", &text))
        return false;
    for (const char *line = text.text; line && !is_found; line = strchr(line, '\n')) {
        const char *names, *path;

        line += *line == '\n';
        names = strchr(line, ':');
        path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            break;
        is_found = controller ? is_listed(names + 1, controller)
                              : str_starts_with(line, "0::");
        /* Seen from inside a namespace, what lies outside it is "/..". */
        if (is_found && strcspn(path + 1, "\n") > 1 && !str_starts_with(path + 1, "/.."))
            str_add_bytes(out, path + 1, strcspn(path + 1, "\n"));
    }
    str_release(&text);
    return is_found;
}

bool limits_group_folder(const char *root, struct str *folder)
{
    str_printf(folder, "%s" GROUPS, root);
    return add_group(root, NULL, folder);
}

/* What a group leaves; larger than *least when it limits nothing. */
typedef void look_fn(const char *folder, int64_t *least);

/* Look at our group and at all above it, as each has its own limit. */
static void look_upwards(const char *root, const char *controller, look_fn *look, int64_t *least)
{
    struct str folder = STR_INIT;
    size_t top;

    str_printf(&folder, controller ? "%s" GROUPS "/%s" : "%s" GROUPS, root, controller);
    top = folder.length;
    if (add_group(root, controller, &folder)) {
        for (;;) {
            look(folder.text, least);
            if (folder.length <= top)
                break;
            folder.length = (size_t)(strrchr(folder.text, '/') - folder.text);
            folder.text[folder.length] = '\0';
        }
    }
    str_release(&folder);
}

static void take_least(int64_t value, int64_t *least)
{
    if (value < *least)
        *least = value;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void take_left(const char *folder, int64_t limit, int64_t used, const char *cached,
                      int64_t *least)
{
    int64_t left = limit - used + read_value(folder, "memory.stat", cached);

    take_least(left < 0 ? 0 : left < limit ? left : limit, least);
}

static void look_at_memory(const char *folder, int64_t *least)
{
    int64_t limit, used;

    if (read_number(folder, "memory.max", &limit) && read_number(folder, "memory.current", &used))
        take_left(folder, limit, used, "inactive_file ", least);
}

static void look_at_old_memory(const char *folder, int64_t *least)
{
    int64_t limit, used;

    if (read_number(folder, "memory.limit_in_bytes", &limit) &&
        read_number(folder, "memory.usage_in_bytes", &used))
        take_left(folder, limit, used, "total_inactive_file ", least);
}

int64_t limits_available_bytes(const char *root)
{
    int64_t free_bytes = read_value(root, "proc/meminfo", "MemAvailable:") * 1024;
    int64_t least = free_bytes ? free_bytes : INT64_MAX;

    look_upwards(root, NULL, look_at_memory, &least);
    look_upwards(root, "memory", look_at_old_memory, &least);
    return least == INT64_MAX ? 0 : least;
}

/* --- cores ------------------------------------------------------------------------------------ */

/* Microseconds of processor time in each period. */
static void take_quota(int64_t quota, int64_t period, int64_t *least)
{
    if (quota > 0 && period > 0)
        take_least(quota / period, least);
}

static void look_at_cores(const char *folder, int64_t *least)
{
    struct str text = STR_INIT;
    long long quota, period;

    if (!read_text(folder, "cpu.max", &text))
        return;
    if (sscanf(text.text, "%lld %lld", &quota, &period) == 2)
        take_quota(quota, period, least);
    str_release(&text);
}

static void look_at_old_cores(const char *folder, int64_t *least)
{
    int64_t quota, period;

    if (read_number(folder, "cpu.cfs_quota_us", &quota) &&
        read_number(folder, "cpu.cfs_period_us", &period))
        take_quota(quota, period, least);
}

int limits_core_count(const char *root, int cores)
{
    int64_t least = cores;

    look_upwards(root, NULL, look_at_cores, &least);
    look_upwards(root, "cpu", look_at_old_cores, &least);
    return least < 1 ? 1 : (int)least;
}
