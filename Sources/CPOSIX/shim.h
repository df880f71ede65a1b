// What the leaf targets need of libc. Embedded Swift has no Glibc module, so this is the one door to
// it; the ordinary builds go through the same door. _GNU_SOURCE is left alone on purpose: defining
// it here would change the types other modules see.
//
// What does not wait is tried again when a signal interrupts it. What waits is not: its caller looks at the
// clock first.
#ifndef TWOSTEP_CPOSIX_SHIM_H
#define TWOSTEP_CPOSIX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/// errno is a macro over a function, which Swift does not import.
static inline int posix_errno(void) { return errno; }

/// The three facts about a file that decide whether it can be trusted.
struct posix_file_facts {
    uint32_t type;        // S_IFMT bits
    uint32_t permissions; // the low twelve bits
    uint32_t owner;
};

// glibc declares statx(2) under _GNU_SOURCE alone. It is there since 2.28, whereas lstat(2) has become a
// symbol of its own only in 2.33: a module built against that would not load on older hosts.
extern int statx(int, const char *__restrict, int, unsigned int, struct statx *__restrict);

/// lstat(2), reduced to what is looked at: symbolic links are seen as such, and no automount is triggered.
static inline int posix_lstat(const char *path, struct posix_file_facts *facts) {
    struct statx status;
    const unsigned int wanted = STATX_TYPE | STATX_MODE | STATX_UID;
    while (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, wanted, &status) != 0) {
        if (errno != EINTR) return -1;
    }
    if ((status.stx_mask & wanted) != wanted) {
        errno = ENOSYS;
        return -1;
    }
    facts->type = status.stx_mode & S_IFMT;
    facts->permissions = status.stx_mode & 07777;
    facts->owner = status.stx_uid;
    return 0;
}

static inline int posix_is_directory(const struct posix_file_facts *facts) { return facts->type == S_IFDIR; }
static inline int posix_is_socket(const struct posix_file_facts *facts) { return facts->type == S_IFSOCK; }

/// A stream socket of the Unix domain that no child inherits.
static inline int posix_local_stream(void) {
    int descriptor;
    do descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/// connect(2) to a path; struct sockaddr_un is a union in disguise that Swift cannot pass safely.
static inline int posix_connect_local(int descriptor, const char *path) {
    struct sockaddr_un address;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, length);
    return connect(descriptor, (const struct sockaddr *)&address, sizeof address);
}

/// Bounds how long a blocking connect or send may take.
static inline int posix_set_send_timeout(int descriptor, int64_t milliseconds) {
    struct timeval limit;
    limit.tv_sec = milliseconds / 1000;
    limit.tv_usec = (milliseconds % 1000) * 1000;
    int status;
    do status = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (status != 0 && errno == EINTR);
    return status;
}

/// SO_PEERCRED; struct ucred itself is declared under _GNU_SOURCE alone (unix(7)).
struct posix_peer_credentials {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

static inline int posix_peer_credentials(int descriptor, struct posix_peer_credentials *credentials) {
    socklen_t length = sizeof *credentials;
    while (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, &length) != 0) {
        if (errno != EINTR) return -1;
    }
    if (length != sizeof *credentials) {
        errno = EPROTO;
        return -1;
    }
    return 0;
}

/// Waits until a descriptor can be read (or is at its end), at most so many milliseconds: 1 it can, 0 time is up,
/// -1 errno.
static inline int posix_wait_readable(int descriptor, int milliseconds) {
    struct pollfd waited = {.fd = descriptor, .events = POLLIN, .revents = 0};
    return poll(&waited, 1, milliseconds);
}

static inline ssize_t posix_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

static inline ssize_t posix_receive(int descriptor, void *bytes, size_t count) {
    return recv(descriptor, bytes, count, MSG_DONTWAIT);
}

/// Milliseconds on CLOCK_BOOTTIME, which counts suspend and which nobody can set; -1 if there is no such clock.
static inline int64_t posix_boottime_milliseconds(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return -1;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// Overwrites memory in a way no compiler removes.
static inline void posix_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

#endif
