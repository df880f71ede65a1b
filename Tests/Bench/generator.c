// Load on a login socket without libpam: so many connections at a time, one after the other, each a whole login.
//
//   generator SOCKET SERVICE CONNECTIONS <LOGINS       LOGINS has a line "user code" for each
//   generator SOCKET SERVICE CONNECTIONS hold <LOGINS  opens conversations and leaves them at their prompts until
//                                                      standard input ends
//
// Prints "granted nanoseconds" for each login, then "wall nanoseconds".
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "wire.h"

struct login {
    char user[64], code[16];
    int64_t nanoseconds;
    int granted;
};
struct connection {
    int socket;
    size_t count, login;
    int64_t start;
    uint8_t received[8192];
};

static size_t put_text(uint8_t *to, const char *text) {
    size_t count = strlen(text);
    to[0] = (uint8_t)(count >> 8), to[1] = (uint8_t)count;
    memcpy(to + 2, text, count);
    return 2 + count;
}

/// What the module sends for sshd after a public key.
static size_t build_begin(uint8_t *frame, const char *service, const char *user) {
    uint8_t payload[512] = {1, 1, 1, 0, 0, 0, 0, 0};
    size_t count = 8;
    const char *texts[] = {service, user, "192.0.2.1", "pts/7", "", ""};
    for (int index = 0; index < 6; index++) count += put_text(payload + count, texts[index]);
    payload[count++] = 1;
    count += put_text(payload + count, "publickey ssh-ed25519");
    payload[count++] = 0;
    return build_frame(frame, BEGIN, payload, count);
}

static const char *path, *service;
static int ready;

static void start(struct connection *connection, const struct login *login) {
    struct sockaddr_un address = local_address(path);
    uint8_t frame[1024];
    connection->count = 0;
    connection->start = now();
    connection->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0) err(1, "%s", path);
    if (send(connection->socket, frame, build_begin(frame, service, login->user), MSG_NOSIGNAL) < 0) err(1, "send");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(ready, EPOLL_CTL_ADD, connection->socket, &event) != 0) err(1, "epoll_ctl");
}

/// Reads what is there; returns 1 at the login's end, 2 at a prompt that was not answered.
static int proceed(struct connection *connection, struct login *login, int holds) {
    uint8_t *received = connection->received;
    ssize_t got = recv(
        connection->socket, received + connection->count, sizeof connection->received - connection->count, 0);
    if (got <= 0) return 1;
    connection->count += (size_t)got;
    while (connection->count >= HEADER && connection->count >= frame_size(received)) {
        size_t size = frame_size(received);
        if (received[5] == VERDICT) {
            login->granted = big_endian(received + HEADER) == GRANTED;
            return 1;
        }
        if (received[5] == PROMPT && received[HEADER] != 3 && received[HEADER] != 4) {
            if (holds) return 2;
            uint8_t frame[64];
            send(connection->socket, frame, build_frame(frame, ANSWER, login->code, strlen(login->code)), MSG_NOSIGNAL);
        }
        connection->count -= size;
        memmove(received, received + size, connection->count);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4) errx(2, "usage: %s SOCKET SERVICE CONNECTIONS [hold]", argv[0]);
    path = argv[1], service = argv[2];
    size_t most = strtoul(argv[3], NULL, 10), count = 0, room = 1024, started = 0, ended = 0, held = 0;
    int holds = argc > 4;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct login *logins = calloc(room, sizeof *logins);
    while (logins && (!holds || count < most) &&
           scanf("%63s %15s", logins[count].user, logins[count].code) == 2) {
        if (++count < room) continue;
        logins = realloc(logins, (room *= 2) * sizeof *logins);
        if (logins) memset(logins + count, 0, (room - count) * sizeof *logins);
    }
    struct connection *connections = calloc(most, sizeof *connections);
    if (!logins || !connections) err(1, "memory");
    ready = epoll_create1(EPOLL_CLOEXEC);
    int64_t begun = now();
    // Held ones one after the other: a burst of thousands is not what people do.
    for (; started < most && started < count && (!holds || started < 256); started++) {
        connections[started].login = started;
        start(&connections[started], &logins[started]);
    }
    while (ended + held < count) {
        struct epoll_event events[1024];
        int found = epoll_wait(ready, events, 1024, -1);
        for (int index = 0; index < found; index++) {
            struct connection *connection = events[index].data.ptr;
            struct login *login = &logins[connection->login];
            int step = proceed(connection, login, holds);
            if (step == 0) continue;
            login->nanoseconds = now() - connection->start;
            if (step == 1) {
                close(connection->socket);
                ended++;
            } else {
                held++;
                epoll_ctl(ready, EPOLL_CTL_DEL, connection->socket, NULL);
            }
            if (started >= count) continue;
            struct connection *next = step == 1 ? connection : &connections[started];
            next->login = started;
            start(next, &logins[started++]);
        }
    }
    int64_t wall = now() - begun;
    if (holds) {
        printf("held %zu\n", held);
        fflush(stdout);
        while (getchar() != EOF) continue;
        return 0;
    }
    for (size_t index = 0; index < count; index++)
        printf("%d %lld\n", logins[index].granted, (long long)logins[index].nanoseconds);
    printf("wall %lld\n", (long long)wall);
    return 0;
}
