/* Loaded into twostep-fido2 (LD_PRELOAD): the security keys that are plugged in are those of softkey.py, each a socket in
   /run/keys that takes and gives HID reports. All else of libfido2 is as it is. */
#include <dirent.h>
#include <fido.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *plug(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int *handle = malloc(sizeof *handle);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    *handle = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(*handle, (struct sockaddr *)&address, sizeof address) == 0) return handle;
    close(*handle);
    free(handle);
    return NULL;
}

static void pull(void *handle) {
    close(*(int *)handle);
    free(handle);
}

static int take(void *handle, unsigned char *report, size_t size, int milliseconds) {
    struct pollfd waited = {.fd = *(int *)handle, .events = POLLIN};
    if (poll(&waited, 1, milliseconds) != 1) return -1;
    return (int)recv(*(int *)handle, report, size, 0);
}

static int give(void *handle, const unsigned char *report, size_t size) {
    return (int)send(*(int *)handle, report, size, MSG_NOSIGNAL);
}

static const fido_dev_io_t io = {plug, pull, take, give};
/* Of the key that was made last, which is opened next. */
static char chosen[300];

int fido_dev_info_manifest(fido_dev_info_t *list, size_t most, size_t *found) {
    DIR *folder = opendir("/run/keys");
    *found = 0;
    if (!folder) return FIDO_OK;
    for (struct dirent *entry; *found < most && (entry = readdir(folder));) {
        char path[sizeof chosen];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/run/keys/%s", entry->d_name);
        if (fido_dev_info_set(list, *found, path, "Twostep", "Soft key", &io, NULL) != FIDO_OK) _exit(99);
        ++*found;
    }
    closedir(folder);
    return FIDO_OK;
}

fido_dev_t *fido_dev_new_with_info(const fido_dev_info_t *information) {
    fido_dev_t *device = fido_dev_new();
    snprintf(chosen, sizeof chosen, "%s", fido_dev_info_path(information));
    if (!device || fido_dev_set_io_functions(device, &io) != FIDO_OK) _exit(99);
    return device;
}

int fido_dev_open_with_info(fido_dev_t *device) { return fido_dev_open(device, chosen); }
