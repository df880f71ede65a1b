// A directory of millions: the account bench0000042 has the uid 100042, and a look-up costs next to nothing. A million
// lines of /etc/passwd would be read through at each login, by everybody alike, and hide what is measured.
#include <errno.h>
#include <nss.h>
#include <pwd.h>

#include "wire.h"

enum nss_status _nss_bench_getpwnam_r(const char *, struct passwd *, char *, size_t, int *);

enum nss_status _nss_bench_getpwnam_r(
    const char *name, struct passwd *found, char *room, size_t size, int *error) {
    if (strlen(name) != 12 || strncmp(name, "bench", 5) != 0 || strspn(name + 5, "0123456789") != 7)
        return NSS_STATUS_NOTFOUND;
    if (size < 64) {
        *error = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    strcpy(room, name);
    unsigned uid = 100000 + (unsigned)atoi(name + 5);
    *found = (struct passwd){room, (char *)"*", uid, uid, (char *)"", (char *)"/nonexistent", (char *)"/bin/false"};
    return NSS_STATUS_SUCCESS;
}
