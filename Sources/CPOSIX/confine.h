// How a program of the administrator's is started: as nobody who matters, within bounds, and seeing nothing of ours.
//
// Between clone(2) and execve(2) there are system calls alone: the parent may have threads. Those that glibc declares under
// _GNU_SOURCE alone are called by their numbers.
#ifndef TWOSTEP_CPOSIX_CONFINE_H
#define TWOSTEP_CPOSIX_CONFINE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// Not <sys/mount.h>: it brings terminals' structures along, which would then be this module's.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);

enum {
    posix_mount_read_only = 1,
    posix_mount_no_setuid = 2,
    posix_mount_no_devices = 4,
    posix_mount_no_programs = 8,
    posix_mount_bind = 4096,
    posix_mount_recursively = 16384,
    posix_mount_private = 1 << 18,
};

/// What a program may do.
struct posix_confinement {
    uint32_t uid;
    uint32_t gid;
    /// Namespaces and mounts of its own: where no service manager has seen to it.
    int isolates;
    int may_reach_network;
    /// Bytes of address space for each of its processes.
    uint64_t memory;
    uint64_t processes;
    uint64_t descriptors;
    /// Bytes of a file that it writes.
    uint64_t file_size;
    /// Of the processor's time.
    uint64_t seconds;
};

/// What did not succeed.
enum posix_confinement_stage {
    posix_stage_session = 1,
    posix_stage_mounts = 2,
    posix_stage_limits = 3,
    posix_stage_identity = 4,
    posix_stage_exec = 5,
};

static inline void posix_confinement_failed(int report, int stage) {
    int words[2] = {stage, errno};
    ssize_t written = write(report, words, sizeof words);
    (void)written;
    _exit(127);
}

static inline int posix_hide_path(const char *path) {
    const unsigned long flags =
        posix_mount_no_setuid | posix_mount_no_devices | posix_mount_no_programs | posix_mount_read_only;
    if (mount("tmpfs", path, "tmpfs", flags, "size=4k,nr_inodes=2,mode=000") == 0 || errno == ENOENT) return 0;
    // A file: what is read there is nothing.
    return errno == ENOTDIR ? mount("/dev/null", path, NULL, posix_mount_bind, NULL) : -1;
}

/// The whole tree read-only, before anything else is mounted over it. Where the kernel is too old (before 5.12), that the
/// program's user owns nothing has to do.
static inline int posix_make_tree_read_only(void) {
    struct {
        uint64_t set, clear, propagation, namespace;
    } attributes = {1 /* MOUNT_ATTR_RDONLY */ | 2 /* MOUNT_ATTR_NOSUID */, 0, 0, 0};
    const long mount_setattr = 442, recursively = 0x8000;
    if (syscall(mount_setattr, AT_FDCWD, "/", recursively, &attributes, sizeof attributes) == 0) return 0;
    return errno == ENOSYS || errno == EINVAL ? 0 : -1;
}

static inline int posix_isolate(char *const *hidden) {
    if (mount("none", "/", NULL, posix_mount_recursively | posix_mount_private, NULL) != 0) return -1;
    if (mount("proc", "/proc", "proc", posix_mount_no_setuid | posix_mount_no_devices | posix_mount_no_programs, NULL) != 0) return -1;
    if (posix_make_tree_read_only() != 0) return -1;
    for (; *hidden != NULL; hidden++) {
        if (posix_hide_path(*hidden) != 0) return -1;
    }
    static const char *const scratch[] = {"/tmp", "/var/tmp", "/dev/shm"};
    for (unsigned index = 0; index < 3; index++) {
        const unsigned long flags = posix_mount_no_setuid | posix_mount_no_devices | posix_mount_no_programs;
        if (mount("tmpfs", scratch[index], "tmpfs", flags, "size=1m,nr_inodes=64,mode=1777") != 0 && errno != ENOENT)
            return -1;
    }
    return 0;
}

static inline int posix_limit(int resource, uint64_t value) {
    struct rlimit limit = {value, value};
    return setrlimit(resource, &limit);
}

