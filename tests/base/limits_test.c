/* limits_test.c - what containers allow, from trees of files like those of the kernel. */

#include "base/limits.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "test.h"

#define GB ((int64_t)1 << 30)
/* 64 GB */
#define MEMINFO "MemTotal:  131072000 kB\nMemFree:  1 kB\nMemAvailable:   67108864 kB\n"

static void put(const char *root, const char *path, const char *text)
{
    struct arena arena = ARENA_INIT;
    char *whole = file_join(&arena, root, path), *folder = arena_strdup(&arena, whole);
    struct error err;

    *strrchr(folder, '/') = '\0';
    CHECK_OK(file_make_folders(folder, &err), err);
    CHECK_OK(file_replace(whole, text, strlen(text), &err), err);
    arena_release(&arena);
}

TEST(limits_without_groups_are_those_of_the_machine)
{
    const char *root = test_folder();

    CHECK(limits_available_bytes(root) == 0);
    CHECK(limits_core_count(root, 64) == 64);
    put(root, "proc/meminfo", MEMINFO);
    CHECK(limits_available_bytes(root) == 64 * GB);
    put(root, "proc/self/cgroup", "0::/\n");
    CHECK(limits_available_bytes(root) == 64 * GB && limits_core_count(root, 64) == 64);
    CHECK(limits_available_bytes("") > 0 && limits_core_count("", 1) == 1);
}

TEST(limits_of_a_container_are_the_least_of_its_groups)
{
    const char *root = test_folder();
    struct str folder = STR_INIT, wanted = STR_INIT;

    put(root, "proc/meminfo", MEMINFO);
    put(root, "proc/self/cgroup", "0::/jobs/seven\n");
    put(root, "sys/fs/cgroup/jobs/seven/memory.max", "max\n");
    put(root, "sys/fs/cgroup/jobs/seven/memory.current", "1073741824\n");
    put(root, "sys/fs/cgroup/jobs/seven/cpu.max", "max 100000\n");
    CHECK(limits_available_bytes(root) == 64 * GB && limits_core_count(root, 64) == 64);

    put(root, "sys/fs/cgroup/jobs/memory.max", "4294967296\n");
    put(root, "sys/fs/cgroup/jobs/memory.current", "3221225472\n");
    put(root, "sys/fs/cgroup/jobs/cpu.max", "250000 100000\n");
    CHECK(limits_available_bytes(root) == GB);
    CHECK(limits_core_count(root, 64) == 2); /* two and a half */
    CHECK(limits_core_count(root, 1) == 1);

    /* Cached files go when memory is wanted. */
    put(root, "sys/fs/cgroup/jobs/memory.stat",
        "anon 1\ninactive_file 1073741824\nactive_file 7\n");
    CHECK(limits_available_bytes(root) == 2 * GB);

    put(root, "sys/fs/cgroup/jobs/seven/memory.max", "1073741824\n");
    put(root, "sys/fs/cgroup/jobs/seven/cpu.max", "50000 100000\n");
    CHECK(limits_available_bytes(root) == 0 && limits_core_count(root, 64) == 1);

    CHECK(limits_group_folder(root, &folder));
    str_printf(&wanted, "%s/sys/fs/cgroup/jobs/seven", root);
    CHECK_TEXT(folder.text, wanted.text);
    str_release(&folder);
    str_release(&wanted);
}

/* A container sees its own group as the root, whatever its path is outside. */
TEST(limits_within_a_namespace_are_those_of_its_root)
{
    const char *root = test_folder();

    put(root, "proc/meminfo", MEMINFO);
    put(root, "sys/fs/cgroup/memory.max", "4294967296\n");
    put(root, "sys/fs/cgroup/memory.current", "0\n");
    put(root, "sys/fs/cgroup/cpu.max", "200000 100000\n");
    put(root, "proc/self/cgroup", "0::/../../elsewhere\n");
    CHECK(limits_available_bytes(root) == 4 * GB && limits_core_count(root, 64) == 2);
    put(root, "proc/self/cgroup", "0::/docker/not-mounted-here\n");
    CHECK(limits_available_bytes(root) == 4 * GB && limits_core_count(root, 64) == 2);
}

TEST(limits_of_the_first_version_are_kept_too)
{
    const char *root = test_folder();

    put(root, "proc/meminfo", MEMINFO);
    put(root, "proc/self/cgroup",
        "12:cpuset:/other\n4:cpu,cpuacct:/box\n3:memory:/box/inner\n0::/\n");
    put(root, "sys/fs/cgroup/memory/box/inner/memory.limit_in_bytes", "9223372036854771712\n");
    put(root, "sys/fs/cgroup/memory/box/inner/memory.usage_in_bytes", "1073741824\n");
    put(root, "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
    put(root, "sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
    CHECK(limits_available_bytes(root) == 64 * GB && limits_core_count(root, 64) == 64);

    put(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "4294967296\n");
    put(root, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", "2147483648\n");
    put(root, "sys/fs/cgroup/memory/box/memory.stat",
        "inactive_file 5\ntotal_inactive_file 1073741824\n");
    put(root, "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "300000\n");
    CHECK(limits_available_bytes(root) == 3 * GB && limits_core_count(root, 64) == 3);
}
