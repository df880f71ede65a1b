/* Loaded into twostepd (LD_PRELOAD): keeps in TWOSTEP_TEST_DISK what would be on the disk after a power cut, which is of each file
   what it was when it was last flushed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(int file) {
    const char *disk = getenv("TWOSTEP_TEST_DISK");
    char link[64], path[512], copy[1024], block[65536];
    struct stat facts;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!disk || length < 1 || fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) return;
    path[length] = 0;
    snprintf(copy, sizeof copy, "%s/%s", disk, strrchr(path, '/') + 1);
    int from = open(path, O_RDONLY | O_CLOEXEC), to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) _exit(99);
    while ((length = read(from, block, sizeof block)) > 0)
        if (write(to, block, (size_t)length) != length) _exit(99);
    close(from);
    close(to);
}

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(file);
    if (result == 0) keep(file);
    return result;
}

int fsync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(file);
    if (result == 0) keep(file);
    return result;
}
