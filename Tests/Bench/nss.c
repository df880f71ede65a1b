// A directory of millions: the account bench0000042 has the uid 100042, and slow0000003 the uid 5003; a look-up costs
// next to nothing. A million lines of /etc/passwd would be read through at each login, by everybody alike, and hide what
// is measured.
#include <errno.h>
#include <nss.h>
#include <pwd.h>

#include "wire.h"

enum nss_status _nss_bench_getpwnam_r(const char *, struct passwd *, char *, size_t, int *);

enum nss_status _nss_bench_getpwnam_r(
    const char *name, struct passwd *found, char *room, size_t size, int *error) {
    size_t word = strcspn(name, "0123456789");
    int is_slow = strncmp(name, "slow", word) == 0;
    if (strspn(name + word, "0123456789") != 7 || name[word + 7] != 0 || (!is_slow && strncmp(name, "bench", word) != 0))
        return NSS_STATUS_NOTFOUND;
    if (size < 64) {
        *error = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    strcpy(room, name);
    unsigned uid = (is_slow ? 5000 : 100000) + (unsigned)atoi(name + word);
    *found = (struct passwd){room, (char *)"*", uid, uid, (char *)"", (char *)"/nonexistent", (char *)"/bin/false"};
    return NSS_STATUS_SUCCESS;
}
