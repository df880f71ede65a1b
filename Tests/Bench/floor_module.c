// The floor of a PAM module that asks a daemon: connect, two round trips, one prompt. It checks nothing.
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "wire.h"

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
    (void)flags;
    const char *user;
    char *code = NULL;
    uint8_t frame[512];
    if (argc < 1 || pam_get_user(pamh, &user, NULL) != PAM_SUCCESS) return PAM_SERVICE_ERR;
    struct sockaddr_un address = local_address(argv[0]);
    int status = PAM_AUTHINFO_UNAVAIL, daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(daemon, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(daemon, frame, build_frame(frame, BEGIN, user, strnlen(user, 64)), MSG_NOSIGNAL) > 0 &&
        recv(daemon, frame, sizeof frame, 0) > HEADER &&
        pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &code, "Verification code: ") == PAM_SUCCESS &&
        send(daemon, frame, build_frame(frame, ANSWER, code, strnlen(code, 64)), MSG_NOSIGNAL) > 0 &&
        recv(daemon, frame, sizeof frame, 0) > HEADER)
        status = big_endian(frame + HEADER) == GRANTED ? PAM_SUCCESS : PAM_AUTH_ERR;
    free(code);
    close(daemon);
    return status;
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
    (void)pamh, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
