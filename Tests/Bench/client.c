// Logs in through libpam, in this process or in several at once.
//
//   client SERVICE PROCESSES [PAUSE] <LOGINS   LOGINS has a line "user [answer…]" for each; where the answers end, the
//                                              conversation fails; one process sleeps PAUSE µs before each
//   client --load MODULE                       loads a module as libpam does, and says what that took
//
// Prints "code nanoseconds" for each login (pam_start to pam_end), then "wall nanoseconds" and "cpu microseconds" (user
// and system, of this process and its children).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <security/pam_appl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "wire.h"

enum { ANSWERS = 2, MOST_PROCESSES = 1024 };
struct login {
    char user[64], answers[ANSWERS][64];
    int code;
    int64_t nanoseconds;
};

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    char (**next)[64] = data;
    struct pam_response *made = calloc((size_t)count, sizeof *made);
    if (made == NULL) return PAM_BUF_ERR;
    for (int index = 0; index < count; index++) {
        int style = messages[index]->msg_style;
        if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) continue;
        if (**next[0] == 0) {
            free(made);
            return PAM_CONV_ERR;
        }
        made[index].resp = strdup(*(*next)++);
    }
    *responses = made;
    return PAM_SUCCESS;
}

static void log_in(const char *service, struct login *login) {
    char answers[ANSWERS + 1][64] = {0}, (*next)[64] = answers;
    memcpy(answers, login->answers, sizeof login->answers);
    struct pam_conv conversation = {converse, &next};
    pam_handle_t *handle = NULL;
    int64_t start = now();
    pam_start(service, login->user, &conversation, &handle);
    pam_putenv(handle, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample");
    pam_set_item(handle, PAM_RHOST, "192.0.2.1");
    pam_set_item(handle, PAM_TTY, "pts/7");
    login->code = pam_authenticate(handle, 0);
    pam_end(handle, login->code);
    login->nanoseconds = now() - start;
}

static size_t kilobytes(const char *what) {
    char line[256];
    size_t found = 0;
    FILE *map = fopen("/proc/self/smaps_rollup", "r");
    while (map && fgets(line, sizeof line, map))
        if (strncmp(line, what, strlen(what)) == 0) found = strtoul(line + strlen(what) + 1, NULL, 10);
    if (map) fclose(map);
    return found;
}

static int load(const char *module) {
    // The first look at smaps allocates for the second.
    kilobytes("Rss");
    size_t resident = kilobytes("Rss"), dirty = kilobytes("Private_Dirty");
    int64_t start = now();
    if (dlopen(module, RTLD_NOW) == NULL) errx(1, "%s", dlerror());
    int64_t taken = now() - start;
    printf("%lld %zd %zd\n", (long long)taken, (ssize_t)(kilobytes("Rss") - resident),
           (ssize_t)(kilobytes("Private_Dirty") - dirty));
    return 0;
}

static int64_t microseconds_of(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--load") == 0) return load(argv[2]);
    if (argc != 3 && argc != 4) errx(2, "usage: %s SERVICE PROCESSES [PAUSE]", argv[0]);
    useconds_t pause = argc == 4 ? (useconds_t)strtoul(argv[3], NULL, 10) : 0;
    size_t processes = strtoul(argv[2], NULL, 10), count = 0, most = 1 << 18;
    if (processes < 1 || processes > MOST_PROCESSES) errx(2, "%s processes", argv[2]);
    struct login *logins =
        mmap(NULL, most * sizeof *logins, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (logins == MAP_FAILED) err(1, "memory");
    char line[512];
    while (count < most && fgets(line, sizeof line, stdin))
        count += sscanf(line, "%63s %63s %63s", logins[count].user, logins[count].answers[0],
                        logins[count].answers[1]) > 0;
    int64_t before = microseconds_of(RUSAGE_SELF), start = now(), end = start;
    if (processes == 1) {
        for (size_t index = 0; index < count; index++) {
            if (pause > 0) usleep(pause);
            log_in(argv[1], &logins[index]);
        }
        end = now();
    } else {
        // All wait for the pipe to be closed, and so start together.
        int gate[2];
        if (pipe(gate) != 0) err(1, "pipe");
        for (size_t process = 0; process < processes; process++) {
            pid_t child = fork();
            if (child < 0) err(1, "fork");
            if (child > 0) continue;
            char nothing;
            close(gate[1]);
            if (read(gate[0], &nothing, 1) != 0) _exit(1);
            for (size_t index = process; index < count; index += processes) log_in(argv[1], &logins[index]);
            _exit(0);
        }
        close(gate[0]);
        // Until the last of them has been scheduled once and waits at the gate.
        usleep(100000);
        start = now();
        close(gate[1]);
        while (wait(NULL) > 0) continue;
        end = now();
    }
    int64_t used = microseconds_of(RUSAGE_SELF) - before + microseconds_of(RUSAGE_CHILDREN);
    for (size_t index = 0; index < count; index++)
        printf("%d %lld\n", logins[index].code, (long long)logins[index].nanoseconds);
    printf("wall %lld\ncpu %lld\n", (long long)(end - start), (long long)used);
    return 0;
}
