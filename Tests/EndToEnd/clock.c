/* Loaded into twostepd (LD_PRELOAD): moves its clocks as the file TWOSTEP_TEST_CLOCK says at the moment, in three numbers: by
   how many seconds all of them, by how many the clock on the wall besides, and what adjtimex(2) returns, and one more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_MONITOR_COMMAND(command) 0
#endif

static volatile int64_t *shift;
static int (*real)(clockid_t, struct timespec *);
static int (*real_adjtimex)(struct timex *);

__attribute__((constructor)) static void open_shift(void) {
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_adjtimex = (int (*)(struct timex *))dlsym(RTLD_NEXT, "adjtimex");
    const char *path = getenv("TWOSTEP_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) _exit(99);
    void *memory = mmap(NULL, 3 * sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) _exit(99);
    shift = memory;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME)) time->tv_sec += shift[0];
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift[1];
    return result;
}

/* Under callgrind, what all threads have done until now is written down as well. Nothing asks for this but the status. */
int adjtimex(struct timex *status) {
    (void)VALGRIND_MONITOR_COMMAND("dump");
    if (shift[2] == 0) return real_adjtimex(status);
    status->status = 0;
    return (int)shift[2] - 1;
}
