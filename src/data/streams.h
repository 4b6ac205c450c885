/* streams.h - the streams of random numbers of this folder.
 *
 * Every decision draws from rng_for(seed, stream, index), so each purpose needs its own stream:
 * epochs count in the upper bits, purposes in the lower. */
#ifndef DATA_STREAMS_H
#define DATA_STREAMS_H

#include <stdint.h>

enum stream {
    STREAM_SPLIT,   /* index: class */
    STREAM_SHUFFLE, /* index: 0 */
    STREAM_AUGMENT, /* index: dataset item */
    STREAM_MIX,     /* index: batch */
    STREAM_SAMPLE,  /* index: image of the procedural dataset */
    STREAM_COUNT
};

static inline uint64_t stream_of(enum stream stream, int epoch)
{
    return (uint64_t)epoch * STREAM_COUNT + (uint64_t)stream;
}

#endif