static inline int posix_limit_resources(const struct posix_confinement *bounds) {
    return posix_limit(RLIMIT_CORE, 0) | posix_limit(RLIMIT_AS, bounds->memory) |
           posix_limit(RLIMIT_NPROC, bounds->processes) | posix_limit(RLIMIT_NOFILE, bounds->descriptors) |
           posix_limit(RLIMIT_FSIZE, bounds->file_size) | posix_limit(RLIMIT_CPU, bounds->seconds) |
           posix_limit(RLIMIT_MEMLOCK, 0) | posix_limit(RLIMIT_MSGQUEUE, 0);
}

#ifdef SYS_setuid32
enum { posix_setgroups_call = SYS_setgroups32, posix_setgid_call = SYS_setgid32, posix_setuid_call = SYS_setuid32 };
#else
enum { posix_setgroups_call = SYS_setgroups, posix_setgid_call = SYS_setgid, posix_setuid_call = SYS_setuid };
#endif

/// Groups first, then gid, then uid; nobody goes back to root. By their numbers: glibc's own wait for the parent's other
/// threads to follow, and here there are none.
static inline int posix_become(uint32_t uid, uint32_t gid) {
    if (uid == 0 || gid == 0) {
        errno = EPERM;
        return -1;
    }
    if (syscall(posix_setgroups_call, 0L, NULL) != 0 || syscall(posix_setgid_call, (long)gid) != 0 ||
        syscall(posix_setuid_call, (long)uid) != 0)
        return -1;
    if (syscall(posix_setuid_call, 0L) == 0 || syscall(posix_setgid_call, 0L) == 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

/// Whatever is open beyond the first four is closed.
static inline void posix_close_others(void) {
    const long close_range = 436;
    if (syscall(close_range, 4u, ~0u, 0u) == 0) return;
    struct rlimit limit = {65536, 65536};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t descriptor = 4; descriptor < limit.rlim_cur && descriptor < 1048576; descriptor++) {
        close((int)descriptor);
    }
}

static inline void posix_run_confined(
    const struct posix_confinement *bounds, char *const *hidden, const char *program, char *const *arguments,
    char *const *environment, int input, int output, int life, int held, int report
) {
    // Our copy of what the parent holds: as long as it is open, nobody is told that the parent has gone.
    close(held);
    if (setsid() < 0) posix_confinement_failed(report, posix_stage_session);
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        // Whoever is short of memory takes it from here first.
        ssize_t written = write(score, "1000", 4);
        (void)written;
        // What is open for writing keeps its mount from becoming read-only.
        close(score);
    }
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) posix_confinement_failed(report, posix_stage_session);
    if (bounds->isolates && posix_isolate(hidden) != 0) posix_confinement_failed(report, posix_stage_mounts);
    if (chdir("/") != 0) posix_confinement_failed(report, posix_stage_mounts);
    umask(077);

    // Out of the way of where they belong, so that none is overwritten before it is there.
    life = fcntl(life, F_DUPFD, 16);
    int high = fcntl(report, F_DUPFD, 16);
    if (life < 0 || high < 0) posix_confinement_failed(report, posix_stage_session);
    report = high;
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(nothing, 2) < 0)
        posix_confinement_failed(report, posix_stage_session);
    if (dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) != 0) posix_confinement_failed(report, posix_stage_session);
    report = 3;
    struct pollfd parent = {.fd = life, .events = POLLIN, .revents = 0};

    if (posix_limit_resources(bounds) != 0) posix_confinement_failed(report, posix_stage_limits);
    if (posix_become(bounds->uid, bounds->gid) != 0) posix_confinement_failed(report, posix_stage_identity);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) posix_confinement_failed(report, posix_stage_identity);
    // After the change of uid, which would forget it; and whoever died before that is noticed here.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) posix_confinement_failed(report, posix_stage_session);
    if (poll(&parent, 1, 0) != 0) _exit(127);
    posix_close_others();

    for (int number = 1; number < 65; number++) (void)signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program, arguments, environment);
    posix_confinement_failed(report, posix_stage_exec);
}

