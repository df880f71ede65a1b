// The floor of a daemon that judges codes: one thread, epoll, a TOTP window of three by libcrypto, and 64 bytes on the
// disk before the verdict, all that one epoll_wait returned after one fdatasync. It knows no users, keeps nothing
// in mind and refuses nobody: a bound, not a design.
//
//   floor_daemon SOCKET LOG [JOURNAL]    JOURNAL is a datagram socket that gets the record of each login
//   floor_daemon --sink JOURNAL          takes such records and drops them, as cheap a journald as there can be
#define _GNU_SOURCE
#include <fcntl.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "wire.h"

enum { BATCH = 1024, MOST = 65536, RECORD = 64 };
static char users[MOST][RECORD];

static int local_socket(int type, const char *path, int listens) {
    int made = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = local_address(path);
    if (listens) unlink(path);
    if ((listens ? bind : connect)(made, (struct sockaddr *)&address, sizeof address) != 0) err(1, "%s", path);
    return made;
}

/// The user of a `begin`: the floor's module sends nothing else, the generator sends what twostep's does.
static void remember(char *user, const uint8_t *payload, size_t count) {
    size_t start = count > 10 && payload[0] == 1 ? 12 + payload[9] : 0;
    memset(user, 0, RECORD);
    for (size_t index = start; index < count && index < start + RECORD - 1 && payload[index] >= ' '; index++)
        user[index - start] = (char)payload[index];
}

// What it yields is not looked at: nobody is refused.
static volatile uint8_t yielded;
static void compare_with_three_codes(void) {
    static const uint8_t key[20] = "floor";
    uint64_t step = (uint64_t)time(NULL) / 30;
    for (int offset = -1; offset <= 1; offset++) {
        uint64_t counter = __builtin_bswap64(step + (uint64_t)offset);
        uint8_t digest[20];
        HMAC(EVP_sha1(), key, sizeof key, (uint8_t *)&counter, sizeof counter, digest, NULL);
        yielded = digest[digest[19] & 15];
    }
}

static void record(int journal, const char *user) {
    char text[1024];
    int count = snprintf(
        text, sizeof text,
        "PRIORITY=6\nSYSLOG_IDENTIFIER=twostepd\nMESSAGE=login granted service=bench-main rhost=192.0.2.1 user=\"%s\" "
        "tty=pts/7 provider=pam modules=totp config=1\nTWOSTEP_RESULT=granted\nTWOSTEP_SERVICE=bench-main\n"
        "TWOSTEP_RHOST=192.0.2.1\nTWOSTEP_USER=%s\nTWOSTEP_TTY=pts/7\nTWOSTEP_PROVIDER=pam\nTWOSTEP_MODULES=totp\n"
        "TWOSTEP_GENERATION=1\n",
        user, user);
    send(journal, text, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void sink(const char *path) {
    int journal = local_socket(SOCK_DGRAM, path, 1);
    static char text[65536];
    for (;;) recv(journal, text, sizeof text, 0);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--sink") == 0) sink(argv[2]);
    if (argc < 3) errx(2, "usage: %s SOCKET LOG [JOURNAL]", argv[0]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < MOST ? files.rlim_max : MOST;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = local_socket(SOCK_STREAM | SOCK_NONBLOCK, argv[1], 1);
    int journal = argc > 3 ? local_socket(SOCK_DGRAM, argv[3], 0) : -1;
    int log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), ready = epoll_create1(EPOLL_CLOEXEC);
    if (log < 0 || listen(listener, 4096) != 0) err(1, "%s", argv[2]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[BATCH];
    epoll_ctl(ready, EPOLL_CTL_ADD, listener, &event);

    uint8_t prompt[64], verdict[64], received[4096];
    size_t prompt_size = build_frame(prompt, PROMPT, "\1\0\0\0\023Verification code: ", 24);
    size_t verdict_size = build_frame(verdict, VERDICT, "\x5A\xC3\x9E\x17\0\0", 6);
    static char records[BATCH][RECORD];
    int waiting[BATCH];
    for (;;) {
        int count = epoll_wait(ready, events, BATCH, -1), answered = 0;
        for (int index = 0; index < count; index++) {
            int connection = events[index].data.fd;
            if (connection == listener) {
                while ((connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    if (connection >= MOST) errx(1, "too many connections");
                    event.data.fd = connection;
                    epoll_ctl(ready, EPOLL_CTL_ADD, connection, &event);
                }
                continue;
            }
            ssize_t got = recv(connection, received, sizeof received - 1, 0);
            if (got < HEADER) {
                close(connection);
            } else if (received[5] == BEGIN) {
                remember(users[connection], received + HEADER, (size_t)got - HEADER);
                send(connection, prompt, prompt_size, MSG_NOSIGNAL);
            } else {
                compare_with_three_codes();
                memcpy(records[answered], users[connection], RECORD);
                waiting[answered++] = connection;
            }
        }
        if (answered == 0) continue;
        if (write(log, records, (size_t)answered * RECORD) < 0 || fdatasync(log) != 0) err(1, "%s", argv[2]);
        for (int index = 0; index < answered; index++) {
            send(waiting[index], verdict, verdict_size, MSG_NOSIGNAL);
            close(waiting[index]);
            if (journal >= 0) record(journal, users[waiting[index]]);
        }
    }
}
