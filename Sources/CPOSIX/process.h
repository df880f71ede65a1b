// What the daemon and the command line need to make themselves small: prctl(2) is variadic, and the
// resource limits are an enum in one place and an int in another.
#ifndef TWOSTEP_CPOSIX_PROCESS_H
#define TWOSTEP_CPOSIX_PROCESS_H

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

/// No core dumps, no tracing or reading of memory by processes of the same uid.
static inline int posix_hide_memory(void) {
    struct rlimit none = {0, 0};
    int limited = setrlimit(RLIMIT_CORE, &none);
    int hidden = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limited == 0 && hidden == 0 ? 0 : -1;
}

/// No execve(2) gives this process or its children more than they have.
static inline int posix_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

/// Raises the number of descriptors to the hard limit and returns it.
static inline uint64_t posix_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    return (uint64_t)limit.rlim_cur;
}

/// Keeps pages out of swap once they are touched, if the limit allows it without bound: with a bound, a later
/// allocation would fail instead. 0 if it was done.
static inline int posix_lock_touched_memory(void) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return -1;
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/// Names the calling thread for whoever looks at /proc; of what is longer than fifteen bytes those.
static inline void posix_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Has malloc(3) give back what is free at the top of a thread's heap once it is 1 MB. By itself it waits for twice the largest block that was ever
/// freed, so for 16 MB and more behind a crowd, and malloc_trim(3) leaves the top of all heaps but the first as it is.
/// With that, blocks of 128 KB and more are mapped for themselves always, and are gone when they are freed (mallopt(3)).
///
/// Of locked memory the kernel keeps that too (madvise(2)). One heap for all threads (M_ARENA_MAX) would give it back, and costs a login 8 % more
/// of the processor.
static inline void posix_keep_memory_small(void) { (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024); }

/// Gives memory that malloc(3) has free back to the system.
///
/// The kernel keeps what is locked (madvise(2)), so for the few milliseconds that this takes nothing is.
static inline void posix_return_free_memory(void) {
    struct rlimit limit;
    int is_locked = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
    if (is_locked) (void)munlockall();
    (void)malloc_trim(0);
    if (is_locked) (void)posix_lock_touched_memory();
}

/// Takes whoever waits first at a listening socket that does not block, says `words` and lets go: 1; 0 if nobody waits, -1
/// if nobody can be taken.
static inline int posix_turn_away(int listener, const uint8_t *words, size_t count) {
    int newcomer = accept(listener, NULL, NULL);
    if (newcomer < 0) {
        if (errno == EAGAIN) return 0;
        return errno == EINTR || errno == ECONNABORTED ? 1 : -1;
    }
    (void)send(newcomer, words, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(newcomer);
    return 1;
}

/// Whether something keeps the wall clock right, as far as the kernel was told (adjtimex(2)): 1 or 0; -1 if it does not
/// say.
static inline int posix_clock_is_synchronized(void) {
    struct timex status = {.modes = 0};
    int state = adjtimex(&status);
    if (state < 0) return -1;
    return state != TIME_ERROR && !(status.status & STA_UNSYNC);
}

#endif