/// Starts `program` within bounds, in a session of its own, with these as its standard input and output; returns its
/// process, or -1. What goes wrong before it runs is written to `report` as two ints, a stage and an errno. It ends with
/// whoever holds `held`, the other end of `life`. All descriptors given are beyond the standard ones.
static inline pid_t posix_start_confined(
    const struct posix_confinement *bounds, char *const *hidden, const char *program, char *const *arguments,
    char *const *environment, int input, int output, int life, int held, int report
) {
    unsigned long flags = SIGCHLD;
    if (bounds->isolates) {
        flags |= CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
        if (!bounds->may_reach_network) flags |= CLONE_NEWNET;
    }
    long child = syscall(SYS_clone, flags, 0L, 0L, 0L, 0L);
    if (child == 0) {
        posix_run_confined(bounds, hidden, program, arguments, environment, input, output, life, held, report);
        _exit(127);
    }
    return (pid_t)child;
}

/// Becomes `program`, with `connection` as its standard input and nothing else open, as nobody who matters and without network
/// or privileges; returns only if that cannot be, with what went wrong in errno. For a process of root's that has one thread
/// and ends with its parent.
static inline void posix_become_program(const char *program, int connection, uint32_t uid, uint32_t gid) {
    static const struct posix_confinement bounds = {
        .memory = 512 << 20, .processes = 16, .descriptors = 64, .file_size = 0, .seconds = 60};
    char *const arguments[] = {(char *)program, NULL};
    char *const environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
    pid_t parent = getppid();
    if (setsid() < 0 && getpgrp() != getpid()) return;
    if (syscall(SYS_unshare, (long)(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)) != 0) return;
    if (chdir("/") != 0 || dup2(connection, 0) < 0) return;
    if (posix_limit_resources(&bounds) != 0 || posix_become(uid, gid) != 0) return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    // After the change of uid, which would forget it; and whoever died before that is noticed here.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) return;
    const long close_range = 436, close_on_exec = 4;
    if (syscall(close_range, 3u, ~0u, close_on_exec) != 0) {
        for (int descriptor = 3; descriptor < 4096; descriptor++) close(descriptor);
    }
    for (int number = 1; number < 65; number++) (void)signal(number, SIG_DFL);
    execve(program, arguments, environment);
}

/// fork(2), for a process that has one thread.
static inline pid_t posix_fork(void) { return fork(); }

/// Ends with its parent, whatever that dies of; 0 if the parent, `parent`, is still there. The kernel asks whether the parent
/// may send a signal: one that has become somebody else may not.
static inline int posix_end_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    return getppid() == parent ? 0 : -1;
}

/// What ps(1) calls this process.
static inline void posix_name_process(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

/// A pipe that no program inherits.
static inline int posix_pipe(int ends[2]) {
    if (pipe(ends) != 0) return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

/// Whether a child has ended; it is left to be waited for, so that its number, and its group's, stay its own until then.
static inline int posix_has_ended(pid_t child) {
    siginfo_t info;
    info.si_pid = 0;
    int found;
    do found = waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT);
    while (found != 0 && errno == EINTR);
    return found != 0 || info.si_pid == child;
}

/// Waits for a child and returns its status of wait(2); 0 if there is none.
static inline int posix_wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

/// Ends every process of a user, those too that have left their session; 0 if none is left. Whoever asks is root, and nobody
/// of ours is that user. `spare` is a uid that nobody has: whoever is to be ended may send nothing to it.
static inline int posix_end_all_of(uint32_t uid, uint32_t spare) {
    pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        // kill(2) asks for the effective uid of whoever sends, and for the real or saved one of whoever is to be ended.
        if (uid == 0 || spare == 0 || setresuid(spare, uid, spare) != 0) _exit(1);
        // Once is enough: the kernel lets nobody be made meanwhile, nor afterwards by whoever is to end. It says 0 where there are
        // others to whom nothing may be sent, and ESRCH where there is nobody else at all.
        _exit(kill(-1, SIGKILL) == 0 || errno == ESRCH ? 0 : 1);
    }
    int status = posix_wait_for(child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static inline int posix_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
static inline int posix_ending_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

#endif
