/* device_cpu.h - the processor as a device: oneDNN for convolutions and matrix products, our own
 * vector kernels for what is bound by memory, reference kernels for what is left. */
#ifndef CPU_DEVICE_CPU_H
#define CPU_DEVICE_CPU_H

#include "nn/device.h"

struct device_cpu_options {
    int threads; /* 0: one per core */
};

/* NULL after a failure.  One such device per process: the number of threads is OpenMP's. */
struct device *device_cpu_open(const struct device_cpu_options *options, struct error *err);

#endif
