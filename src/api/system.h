/* system.h - what the machine and this process are like at the moment; Linux only. */
#ifndef API_SYSTEM_H
#define API_SYSTEM_H

#include <stdint.h>

struct system_cpu {
    int count;
    char model[80];    /* "unknown" */
    double load_1, load_5, load_15;
};
void system_read_cpu(struct system_cpu *cpu);

struct system_memory {
    int64_t total_bytes, available_bytes; /* 0: unknown */
};
void system_read_memory(struct system_memory *memory);

struct system_disk {
    int64_t total_bytes, free_bytes; /* free for who is not root */
};
int system_read_disk(const char *path, struct system_disk *disk); /* -1: no such folder */

struct system_process {
    int64_t resident_bytes;
    double cpu_seconds;
    int open_files;
};
void system_read_process(struct system_process *process);

#endif
