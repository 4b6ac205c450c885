/* limits.h - how much of the machine this process may use: a container or a job may allow less
 * memory and processor time than there is, and tells so in control groups (Linux, both versions).
 *
 * `root` stands in front of /proc and /sys: "" for this machine, a folder for tests.  What cannot
 * be read does not limit.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct str;

/* Bytes that can still be had: the least of what the machine has available and of what each group
 * that we are in leaves below its limit, where cached files count as free.  0: none, or unknown. */
int64_t limits_available_bytes(const char *root);

/* Threads that can run at a time, of the `cores` that we may run on: at most the processor time
 * that the groups allow, in whole cores, as a thread that is held back keeps the others waiting.
 * At least 1. */
int limits_core_count(const char *root, int cores);

/* The folder of the control group of version 2 that we are in; false: there is none. */
bool limits_group_folder(const char *root, struct str *folder);

#endif
