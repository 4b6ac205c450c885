/* system.c - see system.h. */

#include "api/system.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The text behind "name :" in the first line of the file that begins with the name. */
static void read_line(const char *path, const char *name, char *text, size_t size_bytes)
{
    FILE *file = fopen(path, "re");
    char line[256];
    size_t length = strlen(name);

    *text = 0;
    while (file && !*text && fgets(line, sizeof(line), file)) {
        const char *value = line + length;

        if (strncmp(line, name, length))
            continue;
        value += strspn(value, " \t:");
        snprintf(text, size_bytes, "%.*s", (int)strcspn(value, "\n"), value);
    }
    if (file)
        fclose(file);
}

void system_read_cpu(struct system_cpu *cpu)
{
    double load[3] = { 0 };

    *cpu = (struct system_cpu){ .count = (int)sysconf(_SC_NPROCESSORS_ONLN) };
    read_line("/proc/cpuinfo", "model name", cpu->model, sizeof(cpu->model));
    if (!*cpu->model)
        snprintf(cpu->model, sizeof(cpu->model), "unknown");
    if (getloadavg(load, 3) == 3) {
        cpu->load_1 = load[0];
        cpu->load_5 = load[1];
        cpu->load_15 = load[2];
    }
}

static int64_t read_kilobytes(const char *path, const char *name)
{
    char text[64];

    read_line(path, name, text, sizeof(text));
    return isdigit((unsigned char)*text) ? 1024 * strtoll(text, NULL, 10) : 0;
}

void system_read_memory(struct system_memory *memory)
{
    memory->total_bytes = read_kilobytes("/proc/meminfo", "MemTotal");
    memory->available_bytes = read_kilobytes("/proc/meminfo", "MemAvailable");
}

int system_read_disk(const char *path, struct system_disk *disk)
{
    struct statvfs status;

    if (statvfs(path, &status))
        return -1;
    disk->total_bytes = (int64_t)status.f_blocks * (int64_t)status.f_frsize;
    disk->free_bytes = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
    return 0;
}

static int count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 3; /* ".", ".." and the folder itself */
}

void system_read_process(struct system_process *process)
{
    struct rusage usage = { 0 };

    getrusage(RUSAGE_SELF, &usage);
    process->resident_bytes = read_kilobytes("/proc/self/status", "VmRSS");
    process->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    process->open_files = count_files();
}
