// What the store needs of libc beyond the leaf targets: files that nobody else may have made, locks, and
// memory that is not written to swap. open(2) is variadic, which Swift does not import.
#ifndef TWOSTEP_CPOSIX_FILES_H
#define TWOSTEP_CPOSIX_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim.h"

static inline int posix_is_regular(const struct posix_file_facts *facts) { return facts->type == S_IFREG; }

/// fstat(2), reduced to what is looked at.
static inline int posix_fstat(int descriptor, struct posix_file_facts *facts, int64_t *size) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return -1;
    facts->type = status.st_mode & S_IFMT;
    facts->permissions = status.st_mode & 07777;
    facts->owner = status.st_uid;
    *size = (int64_t)status.st_size;
    return 0;
}

/// Which file a path leads to, to tell it from another that takes its place.
struct posix_file_identity {
    uint64_t device;
    uint64_t inode;
};

static inline int posix_identify(const char *path, struct posix_file_identity *identity) {
    struct stat status;
    if (lstat(path, &status) != 0) return -1;
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    return 0;
}

/// How many bytes there are for users other than root where `path` lies; 0 if that cannot be told.
static inline uint64_t posix_free_space(const char *path) {
    struct statvfs status;
    if (statvfs(path, &status) != 0) return 0;
    return (uint64_t)status.f_bavail * status.f_frsize;
}

/// Opens for reading what stands at `path`: a symbolic link is ELOOP, a FIFO does not block.
static inline int posix_open_for_reading(const char *path) {
    return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/// Makes a file that was not there (EEXIST), readable and writable by its owner alone whatever the umask.
static inline int posix_create_private(const char *path) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor >= 0 && fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) {
        int reason = errno;
        close(descriptor);
        unlink(path);
        errno = reason;
        return -1;
    }
    return descriptor;
}

/// Opens a file for reading and writing, and makes it if it is not there.
static inline int posix_open_or_create_private(const char *path) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor >= 0 && fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

/// Locks an open file against everybody who locks it too, without waiting (EWOULDBLOCK). flock(2) belongs to the
/// open file: closing another descriptor of it does not end it, as it would with fcntl's locks.
static inline int posix_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

/// Ends that lock, whoever else has a descriptor of the open file.
static inline int posix_unlock(int descriptor) { return flock(descriptor, LOCK_UN); }

/// fsync(2) on a directory, so that the names in it survive a power cut.
static inline int posix_flush_directory(const char *path) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int result = fsync(descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}

/// Gives one open file the owner, the mode and the extended attributes (labels, access lists) of another: 1 with errno
/// where all of it but an attribute could be given.
static inline int posix_copy_standing(int from, int to) {
    struct stat status;
    if (fstat(from, &status) != 0) return -1;
    if (fchown(to, status.st_uid, status.st_gid) != 0) return -1;
    // After the owner: a change of that takes bits away.
    if (fchmod(to, status.st_mode & 07777) != 0) return -1;
    char names[4096];
    ssize_t length = flistxattr(from, names, sizeof names);
    if (length < 0) return errno == ENOTSUP ? 0 : -1;
    int reason = 0;
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        char value[4096];
        ssize_t size = fgetxattr(from, names + at, value, sizeof value);
        if (size < 0) return -1;
        // What is there already need not be set, which takes rights of its own.
        char present[4096];
        if (fgetxattr(to, names + at, present, sizeof present) == size && memcmp(present, value, (size_t)size) == 0) continue;
        if (fsetxattr(to, names + at, value, (size_t)size, 0) != 0) reason = errno;
    }
    if (reason == 0) return 0;
    errno = reason;
    return 1;
}

/// Pages of their own for a secret, kept out of core dumps and (where the limit allows: `locked`) out of swap.
static inline void *posix_map_secret(size_t size, int *locked) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    *locked = mlock(memory, size) == 0;
    (void)madvise(memory, size, MADV_DONTDUMP);
    return memory;
}

/// Overwrites such pages and gives them back.
static inline void posix_unmap_secret(void *memory, size_t size) {
    explicit_bzero(memory, size);
    munmap(memory, size);
}

#endif
