// What the bench's C programs share: frames of twostep-wire(7), the clock, a failure in one line.
#ifndef TWOSTEP_BENCH_WIRE_H
#define TWOSTEP_BENCH_WIRE_H

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BEGIN = 0x01, ANSWER = 0x02, PROMPT = 0x81, SET = 0x82, VERDICT = 0x83, HEADER = 6, GRANTED = 0x5AC39E17 };

/// Builds a frame of version 1 in `frame` and returns its size.
static inline size_t build_frame(uint8_t *frame, uint8_t kind, const void *payload, size_t count) {
    uint32_t length = (uint32_t)count + 2;
    frame[0] = (uint8_t)(length >> 24), frame[1] = (uint8_t)(length >> 16);
    frame[2] = (uint8_t)(length >> 8), frame[3] = (uint8_t)length;
    frame[4] = 1, frame[5] = kind;
    memcpy(frame + HEADER, payload, count);
    return HEADER + count;
}

/// The size of the frame that begins at `frame`.
static inline size_t frame_size(const uint8_t *frame) {
    return 4 + ((size_t)frame[0] << 24 | (size_t)frame[1] << 16 | (size_t)frame[2] << 8 | frame[3]);
}

static inline uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline struct sockaddr_un local_address(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

static inline int64_t now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

#endif
