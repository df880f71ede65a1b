// The door to libpam. PAM's variadic functions are reached through the inline wrappers below, since
// Swift imports no C variadics. Whether libpam did what it was asked is said by a bool: the codes that
// the module returns are written in Swift, each in one place, and nowhere else.
#ifndef TWOSTEP_CPAM_SHIM_H
#define TWOSTEP_CPAM_SHIM_H

#include <errno.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/// One journal line of the module's. `text` is never used as a format. An `error` other than 0 is an errno
/// whose description is put behind it; syslog's own %m does that without a buffer of ours.
static inline void pam_journal(const pam_handle_t *handle, int priority, const char *text, int error) {
    if (error == 0) {
        pam_syslog(handle, priority, "%s", text);
    } else {
        errno = error;
        pam_syslog(handle, priority, "%s: %m", text);
    }
}

/// One of PAM's items that are C strings, or NULL. It belongs to libpam.
static inline const char *pam_text_item(const pam_handle_t *handle, int item) {
    const void *value = NULL;
    if (pam_get_item(handle, item, &value) != PAM_SUCCESS) return NULL;
    return (const char *)value;
}

/// PAM_USER; the application is asked for it if it is not set (pam_get_user(3)). NULL if nobody answered.
static inline const char *pam_asked_user(pam_handle_t *handle) {
    const char *user = NULL;
    if (pam_get_user(handle, &user, NULL) != PAM_SUCCESS) return NULL;
    return user;
}

/// Sets PAM_AUTHTOK; libpam makes a copy of its own.
static inline bool pam_replace_authtok(pam_handle_t *handle, const char *token) {
    return pam_set_item(handle, PAM_AUTHTOK, token) == PAM_SUCCESS;
}

/// pam_putenv(3) with NAME=value; libpam makes a copy of its own.
static inline bool pam_put_environment(pam_handle_t *handle, const char *assignment) {
    return pam_putenv(handle, assignment) == PAM_SUCCESS;
}

/// Puts one message to the application; returns whether that went well. `answer` is what it answered (to be
/// wiped and freed) or NULL.
///
/// This is pam_prompt(3) without its asprintf: the text is passed as it is, and nothing is allocated
/// here. The answer belongs to the application's allocator, so it is given back with free(3).
static inline bool pam_converse(pam_handle_t *handle, int style, const char *text, char **answer) {
    *answer = NULL;
    const struct pam_conv *conversation = NULL;
    const void *item = NULL;
    if (pam_get_item(handle, PAM_CONV, &item) != PAM_SUCCESS) return false;
    conversation = (const struct pam_conv *)item;
    if (conversation == NULL || conversation->conv == NULL) return false;
    struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *messages[1] = {&message};
    struct pam_response *responses = NULL;
    // Whoever fails may have left an array behind: its contents are not known to be valid, so it stays.
    if (conversation->conv(1, messages, &responses, conversation->appdata_ptr) != PAM_SUCCESS) return false;
    if (responses == NULL) return true;
    *answer = responses->resp;
    free(responses);
    return true;
}

#endif
