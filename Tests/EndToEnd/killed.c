/* Loaded into twostep (LD_PRELOAD): ends it, as SIGKILL does, before it puts the TWOSTEP_TEST_KILL'th file of PAM's in
   its place. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int rename(const char *from, const char *to) {
    static int seen;
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    if (strncmp(to, "/etc/pam.d/", 11) == 0 && ++seen == atoi(getenv("TWOSTEP_TEST_KILL"))) kill(getpid(), SIGKILL);
    return real(from, to);
}
